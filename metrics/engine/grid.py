"""The rows of an answer: every bucket of the window for every group seen, and on them what the steps have found."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from metrics.engine.buckets import HOUR, Buckets
from metrics.engine.buckets import SECONDS as WIDTHS
from metrics.engine.measures import KEY
from metrics.engine.query import TIME
from metrics.engine.scope import Scope

SECONDS = "seconds"


def plain_sums(rows: pl.DataFrame) -> pl.DataFrame:
    """Sums that the database gives as 128 bits or decimals: those of whole numbers as Int64, others as Float64."""
    whole = [name for name, dtype in rows.schema.items() if dtype == pl.Int128 or _places(dtype) == 0]
    parts = [name for name, dtype in rows.schema.items() if _places(dtype)]
    return rows.with_columns(pl.col(whole).cast(pl.Int64), pl.col(parts).cast(pl.Float64))


def _places(dtype: pl.DataType) -> int | None:
    """Decimal places; None of what is no decimal."""
    return dtype.scale if isinstance(dtype, pl.Decimal) else None


def joined(frames: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    """All measures by all keys; one that leaves a group out holds for each value of it."""
    whole = [frame for frame in frames if set(keys) <= set(frame.columns)]
    if not whole:
        return pl.DataFrame(schema={key: pl.Int64 if key == KEY else pl.String for key in keys})
    if len(frames) == 1:
        return whole[0]
    found = pl.concat(frame.select(keys) for frame in whole).unique()
    for frame in frames:
        shared = [key for key in keys if key in frame.columns]
        found = found.join(frame, on=shared, how="left", nulls_equal=True)
    return found


def on_grid(rows: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """Every bucket of the window for every group seen, with `time` and `seconds`, in order of time and groups."""
    grid = every_bucket(scope.buckets)
    groups = list(scope.groups)
    if groups:
        seen = rows.select(groups).unique().sort(groups, nulls_last=True)
        grid = grid.join(seen, how="cross", maintain_order="left_right")
    return grid.join(rows, on=[KEY, *groups], how="left", nulls_equal=True, maintain_order="left")


def every_bucket(buckets: Buckets) -> pl.DataFrame:
    """`t`, `time` and `seconds` (the covered length) of every bucket, in order."""
    keys = _even_keys(buckets)
    if keys is None:
        listed = [(one.key, one.start, buckets.covered_seconds(one)) for one in buckets.all]
        return pl.DataFrame(listed, schema=_SCHEMA, orient="row")
    width = WIDTHS[buckets.grain]
    start, end = buckets.window.start.timestamp(), buckets.window.end.timestamp()
    covered = np.minimum(keys + width, end) - np.maximum(keys, start)
    moments = pl.Series(keys * 1_000_000).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame({KEY: keys, TIME: moments, SECONDS: covered}, schema=_SCHEMA)


def _even_keys(buckets: Buckets) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    """Keys (and starts) of buckets of up to an hour; None when the zone changes by a part of them and so cuts some.

    There may be hundreds of thousands of them, too many for an object each.
    """
    width = WIDTHS.get(buckets.grain, 0)
    remainders = {offset.seconds % width for offset in buckets.offsets} if 0 < width <= HOUR else set[int]()
    if len(remainders) != 1:
        return None
    (offset,) = remainders
    first = (int(buckets.window.start.timestamp() // 1) + offset) // width * width - offset
    return np.arange(first, buckets.window.end.timestamp(), width).astype(np.int64)


_SCHEMA = {KEY: pl.Int64(), TIME: pl.Datetime("us", "UTC"), SECONDS: pl.Float64()}
