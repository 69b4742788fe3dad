"""What the next days will bring, from the days there were.

A `Forecaster` draws possible futures; what is expected and how sure that is, of a day or of a sum of days, are
quantiles over them. Another model takes the place of `SeasonalDraw` by doing the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEEK = 7
LOW, HIGH = 0.1, 0.9
"""Ends of the interval of 80 %."""


class Forecaster(Protocol):
    """Draws possible futures of a daily series."""

    def futures(self, history: Sequence[float], days: int) -> Floats | None:
        """Possible values of the `days` days after `history` (one value a day, the last is the newest).

        One row a future, one column a day; None when there is too little to go by.
        """
        ...


@dataclass(frozen=True)
class SeasonalDraw:
    """A level and a factor a weekday, both from the newest weeks, and days that differ from these as days did before.

    The level is drifting no faster than its own standard error; there is no trend to carry on, since a month of days
    cannot tell one from a bump.
    """

    draws: int = 400
    most_days: int = 8 * WEEK
    level_days: int = 2 * WEEK
    fewest_days: int = 3
    seed: int = 1

    def futures(self, history: Sequence[float], days: int) -> Floats | None:
        """As of `Forecaster`; needs `fewest_days` days, and two weeks to tell the weekdays apart."""
        seen = np.asarray(history[-self.most_days :], dtype=np.float64)
        if len(seen) < self.fewest_days:
            return None
        weekday = np.arange(len(seen) + days) % WEEK
        factors = _weekday_factors(seen)
        level_days = min(self.level_days, len(seen))
        adjusted = seen / factors[weekday[: len(seen)]]
        level = float(adjusted[-level_days:].mean())
        residuals = adjusted - level if len(seen) <= self.level_days else adjusted - _centered(adjusted, level_days)
        residuals = (residuals - residuals.mean()) * _unfitted(len(seen), level_days)
        generator = np.random.Generator(np.random.PCG64(self.seed))
        spread = float(residuals.std())
        shifts = generator.normal(0, spread / level_days**0.5, (self.draws, 1))
        noise = generator.choice(residuals, (self.draws, days))
        drawn = (level + shifts + noise) * factors[weekday[len(seen) :]]
        return np.maximum(drawn, 0.0)


def summed(futures: Floats, known: float = 0.0) -> tuple[float, float, float]:
    """Low end, middle and high end of `known` plus the sum of all days."""
    low, middle, high = np.quantile(futures.sum(axis=1), [LOW, 0.5, HIGH])
    return known + float(low), known + float(middle), known + float(high)


def by_day(futures: Floats) -> tuple[Floats, Floats, Floats]:
    """Low end, middle and high end of each day."""
    low, middle, high = np.quantile(futures, [LOW, 0.5, HIGH], axis=0)
    return low, middle, high


def _weekday_factors(seen: Floats) -> Floats:
    """Mean of each weekday against the mean of all, over whole weeks; all 1 where there are not two of them."""
    weeks = len(seen) // WEEK
    mean = seen.mean()
    if weeks < 2 or mean <= 0:
        return np.ones(WEEK)
    whole = seen[len(seen) - weeks * WEEK :].reshape(weeks, WEEK)
    means = np.roll(whole.mean(axis=0) / whole.mean(), (len(seen) - weeks * WEEK) % WEEK)
    return np.where(means > 0, means, 1.0)


def _unfitted(days: int, level_days: int) -> float:
    """By how much residuals are too small, because level and weekday factors were fitted to the same days."""
    fitted = days / level_days + (WEEK - 1 if days >= 2 * WEEK else 0)
    return (days / max(days - fitted, 1.0)) ** 0.5


def _centered(values: Floats, width: int) -> Floats:
    """The mean of the `width` values around each."""
    sums = np.convolve(values, np.ones(width), mode="same")
    return sums / np.convolve(np.ones(len(values)), np.ones(width), mode="same")
