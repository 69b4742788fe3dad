"""Raw events, a page at a time: whatever there are of them, no more than a page is read or held.

Files are looked at from the newest on, by the span of time their statistics give, until a page is full and no other
file can hold anything newer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import polars as pl

from metrics.engine.database import rows_of, write_file
from metrics.engine.query import Filter
from metrics.engine.scope import Scope, moment_sql, span_sql
from metrics.engine.statement import Relation, Statement
from metrics.events import KINDS

FOLLOWED = ("user_id", "session_id", "request_id", "trace_id")
"""Columns by which events belong together."""
_FORMULA = "^[=+\\-@\\t\\r\\n＝＋－＠]"
"""A spreadsheet runs a cell that begins so, even when it is text in the data."""
Form = Literal["csv", "parquet"]


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


def page(kind: str, scope: Scope, after: Place | None, limit: int) -> EventPage:
    """The newest events of the window that pass the filters, or those behind a place."""
    if not scope.kinds_for(kind, (kind,)):
        return EventPage(pl.DataFrame(schema=KINDS[kind].schema), None)
    table = scope.lake.events(kind)
    within = scope.events(kind, [scope.window]).files
    spans = {str(table.root / file.path): file for file in table.snapshot.files}
    files = sorted(within, key=lambda path: _newest(spans[path].max_ts), reverse=True)
    files = [path for path in files if after is None or _oldest(spans[path].min_ts) <= after.ts]
    taken = 1
    while True:
        rows = _newest_rows(kind, scope, files[:taken], after, limit + 1)
        rest = max((_newest(spans[path].max_ts) for path in files[taken:]), default=None)
        full = rows.height > limit and (rest is None or rows["ts"][-1] > rest)
        if full or taken >= len(files):
            break
        taken *= 4
    shown = rows.head(limit)
    last = shown.row(-1, named=True) if rows.height > limit else None
    return EventPage(shown, Place(last["ts"], last["event_id"]) if last else None)


def together(scope: Scope, dimension: str, value: str, limit: int) -> pl.DataFrame:
    """Events of all kinds with that value of the dimension, the newest first: `ts`, `kind`, `event_id`, `details`."""
    chosen = Filter(dimension=dimension, values=(value,))
    narrowed = scope.filtered((chosen,))
    parts = [
        _described(kind, page(kind, narrowed, None, limit).rows)
        for kind in narrowed.kinds_for(dimension, [kind for kind in KINDS if scope.knows(kind, dimension)])
    ]
    schema = {"ts": pl.Datetime("us", "UTC"), "kind": pl.String, "event_id": pl.String, "details": pl.String}
    return pl.concat([pl.DataFrame(schema=schema), *parts]).sort("ts", "event_id", descending=True).head(limit)


def export(kind: str, scope: Scope, path: Path, form: Form) -> int:
    """Write all events of the window that pass the filters to a file, in order of time; gives their number.

    In CSV a text that a spreadsheet would run as a formula has an apostrophe before it, and attributes are JSON.
    """
    scope.kinds_for(kind, (kind,))
    events = scope.events(kind, [scope.window])
    columns = [_column(name, dtype, form) for name, dtype in KINDS[kind].schema.items()]
    text = (
        f"SELECT {', '.join(columns)} FROM {events.sql} WHERE {span_sql('ts', [scope.window])}{scope.filter_sql()} "
        "ORDER BY ts"
    )
    return write_file(Statement(text, scope.used_parameters(text), (events,)), path, form)


def _newest_rows(kind: str, scope: Scope, files: Sequence[str], after: Place | None, limit: int) -> pl.DataFrame:
    events = scope.events(kind, [scope.window])
    relation = Relation("events", kind, tuple(files), events.columns)
    behind, parameters = "", dict[str, object]()
    if after is not None:
        at = moment_sql(after.ts)
        behind = f" AND (ts < {at} OR (ts = {at} AND event_id < $place_id))"
        parameters["place_id"] = after.event_id
    where = f"{span_sql('ts', [scope.window])}{behind}{scope.filter_sql()}"
    # Only of the events that will be shown are all columns read.
    newest = f"SELECT ts FROM {relation.sql} WHERE {where} ORDER BY ts DESC LIMIT {limit:d}"
    text = f"SELECT min(ts) AS ts FROM ({newest}) AS newest"
    oldest = rows_of(Statement(text, {**scope.used_parameters(text), **parameters}, (relation,)))["ts"][0]
    if oldest is None:
        return pl.DataFrame(schema=KINDS[kind].schema)
    names = ", ".join(f'"{name}"' for name in KINDS[kind].schema)
    text = (
        f"SELECT {names} FROM {relation.sql} WHERE {where} AND ts >= {moment_sql(oldest)} "
        f"ORDER BY ts DESC, event_id DESC LIMIT {limit:d}"
    )
    return rows_of(Statement(text, {**scope.used_parameters(text), **parameters}, (relation,)))


def _described(kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    own = [column.name for column in KINDS[kind].own_columns]
    said = [
        ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)
        for row in rows.select(own).iter_rows(named=True)
    ]
    return rows.select("ts", pl.lit(kind).alias("kind"), "event_id", pl.Series("details", said, dtype=pl.String))


def _column(name: str, dtype: pl.DataType, form: Form) -> str:
    quoted = f'"{name}"'
    if form == "parquet":
        return quoted
    if dtype == pl.String:
        return f"CASE WHEN regexp_matches({quoted}, '{_FORMULA}') THEN '''' || {quoted} ELSE {quoted} END AS {quoted}"
    return quoted if not dtype.is_nested() else f"CAST(to_json({quoted}) AS VARCHAR) AS {quoted}"


def _newest(moment: datetime | None) -> datetime:
    return moment or datetime(9999, 1, 1, tzinfo=UTC)


def _oldest(moment: datetime | None) -> datetime:
    return moment or datetime(1970, 1, 1, tzinfo=UTC)
