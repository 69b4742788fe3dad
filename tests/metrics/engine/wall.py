"""The calendar of the oracle: buckets found by truncating a dense grid of moments, with Polars' own time zones."""

from datetime import UTC, datetime, timedelta

import polars as pl

from metrics.engine.query import Grain, Query, Window

TIMESTAMP = pl.Datetime("us", "UTC")
REAL_TIME = (
    Grain.SECONDS_5,
    Grain.SECONDS_10,
    Grain.SECONDS_30,
    Grain.MINUTE,
    Grain.MINUTES_5,
    Grain.MINUTES_15,
    Grain.MINUTES_30,
    Grain.HOUR,
)
"""Grains that are stretches of real time: an hour that the clock on the wall shows twice is two buckets."""
STEP: dict[Grain, str] = {
    grain: grain.value for grain in (Grain.SECONDS_5, Grain.SECONDS_10, Grain.SECONDS_30, Grain.MINUTE, Grain.MINUTES_5)
}
"""Step of the dense grid; offsets of all zones in use are multiples of 15 minutes."""
REACH: dict[Grain, timedelta] = {Grain.MONTH: timedelta(days=32), Grain.WEEK: timedelta(days=8)}


def calendar(query: Query) -> pl.DataFrame:
    """Every bucket the window touches, in order: `time` (start), `end`, `seconds` covered by the window."""
    window = query.window
    if query.grain is Grain.NONE:
        whole = pl.DataFrame(
            {"time": [window.start], "end": [window.end]}, schema={"time": TIMESTAMP, "end": TIMESTAMP}
        )
        return whole.with_columns(_covered(window))
    reach = REACH.get(query.grain, timedelta(days=1, hours=2))
    every = STEP.get(query.grain, "15m")
    first = datetime.fromtimestamp((window.start - reach).timestamp() // 900 * 900, UTC)
    moments = pl.DataFrame({"moment": pl.datetime_range(first, window.end + reach, every, eager=True, time_unit="us")})
    starts = (
        moments.group_by(label(pl.col("moment"), query.grain, query.tz), maintain_order=True)
        .agg(time=pl.col("moment").min())
        .select("time")
        .with_columns(end=pl.col("time").shift(-1))
    )
    return starts.filter((pl.col("end") > window.start) & (pl.col("time") < window.end)).with_columns(_covered(window))


def label(moment: pl.Expr, grain: Grain, tz: str) -> list[pl.Expr]:
    """What tells the buckets of two moments apart."""
    wall = moment.dt.convert_time_zone(tz).dt.replace_time_zone(None)
    offset = wall - moment.dt.replace_time_zone(None)
    truncated = wall.dt.truncate(grain.value).alias("wall")
    return [truncated, offset.alias("offset")] if grain in REAL_TIME else [truncated]


def day_of(moment: pl.Expr, tz: str) -> pl.Expr:
    """The local day of a moment."""
    return moment.dt.convert_time_zone(tz).dt.date()


def _covered(window: Window) -> pl.Expr:
    end = pl.min_horizontal("end", pl.lit(window.end, TIMESTAMP))
    start = pl.max_horizontal("time", pl.lit(window.start, TIMESTAMP))
    return ((end - start).dt.total_microseconds() / 1e6).alias("seconds")
