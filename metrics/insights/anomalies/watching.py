"""Many series side by side, one bucket after the other: what is expected, what came, how strange is that?

Everything that is known of them is in a `Watch`. A bucket is judged by what was before it, and learned from then,
unless it is an anomaly. When half of a day was one, the series is like that now: its level, or the shape of its day,
is taken on, which ends the event.

Buckets that follow each other within half a day are judged together, as if it were one after the other: limits and
spreads are the same for all of them, and so is, but for the level, what is usual.
"""

from dataclasses import dataclass, field

import numpy as np

from metrics.insights.anomalies.features import FEATURES, features_of, nearness, score_of, sums_of_newest
from metrics.insights.anomalies.history import History, Turn
from metrics.insights.anomalies.limits import FIRST, limits
from metrics.insights.anomalies.pace import Pace
from metrics.insights.anomalies.spreads import Floats, Spreads
from metrics.insights.anomalies.usual import Flags, Ints, Usual, following
from metrics.insights.anomalies.walking import Walk, sizes

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
_TOGETHER = 1000
"""Values that are judged together: of more, one that is unusual would have too many judged again."""


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
    _slots: Ints
    _off: Floats
    """What values were off, by the column modulo the memory; as `_said` and `_raw`."""
    _said: Floats
    _raw: Floats
    """One plane a feature of several buckets."""
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
    _unsettled: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """Buckets until a new level is known well."""
    _young: Flags = field(default_factory=lambda: np.zeros(0, np.bool_))
    """Whether that is because little is known of the series at all: limits are calibrated all the same."""
    _granted: Floats = field(default_factory=lambda: np.zeros(0))
    """Limits, as long as too little is known to calibrate them."""
    _since: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """Buckets for which half of a day has been unusual."""
    limit: Floats = field(default_factory=lambda: np.zeros(0))
    """By series: the score from which on a bucket is an anomaly."""

    @classmethod
    def of(cls, values: Floats, slots: Ints, pace: Pace, sensitivity: str) -> "Watch":
        """From the first `pace.first` columns of series."""
        series, long, memory = len(values), pace.long, pace.memory
        values, slots = values[:, : pace.first], slots[: pace.first]
        watch = cls(
            pace,
            sensitivity,
            Usual.of(values, slots, pace.day, pace.period, pace.half_life),
            0,
            np.full((series, 2 * pace.period), np.nan),
            np.zeros(2 * pace.period, np.int64),
            np.full((series, memory), np.nan),
            np.full((series, memory), np.nan),
            np.full((len(FEATURES) - 1, series, memory), np.nan),
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
        watch._keep(values, slots)
        watch._begin()
        return watch

    def _begin(self) -> None:
        """Learn everything from what was seen so far, of which there is no more than two weeks."""
        values, slots, pace = self._seen[:, : self.column], self._slots[: self.column], self.pace
        self.usual = Usual.of(values, slots, pace.day, pace.period, pace.half_life)
        expected, seen = self.usual.at(slots), len(slots)
        # What was learned from fits too well.
        self._off[:, :seen], self._said[:, :seen] = _TOO_WELL * (values - expected), expected
        self._raw[:], self._highest[:], self._near[:], self._flags[:] = np.nan, np.nan, np.nan, False
        self._granted = np.maximum(self.limit, FIRST[self.sensitivity])
        self.limit, self._now[:], self._since[:], self._young[:] = self._granted, np.nan, 0, True
        self._unsettled[:] = 0 if self.column >= 2 * pace.period else pace.period
        self._learn_spreads()

    def judge(self, values: Floats, slots: Ints, aside: Flags | None = None) -> History:
        """The next buckets, one a column; each is learned from before the one after it, but where it is set `aside`."""
        aside = np.zeros(values.shape, np.bool_) if aside is None else aside
        parts, column = [History.unknown(len(values), 0)], 0
        while column < len(slots):
            end = column + self._together(slots[column:])
            parts.append(self._judge(values[:, column:end], slots[column:end], aside[:, column:end]))
            column += parts[-1].columns
        return History.joined(parts)

    def _together(self, slots: Ints) -> int:
        """How many of the next buckets are judged together."""
        pace = self.pace
        until_learned = min(pace.block - self.column % pace.block, pace.day - self.column % pace.day)
        most = min(until_learned, max(_TOGETHER // max(len(self.limit), 1), 1))
        return following(slots[:most], pace.period)

    def _judge(self, values: Floats, slots: Ints, aside: Flags) -> History:
        """Of these columns, those up to where a series turns."""
        walk, near, raw, found = self._looked(values, slots, aside)
        flags = found.flagged & ~aside
        turns, since = self._turns(near, flags)
        (turning,) = np.nonzero((turns != Turn.NONE).any(axis=0))
        end = int(turning[0]) + 1 if len(turning) else len(slots)
        found, slots, aside = found.until(end), slots[:end], aside[:, :end]
        learned = np.where(aside, np.nan, values[:, :end])
        walk.learn((~np.isnan(learned) & ~found.flagged).T)
        place, newest = ((self.column + np.arange(end)) % many for many in (self.pace.memory, self.pace.long))
        self._off[:, place], self._said[:, place] = learned - found.expected, found.expected
        self._raw[:, :, place] = np.where(aside, np.nan, raw[:, :, :end])
        self._near[:, newest], self._flags[:, newest], self._since = near[:, :end], flags[:, :end], since[:, end - 1]
        self._keep(learned, slots)
        uncounted = self._settle(end)
        if len(turning):
            found.turned[:, -1] = turns[:, end - 1]
            self._turn(found.turned[:, -1])
            uncounted[:, -1] |= found.turned[:, -1] != Turn.NONE
        self._count(np.where(aside | uncounted, np.nan, found.score))
        if self.column == 2 * self.pace.period:
            self._begin()
        return found

    def _looked(self, values: Floats, slots: Ints, aside: Flags) -> tuple[Walk, Floats, Floats, History]:
        """How far off all of these columns are, if no series turns; with what counts as near, and as features."""
        spreads, known = self._spreads, ~np.isnan(values) & ~aside
        bounds = spreads.middle - _CLIP * spreads.below, spreads.middle + _CLIP * spreads.above
        walk = Walk(self.usual, slots, values.T, self._power, *bounds)
        limit, places = self._limits(len(slots)), (self.column + np.arange(len(slots))) % self.pace.long
        flagged, first = np.zeros_like(known), 0
        while True:
            walk.go((known & ~flagged).T, first)
            away = spreads.away((values - walk.expected.T) / walk.size.T)
            near = np.where(aside, np.nan, nearness(away))
            raw = features_of(away, near, places, self._near, self.pace.short)
            features = np.concatenate([away[np.newaxis], self._of_features.away(raw)])
            score = score_of(features)
            guessed, flagged = flagged, score >= limit
            wrong = (known & (flagged != guessed)).any(axis=0)
            if not wrong.any():
                break
            first = int(wrong.argmax())  # what was learned from there on is another level than it is to be
        expected, size = walk.expected.T, walk.size.T
        middle, below, above = (one[:, np.newaxis] for one in (spreads.middle, spreads.below, spreads.above))
        low, high = expected + size * (middle - limit * below), expected + size * (middle + limit * above)
        none = np.zeros(flagged.shape, np.int64)
        return walk, near, raw, History(expected, low, high, score, flagged, features, none)

    def _limits(self, columns: int) -> Floats:
        """From which score on columns are anomalies."""
        unsettled = self._unsettled[:, np.newaxis] > np.arange(columns)
        times = np.where(self._young, _YOUNG, _UNSETTLED)[:, np.newaxis]
        return self.limit[:, np.newaxis] * np.where(unsettled, times, 1.0)

    def _keep(self, values: Floats, slots: Ints) -> None:
        """What was seen in the next columns."""
        newest = np.arange(max(len(slots) - len(self._slots), 0), len(slots))
        places = (self.column + newest) % len(self._slots)
        self._seen[:, places], self._slots[places] = values[:, newest], slots[newest]
        self.column += len(slots)

    def _turns(self, near: Floats, flags: Flags) -> tuple[Ints, Ints]:
        """What series would turn to with each of the newest columns, and for how many half a day was unusual then."""
        long, none = self.pace.long, np.zeros(flags.shape, np.int64)
        places, enough = (self.column + np.arange(long)) % long, long // 2
        flags = np.concatenate([self._flags[:, places], flags], axis=1)
        if (flags.sum(axis=1) < _CONFIRMED * enough).all():
            return none, none
        near = np.concatenate([self._near[:, places], near], axis=1)
        known = ~np.isnan(near)
        signs = np.where(known, np.sign(near), 0.0)
        unlike, there, side = (sums_of_newest(one.astype(np.int64), long) for one in (flags, known, signs))
        unusual = (there >= enough) & (unlike / np.maximum(there, 1) >= _CONFIRMED)
        since, last = none.copy(), self._since
        for column, here in enumerate(unusual.T):
            last = since[:, column] = np.where(here, last + 1, 0)
        shape = np.where(since >= _SHAPE_AFTER * long, Turn.SHAPE, Turn.NONE)
        turns = np.where(np.abs(side) >= _ONE_WAY * there, Turn.LEVEL, shape)
        return np.where(unusual, turns, Turn.NONE), since

    def _settle(self, columns: int) -> Flags:
        """Go on for so many towards new levels' being known; of which columns scores are no measure for others."""
        left = np.maximum(self._unsettled[:, np.newaxis] - np.arange(1, columns + 1), 0)
        self._unsettled = left[:, -1]
        return (left > 0) & ~self._young[:, np.newaxis]

    def _turn(self, turned: Ints) -> None:
        """Take what was unusual for usual, after the newest column."""
        turns, one_way = turned != Turn.NONE, turned == Turn.LEVEL
        back = self.column - self.pace.long + np.arange(self.pace.long)
        newest, slots = self._seen[:, back % len(self._slots)], self._slots[back % len(self._slots)]
        # Before the new level is taken on, buckets of the old one must not tell of it.
        newest = np.where(one_way[:, np.newaxis] & ~self._flags[:, back % self.pace.long], np.nan, newest)
        self.usual.rise(newest, slots, turns, turned == Turn.SHAPE)
        self._near[turns], self._flags[turns], self._since[turns] = np.nan, False, 0
        lasting = np.where(turned == Turn.SHAPE, self.pace.period, self.pace.long)
        self._unsettled = np.where(turns, lasting, self._unsettled)
        self._young &= ~turns

    def _count(self, score: Floats) -> None:
        """The highest score of a half day; at its end limits are calibrated, once a day spreads are learned."""
        self._now = np.fmax(self._now, np.fmax.reduce(score, axis=1))
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
        size = sizes(self._said, level[:, np.newaxis], self._power[:, np.newaxis])
        known = ~np.isnan(self._said)
        count = np.maximum(known.sum(axis=1), 1)
        mean = np.where(known, self._said, 0.0).sum(axis=1) / count
        swing = np.sqrt(np.where(known, (self._said - mean[:, np.newaxis]) ** 2, 0.0).sum(axis=1) / count)
        least = np.maximum(_LEAST * level, _OF_SWING * swing)
        self._spreads = Spreads.of(self._off / size, least / sizes(self.usual.level, level, self._power))
        usual = (self.pace.short**-0.5, self.pace.long**-0.5, 1.0, 0.6 * self.pace.long**-0.5)
        middles = (0.0, 0.0, 0.0, 0.8)
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


def judged(
    values: Floats, slots: Ints, pace: Pace, sensitivity: str, aside: Flags | None = None
) -> tuple[History, Watch]:
    """Every column of series with more than `pace.first`, and what is known of them after the last.

    Nothing is learned from what is set `aside`, which is as large as `values`.
    """
    known, first = values if aside is None else np.where(aside, np.nan, values), pace.first
    watch = Watch.of(known, slots, pace, sensitivity)
    later = watch.judge(values[:, first:], slots[first:], None if aside is None else aside[:, first:])
    return History.joined([History.unknown(len(values), first), later]), watch


def _trusted(seen: Spreads, middle: float, spread: float, enough: int) -> Spreads:
    """What was seen, where that is enough, else what is usual of chance; never less than half of that."""
    few = seen.known < enough
    return Spreads(
        np.where(few, middle, seen.middle),
        np.where(few, 2 * spread, np.maximum(seen.above, spread / 2)),
        np.where(few, 2 * spread, np.maximum(seen.below, spread / 2)),
        seen.known,
    )
