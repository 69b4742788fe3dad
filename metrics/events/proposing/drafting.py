"""A first draft of a proposal is mended by what the columns say of one another, one step after the other.

tokens by sums · whether the input counts cached ones · durations by start and end · costs by list prices ·
words of a status · what names an event · which rows are events · how many events a row is
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from metrics.events import KINDS
from metrics.events.proposing.calls import cached, calls, costs, failures, tokens
from metrics.events.proposing.evidence import TIME, UNIT_WORDS, evidence, unmatched
from metrics.events.proposing.looks import Seen
from metrics.events.proposing.matching import LEAST, Proposal, Proposed, source_of, unclaimed, with_column, without
from metrics.events.proposing.naming import duration_meant, plain, time_rank, words_of
from metrics.events.proposing.relations import HOLDS, moments, spans, unit_beside
from metrics.events.proposing.shapes import (
    Rows,
    buckets,
    count_of,
    is_by_day,
    is_event_name,
    is_of_calls,
    says_acts,
    summaries,
    views_in,
    vital_factor,
    vitals_in,
)  # fmt: skip

Step = Callable[[Proposal, Sequence[Seen]], Proposal]
_ENDING = (0.69, 0.71)
"""Ranks of times that are ends."""
_LONGEST_SPAN_MS = 6 * 3_600_000


def drafted(proposal: Proposal, columns: Sequence[Seen]) -> Proposal:
    """The proposal after all steps of its kind."""
    for step in (*_EVERY, *_STEPS.get(proposal.kind, ()), _items):
        proposal = step(proposal, columns)
    return proposal


def together(called: Proposal, acts: Proposal, columns: Sequence[Seen]) -> Proposal | None:
    """Calls and interactions as parts of one file, where one column says which row is which."""
    column = next((one for one in columns if one.name in called.rows.when and is_event_name(one)), None)
    if column is None or not acts.columns.keys() & {"user_id", "session_id", "page"}:
        return None
    left = [text for text in dict.fromkeys(column.texts) if not is_of_calls(text)]
    if not left or "action" not in acts.columns or acts.columns["action"].source != column.name:
        return None
    mine = tuple(text for text in dict.fromkeys(column.texts) if is_of_calls(text))
    rest = replace(acts, rows=Rows(unless={column.name: mine}))
    return replace(called, score=round(min(1.0, max(called.score, acts.score) + 0.02), 3), others=(rest,))


def _items(proposal: Proposal, _columns: Sequence[Seen]) -> Proposal:
    """A list in which the events stand, as a page of an API has them."""
    begun = proposal.columns.get("ts")
    holder, mark, _ = begun.source.partition(".0.") if begun else ("", "", "")
    if not mark:
        return proposal
    prefix = f"{holder}.0."
    inner = {
        name: replace(one, source=one.source.removeprefix(prefix), rule=_without_prefix(one.rule, prefix))
        for name, one in proposal.columns.items()
    }
    when = {name.removeprefix(prefix): values for name, values in proposal.rows.when.items()}
    rows = replace(proposal.rows, when=when, present=tuple(name.removeprefix(prefix) for name in proposal.rows.present))
    return replace(proposal, columns=inner, rows=rows, each=holder)


def _without_prefix(rule: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {
        key: [name.removeprefix(prefix) for name in said] if isinstance(said, list) else said
        for key, said in rule.items()
    }


def _is_moment(seen: Seen) -> bool:
    return not seen.is_empty and evidence(TIME, seen, "").strength > 0


def _date_and_clock(proposal: Proposal, columns: Sequence[Seen]) -> Proposal:
    """A day in one column and the time of day in another are one moment."""
    day = source_of(proposal, "ts", columns)
    if day is None or not all(len(text.strip()) <= 10 and not text.strip().isdigit() for text in day.texts):
        return proposal
    clock = next((one for one in unclaimed(proposal, columns) if one.look == "clock"), None)
    if clock is None:
        return proposal
    reason = f"{day.name} says the day and {clock.name} the time of day"
    return with_column(proposal, Proposed("ts", day.name, 0.9, reason, rule={"join": [day.name, clock.name]}))


def _end_of(proposal: Proposal, columns: Sequence[Seen]) -> tuple[Seen, list[float | None]] | None:
    """The column with the moment of the end, and the milliseconds up to it from `ts`, row by row."""
    begun = source_of(proposal, "ts", columns)
    if begun is None or "join" in proposal.columns["ts"].rule:
        return None
    start = moments(begun)
    for one in columns:
        if one.name == begun.name or not _ENDING[0] < time_rank(one.name) < _ENDING[1] or not _is_moment(one):
            continue
        between = spans(start, moments(one))
        there = [span for span in between if span is not None]
        if there and sum(span >= 0 for span in there) >= 0.95 * len(there) and any(there):
            return one, between
    return None


def _durations(proposal: Proposal, columns: Sequence[Seen]) -> Proposal:
    """A unit is what start and end beside it say; where no column says a duration, these do."""
    name = next((one for one in ("duration_ms", "response_time_ms") if one in KINDS[proposal.kind].by_name), None)
    end = _end_of(proposal, columns)
    if name is None:
        return proposal
    if end is not None and _is_span(end[1]):
        proposal = _measured(proposal, columns, name, *end)
    return _first_token(proposal, columns)


def _is_span(between: Sequence[float | None]) -> bool:
    there = [span for span in between if span is not None]
    return median(there) < _LONGEST_SPAN_MS


def _measured(
    proposal: Proposal, columns: Sequence[Seen], name: str, end: Seen, between: Sequence[float | None]
) -> Proposal:
    said = source_of(proposal, name, columns)
    if said is None or said.is_empty:
        return with_column(proposal, Proposed(name, end.name, 0.8, f"up to {end.name}", rule={"ends": [end.name]}))
    unit, share = unit_beside(said, between)
    own = proposal.columns[name]
    if unit is not None and share >= HOLDS:
        reason = f"its numbers are {UNIT_WORDS[unit]}, as start and end beside it say"
        return with_column(proposal, replace(own, unit=unit, reason=reason, check="", score=max(own.score, 0.9)))
    if unit is not None:
        reason = f"up to {end.name}: {said.name} is the same in {share:.0%} of the rows only"
        return with_column(proposal, Proposed(name, end.name, 0.8, reason, rule={"ends": [end.name]}))
    if share:
        return proposal
    check = f"{said.name} is not what lies between start and end ({end.name}), in any unit: which of them is meant?"
    return with_column(proposal, replace(own, check=check))


def _first_token(proposal: Proposal, columns: Sequence[Seen]) -> Proposal:
    """The first token comes before the last: its unit is the one in which it does."""
    if "time_to_first_token_ms" not in KINDS[proposal.kind].by_name:
        return proposal
    own, whole = proposal.columns.get("time_to_first_token_ms"), proposal.columns.get("duration_ms")
    first, last = source_of(proposal, "time_to_first_token_ms", columns), source_of(proposal, "duration_ms", columns)
    if own is None:
        moment = next(
            (one for one in columns if (duration_meant(one.name) == "time_to_first_token_ms" and _is_moment(one))
             or (plain(one.name) == "completionstarttime" and _is_moment(one))), None
        )  # fmt: skip
        if moment is None:
            return proposal
        rule = {"ends": [moment.name]}
        return with_column(
            proposal, Proposed("time_to_first_token_ms", moment.name, 0.8, f"up to {moment.name}", rule=rule)
        )
    if first is None or last is None or whole is None or "ends" in whole.rule or own.unit == whole.unit:
        return proposal
    pairs = [(a, b) for a, b in zip(first.aligned, last.aligned, strict=True) if a is not None and b]
    if pairs and "name" not in own.reason.rpartition(";")[2] and all(a <= b for a, b in pairs):
        return with_column(proposal, replace(own, unit=whole.unit, check=""))
    return proposal


def _words(proposal: Proposal, columns: Sequence[Seen]) -> Proposal:
    """Words that are none of the known ones are proposed with the nearest meaning."""
    for name, one in list(proposal.columns.items()):
        column, seen = KINDS[proposal.kind].by_name[name], source_of(proposal, name, columns)
        if column.one_of and seen is not None and not seen.is_empty and "map" not in one.rule:
            strange = unmatched(column, seen.texts, proposal.kind)
            guessed: dict[str, Any] = {theirs: ours for theirs, ours in strange.items() if ours is not None}
            if guessed:
                proposal = with_column(proposal, replace(one, rule={**one.rule, "map": guessed}))
    return proposal


def _sums(proposal: Proposal, columns: Sequence[Seen]) -> Proposal:
    """A row that is a day, an hour or a sum stands for as many calls as it says; else it is no event."""
    begun = source_of(proposal, "ts", columns)
    if begun is None:
        said = "no column says when it was: times have to be made up"
        return replace(proposal, doubts=(*proposal.doubts, said))
    times, end = moments(begun), _end_of(proposal, columns)
    length = buckets(times, moments(end[0])) if end else ""
    length = length or ("day" if is_by_day(times) or _says_bucket(begun.name) else "")
    count, averages = count_of(columns), summaries(columns)
    if count is not None and (length or "duration_ms" not in proposal.columns):
        said = f"a row is a {length or 'sum'}: it stands for as many calls as {count.name} says"
        kept = without(proposal, "event_id", "duration_ms", "time_to_first_token_ms", "status")
        return replace(kept, rows=replace(kept.rows, count=count.name, check=said))
    if len(averages) > 1:
        return _capped(
            proposal, f"{', '.join(averages[:3])} are averages over many events: no single one can be told from them"
        )
    if length and end is not None:
        return _capped(proposal, f"every row is a whole {length}: a sum, and no column says of how many events")
    if length and begun.counted[0] > 2:
        return replace(
            proposal, doubts=(*proposal.doubts, f"all times of {begun.name} are midnights: is a row the sum of a day?")
        )
    return proposal


def _says_bucket(name: str) -> bool:
    return bool(words_of(name) & {"bucket", "period", "interval", "day", "hour", "week", "month"})


def _capped(proposal: Proposal, doubt: str) -> Proposal:
    return replace(proposal, score=min(proposal.score, LEAST - 0.01), doubts=(*proposal.doubts, doubt))


def _acts(proposal: Proposal, columns: Sequence[Seen]) -> Proposal:
    """What names an event is the action, or the page where it says no act; no action is no page view."""
    names = [one for one in columns if is_event_name(one)]
    named = max(names, key=lambda one: (bool(views_in(one)), says_acts(one), one.fullness), default=None)
    page = proposal.columns.get("page")
    if named is None:
        if page is None or "action" in proposal.columns:
            return proposal
        doubt = "no column says what was done: every row counts as the view of a page"
        return replace(proposal, doubts=(*proposal.doubts, doubt))
    if page is not None and page.source == named.name:
        proposal, page = without(proposal, "page"), None
    if page is None and not says_acts(named):
        reason = "it names what was opened"
        check = f"each {named.name} is taken for a page that was seen: is that so?"
        proposal = with_column(proposal, Proposed("page", named.name, 0.7, reason))
        rule = {"value": "page_view"}
        return _more_likely(with_column(proposal, Proposed("action", named.name, 0.6, reason, rule=rule, check=check)))
    meant = {text: "page_view" for text in views_in(named) if text != "page_view"}
    one = Proposed("action", named.name, 0.85, "it names what happened", rule={"map": meant} if meant else {})
    proposal = with_column(proposal, one)
    if page is not None and not views_in(named):
        doubt = f"no value of {named.name} is known as the view of a page: none is counted"
        proposal = replace(proposal, doubts=(*proposal.doubts, doubt))
    return _more_likely(proposal)


def _more_likely(proposal: Proposal) -> Proposal:
    """A name of an event, a time, and a user or a session: that is an interaction."""
    known = {"ts", "action"} <= proposal.columns.keys() and proposal.columns.keys() & {"user_id", "session_id"}
    score = max(proposal.score, 0.6 + 0.1 * ("page" in proposal.columns)) if known else proposal.score
    return replace(proposal, score=round(score, 3))


def _vitals(proposal: Proposal, columns: Sequence[Seen]) -> Proposal:
    """Vitals that stand side by side are events of their own, several a row."""
    found = vitals_in(columns)
    if not found or "ts" not in proposal.columns:
        return proposal
    common = {name: one for name, one in proposal.columns.items() if name not in ("name", "value", "event_id")}
    claimed = {seen.name for seen in found.values()}
    common = {name: one for name, one in common.items() if one.source not in claimed}
    parts: list[Proposal] = []
    for name, seen in found.items():
        factor = vital_factor(name, seen)
        check = f"{seen.name} is taken for seconds, by its size" if factor else ""
        rule = {"factor": factor} if factor else {}
        own: Mapping[str, Proposed] = {
            "name": Proposed("name", seen.name, 0.95, "its name is that of a web vital", rule={"value": name}),
            "value": Proposed("value", seen.name, 0.95, "its name is that of a web vital", rule=rule, check=check),
        }
        part = replace(proposal, columns=common, rows=Rows(present=(seen.name,)))
        for one in own.values():
            part = with_column(part, one)
        parts.append(part)
    score = round(0.55 + 0.2 * proposal.columns["ts"].score + 0.03 * min(len(parts), 6), 3)
    return replace(
        parts[0],
        score=score,
        reason=f"{len(parts)} web vitals stand side by side",
        others=tuple(parts[1:]),
        is_several=True,
    )


_EVERY: tuple[Step, ...] = (_date_and_clock, _durations, _words)
_STEPS: Mapping[str, tuple[Step, ...]] = {
    "llm_call": (tokens, cached, costs, failures, calls, _sums),
    "request": (_sums,),
    "interaction": (_acts,),
    "web_vital": (_vitals,),
}
"""What is looked at, in this order."""
