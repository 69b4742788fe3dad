"""What is expected of each series next: a level, and what it is at this hour of the week.

Everything is learned one bucket at a time, so that what is expected depends on the past alone. Of a series without
negative values the hour is a factor, else an addend, to the mean of the week before it: the level itself, which follows
the last days, falls at weekends as long as these are not known. Hours of the day count alone until an hour of the week
was seen twice.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from metrics.insights.anomalies.spreads import Floats

Flags = NDArray[np.bool_]

_FEWEST_WEEKS = 2
_TINY = 1e-12
_BY_DAY, _BY_WEEK = 0.1, 0.2
"""How much the newest value of an hour counts at least."""


@dataclass
class Profile:
    """By series and hour: the mean of what was seen there, and of how much. There may be an axis before these."""

    mean: Floats
    seen: Floats

    @classmethod
    def neutral(cls, series: int, hours: int, values: tuple[float, ...]) -> Self:
        """That tells no hour apart: one of each value."""
        return cls(
            np.stack([np.full((series, hours), value) for value in values]), np.zeros((len(values), series, hours))
        )

    def learn(self, hour: int, values: Floats, which: Flags, least: float) -> None:
        """Of one hour."""
        mean, seen = self.mean[..., hour], self.seen[..., hour]
        mean += np.where(which, np.maximum(1 / (seen + 1), least) * (values - mean), 0.0)
        seen += which


@dataclass
class Hours:
    """What an hour is to the level: of the day and of the week."""

    by_day: Profile
    by_week: Profile

    @classmethod
    def neutral(cls, series: int, day: int, period: int, values: tuple[float, ...]) -> Self:
        """That tells no hour apart: one of each value."""
        return cls(Profile.neutral(series, day, values), Profile.neutral(series, period, values))

    def plane(self, place: int) -> "Hours":
        """One of several, in the same memory."""
        return Hours(*(Profile(one.mean[place], one.seen[place]) for one in (self.by_day, self.by_week)))

    def at(self, slot: int) -> Floats:
        """Of each series."""
        of_day = self.by_day.mean[..., slot % self.by_day.mean.shape[-1]]
        return np.where(self.by_week.seen[..., slot] >= _FEWEST_WEEKS, self.by_week.mean[..., slot], of_day)

    def learn(self, slot: int, values: Floats, which: Flags) -> None:
        """What was seen in one hour of the week."""
        self.by_day.learn(slot % self.by_day.mean.shape[-1], values, which, _BY_DAY)
        self.by_week.learn(slot, values, which, _BY_WEEK)

    def days(self, neutral: float) -> Floats:
        """By hour of the week, what its whole day is to the level; neutral where that is not known of every hour."""
        day, period = self.by_day.mean.shape[1], self.by_week.mean.shape[1]
        means = self.by_week.mean.reshape(-1, period // day, day).mean(axis=2).repeat(day, axis=1)
        known = (self.by_week.seen >= _FEWEST_WEEKS).all(axis=1, keepdims=True)
        return np.where(known & (day > 1), means, neutral)

    def anew(self, slots: NDArray[np.int64], values: Floats, which: Flags, neutral: float) -> None:
        """Forget the hours of some series, but for what these newest columns say; days keep their weight.

        `values` are to the level and to their days as `neutral` says: as a factor, or else as an addend.
        """
        day, days = self.by_day.mean.shape[1], self.days(neutral)
        for column, slot in enumerate(slots.tolist()):
            seen = which & ~np.isnan(values[:, column])
            self.by_day.mean[seen, slot % day], self.by_day.seen[seen, slot % day] = values[seen, column], 1
            alike = slice(slot % day, None, day) if day > 1 else slice(slot, slot + 1)
            of_hour = values[seen, column][:, np.newaxis]
            self.by_week.mean[seen, alike] = days[seen, alike] * of_hour if neutral else days[seen, alike] + of_hour
            self.by_week.seen[seen, alike] = _FEWEST_WEEKS


@dataclass
class Usual:
    """Levels and hours of many series."""

    hours: Hours
    """Two planes: as factors and as addends."""
    levels: Floats
    """Two rows: as the factors and as the addends have it."""
    weights: Floats
    """Of what was seen, by which the next value counts the less; as `levels`."""
    kept: float
    """Of a weight from one bucket to the next."""
    has_negative: Flags
    _week: Floats
    """What was learned of the week before, by column modulo its length; 0 in a gap."""
    _seen: Flags
    """Where that is none."""
    _count: NDArray[np.int64]
    """How much of the week that is, by series."""
    _column: int = 0

    @classmethod
    def of(cls, values: Floats, slots: NDArray[np.int64], day: int, period: int, half_life: int) -> Self:
        """From the first few days of series."""
        series = len(values)
        known = ~np.isnan(values)
        level = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        usual = cls(
            Hours.neutral(series, day, period, (1.0, 0.0)),
            np.stack([level, level]),
            np.full((2, series), float(min(values.shape[1], half_life))),
            0.5 ** (1 / half_life),
            np.nanmin(np.where(known, values, 0.0), axis=1) < 0,
            np.zeros((series, period)),
            np.zeros((series, period), np.bool_),
            np.zeros(series, np.int64),
        )
        # Hours are held against the mean of the whole days or weeks that they are part of.
        whole = period if values.shape[1] >= _FEWEST_WEEKS * period else values.shape[1]
        mean = level
        for column, slot in enumerate(slots.tolist()):
            if column % whole == 0:
                mean = _mean(values[:, column : column + whole])
            usual._hours(values[:, column], slot, known[:, column], mean)
            usual._remember(values[:, column], known[:, column], np.ones(series, np.bool_))
        return usual

    def at(self, slot: int) -> Floats:
        """What is expected in an hour."""
        factor, addend = self.hours.at(slot)
        return np.where(self.has_negative, self.levels[1] + addend, np.maximum(self.levels[0] * factor, 0.0))

    @property
    def level(self) -> Floats:
        """Of each series."""
        return np.where(self.has_negative, self.levels[1], self.levels[0])

    def learn(self, values: Floats, slot: int, which: Flags) -> None:
        """One bucket of those series."""
        factor, addend = self.hours.at(slot)
        of_factor = np.where(which & (factor > _TINY), factor, 0.0)
        seen, weight = np.stack([values, values - addend]), np.stack([of_factor, which.astype(np.float64)])
        counts = weight > 0
        self.weights = np.where(counts, self.kept, 1.0) * self.weights + weight
        self.levels += np.where(counts, seen - self.levels * weight, 0.0) / np.maximum(self.weights, _TINY)
        # Of silence that became usual nothing is learned about hours: what comes after it comes as it did before.
        self._remember(values, which, self.has_negative | (self.levels[0] > _TINY))
        # Of less than half a week the mean depends on the hours that were seen.
        by_week = 2 * self._count >= self._week.shape[1]
        self._hours(values, slot, which, np.where(by_week, self._mean_of_week(), self.level))

    def rise(self, values: Floats, slots: NDArray[np.int64], which: Flags, anew: Flags) -> None:
        """Take on the level of the newest columns, and the hours of those series of `anew`, too."""
        known = ~np.isnan(values)
        by_factor, by_addend = self.hours.plane(0), self.hours.plane(1)
        factors, addends = np.stack([self.hours.at(slot) for slot in slots.tolist()], axis=2)
        flat = anew[:, np.newaxis]
        of_days, on_days = by_factor.days(1.0)[:, slots], by_addend.days(0.0)[:, slots]
        factors, addends = np.where(flat, of_days, factors), np.where(flat, on_days, addends)
        seen = np.where(known, values, 0.0).sum(axis=1)
        as_factor = seen / np.maximum(np.where(known, factors, 0.0).sum(axis=1), _TINY)
        as_addend = (seen - np.where(known, addends, 0.0).sum(axis=1)) / np.maximum(known.sum(axis=1), 1)
        before = self.levels
        self.levels = np.where(which, np.stack([as_factor, as_addend]), before)
        # As if the week before had been on the new level, too.
        mean = np.nan_to_num(self._mean_of_week())
        rises = (mean > _TINY) & (self.levels[0] > _TINY)
        times = np.where(rises, self.levels[0] / np.maximum(mean, _TINY), 1.0)[:, np.newaxis]
        more = (self.levels[1] - before[1])[:, np.newaxis]
        raised = np.where(self.has_negative[:, np.newaxis], self._week + more, self._week * times)
        self._week = np.where(which[:, np.newaxis] & self._seen, raised, self._week)
        level = np.where(self.levels[0] > _TINY, self.levels[0], 1.0)[:, np.newaxis]
        by_factor.anew(slots, values / level / np.maximum(of_days, _TINY), anew & (self.levels[0] > _TINY), 1.0)
        by_addend.anew(slots, values - self.levels[1][:, np.newaxis] - on_days, anew, 0.0)

    def _hours(self, values: Floats, slot: int, which: Flags, mean: Floats) -> None:
        lives, known = mean > _TINY, ~np.isnan(mean)
        to_level = np.stack([values / np.where(lives, mean, 1.0), values - np.where(known, mean, 0.0)])
        self.hours.learn(slot, to_level, which & np.stack([lives & (self.levels[0] > _TINY), known]))

    def _remember(self, values: Floats, which: Flags, lives: Flags) -> None:
        place = self._column % self._week.shape[1]
        seen = np.where(lives, which, self._seen[:, place])
        self._week[:, place] = np.where(lives, np.where(which, values, 0.0), self._week[:, place])
        self._count += seen.astype(np.int64) - self._seen[:, place]
        self._seen[:, place] = seen
        self._column += 1

    def _mean_of_week(self) -> Floats:
        """NaN where nothing of it is known."""
        # Whole sums, not running ones: in these the rounding of every value would stay.
        return np.where(self._count > 0, self._week.sum(axis=1) / np.maximum(self._count, 1), np.nan)


def _mean(values: Floats) -> Floats:
    """Of rows; NaN where nothing is known."""
    known = ~np.isnan(values)
    counts = known.sum(axis=1)
    return np.where(counts > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(counts, 1), np.nan)
