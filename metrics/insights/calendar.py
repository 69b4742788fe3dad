"""Which moments are alike: the hours of a week, or the days of it, as clocks on the wall show them.

A series in UTC is cut evenly; what people do follows their clocks. Where these are put forward or back, the hour of the
week is what stays comparable, and not the moment 168 hours ago.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.zones import zone

Ints = NDArray[np.int64]

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
SUNDAY = 6


@dataclass(frozen=True)
class Calendar:
    """By column of a series: which columns are alike."""

    slots: Ints
    """The place of each column within its cycle: for hours, 0 is Monday from midnight to one."""
    period: int
    """Slots of a cycle: 168 hours or 7 days of a week, 12 months of a year; 1 where there is no cycle."""
    day: int
    """Columns of a day; 1 where they are no shorter."""

    @classmethod
    def of(cls, starts: pl.Series, width: timedelta, tz: str = "UTC", holidays: Collection[date] = ()) -> "Calendar":
        """Of columns that begin at these moments (UTC) and are about so wide.

        Days in `holidays` are taken for Sundays. Widths that do not divide a day know its days only.

        Raises:
            ValueError: there is no such time zone.
        """
        local = starts.dt.convert_time_zone(zone(tz).key)
        if width > WEEK:
            return cls(_ints(local.dt.month() - 1), 12, 1)
        if width > DAY:
            return cls(np.zeros(len(starts), np.int64), 1, 1)
        weekday = _ints(local.dt.weekday() - 1)
        quiet = local.dt.date().is_in(pl.Series([list(holidays)], dtype=pl.List(pl.Date))).to_numpy()
        if DAY % width:
            return cls(weekday, 7, max(DAY // width, 1)).with_sundays(quiet)
        second = _ints(local.dt.hour()) * 3600 + _ints(local.dt.minute()) * 60 + _ints(local.dt.second())
        day = DAY // width
        return cls(weekday * day + second * day // 86400, 7 * day, day).with_sundays(quiet)

    def with_sundays(self, columns: NDArray[np.bool_]) -> "Calendar":
        """That takes the days of some columns for Sundays, where it knows the days of a week."""
        if self.period % 7:
            return self
        a_day = self.period // 7
        return replace(self, slots=np.where(columns, SUNDAY * a_day + self.slots % a_day, self.slots))

    def part(self, first: int, end: int) -> "Calendar":
        """Of the columns from `first` up to `end`."""
        return replace(self, slots=self.slots[first:end])

    def by_day(self) -> "Calendar":
        """That tells hours of the day apart, and no days of the week."""
        return replace(self, slots=self.slots % self.day, period=self.day)

    def alike(self) -> "Calendar":
        """That tells nothing apart."""
        return replace(self, slots=np.zeros_like(self.slots), period=1)


def _ints(values: pl.Series) -> Ints:
    return values.cast(pl.Int64).to_numpy()
