"""What of a series is its cycle, and what is left of it: a level that has none.

The cycle is a factor a slot of the calendar where swings grow with the level, else an addend. Every slot of a week has
seen few weeks, so what it tells beyond hour of day and day of week counts as much as it was repeatable.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.insights.calendar import Calendar

Floats = NDArray[np.float64]

FEWEST_CYCLES = 2
"""Whole cycles that must have been seen for a cycle to be told from chance."""
_TOO_LITTLE = 0.1
"""Of a factor: where less than this share of a level is expected, what is seen says little of that level."""
_FAR = 4.0
"""Farther than so many mean deviations from its slot, a value counts no more for being farther."""
_SPIKE = 8.0
"""Farther than this from what is usual, in deviations, a value tells nothing of what is usual."""


@dataclass(frozen=True)
class Shape:
    """A cycle by slot, and what it is laid on."""

    cycle: Floats
    """By slot: what the level is multiplied by, or what is added to it."""
    is_factor: bool

    @classmethod
    def of(cls, values: Floats, calendar: Calendar, half_life: float = 6.0) -> "Shape":
        """Of a series; what was `half_life` cycles ago counts half of what is new."""
        calendar = fitting(values, calendar)
        slots, period = calendar.slots[: len(values)], calendar.period
        if period == 1:
            return cls(np.zeros(1), False)
        level = around(values, period)
        is_factor = _swings_with(values, level, period)
        apart = values / level if is_factor else values - level
        weights = 0.5 ** ((len(values) - 1 - np.arange(len(values))) / (half_life * period))
        if is_factor:
            # Of a ratio as sure as its level is large.
            weights = weights * level / np.nanmax(level)
        return cls(_cycle(apart, slots, weights, calendar, neutral=1.0 if is_factor else 0.0), is_factor)

    def off(self, values: Floats, calendar: Calendar) -> Floats:
        """The series without its cycle, column by column; NaN is a gap, or where a factor leaves nothing to see."""
        cycle = self.cycle[calendar.slots[: len(values)] % len(self.cycle)]
        if not self.is_factor:
            return values - cycle
        usable = cycle > _TOO_LITTLE
        return np.where(usable, values / np.where(usable, cycle, 1.0), np.nan)

    def level(self, values: Floats, calendar: Calendar, width: int) -> Floats:
        """What the series is without its cycle, by blocks of `width` columns that end with the last; NaN is a gap."""
        many = len(values) // width
        begin = len(values) - many * width
        cycle = self.cycle[calendar.slots[begin : len(values)] % len(self.cycle)].reshape(many, width)
        seen = values[begin:].reshape(many, width)
        known = ~np.isnan(seen)
        if self.is_factor:
            expected, found = np.where(known, cycle, 0.0).sum(axis=1), np.where(known, seen, 0.0).sum(axis=1)
            usable = expected > _TOO_LITTLE
            return np.where(usable, found / np.where(usable, expected, 1.0), np.nan)
        counts = known.sum(axis=1)
        sums = np.where(known, seen - cycle, 0.0).sum(axis=1)
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)

    def on(self, level: Floats, calendar: Calendar) -> Floats:
        """A level with its cycle again, on columns of a calendar."""
        cycle = self.cycle[calendar.slots % len(self.cycle)]
        return level * cycle if self.is_factor else level + cycle


def fitting(values: Floats, calendar: Calendar) -> Calendar:
    """The calendar with no longer a cycle than the series has seen twice."""
    if len(values) >= FEWEST_CYCLES * calendar.period:
        return calendar
    if calendar.day > 1 and len(values) >= FEWEST_CYCLES * calendar.day:
        return calendar.by_day()
    return calendar.alike()


def around(values: Floats, width: int) -> Floats:
    """The mean of the `width` values around each, of those that are known; NaN only where none is."""
    known = ~np.isnan(values)
    sums = _windowed(np.where(known, values, 0.0), width)
    counts = _windowed(known.astype(np.float64), width)
    with np.errstate(invalid="ignore"):
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def filled(values: Floats) -> Floats:
    """With every gap bridged by a straight line."""
    known = ~np.isnan(values)
    if known.all():
        return values
    columns = np.arange(len(values))
    return np.interp(columns, columns[known], values[known]) if known.any() else np.zeros_like(values)


def without_spikes(values: Floats) -> Floats:
    """Without single values that are unlike those around them: a bucket that is not complete, an outage, a burst."""
    known = np.flatnonzero(~np.isnan(values))
    if len(known) < 8:
        return values
    seen = values[known]
    padded = np.pad(seen, 3, mode="edge")
    # The last value has nothing after it, and is held against those before.
    padded[-3:] = seen[-6:-3]
    away = seen - np.median(np.lib.stride_tricks.sliding_window_view(padded, 7), axis=1)
    # Of rare events the median says nothing: what is seldom is no spike.
    spread = max(1.4826 * float(np.median(np.abs(away))), float(np.mean(np.abs(away))))
    if spread <= 0:
        return values
    kept = values.copy()
    kept[known[np.abs(away) > _SPIKE * spread]] = np.nan
    return kept


def _windowed(values: Floats, width: int) -> Floats:
    """Sums over the `width` values around each."""
    sums = np.concatenate([np.zeros(1), values.cumsum()])
    columns = np.arange(len(values))
    starts = np.clip(columns - width // 2, 0, max(len(values) - width, 0))
    return sums[np.minimum(starts + width, len(values))] - sums[starts]


def _swings_with(values: Floats, level: Floats, period: int) -> bool:
    """Whether swings grow as the level does: of a positive series, whose blocks say nothing else."""
    known = values[~np.isnan(values)]
    if not len(known) or known.min() < 0 or np.nanmin(level) <= 0:
        return False
    whole = len(values) // period * period
    blocks = (values - level)[len(values) - whole :].reshape(-1, period)
    seen = ~np.isnan(blocks)
    counts = np.maximum(seen.sum(axis=1), 1)
    spreads = np.sqrt((np.where(seen, blocks, 0.0) ** 2).sum(axis=1) / counts)
    means = level[len(values) - whole :].reshape(-1, period).mean(axis=1)
    usable = (spreads > 0) & np.isfinite(means)
    if usable.sum() < 3 or means[usable].max() < 1.2 * means[usable].min():
        return True
    steady = np.std(np.log(spreads[usable]))
    return bool(np.std(np.log(spreads[usable] / means[usable])) <= steady)


def _cycle(apart: Floats, slots: NDArray[np.int64], weights: Floats, calendar: Calendar, neutral: float) -> Floats:
    """By slot, the weighted mean of what was seen there, drawn towards hour of day and day of week."""
    usable = ~np.isnan(apart)
    weights = np.where(usable, weights, 0.0)
    y = np.where(usable, apart, 0.0)
    of_slot, weight = _means(y, weights, slots, calendar.period, neutral)
    off = y - of_slot[slots]
    spread = float(np.mean(np.abs(off[usable])))
    if spread > 0:
        y = np.where(usable, of_slot[slots] + np.clip(off, -_FAR * spread, _FAR * spread), 0.0)
        of_slot, weight = _means(y, weights, slots, calendar.period, neutral)
    if calendar.day == 1 or calendar.period == calendar.day:
        return _centered(of_slot, neutral)
    hours, _ = _means(y, weights, slots % calendar.day, calendar.day, neutral)
    days, _ = _means(y - hours[slots % calendar.day] * usable, weights, slots // calendar.day, 7, 0.0)
    every = np.arange(calendar.period)
    plain = hours[every % calendar.day] + days[every // calendar.day]
    noise, _ = _means((y - of_slot[slots]) ** 2, weights, np.zeros_like(slots), 1, 0.0)
    seen = weight > 0
    if not seen.any():
        return _centered(plain, neutral)
    of_chance = float(noise[0]) / np.maximum(weight, 1.0)
    beyond = float(np.mean((of_slot - plain)[seen] ** 2 - of_chance[seen]))
    trust = np.where(seen, max(beyond, 0.0) / (max(beyond, 0.0) + of_chance + 1e-300), 0.0)
    return _centered(plain + trust * (of_slot - plain), neutral)


def _means(y: Floats, weights: Floats, slots: NDArray[np.int64], many: int, empty: float) -> tuple[Floats, Floats]:
    """Weighted mean and weight by slot."""
    weight = np.bincount(slots, weights, many).astype(np.float64)
    sums = np.bincount(slots, weights * y, many)
    return np.where(weight > 0, sums / np.where(weight > 0, weight, 1.0), empty), weight


def _centered(cycle: Floats, neutral: float) -> Floats:
    """So that the cycle by itself neither raises nor lowers."""
    if neutral == 0.0:
        return cycle - cycle.mean()
    cycle = np.maximum(cycle, 0.0)
    return cycle / cycle.mean() if cycle.mean() > 0 else np.ones_like(cycle)
