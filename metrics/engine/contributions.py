"""What lies behind a change, for messages: the dimension values that explain it, and who is affected."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from metrics.catalog import Metric
from metrics.catalog.model import Additive, Measure, Quantile
from metrics.engine.database import rows_of
from metrics.engine.query import Window
from metrics.engine.scope import Scope, span_sql
from metrics.engine.statement import Statement
from metrics.events import KINDS
from metrics.lake.shapes import USER

DIMENSIONS = (
    "endpoint", "provider", "model", "region", "feature", "service", "component", "host", "status_code", "page",
    "action",
)  # fmt: skip
"""Dimensions looked at when none are named: those of which a value is something to go and look at."""

_QUOTIENT = " / nullif("
_DIVISOR = ", 0)"
_COUNT = re.compile(r"count\((?P<column>\*|\w+)\)(?: FILTER \(WHERE (?P<condition>.*)\))?", re.DOTALL)
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


@dataclass(frozen=True)
class Affected:
    """Who and what is in trouble."""

    users: int | None
    """Distinct users; None when no event says whose it is."""
    events: int


@dataclass(frozen=True)
class _Ratio:
    """A formula that divides, in its parts."""

    above: str
    below: str

    @classmethod
    def of(cls, metric: Metric) -> "_Ratio | None":
        above, quotient, below = metric.formula.partition(_QUOTIENT)
        return cls(above, below.removesuffix(_DIVISOR)) if quotient and below.endswith(_DIVISOR) else None


def kind_to_explain(metric: Metric) -> str | None:
    """The kind whose events explain a change of the metric; None when its parts do not add up to it."""
    measures = metric.measures
    if len(measures) == 1 and isinstance(measures[0], Quantile):
        return measures[0].kind
    kinds = {measure.kind if isinstance(measure, Additive) and _adds_up(measure) else None for measure in measures}
    return kinds.pop() if len(kinds) == 1 else None


def dimensions_of(kind: str) -> tuple[str, ...]:
    """The dimensions looked at when none are named."""
    return tuple(name for name in DIMENSIONS if name in KINDS[kind].by_name)


def contributions(metric: Metric, kind: str, scope: Scope, baseline: Window, limit: int) -> tuple[Contribution, ...]:
    """Which values of the dimensions that `scope` groups by explain the change; see `Engine.contributions`."""
    rows = _parts(metric, kind, scope, baseline)
    by = scope.query.by
    found = [row for index in range(len(by)) for row in _most_telling(rows, index, len(by), metric)]
    ranked = sorted(found, key=lambda row: -row["excess"])
    return tuple(Contribution(by[row["index"]], row["value"], min(row["percent"], 100.0)) for row in ranked[:limit])


def affected(metric: Metric, kinds: Sequence[str], scope: Scope) -> Affected:
    """Users and events in trouble, or all of them; see `Engine.affected`."""
    bad = bad_events(metric)
    condition = f" AND ({bad})" if bad else ""
    relations = [scope.events(kind, [scope.window]) for kind in kinds]
    selects = [
        f"SELECT {USER} FROM {events.sql} WHERE {span_sql('ts', [scope.window])}{condition}{scope.filter_sql()}"
        for events in relations
    ]
    if not selects:
        return Affected(None, 0)
    text = f"SELECT count(DISTINCT {USER}) AS users, count(*) AS n FROM ({' UNION ALL '.join(selects)}) AS seen"
    users, events = rows_of(Statement(text, scope.used_parameters(text), tuple(relations))).row(0)
    return Affected(users or None, events)


def bad_events(metric: Metric) -> str:
    """SQL that holds for the events the metric counts as bad; empty when it knows no such thing.

    Bad are the events counted by the dividend of a percentage that should be low and by a count that should be low; and
    those that a percentage which should be high leaves out of its dividend.
    """
    conditions = {m.name: _condition(m) for m in metric.measures if isinstance(m, Additive)}
    ratio = _Ratio.of(metric)
    if ratio is None:
        alone = conditions.get(metric.formula, "") if metric.direction == "down" else ""
        return "" if alone == "true" else alone
    counted = [name for name in conditions if re.search(rf"\b{name}\b", ratio.above)]
    if metric.unit != "%" or metric.direction == "neutral" or not all(conditions[name] for name in counted):
        return ""
    left_out = [name for name in counted if name != ratio.below]
    either = " OR ".join(f"({conditions[name]})" for name in left_out)
    if metric.direction == "down" or ratio.below in counted:
        return either
    return f"({conditions[ratio.below]}) AND NOT coalesce({either}, false)" if conditions.get(ratio.below) else ""


def _parts(metric: Metric, kind: str, scope: Scope, baseline: Window) -> pl.DataFrame:
    """By dimension (`absent`: a bit for each not grouped by) and value: `part` of the change, and `events`."""
    spans = (scope.window, baseline)
    events = scope.events(kind, spans)
    first, source, aggregates = "", events.sql, ", ".join(map(_as_number, metric.measures))
    (quantile, *_) = metric.measures
    if isinstance(quantile, Quantile):
        condition = f" AND {quantile.where}" if quantile.where else ""
        first = (
            f"WITH before AS (SELECT quantile_cont({quantile.column}, {quantile.q}) AS usual FROM {events.sql} "
            f"WHERE {span_sql('ts', [baseline])}{condition}{scope.filter_sql()}) "
        )
        source = f"{events.sql}, before"
        slow = f"{span_sql('ts', [scope.window])} AND {quantile.column} > usual{condition}"
        aggregates = f'CAST(count(*) FILTER (WHERE {slow}) AS DOUBLE) AS "{quantile.name}"'
    sets = ", ".join(f"(recent, {group})" for group in scope.groups)
    text = (
        f"{first}SELECT {span_sql('ts', [scope.window])} AS recent{scope.select_groups()}, "
        f"grouping({', '.join(scope.groups)}) AS absent, count(*) AS events, {aggregates} FROM {source} "
        f"WHERE {span_sql('ts', spans)}{scope.filter_sql()} GROUP BY GROUPING SETS ({sets})"
    )
    rows = rows_of(Statement(text, scope.used_parameters(text), (events,)))
    recent, lengths = pl.col("recent"), [span.length.total_seconds() for span in spans]
    # A formula that is a rate divides by `seconds`: here that is done for all of them, by the length of the window.
    timed = rows.with_columns(seconds=1.0, length=pl.when(recent).then(lengths[0]).otherwise(lengths[1]))
    parted = timed.with_columns(part=pl.when(recent).then(1).otherwise(-1) * _amount(metric))
    return parted.group_by("absent", *scope.groups).agg(pl.col("part").sum(), pl.col("events").filter(recent).sum())


def _amount(metric: Metric) -> pl.Expr:
    """What of each row is set against the baseline."""
    ratio = _Ratio.of(metric)
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
    return _Ratio.of(metric) is not None or any(isinstance(measure, Quantile) for measure in metric.measures)


def _adds_up(measure: Additive) -> bool:
    return measure.merge == "sum" and measure.sql.startswith(("count(", "sum("))


def _as_number(measure: Measure) -> str:
    return f'CAST({measure.sql} AS DOUBLE) AS "{measure.name}"' if isinstance(measure, Additive) else ""


def _condition(measure: Additive) -> str:
    """SQL that holds for the events that a measure counts; empty when it does not count."""
    found = _COUNT.fullmatch(measure.sql)
    if found is None:
        return ""
    column = [] if found["column"] == "*" else [f"{found['column']} IS NOT NULL"]
    condition = [f"({found['condition']})"] if found["condition"] else []
    return " AND ".join((*column, *condition)) or "true"
