"""What a sum will have come to: from its value day by day before the end of the window."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial

import polars as pl

from metrics.catalog.model import Additive, Projected
from metrics.engine.buckets import DAY, Buckets
from metrics.engine.measures import additive
from metrics.engine.measures.step import KEY, Step
from metrics.engine.query import Grain, Window
from metrics.engine.scope import Scope
from metrics.insights.forecasting.accrual import HISTORY, Accrual, Period, day_before, midnight

_EPOCH = date(1970, 1, 1)


def steps(measures: Sequence[Projected], scope: Scope) -> Iterator[Step]:
    """One step a sum: its history by day, then its outlook; the value stands in the window's last bucket."""
    for of in dict.fromkeys(measure.of for measure in measures):
        wanted = [measure for measure in measures if measure.of == of]
        for step in history(of, scope):
            yield Step(step.statement, step.source, partial(_projected, measures=wanted, scope=scope))


def history(of: Additive, scope: Scope) -> Iterator[Step]:
    """The sum by local day over the nine weeks before the window's end."""
    first = midnight(day_before(scope.window.end - HISTORY, scope.buckets.tz), scope.buckets.tz)
    days = Buckets(Window(start=first, end=scope.window.end), Grain.DAY, scope.buckets.tz)
    yield from additive.steps([of], scope.over(days))


def outlook(rows: pl.DataFrame, of: Additive, scope: Scope) -> Accrual:
    """From rows of `t` and the sum."""
    found = rows.select(KEY, of.name).drop_nulls().iter_rows()
    values = {_EPOCH + timedelta(days=int(key) // DAY): float(value) for key, value in found}
    return Accrual.of(values, scope.window.end, scope.buckets.tz)


def daily(ahead: Accrual, name: str, scope: Scope) -> pl.DataFrame:
    """The days of the window's month: `time`, the sum, and its projection with both ends from the day of its end on."""
    month, tz = Period.around(ahead.last, "month"), scope.buckets.tz
    days = [month.first + timedelta(days=n) for n in range((month.after - month.first).days)]
    known = pl.DataFrame(
        {"day": days, name: [ahead.values.get(day) for day in days]}, schema={"day": pl.Date, name: pl.Float64}
    )
    projected = ahead.by_day().rename(
        {"low": f"{name}_projection_low", "middle": f"{name}_projection", "high": f"{name}_projection_high"}
    )
    times = pl.Series("time", [midnight(day, tz) for day in days], dtype=pl.Datetime("us", "UTC"))
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
