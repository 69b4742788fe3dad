"""Days as they may come, for sums of them: the end of a sum's band is not the sum of its days' ends."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.insights.calendar import DAY, Calendar
from metrics.insights.forecasting.model import Named
from metrics.insights.forecasting.origins import FEWEST
from metrics.insights.forecasting.paths import PATHS

Floats = NDArray[np.float64]

LOW, HIGH = 0.1, 0.9
"""Ends of the band of 80 %."""
_ORIGINS = 8
_KEPT = 512


def futures(history: Sequence[float], first: date, days: int) -> Floats | None:
    """Possible values of the `days` days after a history that begins at the day `first`, by the ensemble.

    One row a future, one column a day; None when there are fewer than `FEWEST` days to go by.
    """
    return _kept(tuple(history), first, days) if len(history) >= FEWEST else None


@lru_cache(maxsize=_KEPT)
def _kept(history: tuple[float, ...], first: date, days: int) -> Floats:
    """Days that are over hardly ever change: what is asked every half minute is computed once a day."""
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    starts = pl.datetime_range(begin, begin + (len(history) + days - 1) * DAY, DAY, eager=True)
    model = Named("ensemble", PATHS["ensemble"], _ORIGINS)
    possible = model.fit(np.asarray(history, np.float64), Calendar.of(starts, DAY)).forecast(days).futures
    possible.setflags(write=False)
    return possible


def summed(possible: Floats, known: float = 0.0) -> tuple[float, float, float]:
    """Low end, middle and high end of `known` plus the sum of all days."""
    low, middle, high = np.quantile(possible.sum(axis=1), [LOW, 0.5, HIGH])
    return known + float(low), known + float(middle), known + float(high)


def by_day(possible: Floats) -> tuple[Floats, Floats, Floats]:
    """Low end, middle and high end of each day."""
    low, middle, high = np.quantile(possible, [LOW, 0.5, HIGH], axis=0)
    return low, middle, high
