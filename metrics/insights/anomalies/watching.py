"""Many series side by side, one bucket after the other: what is expected, what came, how strange is that?

Everything that is known of them is in a `Watch`. A bucket is judged by what was before it, and learned from then,
unless it is an anomaly. When half of a day was one, the series is like that now: its level, or the shape of its day,
is taken on, which ends the event.
"""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from metrics.insights.anomalies.limits import FIRST, limits
from metrics.insights.anomalies.pace import Pace
from metrics.insights.anomalies.spreads import Floats, Spreads
from metrics.insights.anomalies.usual import Flags, Usual

FEATURES = ("value", "level of hours", "level of a day", "change", "shape")
"""How far off: a value, the newest few and a day of them together, its jump from those before, a day's either way."""
_NEAR = 4.0
"""Spreads beyond which a value counts no more for what several are together."""
_CLIP = 3.0
"""Spreads beyond which a value moves what is learned no further."""
_LEAST = 0.005
"""Of the level: a spread is no less."""
_OF_SWING = 0.05
"""Of how much what is expected goes up and down, as a standard deviation: a spread is no less."""
_POWERS = (0.0, 0.5, 1.0)
"""Of what is expected, by which spreads may grow."""
_WEEKS = 8
"""Of scores, that limits are calibrated on."""
_TOO_WELL = 1.7
"""By how much what a bucket is off grows when its hour was not learned from it, but from one or two others."""
_CONFIRMED = 0.5
"""Share of the newest day that is unusual when it is how the series is now."""
_SHAPE_AFTER = 3
"""Days that stay so unusual, up and down, before their shape is taken on: two of them may pass."""
_ONE_WAY = 0.7
"""How much more of that day lies on one side than on the other, as a share, when it is the level that changed."""
_UNSETTLED, _YOUNG = 1.5, 1.2
"""Times the limit, while a new level is being learned, and while little is known of a series at all."""


class Turn(IntEnum):
    """What a series turned to when what was unusual became usual."""

    NONE = 0
    LEVEL = 1
    SHAPE = 2


@dataclass(frozen=True)
class Judged:
    """One bucket of every series; NaN where nothing came or too little is known."""

    expected: Floats
    low: Floats
    high: Floats
    score: Floats
    flagged: Flags
    features: Floats
    """One row a series, one column a feature, in its spreads."""
    turned: NDArray[np.int64]
    """A `Turn`: made after this bucket, so that it counts for the next."""


@dataclass
class Watch:
    """What is known of series up to some column."""

    pace: Pace
    sensitivity: str
    usual: Usual
    column: int
    """The next one."""
    _seen: Floats
    """The values of two weeks, the column modulo as many; as `_slots`."""
    _slots: NDArray[np.int64]
    _off: Floats
    """What values were off, by the column modulo the memory; as `_said` and `_raw`."""
    _said: Floats
    _raw: Floats
    """One plane a feature."""
    _near: Floats
    """Newest spreads off, the column modulo as many; as `_flags`."""
    _flags: Flags
    _highest: Floats
    """Highest scores of half days."""
    _power: Floats
    _spreads: Spreads
    _of_features: Spreads
    """One row a feature."""
    _now: Floats = field(default_factory=lambda: np.zeros(0))
    """The highest score of the half day that goes on."""
    _unsettled: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Buckets until a new level is known well."""
    _young: Flags = field(default_factory=lambda: np.zeros(0, np.bool_))
    """Whether that is because little is known of the series at all: limits are calibrated all the same."""
    _granted: Floats = field(default_factory=lambda: np.zeros(0))
    """Limits, as long as too little is known to calibrate them."""
    _since: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Buckets for which half of a day has been unusual."""
    limit: Floats = field(default_factory=lambda: np.zeros(0))
    """By series: the score from which on a bucket is an anomaly."""

    @classmethod
    def of(cls, values: Floats, slots: NDArray[np.int64], pace: Pace, sensitivity: str) -> "Watch":
        """From the first `pace.first` columns of series."""
        series, long, memory = len(values), pace.long, pace.memory
        values = values[:, : pace.first]
        watch = cls(
            pace,
            sensitivity,
            Usual.of(values, slots[: pace.first], pace.day, pace.period, pace.half_life),
            0,
            np.full((series, 2 * pace.period), np.nan),
            np.zeros(2 * pace.period, np.int64),
            np.full((series, memory), np.nan),
            np.full((series, memory), np.nan),
            np.full((len(FEATURES), series, memory), np.nan),
            np.full((series, long), np.nan),
            np.zeros((series, long), np.bool_),
            np.full((series, _WEEKS * pace.period // pace.block), np.nan),
            np.zeros(series),
            Spreads.of(np.full((series, 1), np.nan)),
            Spreads.of(np.full((series, 1), np.nan)),
        )
        watch.limit = np.full(series, FIRST[sensitivity])
        watch._young, watch._granted = np.ones(series, np.bool_), watch.limit
        watch._now = np.full(series, np.nan)
        watch._unsettled, watch._since = np.zeros(series, np.int64), np.zeros(series, np.int64)
        for column in range(values.shape[1]):
            watch._keep(values[:, column], int(slots[column]))
            watch.column += 1
        watch._begin()
        return watch

    def _begin(self) -> None:
        """Learn everything from what was seen so far, of which there is no more than two weeks."""
        values, slots, pace = self._seen[:, : self.column], self._slots[: self.column], self.pace
        self.usual = Usual.of(values, slots, pace.day, pace.period, pace.half_life)
        for column, slot in enumerate(slots.tolist()):
            expected = self.usual.at(slot)
            # What was learned from fits too well.
            self._off[:, column] = _TOO_WELL * (values[:, column] - expected)
            self._said[:, column] = expected
        self._raw[:], self._highest[:], self._near[:], self._flags[:] = np.nan, np.nan, np.nan, False
        self._granted = np.maximum(self.limit, FIRST[self.sensitivity])
        self.limit, self._now[:], self._since[:], self._young[:] = self._granted, np.nan, 0, True
        self._unsettled[:] = 0 if self.column >= 2 * pace.period else pace.period
        self._learn_spreads()

    def judge(self, values: Floats, slot: int, aside: Flags | None = None) -> Judged:
        """The next bucket, and learn from it, but for series where it is set `aside`."""
        expected = self.usual.at(slot)
        size = self._size(expected)
        off = (values - expected) / size
        away = self._spreads.away(off)
        near_now = _within(away, _NEAR)
        near = self._near
        near[:, self.column % self.pace.long] = near_now
        raw = self._features_of(away, near)
        features = self._of_features.away(raw).T
        features[:, 0] = away
        score = _score(features)
        limit = self.limit
        if self._unsettled.any():
            limit = limit * np.where(self._unsettled > 0, np.where(self._young, _YOUNG, _UNSETTLED), 1.0)
        flagged = score >= limit
        low = expected + size * (self._spreads.middle - limit * self._spreads.below)
        high = expected + size * (self._spreads.middle + limit * self._spreads.above)
        learned, unusual, counted = values, flagged, score
        if aside is not None and aside.any():
            learned, counted, unusual = (
                np.where(aside, np.nan, values),
                np.where(aside, np.nan, score),
                flagged & ~aside,
            )
            raw, near[:, self.column % self.pace.long] = np.where(aside, np.nan, raw), np.where(aside, np.nan, near_now)
        place = self.column % self.pace.memory
        self._off[:, place], self._said[:, place], self._raw[:, :, place] = learned - expected, expected, raw
        self._keep(learned, slot, unusual)
        self._learn(learned, slot, expected, size, unusual)
        turned = self._turn()
        self.column += 1
        self._count(counted)
        if self.column == 2 * self.pace.period:
            self._begin()
        return Judged(expected, low, high, score, flagged, features, turned)

    def _size(self, expected: Floats) -> Floats:
        """By what an error is divided so that errors are alike whatever is expected."""
        least = np.maximum(0.05 * np.abs(self.usual.level), 1e-9)
        return np.maximum(expected, least) ** self._power

    def _features_of(self, away: Floats, near: Floats) -> Floats:
        """One row a feature."""
        long = self.pace.long
        back = (self.column - np.arange(self.pace.short)) % long
        known = ~np.isnan(near)
        there = np.where(known, near, 0.0)
        count, newest = np.count_nonzero(known, axis=1), there[:, back]
        count_newest = np.count_nonzero(known[:, back], axis=1)
        hours, before = _mean(newest, count_newest), _mean(newest[:, 1:], count_newest - known[:, back[0]])
        jump = _within(away, 2 * _NEAR) - before
        rows = np.stack([away, hours, _mean(there, count), jump, _mean(np.abs(there), count)])
        return np.where(np.isnan(away), np.nan, rows)

    def _keep(self, values: Floats, slot: int, flagged: Flags | None = None) -> None:
        place = self.column % len(self._slots)
        self._seen[:, place], self._slots[place] = values, slot
        self._flags[:, self.column % self.pace.long] = False if flagged is None else flagged

    def _learn(self, values: Floats, slot: int, expected: Floats, size: Floats, flagged: Flags) -> None:
        """From a bucket that is none of an anomaly, and from no outlier more than from what is still usual."""
        spreads = self._spreads
        low = expected + size * (spreads.middle - _CLIP * spreads.below)
        high = expected + size * (spreads.middle + _CLIP * spreads.above)
        which = ~np.isnan(values) & ~flagged
        self.usual.learn(np.where(which, np.minimum(np.maximum(values, low), high), 0.0), slot, which)
        self.usual.has_negative |= np.where(which, values < 0, False)

    def _turn(self) -> NDArray[np.int64]:
        """Whether what was unusual is usual now."""
        enough, flags = self.pace.long // 2, np.count_nonzero(self._flags, axis=1)
        turned = np.zeros(len(flags), np.int64)
        if (flags < _CONFIRMED * enough).all():
            self._since[:] = 0
            self._unsettled = np.maximum(self._unsettled - 1, 0)
            return turned
        known = np.count_nonzero(~np.isnan(self._near), axis=1)
        unusual = (known >= enough) & (flags / np.maximum(known, 1) >= _CONFIRMED)
        self._since = np.where(unusual, self._since + 1, 0)
        one_way = np.abs(np.sign(np.nan_to_num(self._near)).sum(axis=1)) >= _ONE_WAY * known
        turns = unusual & (one_way | (self._since >= _SHAPE_AFTER * self.pace.long))
        if not turns.any():
            self._unsettled = np.maximum(self._unsettled - 1, 0)
            return turned
        turned = np.where(turns, np.where(one_way, Turn.LEVEL, Turn.SHAPE), Turn.NONE).astype(np.int64)
        back = self.column - np.arange(self.pace.long)[::-1]
        newest, slots = self._seen[:, back % len(self._slots)], self._slots[back % len(self._slots)]
        # Before the new level is taken on, buckets of the old one must not tell of it.
        newest = np.where(one_way[:, np.newaxis] & ~self._flags[:, back % self.pace.long], np.nan, newest)
        self.usual.rise(newest, slots, turns, turned == Turn.SHAPE)
        self._near[turns], self._flags[turns], self._since[turns] = np.nan, False, 0
        lasting = np.where(turned == Turn.SHAPE, self.pace.period, self.pace.long)
        self._unsettled = np.where(turns, lasting, np.maximum(self._unsettled - 1, 0))
        self._young &= ~turns
        return turned

    def _count(self, score: Floats) -> None:
        """The highest score of a half day; at its end limits are calibrated, once a day spreads are learned."""
        self._now = np.fmax(self._now, np.where((self._unsettled > 0) & ~self._young, np.nan, score))
        block, day = self.pace.block, self.pace.day
        if self.column % block == 0:
            self._highest[:, self.column // block % self._highest.shape[1]] = self._now
            self._now = np.full(len(score), np.nan)
        if self.column % day == 0:
            self._learn_spreads()
            self.limit = limits(self._highest, self.sensitivity, self.pace.period / block, self._granted)

    def _learn_spreads(self) -> None:
        self._power = self._powers()
        level = np.abs(self.usual.level)
        with np.errstate(invalid="ignore"):
            size = np.maximum(self._said, np.maximum(0.05 * level, 1e-9)[:, np.newaxis]) ** self._power[:, np.newaxis]
        known = ~np.isnan(self._said)
        count = np.maximum(known.sum(axis=1), 1)
        mean = np.where(known, self._said, 0.0).sum(axis=1) / count
        swing = np.sqrt(np.where(known, (self._said - mean[:, np.newaxis]) ** 2, 0.0).sum(axis=1) / count)
        least = np.maximum(_LEAST * level, _OF_SWING * swing)
        self._spreads = Spreads.of(self._off / size, least / self._size(self.usual.level))
        usual = (1.0, self.pace.short**-0.5, self.pace.long**-0.5, 1.0, 0.6 * self.pace.long**-0.5)
        middles = (0.0, 0.0, 0.0, 0.0, 0.8)
        self._of_features = Spreads.stacked(
            [
                _trusted(Spreads.of(raw), middle, spread, 2 * self.pace.long)
                for raw, middle, spread in zip(self._raw, middles, usual, strict=True)
            ]
        )

    def _powers(self) -> Floats:
        """For each series the power that makes errors of what is large and of what is small most alike."""
        if (self.usual.level <= 0).all():
            return np.zeros(len(self._off))
        # Where nothing is expected, errors of nothing are no measure of others.
        known = ~np.isnan(self._off) & (self._said > 1e-9)
        said = np.where(known, np.maximum(self._said, np.maximum(0.05 * self.usual.level, 1e-9)[:, np.newaxis]), np.nan)
        middle = np.nan_to_num(said).sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
        high = known & (said > middle)
        off = np.abs(np.where(known, self._off, 0.0))
        off = np.minimum(off, 5 * off.mean(axis=1, keepdims=True))
        unlike: list[Floats] = []
        for power in _POWERS:
            even = np.where(known, off / np.where(known, said, 1.0) ** power, 0.0)
            above = np.where(high, even, 0.0).sum(axis=1) / np.maximum(high.sum(axis=1), 1)
            below = np.where(high, 0.0, even).sum(axis=1) / np.maximum((known & ~high).sum(axis=1), 1)
            unlike.append(np.abs(np.log(np.maximum(above, 1e-12) / np.maximum(below, 1e-12))))
        best = np.array(_POWERS)[np.argmin(np.stack(unlike), axis=0)]
        return np.where((self.usual.level > 0) & ~self.usual.has_negative, best, 0.0)


@dataclass(frozen=True)
class History:
    """Columns of many series, as they were judged one after the other; NaN and False for the first ones."""

    expected: Floats
    low: Floats
    high: Floats
    score: Floats
    flagged: Flags
    features: Floats
    """One plane a feature."""
    turned: NDArray[np.int64]

    def row(self, row: int) -> "History":
        """Of one of the series alone."""
        one = slice(row, row + 1)
        return History(
            self.expected[one], self.low[one], self.high[one], self.score[one], self.flagged[one],
            self.features[:, one], self.turned[one],
        )  # fmt: skip


def judged(
    values: Floats, slots: NDArray[np.int64], pace: Pace, sensitivity: str, aside: Flags | None = None
) -> tuple[History, Watch]:
    """Every column of series with more than `pace.first`, and what is known of them after the last.

    Nothing is learned from what is set `aside`, which is as large as `values`.
    """
    known = values if aside is None else np.where(aside, np.nan, values)
    watch = Watch.of(known, slots, pace, sensitivity)
    shape = values.shape
    history = History(
        np.full(shape, np.nan),
        np.full(shape, np.nan),
        np.full(shape, np.nan),
        np.full(shape, np.nan),
        np.zeros(shape, np.bool_),
        np.full((len(FEATURES), *shape), np.nan),
        np.zeros(shape, np.int64),
    )
    for column in range(pace.first, shape[1]):
        one = watch.judge(values[:, column], int(slots[column]), None if aside is None else aside[:, column])
        history.expected[:, column], history.low[:, column], history.high[:, column] = one.expected, one.low, one.high
        history.score[:, column], history.flagged[:, column] = one.score, one.flagged
        history.features[:, :, column], history.turned[:, column] = one.features.T, one.turned
    return history, watch


def _score(features: Floats) -> Floats:
    """The farthest of the features; together, values count only against what lies on their side."""
    value, rest, shape = features[:, :1], features[:, 1:4], features[:, 4]
    same = np.where(np.sign(rest) == np.sign(value), np.abs(rest), 0.0)
    away = np.abs(value[:, 0])
    farthest = np.maximum(away, np.where(np.isnan(same), 0.0, same).max(axis=1))
    return np.where(np.isnan(away), np.nan, np.where(away >= 1, np.fmax(farthest, shape), farthest))


def _mean(columns: Floats, counts: NDArray[np.int64]) -> Floats:
    """Of rows, of which so many are known and others 0; NaN where these are fewer than half."""
    return np.where(2 * counts >= columns.shape[1], columns.sum(axis=1) / np.maximum(counts, 1), np.nan)


def _within(values: Floats, most: float) -> Floats:
    """No farther from 0."""
    return np.minimum(np.maximum(values, -most), most)


def _trusted(seen: Spreads, middle: float, spread: float, enough: int) -> Spreads:
    """What was seen, where that is enough, else what is usual of chance; never less than half of that."""
    few = seen.known < enough
    return Spreads(
        np.where(few, middle, seen.middle),
        np.where(few, 2 * spread, np.maximum(seen.above, spread / 2)),
        np.where(few, 2 * spread, np.maximum(seen.below, spread / 2)),
        seen.known,
    )
