"""How a query is answered: the steps of its plan are run, their frames joined, the formulas applied."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import duckdb
import polars as pl

from metrics.catalog import Metric
from metrics.engine import dropped
from metrics.engine.buckets import Bucket
from metrics.engine.context import Context
from metrics.engine.dropped import Spans
from metrics.engine.grid import joined, on_grid, plain_sums
from metrics.engine.measures import KEY, Step
from metrics.engine.plan import Plan, counters, plan_query
from metrics.engine.problems import NotCalculable
from metrics.engine.query import EVENTS, PREVIOUS, TIME, Grain, Query, Result, Window
from metrics.engine.scope import Scope

OF_DATA = (duckdb.DataError, duckdb.ProgrammingError)
"""What the database raises because of values, and not of files, memory or itself."""


def answer(context: Context, query: Query) -> Result:
    """Plan a query and run it; a metric of the home's own that fails over its events spoils no other.

    Raises as `plan_query` does, and NotCalculable where no metric is left.
    """
    try:
        return _answer(context, query)
    except OF_DATA:
        failed = dict(_failing(context, query))
        if not failed:
            raise
    rest = tuple(name for name in query.metrics if name not in failed)
    if not rest:
        raise next(iter(failed.values()))
    result = _answer(context, query.model_copy(update={"metrics": rest}))
    frame = result.frame.with_columns(
        pl.lit(None, pl.Int64 if column.endswith(EVENTS) else pl.Float64).alias(column)
        for name in failed
        for column in _columns(name, query)
    )
    order = [name for name in frame.columns if name not in _all_columns(query)]
    order += [column for column in _all_columns(query) if column in frame.columns]
    said = {name: str(problem) for name, problem in failed.items()}
    return replace(result, query=query, frame=frame.select(order), failed=said)


def _failing(context: Context, query: Query) -> Iterator[tuple[str, NotCalculable]]:
    """The metrics of the home's own that fail when they are asked for alone."""
    for name in query.metrics:
        metric = context.metric(name)
        if metric.origin:
            try:
                _answer(context, query.model_copy(update={"metrics": (name,)}))
            except OF_DATA as error:
                yield name, NotCalculable(name, metric.origin, str(error).splitlines()[0])


def _columns(metric: str, query: Query) -> Sequence[str]:
    suffixes = ("", *([EVENTS] if query.with_events else []), *([PREVIOUS] if query.compare else []))
    return [metric + suffix for suffix in suffixes]


def _all_columns(query: Query) -> Sequence[str]:
    """Columns of metrics in their usual order."""
    by_metric = list(query.metrics)
    events = [name + EVENTS for name in by_metric] if query.with_events else []
    return [*by_metric, *events, *([name + PREVIOUS for name in by_metric] if query.compare else [])]


def _answer(context: Context, query: Query) -> Result:
    planned = plan_query(context, query)
    buckets = planned.scope.buckets
    frame, unknown = _run(context, planned)
    if query.compare:
        changed = {"window": query.window.previous, "grain": buckets.grain, "with_events": False}
        before = plan_query(context, query.model_copy(update=changed))
        pairs = buckets.before(before.scope.buckets)
        frame = _with_previous(frame, _run(context, before)[0], query, pairs)
    return Result(query, buckets.grain, frame, planned.source, planned.statements, planned.missing, unknown)


def _run(context: Context, planned: Plan) -> tuple[pl.DataFrame, Mapping[str, str]]:
    """Run the steps, join their frames, apply the formulas, lay the rows on the grid of buckets.

    Where a step read spans of dropped events, there is no value; with why, by metric.
    """
    scope = planned.scope
    groups = list(scope.groups)
    taken = [_taken(context, step, scope.window) for step in planned.steps]
    rows = on_grid(joined([_typed(frame, groups) for frame, _ in taken], [KEY, *groups]), scope)
    unknown = _unknown(planned, taken)
    columns = [_value(metric, planned, unknown.get(metric.name, ())).alias(metric.name) for metric in planned.metrics]
    if scope.query.with_events:
        columns += [_events(metric, scope).alias(metric.name + EVENTS) for metric in planned.metrics]
    named = [pl.col(group).alias(name) for group, name in zip(groups, scope.query.by, strict=True)]
    time = [] if scope.buckets.grain is Grain.NONE else [pl.col(TIME)]
    why = {name: dropped.why(context.lake, context.metrics[name].kinds, spans) for name, spans in unknown.items()}
    return rows.select(*time, *named, *columns), why


def _taken(context: Context, step: Step, window: Window) -> tuple[pl.DataFrame, Spans]:
    """The frame of one step, and the spans whose events it would have needed."""
    frame, rest = context.frame_by_month(step), None
    if frame is None:
        rows = context.shared_rows(step.statement) if step.is_shared else context.rows(step.statement)
        rest = step.rest(rows)
        if rest is not None:
            rows = pl.concat([rows, context.rows(rest)], how="diagonal_relaxed")
        frame = step.finish(rows)
    relations = (*step.statement.relations, *(rest.relations if rest is not None else ()))
    return frame, tuple(span for relation in relations for span in dropped.unknown(relation, window))


def _typed(frame: pl.DataFrame, groups: Sequence[str]) -> pl.DataFrame:
    """Keys of one type for the join, sums that can be reckoned with."""
    grouped = [group for group in groups if group in frame.columns]
    return plain_sums(frame).with_columns(pl.col(KEY).cast(pl.Int64), pl.col(grouped).cast(pl.String))


def _value(metric: Metric, planned: Plan, unknown: Spans) -> pl.Expr:
    if metric.name in planned.missing:
        return pl.lit(None, pl.Float64)
    value = pl.sql_expr(metric.formula)
    value = value.fill_null(0) if metric.empty_is_zero else value
    if not unknown:
        return value
    buckets = planned.scope.buckets
    keys = [bucket.key for bucket in buckets.all if dropped.touched(buckets.covered(bucket), unknown)]
    return pl.when(~pl.col(KEY).is_in(keys)).then(value) if keys else value


def _unknown(planned: Plan, taken: Sequence[tuple[pl.DataFrame, Spans]]) -> Mapping[str, Spans]:
    """By metric the spans of dropped events that it cannot do without."""
    spans = {name: spans for frame, spans in taken if spans for name in frame.columns}
    named = ((metric.name, [spans.get(measure.name, ()) for measure in metric.measures]) for metric in planned.metrics)
    return {name: whole for name, parts in named if (whole := tuple(span for part in parts for span in part))}


def _events(metric: Metric, scope: Scope) -> pl.Expr:
    counted = [pl.col(counter.name) for counter in counters(metric, scope)]
    return pl.sum_horizontal(counted or [pl.lit(0)]).fill_null(0).cast(pl.Int64)


def _with_previous(
    frame: pl.DataFrame, before: pl.DataFrame, query: Query, pairs: Sequence[tuple[Bucket, Bucket]]
) -> pl.DataFrame:
    """`frame` with the values of the window before; `pairs` are the buckets of both that stand side by side."""
    renamed = before.rename({name: name + PREVIOUS for name in query.metrics})
    if TIME not in frame.columns:
        if not query.by:
            return pl.concat([frame, renamed], how="horizontal")
        return _full(frame, renamed, query.by).sort(query.by, nulls_last=True)
    dtype = frame.schema[TIME]
    times = pl.DataFrame(
        {TIME: [now.start for now, _ in pairs], "earlier": [then.start for _, then in pairs]},
        schema={TIME: dtype, "earlier": dtype},
    )
    landed = times.join(renamed.rename({TIME: "earlier"}), on="earlier").drop("earlier")
    keys = [TIME, *query.by]
    return _full(frame, landed, keys).sort(keys, nulls_last=True)


def _full(left: pl.DataFrame, right: pl.DataFrame, keys: Iterable[str]) -> pl.DataFrame:
    return left.join(right, on=list(keys), how="full", coalesce=True, nulls_equal=True)
