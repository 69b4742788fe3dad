"""What a number is made of, by every combination of dimensions, beside what it was made of before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from metrics.catalog import ATTRIBUTE_PREFIX, Metric
from metrics.catalog.model import Additive, ErrorCount, Measure, Quantile, counter_of
from metrics.engine import dropped
from metrics.engine.bad_events import Ratio
from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.file_pruning import event_files, event_rows
from metrics.engine.measures import KEY, steps
from metrics.engine.query import Filter, Question, Window
from metrics.engine.statement import ROW, Statement
from metrics.engine.time_sql import span_sql
from metrics.events import KINDS
from metrics.lake.rollups import rollups_of
from metrics.lake.shapes import Counts

PLACES = (
    "service", "endpoint", "provider", "model", "region", "feature", "environment", "component", "host", "operation",
    "page", "action", "device", "name", "method", "cache_hit", "pipeline_id",
)  # fmt: skip
"""Dimensions of which a value is something to go and look at."""
OUTCOMES = ("status_code", "status", "error_type", "severity", "outcome", "finish_reason", "sentiment")
"""Those that tell how an event ended: of what is counted a part, of a rate what it is about and no cause."""
MOST_EVENTS = 3_000_000
"""From more than these, combinations are read from the rollup with most dimensions, where there is one."""
MOST_ATTRIBUTES = 4
_SAMPLED = 20_000
_FEW = 40
"""Values up to which an attribute tells groups of events apart, and not the events themselves."""
_HUNDRED = 100.0


@dataclass(frozen=True)
class Parts:
    """A number in its parts, as a search for causes takes them."""

    frame: pl.DataFrame
    """The dimensions as text, `before`, `after`, `events_before` and `events`; of a ratio `before_of` and `after_of`.

    What is counted or summed in the baseline is made as long as the window."""
    dimensions: tuple[str, ...]
    unit: float | None
    """What one event adds; None where that differs."""
    most: float | None
    """What a ratio cannot exceed."""
    is_rest: bool = False
    """Whether it is what the metric lacks to 100 %: of a rate that should be high, the bad events."""
    above: float | None = None
    """Of a percentile: what is counted are events above this, which it was in the baseline."""
    why_none: str = ""
    """Why there is nothing; empty where there is."""


class Breakdown(Question[Parts]):
    """A metric in its parts, in `window` and in `baseline`, which are spans that do not overlap.

    A percentile has no parts that add up to it: its parts are the events above what it was in the baseline, of all.
    """

    metric: str
    window: Window
    baseline: tuple[Window, ...]
    filters: tuple[Filter, ...] = ()
    dimensions: tuple[str, ...] | None = None
    """None: all of `PLACES` that the events have, and attributes of few values; of what is counted `OUTCOMES`, too."""


def answer(context: Context, question: Breakdown) -> Parts:
    """From a rollup where there are too many events to read."""
    metric = context.metric(question.metric)
    kind = _kind(metric)
    if kind is None:
        return _nothing(f"{metric.name} has no parts that add up to it")
    spans = (question.window, *question.baseline)
    if not context.scope_of(question.window, question.filters).kinds_for(metric.name, (kind,)):
        return _nothing(f"{metric.name}: no data yet: needs `{kind}` events")
    by = question.dimensions if question.dimensions is not None else _places(context, metric, kind, question, spans)
    if not by:
        return _nothing(f"`{kind}` events have no dimension to tell them apart by")
    quantile = next((one for one in metric.measures if isinstance(one, Quantile)), None)
    if quantile is not None:
        return _above_usual(context, quantile, question, by)
    counter, seconds = counter_of(kind), sum((one.length for one in question.baseline), timedelta()).total_seconds()
    after = _summed(context, [*metric.measures, counter], question, by, [question.window])
    before = _summed(context, [*metric.measures, counter], question, by, question.baseline)
    if after is None or before is None:
        return _nothing(f"{metric.name}: some of the events that it needs were dropped")
    ratio = Ratio.of(metric)
    length = question.window.length.total_seconds()
    sides = [
        _side(before, metric, ratio, seconds, length / seconds, ("before", "before_of", "events_before"), counter.name),
        _side(after, metric, ratio, length, 1.0, ("after", "after_of", "events"), counter.name),
    ]
    frame = pl.concat(sides, how="diagonal").rename(dict(zip((f"d{n}" for n in range(len(by))), by, strict=True)))
    frame = frame.group_by(by).agg(pl.exclude(by).sum())
    if metric.unit != "%" or ratio is None:
        return Parts(frame, by, 1.0 if metric.counts_events else None, None)
    if metric.direction != "up":
        return Parts(frame, by, _HUNDRED, _HUNDRED)
    rest = [(_HUNDRED * pl.col(f"{one}_of") - pl.col(one)).alias(one) for one in ("before", "after")]
    return Parts(frame.with_columns(rest), by, _HUNDRED, _HUNDRED, is_rest=True)


def _kind(metric: Metric) -> str | None:
    """The one kind whose events make it up; None where its parts do not add up."""
    measures = metric.measures
    if len(measures) == 1 and isinstance(measures[0], Quantile):
        return measures[0].kind
    if not all(map(_adds_up, measures)):
        return None
    kinds = set(metric.kinds)
    return kinds.pop() if len(kinds) == 1 else None


def _adds_up(measure: Measure) -> bool:
    if isinstance(measure, Additive):
        return measure.aggregate == "sum" and measure.sql.startswith(("count(", "sum("))
    return isinstance(measure, ErrorCount) and measure.counted != "pending"


def _nothing(why: str) -> Parts:
    return Parts(pl.DataFrame(), (), None, None, why_none=why)


def _places(
    context: Context, metric: Metric, kind: str, question: Breakdown, spans: Sequence[Window]
) -> tuple[str, ...]:
    """The dimensions looked at when none are named."""
    known, filtered = KINDS[kind].by_name, _settled(question.filters)
    is_counted = Ratio.of(metric) is None and not any(isinstance(one, Quantile) for one in metric.measures)
    wanted = (*PLACES, *(OUTCOMES if is_counted else ()))
    able = tuple(name for name in wanted if name in known and name not in filtered)
    is_much = event_rows(context.lake, kind, spans) > MOST_EVENTS
    if is_much and not any(isinstance(one, Quantile) for one in metric.measures):
        views = [
            set(view.dimensions) for one in rollups_of(kind) if isinstance(one.shape, Counts) for view in one.views
        ]
        needed = {one.dimension for one in question.filters}
        fitting = [view for view in views if needed <= view]
        most = max(fitting, key=lambda view: len(view & set(able)), default=set[str]())
        return tuple(name for name in able if name in most) or able[:1]
    return (*able, *_attributes(context, kind, question, filtered))


def _settled(filters: Sequence[Filter]) -> set[str]:
    """Dimensions of which one value is left."""
    return {one.dimension for one in filters if one.operator == "in" and len(one.values) == 1}


def _attributes(context: Context, kind: str, question: Breakdown, settled: set[str]) -> tuple[str, ...]:
    """Attributes of few values."""
    events = event_files(context.lake, kind, [question.window])
    text = (
        "SELECT entry.key AS name, count(DISTINCT entry.value) AS variety, count(*) AS n FROM "
        f"(SELECT unnest(map_entries(attributes)) AS entry FROM (SELECT attributes FROM {events.sql} "
        f"WHERE {span_sql('ts', [question.window])} AND cardinality(attributes) > 0 LIMIT {_SAMPLED:d}) AS s) AS one "
        f"GROUP BY ALL HAVING variety BETWEEN 2 AND {_FEW:d} ORDER BY n DESC, name LIMIT {MOST_ATTRIBUTES:d}"
    )
    found = rows_of(Statement(text, {}, (events,)))["name"].to_list()
    return tuple(name for one in found if (name := f"{ATTRIBUTE_PREFIX}{one}") not in settled)


def _summed(
    context: Context, measures: Sequence[Measure], question: Breakdown, by: Sequence[str], windows: Sequence[Window]
) -> pl.DataFrame | None:
    """`d0`, `d1`, … and a column a measure, over all windows; None where events are gone."""
    frames: list[pl.DataFrame] = []
    for window in windows:
        scope = context.scope_of(window, question.filters, by=by)
        for step in steps(measures, scope):
            if any(dropped.unknown(relation, window) for relation in step.statement.relations):
                return None
            frames.append(step.finish(context.rows(step.statement)))
    groups = [f"d{n}" for n in range(len(by))]
    named = [frame.with_columns(pl.col(groups).cast(pl.String)).drop(KEY) for frame in frames]
    return pl.concat(named, how="diagonal_relaxed").group_by(groups).agg(pl.exclude(groups).sum())


def _side(
    rows: pl.DataFrame,
    metric: Metric,
    ratio: Ratio | None,
    seconds: float,
    longer: float,
    names: tuple[str, str, str],
    counter: str,
) -> pl.DataFrame:
    """One side of the comparison: what adds up is made `longer`."""
    groups = [name for name in rows.columns if name.startswith("d") and name[1:].isdigit()]
    timed = rows.with_columns(seconds=pl.lit(seconds))
    above = pl.sql_expr(ratio.above if ratio else metric.formula).fill_null(0).cast(pl.Float64)
    if metric.adds_up:
        above *= longer
    below = [pl.sql_expr(ratio.below).fill_null(0).cast(pl.Float64).alias(names[1])] if ratio else []
    events = [pl.col(counter).cast(pl.Float64).alias(names[2])]
    return timed.select(*groups, above.alias(names[0]), *below, *events)


def _above_usual(context: Context, quantile: Quantile, question: Breakdown, by: tuple[str, ...]) -> Parts:
    """Of a percentile: how many events lie above where it was."""
    spans = (question.window, *question.baseline)
    scope = context.scope_of(question.window, question.filters, by=by)
    scope.kinds_for(question.metric, (quantile.kind,))
    events = event_files(scope.lake, quantile.kind, spans)
    if events.gone:
        return _nothing(f"{question.metric}: some of the events that it needs were dropped")
    every = max(round(event_rows(scope.lake, quantile.kind, spans) / MOST_EVENTS), 1)
    kept = f" AND {ROW} % {every:d} = 0" if every > 1 else ""
    kept += f" AND ({quantile.where})" if quantile.where else ""
    kept += f" AND {quantile.column} IS NOT NULL{filter_sql(scope)}"
    text = (
        f"WITH earlier AS (SELECT quantile_cont({quantile.column}, {quantile.q}) AS usual FROM {events.sql} "
        f"WHERE {span_sql('ts', question.baseline)}{kept}) "
        f"SELECT {span_sql('ts', [question.window])} AS recent{select_groups(scope)}, any_value(usual) AS usual, "
        f"count(*) FILTER (WHERE {quantile.column} > usual) AS slow, count(*) AS n FROM {events.sql}, earlier "
        f"WHERE {span_sql('ts', spans)}{kept} GROUP BY ALL"
    )
    rows = rows_of(Statement(text, used_parameters(scope, text), (events,)))
    named = rows.rename(dict(zip(scope.groups, by, strict=True)))
    usual = named["usual"].drop_nulls()
    if usual.is_empty():
        return _nothing(f"{question.metric}: no events in the baseline")
    recent = pl.col("recent")
    frame = named.group_by(by).agg(
        before=(_HUNDRED * pl.col("slow")).filter(~recent).sum(),
        after=(_HUNDRED * pl.col("slow")).filter(recent).sum(),
        before_of=pl.col("n").filter(~recent).sum(),
        after_of=pl.col("n").filter(recent).sum(),
        events_before=pl.col("n").filter(~recent).sum(),
        events=pl.col("n").filter(recent).sum(),
    )
    return Parts(frame, by, _HUNDRED, _HUNDRED, above=float(usual[0]))
