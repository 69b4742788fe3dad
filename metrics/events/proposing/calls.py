"""A first draft of calls of a model is mended: tokens by sums, costs by list prices, which rows are calls at all."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, permutations
from statistics import median
from typing import Any

import polars as pl

from metrics.events import KINDS
from metrics.events.cost_units import UNITS, times_list_price
from metrics.events.pricing import PriceBook
from metrics.events.proposing.looks import Seen
from metrics.events.proposing.matching import Proposal, Proposed, source_of, unclaimed, with_column
from metrics.events.proposing.naming import OTHER, TOTAL, cost_meant, plain, tokens_meant, words_of
from metrics.events.proposing.relations import adds_up, exceeds, fills, moments, says
from metrics.events.proposing.shapes import calls_among

_COUNTED_IN = ("details", "cachedcontent")
_COUNTED_BESIDE = ("cachereadinputtokens", "cachecreationinputtokens")
"""How vendors' names for cached tokens say whether the input counts them."""
_ODD_TIMES = 20
"""Times of the list price from which on a cost is no matter of a discount."""


_FAILING = frozenset(["error", "errors", "errored", "failed", "failure", "exception", "iserror", "haserror"])


def failures(proposal: Proposal, columns: Sequence[Seen]) -> Proposal:
    """Where nothing says how a call ended, a column that only failures fill does."""
    own = source_of(proposal, "status", columns)
    if own is not None and not own.is_empty:
        return proposal
    for one in columns:
        words = words_of(one.name.rpartition(".")[2])
        if words & _FAILING and not one.is_nested and not words & {"count", "rate", "message", "msg", "num"}:
            found = _failing(one)
            if found is not None:
                return with_column(proposal, found)
    return proposal


def _failing(one: Seen) -> Proposed | None:
    if one.look == "boolean":
        meant = {text: "error" if text.lower() in ("true", "yes") else "ok" for text in dict.fromkeys(one.texts)}
        return Proposed("status", one.name, 0.75, "it says whether the call failed", rule={"map": meant})
    if one.is_numeric and "code" not in words_of(one.name):
        return None
    fine = {text: "ok" for text in dict.fromkeys(one.texts) if text.strip() in ("0", "200", "ok", "OK", "none", "None")}
    if one.is_empty or one.fullness < 0.5 or fine:
        rule: dict[str, Any] = {"default": "ok", **({"map": fine} if fine else {})}
        return Proposed("status", one.name, 0.6, "it has a value where the call failed", rule=rule)
    return None


def tokens(proposal: Proposal, columns: Sequence[Seen]) -> Proposal:
    """Which is the input and which the output, by sums and by size, where names do not tell."""
    if {"input_tokens", "output_tokens"} <= proposal.columns.keys():
        return proposal
    loose = [one for one in unclaimed(proposal, columns) if one.is_whole and not one.is_counter and not one.is_constant]
    named = [one for one in loose if tokens_meant(one.name) in ("tokens", TOTAL)]
    candidates = (named if len(named) > 1 else loose)[:8]
    known = [seen for name in ("input_tokens", "output_tokens") if (seen := source_of(proposal, name, columns))]
    for total, one, other in permutations([*candidates, *known], 3):
        if sum(one.numbers) >= sum(other.numbers) and adds_up(total, (one, other)) and not set(known) - {one, other}:
            return _by_size(proposal, one, other, known, f"{one.name} + {other.name} = {total.name}, row by row")
    generic = [one for one in named if tokens_meant(one.name) == "tokens"]
    if not known and len(generic) == 2:
        one, other = sorted(generic, key=lambda seen: -sum(seen.numbers))
        return _by_size(proposal, one, other, known, "by size")
    totals = [one for one in named if tokens_meant(one.name) == TOTAL or len(generic) == 1]
    if totals and not known:
        said = f"{totals[0].name} may be input and output together: neither is known from it"
        return replace(proposal, doubts=(*proposal.doubts, said))
    return proposal


def _by_size(proposal: Proposal, larger: Seen, smaller: Seen, known: Sequence[Seen], why: str) -> Proposal:
    """The larger is the input, unless a name says which is which."""
    taken = {one.source: name for name, one in proposal.columns.items()}
    reads, writes = larger, smaller
    if taken.get(larger.name) == "output_tokens" or taken.get(smaller.name) == "input_tokens":
        reads, writes = smaller, larger
    check = (
        ""
        if known
        else f"{reads.name} is taken for the input, because it is the larger, and {writes.name} for the output"
    )
    for name, seen in (("input_tokens", reads), ("output_tokens", writes)):
        if name not in proposal.columns:
            proposal = with_column(proposal, Proposed(name, seen.name, 0.7, why, check=check))
    return proposal


def cached(proposal: Proposal, columns: Sequence[Seen]) -> Proposal:
    """Whether the input counts what was read from a cache: as the numbers allow, then as the vendor's names say."""
    given, read = source_of(proposal, "input_tokens", columns), source_of(proposal, "cached_input_tokens", columns)
    if given is None or read is None or not any(read.numbers):
        return proposal
    written = source_of(proposal, "output_tokens", columns)
    stored = source_of(proposal, "cache_write_tokens", columns)
    totals = [one for one in columns if tokens_meant(one.name) == TOTAL and one.is_whole]
    beside = [part for part in (given, written, read, stored) if part is not None and not part.is_empty]
    own = proposal.columns["input_tokens"]
    if exceeds(read, given) or any(adds_up(total, beside) for total in totals):
        return with_column(proposal, replace(own, rule={**own.rule, "cached": "excluded"}))
    others = [one for one in columns if "uncached" in words_of(one.name) or "miss" in words_of(one.name)]
    is_counted = written is not None and any(adds_up(total, (given, written)) for total in totals)
    if is_counted or any(adds_up(given, (read, other)) for other in others):
        return with_column(proposal, replace(own, rule={**own.rule, "cached": "included"}))
    said = plain(read.name)
    if any(part in said for part in _COUNTED_IN):
        return with_column(proposal, replace(own, rule={**own.rule, "cached": "included"}))
    if any(part in said for part in _COUNTED_BESIDE):
        return with_column(proposal, replace(own, rule={**own.rule, "cached": "excluded"}))
    check = f"does {given.name} count the tokens of {read.name}, or are they beside it?"
    return with_column(proposal, replace(own, check=own.check or check))


def costs(proposal: Proposal, columns: Sequence[Seen]) -> Proposal:
    """A cost in two parts is their sum; one that is many times the list price is in cents, or in less."""
    if "cost_usd" not in proposal.columns:
        parts = {
            side: next((one for one in columns if cost_meant(one.name) == OTHER and words_of(one.name) & words
                        and one.is_numeric and not words_of(one.name) & {"per", "token", "tokens"}), None)
            for side, words in (("input", {"input", "prompt"}), ("output", {"output", "completion"}))
        }  # fmt: skip
        if parts["input"] is None or parts["output"] is None:
            return proposal
        names = parts["input"].name, parts["output"].name
        rule = {"plus": [names[1]]}
        return with_column(
            proposal, Proposed("cost_usd", names[0], 0.7, f"{names[0]} and {names[1]} together", rule=rule)
        )
    own, seen = proposal.columns["cost_usd"], source_of(proposal, "cost_usd", columns)
    if seen is None or "factor" in own.rule or own.check:
        return proposal
    if _grows(seen):
        return with_column(
            proposal, replace(own, check=f"{seen.name} never falls from row to row: is it a running sum?")
        )
    times = _times_list_price(proposal, columns, seen)
    if times is None or 1 / _ODD_TIMES <= times <= _ODD_TIMES:
        return proposal
    unit = min(UNITS, key=lambda one: abs(1 / one.in_dollars / times - 1))
    if 1 / 2 <= 1 / unit.in_dollars / times <= 2:
        said = (
            f"{seen.name} is about {1 / unit.in_dollars:,.0f} times what these tokens cost by list prices: it is taken "
            f"for {unit.says}"
        )
        return with_column(proposal, replace(own, rule={**own.rule, "factor": unit.in_dollars}, check=said))
    said = f"{seen.name} is {times:,.2g} times what these tokens cost by list prices"
    return with_column(proposal, replace(own, check=said))


def _grows(seen: Seen) -> bool:
    numbers = seen.numbers
    return len(numbers) > 9 and not seen.is_constant and all(a <= b for a, b in pairwise(numbers))


def _times_list_price(proposal: Proposal, columns: Sequence[Seen], cost: Seen) -> float | None:
    """How many times the list price of the tokens a cost is; nothing where the model has no price."""
    found = {name: source_of(proposal, name, columns) for name in _PRICED_BY}
    begun, model, provider = found["ts"], found["model"], found["provider"]
    if begun is None or model is None or found["input_tokens"] is None:
        return None
    rows = len(cost.values)
    said: dict[str, Sequence[object]] = {
        "cost_usd": cost.aligned,
        "ts": moments(begun),
        "model": model.values,
        "provider": provider.values if provider else [None] * rows,
    }
    for name in _COUNTS:
        seen = found[name]
        said[name] = [None if one is None else int(one) for one in seen.aligned] if seen else [None] * rows
    nothing = dict.fromkeys(("cache_savings_usd", "cost_source", "cache_hit"), [None] * rows)
    schema = {name: KINDS["llm_call"].schema[name] for name in (*said, *nothing)}
    times = times_list_price(pl.DataFrame({**said, **nothing}, schema=schema), PriceBook())["times"].to_list()
    return median(times) if len(times) > 1 else None


_COUNTS = ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens")
_PRICED_BY = ("ts", "model", "provider", *_COUNTS)


def calls(proposal: Proposal, columns: Sequence[Seen]) -> Proposal:
    """Which rows are calls."""
    tokens: dict[str, Sequence[bool]] = {}
    for name in ("input_tokens", "output_tokens"):
        seen = source_of(proposal, name, columns)
        if seen is not None and not seen.is_empty:
            tokens[seen.name] = fills(seen)
    model = source_of(proposal, "model", columns)
    named = {model.name: says(model)} if model is not None and not model.is_empty else {}
    claimed = {one.source for name, one in proposal.columns.items() if name in ("status", "model", "provider")}
    typed = [one for one in columns if one.name not in claimed]
    return replace(proposal, rows=calls_among(typed, tokens, named))
