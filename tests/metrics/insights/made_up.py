"""Series with known causes, as people would bring them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.zones import zone

Floats = NDArray[np.float64]
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def hours(days: int, start: datetime = MONDAY) -> list[datetime]:
    """The beginnings of all hours of so many days."""
    return [start + n * HOUR for n in range(24 * days)]


def working(moments: list[datetime], tz: str = "UTC") -> Floats:
    """What people do who come at nine and go at five by their own clocks: much then, less at weekends."""
    local = [moment.astimezone(zone(tz)) for moment in moments]
    return np.array([(100.0 if 9 <= one.hour < 17 else 10.0) * (0.3 if one.weekday() >= 5 else 1.0) for one in local])


def uneven(values: Floats, share: float = 0.1, seed: int = 1) -> Floats:
    """With chance."""
    return values * np.random.default_rng(seed).lognormal(0, share, len(values))


def frame(moments: list[datetime], values: Floats) -> pl.DataFrame:
    """As a frame of `ts` and `value`."""
    return pl.DataFrame({"ts": moments, "value": values}, schema_overrides={"ts": pl.Datetime("us", "UTC")})
