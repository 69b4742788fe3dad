"""What lies behind a change: the values of dimensions that explain it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from metrics.catalog import Metric
from metrics.catalog.model import Additive, Measure, Quantile
from metrics.engine.bad_events import Ratio
from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.file_pruning import event_files
from metrics.engine.query import Filter, Question, Window
from metrics.engine.scope import Scope
from metrics.engine.statement import Statement
from metrics.engine.time_sql import span_sql
from metrics.events import KINDS

DIMENSIONS = (
    "endpoint", "provider", "model", "region", "feature", "service", "component", "host", "status_code", "page",
    "action",
)  # fmt: skip
"""Dimensions looked at when none are named: those of which a value is something to go and look at."""

_HUNDRED = 100.0
TELLING = 5.0
"""Points by which a value's part must exceed its share of all events: most of the traffic has most of everything."""


@dataclass(frozen=True)
class Contribution:
    """A value of a dimension, and its part in a change."""

    dimension: str
    value: str | None
    percent: float
    """At most 100."""


class Contributions(Question[tuple[Contribution, ...]]):
    """Which values explain how the metric changed from `baseline` to `window`, the most telling first.

    At most one value a dimension: the one whose part in the change exceeds its share of the window's events most,
    as a region that has most of the traffic has most of the failures, too, and explains nothing. Windows of
    different length are compared by what there is a second; they must not overlap. The part of a value is

    - of a percentage, its share of the additional bad events,
    - of a mean, its share of the excess over what the mean of the baseline would have given,
    - of a count or a sum, its share of the difference,
    - of a percentile, its share of the events above that percentile of the baseline: a percentile has no parts that
      add up to it, but it rises when more events than before lie above where it was.

    Empty when there is nothing to explain (nothing got worse), and for metrics that are put together otherwise.
    """

    metric: str
    window: Window
    baseline: Window
    filters: tuple[Filter, ...] = ()
    dimensions: tuple[str, ...] | None = None
    """Those looked at; None: of `DIMENSIONS`, those that the events have."""
    limit: int = 3


def answer(context: Context, question: Contributions) -> tuple[Contribution, ...]:
    """From one pass over the events of both windows."""
    metric = context.metric(question.metric)
    kind = _kind_to_explain(metric)
    by = question.dimensions if question.dimensions is not None else _dimensions_of(kind) if kind else ()
    scope = context.scope_of(question.window, question.filters, by=by)
    if kind is None or not by or not scope.kinds_for(metric.name, (kind,)):
        return ()
    rows = _parts(metric, kind, scope, question.baseline)
    telling = [row for index in range(len(by)) for row in _most_telling(rows, index, len(by), metric)]
    ranked = sorted(telling, key=lambda row: -row["excess"])[: question.limit]
    return tuple(Contribution(by[row["index"]], row["value"], min(row["percent"], 100.0)) for row in ranked)


def _kind_to_explain(metric: Metric) -> str | None:
    """The kind whose events explain a change of the metric; None when its parts do not add up to it."""
    measures = metric.measures
    if len(measures) == 1 and isinstance(measures[0], Quantile):
        return measures[0].kind
    kinds = {measure.kind if isinstance(measure, Additive) and _adds_up(measure) else None for measure in measures}
    return kinds.pop() if len(kinds) == 1 else None


def _dimensions_of(kind: str) -> tuple[str, ...]:
    """The dimensions looked at when none are named."""
    return tuple(name for name in DIMENSIONS if name in KINDS[kind].by_name)


def _parts(metric: Metric, kind: str, scope: Scope, baseline: Window) -> pl.DataFrame:
    """By dimension (`absent`: a bit for each not grouped by) and value: `part` of the change, and `events`."""
    spans = (scope.window, baseline)
    events = event_files(scope.lake, kind, spans)
    first, source, aggregates = "", events.sql, ", ".join(map(_as_number, metric.measures))
    (quantile, *_) = metric.measures
    if isinstance(quantile, Quantile):
        condition = f" AND {quantile.where}" if quantile.where else ""
        first = (
            f"WITH before AS (SELECT quantile_cont({quantile.column}, {quantile.q}) AS usual FROM {events.sql} "
            f"WHERE {span_sql('ts', [baseline])}{condition}{filter_sql(scope)}) "
        )
        source = f"{events.sql}, before"
        slow = f"{span_sql('ts', [scope.window])} AND {quantile.column} > usual{condition}"
        aggregates = f'CAST(count(*) FILTER (WHERE {slow}) AS DOUBLE) AS "{quantile.name}"'
    sets = ", ".join(f"(recent, {group})" for group in scope.groups)
    text = (
        f"{first}SELECT {span_sql('ts', [scope.window])} AS recent{select_groups(scope)}, "
        f"grouping({', '.join(scope.groups)}) AS absent, count(*) AS events, {aggregates} FROM {source} "
        f"WHERE {span_sql('ts', spans)}{filter_sql(scope)} GROUP BY GROUPING SETS ({sets})"
    )
    rows = rows_of(Statement(text, used_parameters(scope, text), (events,)))
    recent, lengths = pl.col("recent"), [span.length.total_seconds() for span in spans]
    # A formula that is a rate divides by `seconds`: here that is done for all of them, by the length of the window.
    timed = rows.with_columns(seconds=1.0, length=pl.when(recent).then(lengths[0]).otherwise(lengths[1]))
    parted = timed.with_columns(part=pl.when(recent).then(1).otherwise(-1) * _amount(metric))
    return parted.group_by("absent", *scope.groups).agg(pl.col("part").sum(), pl.col("events").filter(recent).sum())


def _amount(metric: Metric) -> pl.Expr:
    """What of each row is set against the baseline."""
    ratio = Ratio.of(metric)
    if ratio is None:
        return pl.sql_expr(metric.formula).fill_null(0) / pl.col("length")
    above, below = pl.sql_expr(ratio.above).fill_null(0), pl.sql_expr(ratio.below).fill_null(0)
    if metric.unit == "%":
        return (above if metric.direction != "up" else _HUNDRED * below - above) / pl.col("length")
    whole = [column.filter(~pl.col("recent")).sum().over("absent") for column in (above, below)]
    excess = above - below * (whole[0] / whole[1])
    return pl.when(pl.col("recent")).then(excess if metric.direction != "up" else -excess).otherwise(0.0)


def _most_telling(rows: pl.DataFrame, index: int, of: int, metric: Metric) -> Iterator[dict[str, Any]]:
    """Of one dimension the value whose part exceeds its share of the events most, as `index`, `value`, `percent`."""
    values = rows.filter(pl.col("absent") == (2**of - 1) - 2 ** (of - 1 - index))
    total, events = values["part"].sum(), values["events"].sum()
    if events == 0 or total == 0 or (total < 0 and _has_a_bad_side(metric)):
        return
    percent, share = _HUNDRED * pl.col("part") / total, _HUNDRED * pl.col("events") / events
    told = values.select(pl.lit(index).alias("index"), pl.col(f"d{index}").alias("value"), percent=percent, share=share)
    yield from (
        told.with_columns(excess=pl.col("percent") - pl.col("share"))
        .filter(pl.col("excess") > TELLING)
        .sort("excess", "value", descending=[True, False])
        .head(1)
        .iter_rows(named=True)
    )


def _has_a_bad_side(metric: Metric) -> bool:
    return Ratio.of(metric) is not None or any(isinstance(measure, Quantile) for measure in metric.measures)


def _adds_up(measure: Additive) -> bool:
    return measure.merge == "sum" and measure.sql.startswith(("count(", "sum("))


def _as_number(measure: Measure) -> str:
    return f'CAST({measure.sql} AS DOUBLE) AS "{measure.name}"' if isinstance(measure, Additive) else ""
