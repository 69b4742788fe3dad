"""Counts by quarters of an hour, summed to whatever buckets are asked for.

A page asks for the same counts over a window as a whole, hour by hour and day by day. Taken by quarters of an hour,
they are one statement, which is asked once. All time zones in force are some quarters of an hour apart.
"""

from collections.abc import Sequence

import polars as pl

from metrics.engine.buckets import Buckets
from metrics.engine.measures.step import KEY

SECONDS = 900


def serve(buckets: Buckets) -> bool:
    """Whether each of the quarters lies in one bucket."""
    return buckets.aligned_to(SECONDS)


def key_sql(micros: str) -> str:
    """SQL for the number of the quarter in which a moment lies, in whole microseconds since the epoch."""
    return f"({micros}) // {SECONDS * 1_000_000}"


def summed(rows: pl.DataFrame, buckets: Buckets, groups: Sequence[str] = ()) -> pl.DataFrame:
    """Counts by quarter and group as counts by bucket and group."""
    begins = [int(bucket.start.timestamp()) for bucket in buckets.all]
    placed = pl.DataFrame({"begins": begins, "bucket": [bucket.key for bucket in buckets.all]}).cast(pl.Int64)
    # The window may begin within the quarter, and so may the one bucket of all of it.
    quarter = (pl.col(KEY).cast(pl.Int64) * SECONDS).clip(lower_bound=begins[0])
    joined = rows.with_columns(begins=quarter).sort("begins").join_asof(placed.sort("begins"), on="begins")
    return joined.drop(KEY, "begins").rename({"bucket": KEY}).group_by(KEY, *groups).sum()
