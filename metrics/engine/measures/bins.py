"""Durations in log-scaled bins: how many of a question lie in each, and the quantiles that follow.

A bin is 0.4 % wide. The order statistics around the rank are placed evenly inside their bins and
interpolated linearly between them, as `quantile_cont` does: Hyndman and Fan's definition 7.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.catalog.model import Quantile
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.file_pruning import filtered_event_files, rollup_files
from metrics.engine.measures.step import KEY
from metrics.engine.query import Window
from metrics.engine.rollup_selection import Parts
from metrics.engine.scope import Scope
from metrics.engine.statement import Relation, Statement
from metrics.engine.time_sql import span_sql
from metrics.lake.shapes import BIN_ORIGIN_MS, BIN_RATIO, BINS, BUCKET, LAST_BIN


def binned(kind: str, column: str, rollup: str, scope: Scope, parts: Parts, edges: Sequence[Window]) -> Statement:
    """Events by bucket, groups and `bin`, with their number `n`: of views of a rollup, and at the edges of events."""
    keys = ", ".join((KEY, *scope.groups))
    selects: list[str] = []
    relations: list[Relation] = []
    for view, windows in parts:
        stored = rollup_files(scope.lake, rollup, view, *windows)
        relations.append(stored)
        key = scope.buckets.key_sql(f"epoch_us({BUCKET})")
        selects.append(
            f"SELECT {keys}, b.bin AS bin, b.n AS n FROM (SELECT {key} AS {KEY}"
            f"{select_groups(scope, view=view)}, unnest({BINS}) AS b FROM {stored.sql} "
            f"WHERE {span_sql(BUCKET, windows)}{filter_sql(scope, view=view)}) AS unnested"
        )
    if edges:
        events = filtered_event_files(scope, kind, edges)
        relations.append(events)
        selects.append(_binned_events(column, scope, events, edges))
    parted = " UNION ALL ".join(selects)
    text = f"SELECT {keys}, bin, CAST(sum(n) AS BIGINT) AS n FROM ({parted}) AS parts GROUP BY ALL"
    return Statement(text, used_parameters(scope, text), tuple(relations))


def _binned_events(column: str, scope: Scope, events: Relation, edges: Sequence[Window]) -> str:
    above = f"CAST(least(floor(ln({column} / {BIN_ORIGIN_MS}) / ln({BIN_RATIO})) + 1, {LAST_BIN}) AS SMALLINT)"
    return (
        f"SELECT {scope.buckets.key_sql('epoch_us(ts)')} AS {KEY}{select_groups(scope)}, "
        f"CASE WHEN {column} >= {BIN_ORIGIN_MS} THEN {above} ELSE 0 END AS bin, count(*) AS n "
        f"FROM {events.sql} WHERE {span_sql('ts', edges)} AND {column} IS NOT NULL{filter_sql(scope)} GROUP BY ALL"
    )


def from_bins(rows: pl.DataFrame, *, measures: Sequence[Quantile], groups: Sequence[str]) -> pl.DataFrame:
    """Quantiles of each bucket and group, from `t`, the groups, `bin` and `n`."""
    keys = [KEY, *groups]
    ordered = rows.sort([*keys, "bin"], nulls_last=True)
    lengths = ordered.group_by(keys, maintain_order=True).len()
    starts = np.concatenate([[0], np.cumsum(lengths["len"].to_numpy())]).astype(np.int64)
    bins = ordered["bin"].to_numpy().astype(np.float64)
    counts = ordered["n"].to_numpy().astype(np.int64)
    reached = np.cumsum(counts)
    before = np.concatenate([[0], reached])[starts[:-1]]
    totals = np.concatenate([[0], reached])[starts[1:]] - before
    columns = {m.name: _interpolated(m.q, before, totals, reached, counts, bins) for m in measures}
    return lengths.drop("len").with_columns(**{name: pl.Series(values) for name, values in columns.items()})


Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def _interpolated(
    q: float, before: Integers, totals: Integers, reached: Integers, counts: Integers, bins: Floats
) -> Floats:
    rank = q * (totals - 1)
    lower = np.floor(rank).astype(np.int64)
    upper = np.minimum(lower + 1, totals - 1)
    low = _order_statistic(before + lower, reached, counts, bins)
    high = _order_statistic(before + upper, reached, counts, bins)
    return low + (high - low) * (rank - lower)


def _order_statistic(index: Integers, reached: Integers, counts: Integers, bins: Floats) -> Floats:
    """The value at each index (from 0) of all events in order of group and bin."""
    row = np.searchsorted(reached, index, side="right")
    within = (index - (reached[row] - counts[row]) + 0.5) / counts[row]
    value = BIN_ORIGIN_MS * np.power(BIN_RATIO, bins[row] - 1 + within)
    return np.where(bins[row] > 0, value, 0.0)
