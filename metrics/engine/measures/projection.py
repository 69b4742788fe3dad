"""What a sum will have come to: from its value day by day before the end of the window."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from metrics.catalog.model import Additive, Projected
from metrics.engine.buckets import DAY, Buckets
from metrics.engine.forecast import Floats, Forecaster, SeasonalDraw, by_day, summed
from metrics.engine.measures import additive
from metrics.engine.measures.step import KEY, Step
from metrics.engine.query import Grain, Window
from metrics.engine.scope import Scope

HISTORY = timedelta(days=63)
AHEAD_DAYS = 30
FORECASTER: Forecaster = SeasonalDraw()
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Outlook:
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
    def of(cls, values: Mapping[date, float], end: datetime, tz: str, forecaster: Forecaster) -> "Outlook":
        """From the values of the days before `end`."""
        last = _day_before(end, tz)
        left = max(
            0.0,
            (_midnight(last + timedelta(days=1), tz) - end)
            / (_midnight(last + timedelta(days=1), tz) - _midnight(last, tz)),
        )
        newest = last - timedelta(days=1) if left else last
        # The first day with events is hardly ever a whole one.
        oldest = min(values, default=newest) + timedelta(days=1)
        series = [values.get(oldest + timedelta(days=n), 0.0) for n in range((newest - oldest).days + 1)]
        return cls(values, last, left, forecaster.futures(series, AHEAD_DAYS + 2))

    def month(self) -> tuple[float, float, float] | None:
        """Low end, middle and high end of the whole month in which the moment lies."""
        first = self.last.replace(day=1)
        days_after = ((first + timedelta(days=32)).replace(day=1) - self.last).days - 1
        known = sum(value for day, value in self.values.items() if first <= day <= self.last)
        return self._added(([self.left] if self.left else []) + [1.0] * days_after, known)

    def next_30_days(self) -> tuple[float, float, float] | None:
        """Low end, middle and high end of the thirty days from the moment on."""
        whole = [self.left, *[1.0] * (AHEAD_DAYS - 1), 1 - self.left] if self.left else [1.0] * AHEAD_DAYS
        return self._added(whole, 0.0)

    def by_day(self) -> pl.DataFrame:
        """The days from the first that is not over to the end of the month: `day`, `low`, `middle`, `high`."""
        first = self.last if self.left else self.last + timedelta(days=1)
        until = (self.last.replace(day=1) + timedelta(days=32)).replace(day=1)
        days = [first + timedelta(days=n) for n in range((until - first).days)]
        if self.futures is None or not days:
            return pl.DataFrame(schema={"day": pl.Date, "low": pl.Float64, "middle": pl.Float64, "high": pl.Float64})
        low, middle, high = by_day(self.futures[:, : len(days)])
        return pl.DataFrame({"day": days, "low": low, "middle": middle, "high": high})

    def _added(self, weights: Sequence[float], known: float) -> tuple[float, float, float] | None:
        if not self.values:
            return None
        if not weights:
            return known, known, known
        if self.futures is None:
            return None
        return summed(self.futures[:, : len(weights)] * np.asarray(weights), known)


def steps(measures: Sequence[Projected], scope: Scope) -> Iterator[Step]:
    """One step a sum: its history by day, then its outlook; the value stands in the window's last bucket."""
    for of in dict.fromkeys(measure.of for measure in measures):
        wanted = [measure for measure in measures if measure.of == of]
        for step in history(of, scope):
            yield Step(step.statement, step.source, partial(_projected, measures=wanted, scope=scope))


def history(of: Additive, scope: Scope) -> Iterator[Step]:
    """The sum by local day over the nine weeks before the window's end."""
    first = _midnight(_day_before(scope.window.end - HISTORY, scope.buckets.tz), scope.buckets.tz)
    days = Buckets(Window(start=first, end=scope.window.end), Grain.DAY, scope.buckets.tz)
    yield from additive.steps([of], scope.over(days))


def outlook(rows: pl.DataFrame, of: Additive, scope: Scope) -> Outlook:
    """From rows of `t` and the sum."""
    found = rows.select(KEY, of.name).drop_nulls().iter_rows()
    values = {_EPOCH + timedelta(days=int(key) // DAY): float(value) for key, value in found}
    return Outlook.of(values, scope.window.end, scope.buckets.tz, FORECASTER)


def daily(ahead: Outlook, name: str, scope: Scope) -> pl.DataFrame:
    """The days of the window's month: `time`, the sum, and its projection with both ends from the day of its end on."""
    first, tz = ahead.last.replace(day=1), scope.buckets.tz
    after = (first + timedelta(days=32)).replace(day=1)
    days = [first + timedelta(days=n) for n in range((after - first).days)]
    known = pl.DataFrame(
        {"day": days, name: [ahead.values.get(day) for day in days]}, schema={"day": pl.Date, name: pl.Float64}
    )
    projected = ahead.by_day().rename(
        {"low": f"{name}_projection_low", "middle": f"{name}_projection", "high": f"{name}_projection_high"}
    )
    times = pl.Series("time", [_midnight(day, tz) for day in days], dtype=pl.Datetime("us", "UTC"))
    return known.join(projected, on="day", how="left").with_columns(times).select("time", pl.exclude("time", "day"))


def _projected(rows: pl.DataFrame, *, measures: Sequence[Projected], scope: Scope) -> pl.DataFrame:
    groups = list(scope.groups)
    parts = rows.partition_by(groups, as_dict=True) if groups else {(): rows}
    found: list[dict[str, object]] = []
    for group, part in parts.items():
        ahead = outlook(part, measures[0].of, scope)
        sums = {"month": ahead.month(), "next_30_days": ahead.next_30_days()}
        row = {measure.name: _bound(sums[measure.horizon], measure.bound) for measure in measures}
        found.append({KEY: scope.buckets.all[-1].key, **dict(zip(groups, group, strict=True)), **row})
    schema = {KEY: pl.Int64, **dict.fromkeys(groups, pl.String), **{m.name: pl.Float64 for m in measures}}
    return pl.DataFrame(found, schema=schema)


def _bound(interval: tuple[float, float, float] | None, bound: str) -> float | None:
    return None if interval is None else interval[("low", "middle", "high").index(bound)]


def _day_before(moment: datetime, tz: str) -> date:
    return (moment - timedelta(microseconds=1)).astimezone(ZoneInfo(tz)).date()


def _midnight(day: date, tz: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(tz)).astimezone(UTC)
