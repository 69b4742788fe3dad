"""What will happen: where metrics are heading, and on which day they reach a limit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from metrics.engine import DimensionMismatch, Grain, Window
from metrics.engine.engine import Answering
from metrics.engine.query import Filter
from metrics.insights.forecasting import outlook
from metrics.insights.measured import HISTORIES, NothingMeasured, mean_of, series_of
from metrics.insights.regular import UnusableSeries

HORIZON = 28
"""Days that are looked ahead: four whole weeks."""
LEVEL = 80
"""Percent that the band holds."""
_TRIED = 7
"""Days that were, for which the forecast of the day before them is held against what came."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a metric should not exceed."""

    metric: str
    value: float | None = None
    """None: it is watched for where it is heading."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Where a metric is heading."""

    limit: Limit
    now: float
    """On average over the last four weeks, or as many days as there are."""
    then: float
    """Over the next four weeks, as expected."""
    low: float
    high: float
    """The band of the last of these days."""
    reached: date | None
    """The first day on which the limit is expected to be exceeded; None: on none of them, or there is no limit."""
    reached_early: date | None
    """The first day on which it may be, by the upper end of the band."""
    is_beyond: bool
    """Whether it is exceeded on the newest day that is over."""
    model: str
    held: float | None
    """Share of the last week's days that the band held which was told the day before them, in percent."""
    to_naive: float | None
    """Mean error over that week, as a share of what repeating the week before was wrong by."""
    frame: pl.DataFrame
    """`ts`, `value` of what was; `expected`, `low`, `high` of what is to come: one row a day."""


@dataclass(frozen=True, slots=True)
class Lookout:
    """What can be told of the weeks to come, and of what nothing can."""

    found: tuple[Ahead, ...]
    """What is beyond its limit first, then by the day on which it is reached, then the largest change."""
    left_out: tuple[tuple[Limit, str], ...]


def ahead(
    engine: Answering,
    limits: Sequence[Limit],
    end: datetime,
    filters: tuple[Filter, ...] = (),
    tz: str = "UTC",
    *,
    holidays: Collection[date] = (),
) -> Lookout:
    """Where metrics are heading from the days before `end`, four weeks ahead.

    What has too short a history, no events or cannot be filtered so is left out.

    Raises:
        EngineError: as of `Engine.answer`.
    """
    found: list[Ahead] = []
    left_out: list[tuple[Limit, str]] = []
    for limit in limits:
        try:
            found.append(_ahead(engine, limit, end, filters, tz, holidays))
        except (NothingMeasured, UnusableSeries, DimensionMismatch) as why:
            left_out.append((limit, str(why)))
    found.sort(
        key=lambda one: (not one.is_beyond, one.reached or date.max, one.reached_early or date.max, -_moved(one))
    )
    return Lookout(tuple(found), tuple(left_out))


def _ahead(
    engine: Answering, limit: Limit, end: datetime, filters: tuple[Filter, ...], tz: str, holidays: Collection[date]
) -> Ahead:
    history = Window(start=end - HISTORIES[Grain.DAY], end=end)
    series, until = series_of(engine, limit.metric, history, Grain.DAY, filters, tz)
    told = outlook(series, HORIZON, levels=(LEVEL,), tz=tz, until=until, holidays=holidays)
    following = told.frame.rename({"value": "expected", f"low_{LEVEL}": "low", f"high_{LEVEL}": "high"})
    known = series.filter(pl.col("ts") < following["ts"][0]).select("ts", "value")
    recent = known["value"].drop_nulls().tail(HORIZON)
    held, to_naive = _tried(known, tz, holidays)
    beyond = limit.value is not None and len(recent) > 0 and bool(recent[-1] > limit.value)
    return Ahead(
        limit, mean_of(recent), mean_of(following["expected"]), following["low"][-1], following["high"][-1],
        _first(following, "expected", limit.value, tz), _first(following, "high", limit.value, tz), beyond, told.model,
        held, to_naive, pl.concat([known, following], how="diagonal"),
    )  # fmt: skip


def _tried(known: pl.DataFrame, tz: str, holidays: Collection[date]) -> tuple[float | None, float | None]:
    """How the same forecast would have done over the week that was; None where there is too little before it."""
    before, week = known.head(-_TRIED), known.tail(_TRIED)
    try:
        said = outlook(before, _TRIED, levels=(LEVEL,), tz=tz, holidays=holidays).frame
    except UnusableSeries:
        return None, None
    naive = known.select(pl.col("ts"), naive=pl.col("value").shift(_TRIED))
    both = week.rename({"value": "came"}).join(said, on="ts").join(naive, on="ts").drop_nulls(["came", "value"])
    if both.is_empty():
        return None, None
    held = mean_of(both.select(pl.col("came").is_between(f"low_{LEVEL}", f"high_{LEVEL}").cast(pl.Float64)).to_series())
    wrong, repeated = (mean_of((both[name] - both["came"]).abs().drop_nulls()) for name in ("value", "naive"))
    return 100 * held, wrong / repeated if repeated else None


def _first(frame: pl.DataFrame, column: str, limit: float | None, tz: str) -> date | None:
    """The first local day on which a column exceeds the limit."""
    over = frame.filter(pl.col(column) > limit) if limit is not None else frame.clear()
    return None if over.is_empty() else over["ts"].dt.convert_time_zone(tz).dt.date()[0]


def _moved(one: Ahead) -> float:
    return abs(one.then - one.now) / max(abs(one.now), 1e-9)
