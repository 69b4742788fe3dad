"""What of the money for calls was for nothing, or could be less: a call counts for one kind alone, in their order."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from math import sqrt

from metrics.events.pricing import MILLION, PriceBook, Rates
from metrics.insights.savings.model import LEAST_USD, Row, Saving

FEWEST_SCORES = 30
"""Of each of two models, before their quality is compared."""
TOLERATED = 2.0
"""Points of quality by which a cheaper model may be worse, at the lower end of an interval of 95 %."""
FEWEST_LENGTHS = 100
"""Calls of a feature and model, before it is said how long its answers usually are."""
FAR = 1.5
"""How many times as long as 95 of 100 are those beyond that must be, in the mean, to be far longer."""
_SURE = 1.96


def wasted(rows: Sequence[Row], prices: PriceBook, at: datetime, idle: Mapping[str, str]) -> tuple[Saving, ...]:
    """What could be saved of calls, the largest first; at prices of a moment. `idle` says of which features why."""
    used = [row for row in rows if row["feature"] not in idle]
    found = [
        *_failed(rows),
        *_repeated(rows),
        *_idle(rows, idle),
        *_too_long(used, prices, at),
        *_cheaper(used, prices, at),
    ]
    return tuple(sorted((one for one in found if one.monthly >= LEAST_USD), key=lambda one: -one.monthly))


def _failed(rows: Sequence[Row]) -> Iterator[Saving]:
    """What calls cost that gave no answer: retried, they were paid twice."""
    for (provider, model), alike in together(rows, "provider", "model"):
        calls = sum(row["failed_calls"] for row in alike)
        cost = sum(row["failed_cost"] or 0.0 for row in alike)
        share = 100 * calls / max(sum(row["calls"] for row in alike), 1)
        yield Saving(
            "failed calls", cost, provider, model, None, calls,
            f"{calls:,} calls ({share:.1f} %) did not end well, and were paid for",
        )  # fmt: skip


def _idle(rows: Sequence[Row], idle: Mapping[str, str]) -> Iterator[Saving]:
    """What features cost that nobody uses, or comes back to."""
    for (feature,), alike in together([row for row in rows if row["feature"] in idle], "feature"):
        cost, calls = sum(row["kept_cost"] or 0.0 for row in alike), sum(row["kept_calls"] for row in alike)
        yield Saving("idle features", cost, None, None, feature, calls, idle[feature or ""])


def _too_long(rows: Sequence[Row], prices: PriceBook, at: datetime) -> Iterator[Saving]:
    """What the words cost that only the longest answers of a feature have."""
    for row in rows:
        if cost := excess(row, prices, at):
            limit = row["usual_tokens"]
            yield Saving(
                "output limits", cost, row["provider"], row["model"], row["feature"], row["long_calls"],
                f"at most, by a limit of {limit:,.0f} tokens, which 95 of 100 answers keep to: some of the others may "
                "have to be longer",
            )  # fmt: skip


def excess(row: Row, prices: PriceBook, at: datetime) -> float:
    """USD for output beyond what is usual; 0 where that is not far, too little is known, or there is no price."""
    rates = _rates(prices, row, at)
    tokens, calls, usual = row["excess_tokens"] or 0.0, row["long_calls"], row["usual_tokens"] or 0.0
    if rates is None or row["lengths"] < FEWEST_LENGTHS or not calls or tokens / calls < (FAR - 1) * usual:
        return 0.0
    # Who pays less than the list says saves less, too.
    cost = min(tokens * rates.output / MILLION, row["excess_cost"] or 0.0)
    return cost if cost >= LEAST_USD else 0.0


def _repeated(rows: Sequence[Row]) -> Iterator[Saving]:
    """What a cache of a day would have answered."""
    for (provider, model, feature), alike in together(rows, "provider", "model", "feature"):
        calls = sum(row["repeated_calls"] for row in alike)
        share = 100 * calls / max(sum(row["fingerprinted_calls"] for row in alike), 1)
        yield Saving(
            "repeated prompts", sum(row["repeated_cost"] or 0.0 for row in alike), provider, model, feature, calls,
            f"{calls:,} calls ({share:.1f} % of those with a fingerprint) asked the same as an earlier one of that day",
        )  # fmt: skip


def _cheaper(rows: Sequence[Row], prices: PriceBook, at: datetime) -> Iterator[Saving]:
    """What another model of the same provider would have cost, which the feature uses too and that is no worse."""
    for (provider, feature), alike in together(rows, "provider", "feature"):
        for row in alike:
            over = excess(row, prices, at)
            paid = (row["kept_cost"] or 0.0) - over
            tokens = (row["output_tokens"] or 0.0) - (row["excess_tokens"] or 0.0 if over else 0.0)
            offers = [(_cost_with(prices, other, row, tokens, at), other) for other in alike if _is_as_good(other, row)]
            priced = [(cost, other) for cost, other in offers if cost is not None and cost < paid]
            if priced:
                cost, other = min(priced, key=lambda one: one[0])
                yield Saving(
                    "cheaper model", paid - cost, provider, row["model"], feature, row["kept_calls"],
                    f"with {other['model']} for the same tokens: quality {other['quality_mean']:.1f} "
                    f"against {row['quality_mean']:.1f}, of {other['scores']:,} and {row['scores']:,} scores",
                )  # fmt: skip


def _is_as_good(other: Row, row: Row) -> bool:
    """Whether another model's scores are no more than two points below, as far as their number can tell."""
    if other["model"] == row["model"] or min(other["scores"], row["scores"]) < FEWEST_SCORES:
        return False
    error = sqrt(sum((one["quality_deviation"] or 0.0) ** 2 / one["scores"] for one in (other, row)))
    return other["quality_mean"] - row["quality_mean"] - _SURE * error >= -TOLERATED


def _cost_with(prices: PriceBook, other: Row, row: Row, output_tokens: float, at: datetime) -> float | None:
    """USD of a model's tokens by the prices of another; None where that has none."""
    rates = _rates(prices, other, at)
    if rates is None or not row["input_tokens"]:
        return None
    cached, written = row["cached_input_tokens"] or 0.0, row["cache_write_tokens"] or 0.0
    fresh = max(row["input_tokens"] - cached - written, 0.0)
    total = fresh * rates.input + cached * rates.cached_input + written * rates.cache_write
    return (total + output_tokens * rates.output) / MILLION


def _rates(prices: PriceBook, row: Row, at: datetime) -> Rates | None:
    rates = prices.rates(row["provider"], row["model"], at) if row["model"] else ()
    return rates[0] if rates else None


def remarks(rows: Sequence[Row]) -> Iterator[str]:
    """What could not be looked for among calls."""
    if rows and not any(row["fingerprinted_calls"] for row in rows):
        yield (
            "repeated prompts cannot be told: no call has a fingerprint of what it asked. `collect.content: hash` "
            "keeps one of what tracers send; in files, a column `prompt_hash` is one"
        )
    if rows and not any(row["scores"] >= FEWEST_SCORES for row in rows):
        yield "cheaper models are not compared: that needs quality scores of prompts that calls name by `prompt_id`"


def together(rows: Sequence[Row], *names: str) -> Iterator[tuple[tuple[str | None, ...], list[Row]]]:
    """Rows by the values of columns."""

    def key(row: Row) -> tuple[str, ...]:
        return tuple(row[name] or "" for name in names)

    for _, group in groupby(sorted(rows, key=key), key):
        alike = list(group)
        yield tuple(alike[0][name] for name in names), alike
