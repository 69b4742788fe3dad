"""What is not known any more: spans of whose events only sums are kept, and what is said where sums do not do."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from metrics.engine.query import Window
from metrics.engine.statement import Relation
from metrics.lake.tables import Lake, Table
from metrics.lake.upkeep.closed import closed_days, stretches

Spans = tuple[tuple[datetime, datetime], ...]
_ONE_DAY = timedelta(days=1)


def gone(events: Table, windows: Sequence[Window]) -> Spans:
    """The parts of the windows whose events were dropped while their sums stayed."""
    closed = closed_days(events)
    if not closed or not windows:
        return ()
    days = [(_midnight(first), _midnight(after)) for first, after in stretches(closed)]
    parts = ((max(start, w.start), min(end, w.end)) for w in windows for start, end in days)
    return tuple((start, end) for start, end in parts if start < end)


def is_gone(events: Table, window: Window) -> bool:
    """Whether all events of a window were dropped."""
    return gone(events, [window]) == ((window.start, window.end),)


def first_moment(events: Table) -> datetime | None:
    """The first moment of which anything is known: of the events, or the first closed day."""
    moments = [file.min_ts for file in events.snapshot.files if file.min_ts]
    return min([*moments, *(_midnight(first) for first, _ in stretches(closed_days(events)))], default=None)


def seconds(spans: Spans) -> float:
    """How long they are together."""
    return sum((end - start).total_seconds() for start, end in spans)


def touched(window: Window, spans: Iterable[tuple[datetime, datetime]]) -> bool:
    """Whether any of the spans has a part in the window."""
    return any(start < window.end and end > window.start for start, end in spans)


def unknown(relation: Relation, window: Window) -> Spans:
    """The spans of a window of which an answer from the relation knows nothing.

    One that looks back further than a day before the window, for who was there before, knows nothing of the whole
    window. Errors do, too, for those that were opened earlier: one opened on a day that was dropped is forgotten.
    """
    back = window.start - _ONE_DAY
    looks_back = relation.name != "error" and any(start < back for start, _ in relation.gone)
    if looks_back:
        return ((window.start, window.end),)
    return tuple(span for span in relation.gone if touched(window, [span]))


def why(lake: Lake, kinds: Iterable[str], spans: Spans) -> str:
    """Why there is no data, for whoever asks."""
    said: list[str] = []
    for kind in kinds:
        closed = closed_days(lake.events(kind))
        days = [day for day in sorted(closed) if any(_is_of(day, start, end) for start, end in spans)] or sorted(closed)
        if days:
            span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
            said.append(f"the `{kind}` events of {span} were dropped on {closed[days[-1]].on}")
    return f"{' and '.join(said)} (lake.retention_days): their sums do not tell this" if said else ""


def _is_of(day: str, start: datetime, end: datetime) -> bool:
    begun = _midnight(date.fromisoformat(day))
    return begun < end and begun + _ONE_DAY > start


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
