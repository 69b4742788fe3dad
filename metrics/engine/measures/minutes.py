"""Percentiles by minute: read as they are stored, and taken from the events of the minutes that files share.

Between them lie the stored ones, exact to the precision of Float32. What is left at the window's ends is taken from
events, too.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import polars as pl

from metrics.catalog.model import Quantile
from metrics.engine.buckets import MINUTE
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.file_pruning import filtered_event_files, rollup_files
from metrics.engine.measures.step import KEY, Step
from metrics.engine.query import Grain, Window
from metrics.engine.rollup_selection import AccessPath, access_path
from metrics.engine.scope import Scope
from metrics.engine.statement import Statement
from metrics.engine.time_sql import span_sql
from metrics.lake.rollups import ROLLUPS
from metrics.lake.shapes import BUCKET, PERCENTILES, Percentiles, View

_SHARED = "shared"
"""Whether a stored minute has no percentiles, because more than one file has events of it; null in rows from events."""
_TOGETHER = timedelta(hours=1)
"""Minutes no further apart than this are looked for in one span of the events' files."""


def step(measures: Sequence[Quantile], scope: Scope) -> Step | None:
    """The step that answers measures of one column by minute; None when no rollup does."""
    kind, column = measures[0].kind, measures[0].column
    name = next(
        (name for name, rollup in ROLLUPS.items() if rollup.kind == kind and rollup.shape == Percentiles(column)), ""
    )
    if not name or scope.buckets.grain is not Grain.MINUTE or not all(m.q in PERCENTILES for m in measures):
        return None
    path = access_path(scope, kind, name, fits=partial(_has_a_row_a_minute, scope=scope))
    if path.view is None or path.interior is None:
        return None
    stored = rollup_files(scope.lake, name, path.view, path.interior)
    columns = [PERCENTILES[m.q] for m in measures]
    values = ", ".join(f'CAST(max({c}) AS DOUBLE) AS "{m.name}"' for m, c in zip(measures, columns, strict=True))
    text = (
        f"SELECT {scope.buckets.key_sql(f'epoch_us({BUCKET})')} AS {KEY}{select_groups(scope, view=path.view)}, "
        f"count(*) > 1 OR max({columns[0]}) IS NULL AS {_SHARED}, {values} "
        f"FROM {stored.sql} WHERE {span_sql(BUCKET, [path.interior])}{filter_sql(scope, view=path.view)} GROUP BY ALL"
    )
    statement = Statement(text, used_parameters(scope, text), (stored,))
    rest = partial(_rest, measures=measures, scope=scope, path=path)
    return Step(statement, f"rollup {name}", finish, rest)


def finish(rows: pl.DataFrame) -> pl.DataFrame:
    """The stored minutes but for those that files share, and the minutes taken from events."""
    again = rows.filter(_SHARED)[KEY].unique()
    return rows.filter(pl.col(_SHARED).is_null() | ~pl.col(KEY).is_in(again.implode())).drop(_SHARED)


def _has_a_row_a_minute(view: View, scope: Scope) -> bool:
    """Whether each bucket and group is one value of the view: percentiles of two values are not that of both."""
    single = {f.dimension for f in scope.query.filters if f.operator == "in" and len(f.values) == 1}
    return set(view.dimensions) <= {*scope.query.by, *single}


def _rest(rows: pl.DataFrame, *, measures: Sequence[Quantile], scope: Scope, path: AccessPath) -> Statement | None:
    """What events must answer: the window's ends, and minutes that files share."""
    shared = rows.filter(_SHARED)[KEY].unique().sort().to_list()
    windows = [*path.edges, *_spans(shared)]
    if not windows:
        return None
    column, kind = measures[0].column, measures[0].kind
    events = filtered_event_files(scope, kind, windows)
    quantiles = ", ".join(f'quantile_cont({column}, {m.q}) AS "{m.name}"' for m in measures)
    ends = [int(edge.start.timestamp()) // MINUTE * MINUTE for edge in path.edges]
    text = (
        f"SELECT {scope.buckets.key_sql('epoch_us(ts)')} AS {KEY}{select_groups(scope)}, "
        f"CAST(NULL AS BOOLEAN) AS {_SHARED}, {quantiles} FROM {events.sql} WHERE {span_sql('ts', windows)} "
        f"AND {scope.buckets.key_sql('epoch_us(ts)')} IN (SELECT unnest($minutes)){filter_sql(scope)} GROUP BY ALL"
    )
    return Statement(text, {**used_parameters(scope, text), "minutes": [*ends, *shared]}, (events,))


def _spans(keys: Sequence[int]) -> list[Window]:
    """Spans that hold all the minutes, which are in order."""
    spans: list[Window] = []
    for key in keys:
        start = datetime.fromtimestamp(key, UTC)
        first = spans.pop().start if spans and start - spans[-1].end <= _TOGETHER else start
        spans.append(Window(start=first, end=start + timedelta(seconds=MINUTE)))
    return spans
