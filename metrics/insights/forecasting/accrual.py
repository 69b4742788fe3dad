"""A sum as it adds up day by day over a period: what it is by now, what it will have come to, and when it is enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from metrics.insights.forecasting.futures import Floats, by_day, futures, summed

HISTORY = timedelta(days=63)
"""How far back it is learned from."""
AHEAD_DAYS = 30
Length = Literal["month", "week", "day"]
LENGTHS: tuple[Length, ...] = ("month", "week", "day")


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar month, a week from Monday on, or a day, of a time zone."""

    first: date
    after: date
    """The day after its last one."""

    @classmethod
    def around(cls, day: date, length: Length) -> "Period":
        """The period in which a day lies."""
        if length == "month":
            first = day.replace(day=1)
            return cls(first, (first + timedelta(days=32)).replace(day=1))
        if length == "week":
            first = day - timedelta(days=day.weekday())
            return cls(first, first + timedelta(days=7))
        return cls(day, day + timedelta(days=1))

    @property
    def last(self) -> date:
        """Its last day."""
        return self.after - timedelta(days=1)


@dataclass(frozen=True)
class Accrual:
    """A sum day by day up to a moment, and possible futures of it."""

    values: Mapping[date, float]
    """Of the days that have one; the last of them may not be over."""
    last: date
    """The day in which the moment lies."""
    left: float
    """Share of that day that is still to come."""
    futures: Floats | None
    """Possible values of the days from the first that is not over: one row a future. None: too little to go by."""

    @classmethod
    def of(cls, values: Mapping[date, float], end: datetime, tz: str) -> "Accrual":
        """From the values of the days before `end`."""
        last = day_before(end, tz)
        begin, over = midnight(last, tz), midnight(last + timedelta(days=1), tz)
        left = max(0.0, (over - end) / (over - begin))
        newest = last - timedelta(days=1) if left else last
        # The first day with events is hardly ever a whole one.
        oldest = min(values, default=newest) + timedelta(days=1)
        series = [values.get(oldest + timedelta(days=n), 0.0) for n in range((newest - oldest).days + 1)]
        return cls(values, last, left, futures(series, oldest, AHEAD_DAYS + 2))

    def by_now(self, period: Period) -> float:
        """What it came to in a period so far."""
        return sum(value for day, value in self.values.items() if period.first <= day <= self.last)

    def whole(self, period: Period) -> tuple[float, float, float] | None:
        """Low end, middle and high end of all of the period in which the moment lies. None: too little to go by."""
        return self._added(self._weights(period), self.by_now(period))

    def month(self) -> tuple[float, float, float] | None:
        """The same of the month."""
        return self.whole(Period.around(self.last, "month"))

    def next_30_days(self) -> tuple[float, float, float] | None:
        """Low end, middle and high end of the thirty days from the moment on."""
        whole = [self.left, *[1.0] * (AHEAD_DAYS - 1), 1 - self.left] if self.left else [1.0] * AHEAD_DAYS
        return self._added(whole, 0.0)

    def reached(self, amount: float, period: Period) -> date | None:
        """The day of the period on which the sum reached an amount, or is expected to; None where it will not.

        Expected is what half of the futures have reached by then.
        """
        total = 0.0
        for day in sorted(day for day in self.values if period.first <= day <= self.last):
            total += self.values[day]
            if total >= amount:
                return day
        weights = self._weights(period)
        if self.futures is None or not weights:
            return None
        sums = total + np.cumsum(self.futures[:, : len(weights)] * np.asarray(weights), axis=1)
        enough = np.flatnonzero(np.median(sums, axis=0) >= amount)
        first = self.last if self.left else self.last + timedelta(days=1)
        return first + timedelta(days=int(enough[0])) if len(enough) else None

    def by_day(self) -> pl.DataFrame:
        """The days from the first that is not over to the end of the month: `day`, `low`, `middle`, `high`."""
        first = self.last if self.left else self.last + timedelta(days=1)
        days = [first + timedelta(days=n) for n in range((Period.around(self.last, "month").after - first).days)]
        if self.futures is None or not days:
            return pl.DataFrame(schema={"day": pl.Date, "low": pl.Float64, "middle": pl.Float64, "high": pl.Float64})
        low, middle, high = by_day(self.futures[:, : len(days)])
        return pl.DataFrame({"day": days, "low": low, "middle": middle, "high": high})

    def _weights(self, period: Period) -> list[float]:
        """How much of each day from the first that is not over is still to come in a period."""
        return ([self.left] if self.left else []) + [1.0] * ((period.after - self.last).days - 1)

    def _added(self, weights: Sequence[float], known: float) -> tuple[float, float, float] | None:
        if not self.values:
            return None
        if not weights:
            return known, known, known
        if self.futures is None:
            return None
        return summed(self.futures[:, : len(weights)] * np.asarray(weights), known)


def day_before(moment: datetime, tz: str) -> date:
    """The local day that a moment ends, or lies in."""
    return (moment - timedelta(microseconds=1)).astimezone(ZoneInfo(tz)).date()


def midnight(day: date, tz: str) -> datetime:
    """The moment at which a local day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(tz)).astimezone(UTC)
