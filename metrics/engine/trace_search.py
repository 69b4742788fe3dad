"""Where in the lake a trace lies.

Ids of traces are random: the statistics of a file that has some do not say that one is not among them. So their column
is read, and no other, some days at a time from the newest on; files without an id are passed over by their statistics.
From there a trace is followed, back and forth, until a day before it and a day after it hold nothing more of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from metrics.engine.context import Context
from metrics.engine.dimension_sql import filter_sql, used_parameters
from metrics.engine.file_pruning import event_files
from metrics.engine.query import Filter, Window
from metrics.engine.scope import Scope
from metrics.engine.statement import Statement
from metrics.engine.time_sql import span_sql
from metrics.events import KINDS
from metrics.lake.tables import DATE, Lake

AROUND = timedelta(days=1)
"""How long a trace may be silent and still go on; and how far from a known moment its events are looked for."""
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Sought:
    """What came of looking for a trace."""

    lies: Window | None
    """From its first event to its last; None where there is none."""
    looked: Window | None
    """What was looked through; None where no event is stored."""


def search(context: Context, trace_id: str, near: datetime | None) -> Sought:
    """Look around a moment; without one through the whole lake, from the newest day back to the first that has it."""
    looked: Window | None = None
    for stretch in [Window(start=near - AROUND, end=near + AROUND)] if near else _stretches(context.lake):
        looked = Window(start=stretch.start, end=looked.end if looked else stretch.end)
        if lies := _within(context, trace_id, stretch):
            return Sought(_whole(context, trace_id, lies), looked)
    return Sought(None, looked)


def scope_of(context: Context, trace_id: str, window: Window) -> Scope:
    """The events of a trace in a window."""
    return context.scope_of(window, (Filter(dimension="trace_id", values=(trace_id,)),))


def kinds_of(lake: Lake) -> list[str]:
    """Kinds whose events may be of a trace, and of which any were ever stored."""
    return [name for name, kind in KINDS.items() if "trace_id" in kind.by_name and lake.events(name).version >= 0]


def _stretches(lake: Lake) -> Iterator[Window]:
    """The days that hold events, from the newest on: one, then two, four and so on at a time."""
    files = (file for kind in kinds_of(lake) for file in lake.events(kind).snapshot.files)
    days = sorted({date.fromisoformat(file.partition[DATE]) for file in files}, reverse=True)
    count = 1
    while days:
        taken, days = days[:count], days[count:]
        yield Window(start=_midnight(taken[-1]), end=_midnight(taken[0]) + timedelta(days=1))
        count *= 2


def _whole(context: Context, trace_id: str, lies: Window) -> Window:
    """The same, with what is not farther than a day from what is known of it, again and again."""
    for back in (True, False):
        while True:
            edge = lies.start if back else lies.end
            beyond = Window(start=edge - AROUND, end=edge) if back else Window(start=edge, end=edge + AROUND)
            more = _within(context, trace_id, beyond)
            if more is None:
                break
            lies = Window(start=min(lies.start, more.start), end=max(lies.end, more.end))
    return lies


def _within(context: Context, trace_id: str, window: Window) -> Window | None:
    """From the first to the last event of the trace in the window."""
    scope = scope_of(context, trace_id, window)
    relations = [event_files(scope.lake, kind, [window]) for kind in kinds_of(scope.lake)]
    relations = [relation for relation in relations if relation.files]
    if not relations:
        return None
    where = f"{span_sql('ts', [window])}{filter_sql(scope)}"
    parts = [f"SELECT min(ts) AS first, max(ts) AS last FROM {relation.sql} WHERE {where}" for relation in relations]
    text = f"SELECT min(first) AS first, max(last) AS last FROM ({' UNION ALL '.join(parts)}) AS found"
    row = context.rows(Statement(text, used_parameters(scope, text), tuple(relations))).row(0, named=True)
    return None if row["first"] is None else Window(start=row["first"], end=row["last"] + _INSTANT)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
