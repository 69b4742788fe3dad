"""What a model is: something fitted to a series that says what follows, and how wrong that has been.

Any way to carry a series on becomes a model here. Its bands are conformal: as wide as the same way was wrong when it
was asked at earlier origins of the same series, which is measured and not assumed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from metrics.insights.calendar import Calendar
from metrics.insights.forecasting.errors import Errors
from metrics.insights.forecasting.origins import MOST_ORIGINS, asked_at, origins
from metrics.insights.forecasting.paths import MEMBERS, PATHS, Floats, Path

Bands = Mapping[float, tuple[Floats, Floats]]

BY = 0.97
"""What is chosen must have been wrong by no more than this share of what the ensemble was: less is chance."""
FAR_BETTER = 0.7
"""The same, where there are few origins to tell by."""
_REFERENCE = "seasonal_naive"


@dataclass(frozen=True)
class Tried:
    """How a model did at earlier origins."""

    model: str
    mae: float
    """Mean absolute error."""
    to_naive: float
    """That, as a share of what repeating the last cycle was wrong by."""


@dataclass(frozen=True)
class Carried:
    """What follows a series."""

    model: str
    path: Floats
    """What is expected, by column."""
    bands: Bands
    """By level in percent: low and high end, by column."""
    futures: Floats
    """The path as it might have come, one row for each time it was wrong before: for sums of columns."""
    tried: tuple[Tried, ...] = ()
    """What was tried at earlier origins, where there was a choice: the best first."""
    origins: int = 0
    """At how many of them errors were measured."""


class Fitted(Protocol):
    """A model that has seen a series."""

    def forecast(self, horizon: int, levels: Sequence[float] = ()) -> Carried:
        """So many columns after the series, with bands that hold so many percent."""
        ...


class Model(Protocol):
    """A way to forecast."""

    def fit(self, series: Floats, calendar: Calendar) -> Fitted:
        """To a series (NaN is a gap), by the calendar of its columns and of those that may be asked for."""
        ...


@dataclass(frozen=True)
class Named:
    """One way to carry a series on."""

    name: str
    path: Path
    most_origins: int = MOST_ORIGINS
    """At how many earlier origins its errors are measured; what is slow is asked less often."""

    def fit(self, series: Floats, calendar: Calendar) -> Fitted:
        """As of `Model`."""
        return _Asked(series, calendar, {self.name: self.path}, lambda _: self.name, self.most_origins)


@dataclass(frozen=True)
class Chosen:
    """The ways that are cheap, of which each series takes what was least wrong at its earlier origins.

    A series of days has too few of these to tell: it takes the ensemble, unless one was far less wrong after four weeks
    and more, as what follows a straight line is on a disk that fills.
    """

    most_origins: int = MOST_ORIGINS

    def fit(self, series: Floats, calendar: Calendar) -> Fitted:
        """As of `Model`."""
        in_days = calendar.day == 1
        share, enough = (FAR_BETTER, 4 * calendar.period) if in_days else (BY, 0)
        return _Asked(series, calendar, PATHS, partial(_best, share), self.most_origins, enough)


@dataclass(frozen=True)
class _Asked:
    series: Floats
    calendar: Calendar
    paths: Mapping[str, Path]
    choose: Callable[[Mapping[str, float]], str]
    most_origins: int
    enough: int = 0
    """Columns before an origin for which it counts when a way is chosen: after fewer, none can be at its best."""

    def forecast(self, horizon: int, levels: Sequence[float] = ()) -> Carried:
        at = origins(self.series, self.calendar, horizon, self.most_origins)
        asked = [_all(self.paths, *asked_at(self.series, self.calendar, one, horizon)) for one in at]
        seen = [self.series[one : one + horizon] for one in at]
        wrong = {name: _mae([paths[name] for paths in asked], seen) for name in self.paths}
        late = [place for place, one in enumerate(at) if one >= self.enough]
        name = self.choose(
            {name: _mae([asked[place][name] for place in late], [seen[place] for place in late]) for name in self.paths}
        )
        path = _bounded(self.series, _all(_needed(self.paths, name), self.series, self.calendar, horizon)[name])
        errors = Errors.of([_bounded(self.series, paths[name]) for paths in asked], seen, path)
        bands = {level: tuple(_bounded(self.series, end) for end in errors.band(level)) for level in levels}
        tried = tuple(sorted(_tried(wrong), key=lambda one: one.mae)) if len(wrong) > 1 else ()
        return Carried(name, path, bands, _bounded(self.series, errors.futures()), tried, len(at))  # type: ignore[arg-type]


def _needed(paths: Mapping[str, Path], name: str) -> Mapping[str, Path]:
    return (
        {each: paths[each] for each in (*MEMBERS, name) if each in paths} if name == "ensemble" else {name: paths[name]}
    )


def _all(paths: Mapping[str, Path], values: Floats, calendar: Calendar, steps: int) -> dict[str, Floats]:
    """What each says; the ensemble of members that were asked anyway."""
    found = {name: path(values, calendar, steps) for name, path in paths.items() if name != "ensemble"}
    if "ensemble" in paths:
        members = [found[name] for name in MEMBERS] if found.keys() >= set(MEMBERS) else None
        found["ensemble"] = (
            paths["ensemble"](values, calendar, steps) if members is None else np.median(members, axis=0)
        )
    return found


def _mae(paths: Sequence[Floats], seen: Sequence[Floats]) -> float:
    errors = [np.abs(actual - path[: len(actual)]) for path, actual in zip(paths, seen, strict=True)]
    known = np.concatenate([each[~np.isnan(each)] for each in errors]) if errors else np.zeros(0)
    return float(known.mean()) if len(known) else float("nan")


def _best(share: float, wrong: Mapping[str, float]) -> str:
    least = min(wrong, key=lambda name: wrong[name] if wrong[name] == wrong[name] else float("inf"))
    return least if wrong[least] < share * wrong["ensemble"] else "ensemble"


def _tried(wrong: Mapping[str, float]) -> list[Tried]:
    naive = wrong.get(_REFERENCE, float("nan"))
    return [Tried(name, mae, mae / naive if naive else float("nan")) for name, mae in wrong.items()]


def _bounded(series: Floats, values: Floats) -> Floats:
    """What never was negative will not be."""
    return np.maximum(values, 0.0) if np.nanmin(series) >= 0 else values
