"""A series and a horizon in, a forecast with its bands out: what scripts, commands and pages call."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

import numpy as np
import polars as pl

from metrics.insights.calendar import DAY, WEEK, Calendar
from metrics.insights.forecasting import extras
from metrics.insights.forecasting.model import Carried, Chosen, Model, Named
from metrics.insights.forecasting.paths import PATHS
from metrics.insights.regular import Regular, TooShort, as_it_came, in_days

MODELS: Mapping[str, Callable[[], Model]] = {
    "auto": Chosen,
    **{name: (lambda name=name: Named(name, PATHS[name])) for name in PATHS},
    "prophet": lambda: Named("prophet", extras.prophet(), extras.MOST_ORIGINS),
    "lstm": lambda: Named("lstm", extras.lstm(), extras.MOST_ORIGINS),
}
"""By name. `auto` chooses by rolling origins; `prophet` and `lstm` need packages of their own."""
LEVELS = (80, 95)
MOST_STEPS = 20_000
SHORTEST = timedelta(days=3)
"""Hours and minutes are carried on from no less."""
FEWEST_COLUMNS = 7
"""Days, weeks and months are carried on from no fewer."""
_TRIED = {"model": pl.String, "mae": pl.Float64, "to_naive": pl.Float64, "chosen": pl.Boolean}
_LENGTH = re.compile(r"(\d+)\s*([mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": DAY, "w": WEEK}


@dataclass(frozen=True)
class Outlook:
    """What follows a series, by which model, and what can be said about that."""

    frame: pl.DataFrame
    """`ts`, `value`, and `low_…` and `high_…` of each level: one row a bucket that follows."""
    model: str
    tried: pl.DataFrame
    """`model`, `mae`, `to_naive` (as a share of the error of repeating the last cycle), `chosen`: the best first."""
    remarks: tuple[str, ...]
    """Sentences about what the reader should know: what could not be told apart yet, where nothing beats repeating."""


def forecast(
    series: pl.DataFrame,
    horizon: int | str | timedelta,
    model: str = "auto",
    levels: Sequence[float] = LEVELS,
    tz: str = "UTC",
    *,
    until: datetime | None = None,
    holidays: Collection[date] = (),
) -> pl.DataFrame:
    """What follows a series: `ts`, `value`, and `low_80`, `high_80` and so on for each level in percent.

    `series` is a frame of `ts` (beginnings of buckets of one width; without a zone they are UTC) and `value`, in any
    order and with whatever gaps. `horizon` counts buckets, or is a length such as `7d`. `model` is a name of `MODELS`,
    `tz` the zone whose hours and days people keep. `until` is the moment up to which anything is known: a bucket that
    is not over by then is left out, and forecast. `holidays` are days that go like Sundays.

    Raises:
        TooShort: there is too little of the series; it says how much more it takes.
        UnusableSeries: it is no series of `ts` and `value` on a grid.
        MissingPackage: the model needs a package that is not installed; it says how to install it.
        ValueError: no such model or zone, a horizon or a level that cannot be.
    """
    return outlook(series, horizon, model, levels, tz, until=until, holidays=holidays).frame


def outlook(
    series: pl.DataFrame,
    horizon: int | str | timedelta,
    model: str = "auto",
    levels: Sequence[float] = LEVELS,
    tz: str = "UTC",
    *,
    until: datetime | None = None,
    holidays: Collection[date] = (),
) -> Outlook:
    """As `forecast`, with what was tried and what is to be said about it."""
    if model not in MODELS:
        raise ValueError(f"there is no model {model!r}; there are {', '.join(MODELS)}")
    for level in levels:
        if not 0 < level < 100:
            raise ValueError(f"a band holds more than 0 and less than 100 percent, not {level:g}")
    regular = Regular.of(series, tz, until)
    _check_length(regular)
    steps = _steps(horizon, regular.grid.width)
    starts = regular.starts(steps)
    calendar = Calendar.of(starts, regular.grid.width, tz, holidays)
    carried = MODELS[model]().fit(regular.values, calendar).forecast(steps, levels)
    return Outlook(
        _frame(starts[-steps:], carried, levels, series.schema["ts"], tz),
        carried.model,
        _tried(carried),
        tuple(_remarks(regular, calendar, carried)),
    )


def length_of(text: str) -> timedelta:
    """A length such as `7d`, `36h` or `2w`. Raises ValueError for anything else."""
    found = _LENGTH.fullmatch(text.strip())
    if found is None or not int(found[1]):
        raise ValueError(f"{text!r} is no length of time; expected a number and m, h, d or w, such as 7d")
    return int(found[1]) * _UNITS[found[2]]


def _steps(horizon: int | str | timedelta, width: timedelta) -> int:
    """How many buckets a horizon has: at least one."""
    if isinstance(horizon, str):
        horizon = length_of(horizon)
    steps = horizon if isinstance(horizon, int) else ceil(horizon / width)
    if not 0 < steps <= MOST_STEPS:
        raise ValueError(f"a horizon of {steps:,} buckets of {width}: there must be between 1 and {MOST_STEPS:,}")
    return steps


def _check_length(regular: Regular) -> None:
    width, columns = regular.grid.width, len(regular.values)
    fewest = ceil(SHORTEST / width) if width < DAY else FEWEST_COLUMNS
    if columns < fewest:
        raise TooShort(f"too short a history for a forecast: it needs {in_days(fewest - columns, width)} more")


def _remarks(regular: Regular, calendar: Calendar, carried: Carried) -> list[str]:
    remarks: list[str] = []
    width, columns = regular.grid.width, len(regular.values)
    if columns < 2 * calendar.period:
        what = "days of the week" if width <= DAY else "months of the year"
        remarks.append(
            f"{what} cannot be told apart yet: that needs {in_days(2 * calendar.period - columns, width)} more"
        )
    gaps = int(np.isnan(regular.values).sum())
    if gaps:
        remarks.append(f"{gaps:,} of {columns:,} buckets hold no data")
    better = [one for one in carried.tried if one.to_naive < 1]
    if carried.tried and carried.tried[0].mae > 0 and not better:
        remarks.append("nothing that was tried beats repeating the last cycle on this series")
    if carried.origins < 2:
        remarks.append("the bands rest on fewer than two earlier origins")
    return remarks


def _frame(starts: pl.Series, carried: Carried, levels: Sequence[float], kind: pl.DataType, tz: str) -> pl.DataFrame:
    """In the type of `ts` in which the series came."""
    bands = {f"{end}_{level:g}": carried.bands[level][at] for level in levels for at, end in enumerate(("low", "high"))}
    frame = pl.DataFrame({"ts": starts, "value": carried.path, **bands})
    return as_it_came(frame, kind, tz)


def _tried(carried: Carried) -> pl.DataFrame:
    rows = [(one.model, one.mae, one.to_naive, one.model == carried.model) for one in carried.tried]
    return pl.DataFrame(rows, schema=_TRIED, orient="row")
