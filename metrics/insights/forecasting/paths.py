"""Ways to carry a series on, by name: from what was, one value for each of the columns that follow."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from metrics.insights.calendar import Calendar
from metrics.insights.forecasting import levels
from metrics.insights.forecasting.shape import Shape, filled, fitting, without_spikes

Floats = NDArray[np.float64]
Path = Callable[[Floats, Calendar, int], Floats]
"""A series (NaN is a gap), the calendar of its columns and of those that follow, how many follow: their values."""


def seasonal_naive(values: Floats, calendar: Calendar, steps: int) -> Floats:
    """What was seen when it was last the same slot."""
    calendar = fitting(values, calendar)
    slots = calendar.slots
    known = np.flatnonzero(~np.isnan(values))
    last = np.full(calendar.period, known[-1])
    last[slots[known]] = known
    return values[last[slots[len(values) : len(values) + steps]]]


def profile(values: Floats, calendar: Calendar, steps: int) -> Floats:
    """The cycle of the week on the middle of the newest one."""
    return _shaped(values, calendar, steps, levels.steady)


def theta(values: Floats, calendar: Calendar, steps: int) -> Floats:
    """The cycle on an optimized Theta forecast of the level."""
    return _shaped(values, calendar, steps, levels.theta)


def ets(values: Floats, calendar: Calendar, steps: int) -> Floats:
    """The cycle on exponential smoothing of level and damped trend."""
    return _shaped(values, calendar, steps, levels.damped)


def mstl(values: Floats, calendar: Calendar, steps: int) -> Floats:
    """A cycle that follows the newest weeks, on the trend carried on."""
    return _shaped(values, calendar, steps, levels.straight, half_life=2.0)


def arima(values: Floats, calendar: Calendar, steps: int) -> Floats:
    """What differs from the same slot one cycle before, regressed on itself: a seasonal ARIMA (p, 0, 0)(P, 1, 0)."""
    fit = fitting(values, calendar)
    whole = filled(without_spikes(values) if fit.period == 1 else values)
    before = _same_slot_before(fit.slots[: len(values) + steps], fit.period)
    lags = _lags(fit)
    begin = fit.period + max(lags)
    if len(values) < begin + 4 * (len(lags) + 1):
        return seasonal_naive(values, calendar, steps)
    series = np.concatenate([whole, np.zeros(steps)])
    change = np.zeros_like(series)
    change[fit.period :] = series[fit.period :] - series[before[fit.period :]]
    usual = _usual_change(whole, fit)
    change[fit.period :] -= usual
    at = np.arange(begin, len(values))
    x = np.stack([change[at - lag] for lag in lags], axis=1)
    # A little ridge: lags of a smooth series are nearly the same.
    gram = x.T @ x
    weights = np.linalg.solve(
        gram + 1e-3 * np.eye(len(lags)) * max(np.trace(gram) / len(lags), 1e-12), x.T @ change[at]
    )
    total = float(np.abs(weights).sum())
    weights = weights / max(total / 0.999, 1.0)
    for column in range(len(values), len(values) + steps):
        change[column] = sum(weight * change[column - lag] for weight, lag in zip(weights, lags, strict=True))
        series[column] = series[before[column]] + usual + change[column]
    return series[len(values) :]


def _usual_change(values: Floats, calendar: Calendar) -> float:
    """By how much a cycle differs from the one before it, as far as that is no chance."""
    day = calendar.day
    days = len(values) // day
    _, slope = levels.drift(values[len(values) - days * day :].reshape(days, day).mean(axis=1))
    return slope * calendar.period / day


def _lags(calendar: Calendar) -> tuple[int, ...]:
    if calendar.period == 1:
        return (1, 2, 3)
    if calendar.day > 1 and calendar.period > calendar.day:
        return (1, 2, calendar.day, calendar.period)
    return (1, 2, calendar.period)


def _same_slot_before(slots: NDArray[np.int64], period: int) -> NDArray[np.int64]:
    """By column, the newest one before it with the same slot; where a clock skipped it, the one a period before."""
    before = np.maximum(np.arange(len(slots)) - period, 0)
    order = np.argsort(slots, kind="stable")
    same = slots[order[1:]] == slots[order[:-1]]
    found = order[:-1][same]
    at = order[1:][same]
    # An hour that comes twice when clocks are put back has its own slot right before it.
    usable = at - found > period // 2
    before[at[usable]] = found[usable]
    return before


def _shaped(values: Floats, calendar: Calendar, steps: int, carry: levels.Carry, half_life: float = 6.0) -> Floats:
    shape = Shape.of(values, calendar, half_life)
    end = len(values)
    # What drifts does so over days, not hours.
    day = calendar.day if end >= 4 * calendar.day else 1
    level = filled(without_spikes(shape.level(values, calendar, day)))
    return shape.on(_between(carry(level, steps // day + 2), day, steps), calendar.part(end, end + steps))


def _between(ahead: Floats, day: int, steps: int) -> Floats:
    """Values of columns from those of whole days: the mean of a day stands in its middle."""
    if day == 1:
        return ahead[:steps]
    heights = np.concatenate([[2 * ahead[0] - ahead[1]], ahead])
    return np.interp(np.arange(steps) + 0.5, np.arange(-1, len(ahead)) * day + day / 2, heights)


def ensemble(values: Floats, calendar: Calendar, steps: int) -> Floats:
    """The median of several."""
    return np.median([PATHS[name](values, calendar, steps) for name in MEMBERS], axis=0)


MEMBERS = ("theta", "ets", "mstl", "arima")
PATHS: Mapping[str, Path] = {
    "seasonal_naive": seasonal_naive,
    "profile": profile,
    "theta": theta,
    "ets": ets,
    "mstl": mstl,
    "arima": arima,
    "ensemble": ensemble,
}
