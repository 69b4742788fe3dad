"""How many events of each bucket are bad."""

import polars as pl

from metrics.engine.bad_events import bad_or_slow
from metrics.engine.context import Context
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.file_pruning import filtered_event_files
from metrics.engine.measures import KEY
from metrics.engine.query import TIME, Filter, Grain, Question, Window
from metrics.engine.scope import Scope
from metrics.engine.statement import Statement
from metrics.engine.time_sql import span_sql

BAD = "bad"


class BadEventCounts(Question[pl.DataFrame]):
    """Events that a metric counts as bad, by bucket and dimensions; of a percentile those above `above` ms.

    Columns: `time`, the dimensions, `bad`. There is a row only where there are any; none where nothing says which
    events are bad.
    """

    metric: str
    window: Window
    above: float | None = None
    by: tuple[str, ...] = ()
    grain: Grain = Grain.MINUTE
    filters: tuple[Filter, ...] = ()


def answer(context: Context, question: BadEventCounts) -> pl.DataFrame:
    """Over all kinds of the metric."""
    metric = context.metric(question.metric)
    scope = context.scope_of(question.window, question.filters, by=question.by, grain=question.grain)
    columns = {TIME: pl.Datetime("us", "UTC"), **dict.fromkeys(question.by, pl.String), BAD: pl.Int64}
    bad = bad_or_slow(metric, question.above)
    counted = [_rows(context, scope, kind, bad) for kind in scope.kinds_for(metric.name, metric.kinds) if bad]
    if not counted:
        return pl.DataFrame(schema=columns)
    starts = {bucket.key: bucket.start for bucket in scope.buckets.all}
    time = pl.col(KEY).replace_strict(list(starts), list(starts.values()), return_dtype=columns[TIME])
    named = [pl.col(group).cast(pl.String).alias(name) for group, name in zip(scope.groups, question.by, strict=True)]
    rows = pl.concat(counted).select(time.alias(TIME), *named, pl.col(BAD).cast(pl.Int64))
    return rows.group_by(TIME, *question.by).agg(pl.col(BAD).sum()).sort(TIME, *question.by)


def _rows(context: Context, scope: Scope, kind: str, bad: str) -> pl.DataFrame:
    events = filtered_event_files(scope, kind, [scope.window])
    text = (
        f"SELECT {scope.buckets.key_sql('epoch_us(ts)')} AS {KEY}{select_groups(scope)}, count(*) AS {BAD} "
        f"FROM {events.sql} WHERE {span_sql('ts', [scope.window])} AND ({bad}){filter_sql(scope)} GROUP BY ALL"
    )
    return context.rows(Statement(text, used_parameters(scope, text), (events,)))
