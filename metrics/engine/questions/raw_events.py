"""Raw events, a page at a time: whatever there are of them, no more than a page is read or held.

Files are looked at from the newest on, by the span of time their statistics give, until a page is full and no other
file can hold anything newer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from metrics.engine.bad_events import bad_or_slow
from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.dimension_sql import filter_sql, used_parameters
from metrics.engine.file_pruning import event_files
from metrics.engine.query import Filter, Question, Window
from metrics.engine.scope import Scope
from metrics.engine.statement import Relation, Statement
from metrics.engine.time_sql import moment_sql, span_sql
from metrics.events import KINDS


@dataclass(frozen=True, slots=True)
class Place:
    """Between two events: right behind this one, in the order from new to old."""

    ts: datetime
    event_id: str


@dataclass(frozen=True)
class EventPage:
    """Some events of one kind, the newest first."""

    rows: pl.DataFrame
    """All columns of the kind."""
    older: Place | None
    """Where the next page begins; None when this is the last."""


class RawEvents(Question[EventPage]):
    """Raw events of a kind, the newest first, from a place on.

    `bad_for`: only those that this metric counts as bad; of a percentile those above `above` ms.
    """

    kind: str
    window: Window
    filters: tuple[Filter, ...] = ()
    after: Place | None = None
    limit: int = 200
    bad_for: str = ""
    above: float | None = None


def answer(context: Context, question: RawEvents) -> EventPage:
    """A page of them; empty where it is not known which events are bad."""
    scope, kind = context.scope_of(question.window, question.filters), question.kind
    bad = bad_or_slow(context.metric(question.bad_for), question.above) if question.bad_for else ""
    if question.bad_for and not bad:
        return EventPage(pl.DataFrame(schema=KINDS[kind].schema), None)
    return page(scope, kind, question.after, question.limit, bad)


def page(scope: Scope, kind: str, after: Place | None, limit: int, condition: str = "") -> EventPage:
    """The newest events of the window that pass the filters and hold a condition, or those behind a place."""
    if not scope.kinds_for(kind, (kind,)):
        return EventPage(pl.DataFrame(schema=KINDS[kind].schema), None)
    table = scope.lake.events(kind)
    within = event_files(scope.lake, kind, [scope.window]).files
    spans = {str(table.root / file.path): file for file in table.snapshot.files}
    files = sorted(within, key=lambda path: _newest(spans[path].max_ts), reverse=True)
    files = [path for path in files if after is None or _oldest(spans[path].min_ts) <= after.ts]
    taken = 1
    while True:
        rows = _newest_rows(kind, scope, files[:taken], after, limit + 1, condition)
        rest = max((_newest(spans[path].max_ts) for path in files[taken:]), default=None)
        full = rows.height > limit and (rest is None or rows["ts"][-1] > rest)
        if full or taken >= len(files):
            break
        taken *= 4
    shown = rows.head(limit)
    last = shown.row(-1, named=True) if rows.height > limit else None
    return EventPage(shown, Place(last["ts"], last["event_id"]) if last else None)


def _newest_rows(
    kind: str, scope: Scope, files: Sequence[str], after: Place | None, limit: int, condition: str
) -> pl.DataFrame:
    events = event_files(scope.lake, kind, [scope.window])
    relation = Relation("events", kind, tuple(files), events.columns, present=events.present)
    behind, parameters = "", dict[str, object]()
    if after is not None:
        at = moment_sql(after.ts)
        behind = f" AND (ts < {at} OR (ts = {at} AND event_id < $place_id))"
        parameters["place_id"] = after.event_id
    only = f" AND ({condition})" if condition else ""
    where = f"{span_sql('ts', [scope.window])}{only}{behind}{filter_sql(scope)}"
    # Only of the events that will be shown are all columns read.
    newest = f"SELECT ts FROM {relation.sql} WHERE {where} ORDER BY ts DESC LIMIT {limit:d}"
    text = f"SELECT min(ts) AS ts FROM ({newest}) AS newest"
    oldest = rows_of(Statement(text, {**used_parameters(scope, text), **parameters}, (relation,)))["ts"][0]
    if oldest is None:
        return pl.DataFrame(schema=KINDS[kind].schema)
    names = ", ".join(f'"{name}"' for name in KINDS[kind].schema)
    text = (
        f"SELECT {names} FROM {relation.sql} WHERE {where} AND ts >= {moment_sql(oldest)} "
        f"ORDER BY ts DESC, event_id DESC LIMIT {limit:d}"
    )
    return rows_of(Statement(text, {**used_parameters(scope, text), **parameters}, (relation,)))


def _newest(moment: datetime | None) -> datetime:
    return moment or datetime(9999, 1, 1, tzinfo=UTC)


def _oldest(moment: datetime | None) -> datetime:
    return moment or datetime(1970, 1, 1, tzinfo=UTC)
