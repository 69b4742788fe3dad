"""A series as it comes, laid on an even grid: what is missing is a gap, and what is not over yet is left out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import ceil
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.insights.calendar import DAY, WEEK
from metrics.zones import zone

Floats = NDArray[np.float64]

INSTANT = pl.Datetime("us", "UTC")
MOST_COLUMNS = 500_000


class UnusableSeries(ValueError):
    """A series that no one can compute with; the message says what was expected of it."""


class TooShort(UnusableSeries):
    """A series that says too little of what is asked; the message says how much more it takes."""


@dataclass(frozen=True)
class Grid:
    """Columns that follow each other for ever: evenly, or as the local calendar has days, weeks and months."""

    first: datetime
    """Where the first column begins, in UTC."""
    width: timedelta
    """How wide a column is; a month counts thirty days."""
    zone: ZoneInfo

    @property
    def in_days(self) -> bool:
        """Whether columns are days of the local calendar, or made of such."""
        return self.width >= DAY and not self.width % DAY

    def starts(self, first: int, end: int) -> list[datetime]:
        """Where the columns from `first` up to `end` begin, in UTC."""
        if not self.in_days:
            return [self.first + n * self.width for n in range(first, end)]
        local = self.first.astimezone(self.zone)
        return [self._instant(self._date(local.date(), n), local.time()) for n in range(first, end)]

    def column(self, moment: datetime) -> int | None:
        """Which column begins there; none does at other moments."""
        if not self.in_days:
            column, rest = divmod(moment - self.first, self.width)
            return None if rest else column
        begin, here = (each.astimezone(self.zone) for each in (self.first, moment))
        if self.width > WEEK:
            found = (here.year - begin.year) * 12 + here.month - begin.month
        else:
            found = (here.date() - begin.date()).days // (self.width // DAY)
        return found if self.starts(found, found + 1) == [moment] else None

    def _date(self, begin: date, columns: int) -> date:
        if self.width <= WEEK:
            return begin + columns * self.width
        years, month = divmod(begin.month - 1 + columns, 12)
        return begin.replace(year=begin.year + years, month=month + 1)

    def _instant(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone).astimezone(UTC)


@dataclass(frozen=True)
class Regular:
    """A series on a grid: NaN is a gap."""

    grid: Grid
    values: Floats

    @classmethod
    def of(cls, series: pl.DataFrame, tz: str = "UTC", until: datetime | None = None) -> "Regular":
        """From a frame of `ts` (a date, or a time; without a zone it is UTC) and `value`, in any order.

        `until` is the moment up to which anything is known: a column that is not over by then is left out, as are gaps
        at the end.

        Raises:
            UnusableSeries: a column is missing or of another type, the times are no grid, or one is there twice.
            ValueError: there is no such time zone.
        """
        frame = _instants(series, tz).sort("ts")
        known = frame.filter(pl.col("value").is_not_null() & pl.col("value").is_finite())
        if known.height < 2:
            raise UnusableSeries(f"a series needs at least two values; this one has {known.height}")
        moments: list[datetime] = frame["ts"].to_list()
        if frame["ts"].is_duplicated().any():
            twice = next(one for one, other in pairwise(moments) if one == other)
            raise UnusableSeries(f"`ts` holds {twice:%Y-%m-%d %H:%M} twice: sum or average the values of a time first")
        grid = _grid(moments, zone(tz))
        columns = [_column(grid, moment) for moment in moments]
        if columns[-1] >= MOST_COLUMNS:
            raise UnusableSeries(
                f"from first to last there are {columns[-1]:,} columns: at most {MOST_COLUMNS:,} can be"
            )
        values = np.full(columns[-1] + 1, np.nan)
        values[columns] = frame["value"].fill_null(float("nan")).to_numpy()
        values[~np.isfinite(values)] = np.nan
        return cls(grid, values)._over(until)

    def _over(self, until: datetime | None) -> "Regular":
        """Without columns that are not over, and without gaps at either end."""
        values = self.values
        if until is not None:
            ends = self.grid.starts(len(values), len(values) + 1)
            while len(values) and ends[0] > until:
                values, ends = values[:-1], self.grid.starts(len(values) - 1, len(values))
        (known,) = np.nonzero(~np.isnan(values))
        if len(known) < 2:
            raise UnusableSeries(f"a series needs at least two values that are over; this one has {len(known)}")
        begin = self.grid.starts(int(known[0]), int(known[0]) + 1)[0]
        return Regular(Grid(begin, self.grid.width, self.grid.zone), values[known[0] : known[-1] + 1])

    def starts(self, ahead: int = 0) -> pl.Series:
        """Where the columns begin, and so many more after them."""
        return pl.Series("ts", self.grid.starts(0, len(self.values) + ahead), dtype=INSTANT)


def as_it_came(frame: pl.DataFrame, kind: pl.DataType, tz: str) -> pl.DataFrame:
    """A frame whose `ts` are instants, with these in the type in which a series came: dates are those of the zone."""
    if kind == pl.Date:
        return frame.with_columns(pl.col("ts").dt.convert_time_zone(tz).dt.date())
    zone = kind.time_zone if isinstance(kind, pl.Datetime) else None
    ts = pl.col("ts").dt.replace_time_zone(None) if zone is None else pl.col("ts").dt.convert_time_zone(zone)
    return frame.with_columns(ts.cast(kind))


def in_days(columns: int, width: timedelta) -> str:
    """So many columns in words."""
    days = ceil(columns * width / DAY)
    return f"{days} day{'s' if days > 1 else ''}"


def _instants(series: pl.DataFrame, tz: str) -> pl.DataFrame:
    for name in ("ts", "value"):
        if name not in series.columns:
            raise UnusableSeries(f"a series has the columns `ts` and `value`; this one has {', '.join(series.columns)}")
    kind = series.schema["ts"]
    if not series.schema["value"].is_numeric():
        raise UnusableSeries(f"`value` must be numbers; here it is {series.schema['value']}")
    ts = pl.col("ts")
    if kind == pl.Date:
        local = zone(tz)
        days = [datetime.combine(day, time(), local).astimezone(UTC) for day in series["ts"].to_list()]
        return pl.DataFrame({"ts": pl.Series(days, dtype=INSTANT), "value": series["value"].cast(pl.Float64)})
    if not isinstance(kind, pl.Datetime):
        raise UnusableSeries(f"`ts` must be times or dates; here it is {kind}")
    ts = ts.dt.replace_time_zone("UTC") if kind.time_zone is None else ts.dt.convert_time_zone("UTC")
    return series.select(ts.dt.cast_time_unit("us"), pl.col("value").cast(pl.Float64)).drop_nulls("ts")


def _grid(moments: list[datetime], local: ZoneInfo) -> Grid:
    """The grid of the most frequent distance; a day may have 23 or 25 hours, a month 28 to 31 days."""
    distances = pl.Series([after - before for before, after in pairwise(moments)]).drop_nulls()
    width: timedelta = distances.mode().min()  # type: ignore[assignment]
    if timedelta(days=27) < width < timedelta(days=32):
        width = timedelta(days=30)
    elif timedelta(hours=22) < width < timedelta(hours=26):
        width = DAY
    # Days of another zone than asked for are cut where that one has midnight.
    at_midnight = moments[0].astimezone(local).time() == time()
    return Grid(moments[0], width, local if at_midnight else ZoneInfo("UTC"))


def _column(grid: Grid, moment: datetime) -> int:
    column = grid.column(moment)
    if column is None:
        raise UnusableSeries(
            f"{moment:%Y-%m-%d %H:%M} does not lie on the grid of {grid.width} from {grid.first:%Y-%m-%d %H:%M} on: "
            "`ts` must be the beginnings of buckets of one width"
        )
    return column
