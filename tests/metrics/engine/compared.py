"""Put an answer of the engine beside that of the oracle."""

import math

import polars as pl

from metrics.engine.query import Grain, Query
from tests.metrics.engine.oracle import NOTHING_IS_ZERO

EXACT = 1e-9
"""Relative difference that the order of additions may make."""
FROM_BINS = 0.005
"""Worst relative difference of a percentile that comes from a histogram."""


def differences(metric: str, got: pl.DataFrame, expected: pl.DataFrame, query: Query, tolerance: float) -> pl.DataFrame:
    """Rows of which `metric` and `value` differ by more than the tolerance: empty when all is well."""
    compared = side_by_side(metric, got, expected, query)
    error = pl.struct(metric, "value").map_elements(
        lambda row: relative_error(row[metric], row["value"]), return_dtype=pl.Float64
    )
    return compared.with_columns(error=error).filter(pl.col("error") > tolerance)


def side_by_side(metric: str, got: pl.DataFrame, expected: pl.DataFrame, query: Query) -> pl.DataFrame:
    """Both answers by time and dimensions as columns `metric` and `value`; null where only one has the row."""
    keys = [*([] if query.grain is Grain.NONE else ["time"]), *query.by]
    given = got.select(*keys, pl.col(metric).cast(pl.Float64))
    if keys:
        joined = given.join(expected.select(*keys, "value"), on=keys, how="full", coalesce=True, nulls_equal=True)
    else:
        value = expected["value"].to_list() or [None]
        joined = given.with_columns(pl.Series("value", value, dtype=pl.Float64))
    nothing = 0.0 if metric in NOTHING_IS_ZERO else None
    return joined.with_columns(pl.col("value").fill_null(nothing) if nothing is not None else pl.col("value"))


def relative_error(got: float | None, expected: float | None) -> float:
    """0 when equal, infinite when only one is a number."""
    if got is None or expected is None:
        return 0.0 if got is expected else math.inf
    if math.isnan(got) or math.isnan(expected):
        return math.inf
    return 0.0 if got == expected else abs(got - expected) / max(abs(got), abs(expected))
