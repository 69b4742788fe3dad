"""Events by duration."""

from collections.abc import Mapping
from typing import Literal

import polars as pl

from metrics.engine.context import Context
from metrics.engine.measures.bins import binned
from metrics.engine.query import Filter, Question, Window
from metrics.engine.rollup_selection import access_path
from metrics.lake.shapes import BIN_ORIGIN_MS, BIN_RATIO

COLUMNS: Mapping[str, tuple[str, str, str]] = {
    "response_time": ("request", "duration_ms", "request_duration"),
    "llm_latency": ("llm_call", "duration_ms", "llm_call_duration"),
}
"""Kind, column and histogram rollup of each distribution."""
MOST_BARS = 60
_NOTHING = pl.DataFrame(schema={"lower": pl.Float64, "upper": pl.Float64, "count": pl.Int64})


class Distribution(Question[pl.DataFrame]):
    """Events by duration: `lower` and `upper` edge in ms (log-scaled), `count`; empty bins between are kept."""

    window: Window
    metric: Literal["response_time", "llm_latency"] = "response_time"
    filters: tuple[Filter, ...] = ()


def answer(context: Context, question: Distribution) -> pl.DataFrame:
    """At most 60 bars."""
    kind, column, rollup = COLUMNS[question.metric]
    scope = context.scope_of(question.window, question.filters)
    if not scope.kinds_for(question.metric, (kind,)):
        return _NOTHING
    path = access_path(scope, kind, rollup)
    return _bars(context.rows(binned(kind, column, rollup, scope, path.parts, path.edges)))


def _bars(bins: pl.DataFrame) -> pl.DataFrame:
    """Merge `bin`, `n` into bars."""
    if bins.is_empty():
        return _NOTHING
    lowest, highest = bins["bin"].cast(pl.Int64).min(), bins["bin"].cast(pl.Int64).max()
    if not isinstance(lowest, int) or not isinstance(highest, int):
        return _NOTHING
    width = (highest - lowest) // MOST_BARS + 1
    bars = bins.group_by(((pl.col("bin").cast(pl.Int64) - lowest) // width).alias("bar")).agg(count=pl.col("n").sum())
    every = pl.DataFrame({"bar": range((highest - lowest) // width + 1)}, schema={"bar": pl.Int64})
    edge = BIN_ORIGIN_MS * pl.lit(BIN_RATIO).pow(pl.col("bar") * width + lowest - 1)
    return (
        every.join(bars, on="bar", how="left")
        .sort("bar")
        .select(lower=edge, upper=edge * BIN_RATIO**width, count=pl.col("count").fill_null(0))
    )
