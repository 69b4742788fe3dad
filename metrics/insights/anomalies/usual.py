"""What is expected of each series next: a level, and what it is at this hour of the week.

Everything is learned from one bucket after the other, so that what is expected depends on the past alone. Of a series
without negative values the hour is a factor, else an addend, to the mean of the week before it: the level itself, which
follows the last days, falls at weekends as long as these are not known. Hours of the day count alone until an hour of
the week was seen twice.

No hour comes twice in a day. So hours of buckets that follow each other within one are learned from all of them at
once: none of them is expected by another's. Only the level goes on from each to the next (`walking`).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from metrics.insights.anomalies.spreads import Floats

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

TINY = 1e-12
"""What is no more is nothing."""
_FEWEST_WEEKS = 2
_BY_DAY, _BY_WEEK = 0.1, 0.2
"""How much the newest value of an hour counts at least."""


def following(slots: Ints, period: int) -> int:
    """How many columns from the first one on are each the next hour: clocks that are changed end that."""
    (jumps,) = np.nonzero((slots[1:] - slots[:-1]) % period != 1)
    return int(jumps[0]) + 1 if len(jumps) else len(slots)


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

    def learn(self, hours: Ints, values: Floats, which: Flags, least: float) -> None:
        """Of hours, one a column, none of them twice."""
        mean, seen = self.mean[..., hours], self.seen[..., hours]
        self.mean[..., hours] = mean + np.where(which, np.maximum(1 / (seen + 1), least) * (values - mean), 0.0)
        self.seen[..., hours] = seen + which


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

    def at(self, slots: Ints) -> Floats:
        """Of each series, a column an hour of the week."""
        of_day = self.by_day.mean[..., slots % self.by_day.mean.shape[-1]]
        return np.where(self.by_week.seen[..., slots] >= _FEWEST_WEEKS, self.by_week.mean[..., slots], of_day)

    def learn(self, slots: Ints, values: Floats, which: Flags) -> None:
        """What was seen in hours of the week, one a column, of which no two are the same hour of the day."""
        self.by_day.learn(slots % self.by_day.mean.shape[-1], values, which, _BY_DAY)
        self.by_week.learn(slots, values, which, _BY_WEEK)

    def days(self, neutral: float) -> Floats:
        """By hour of the week, what its whole day is to the level; neutral where that is not known of every hour."""
        day, period = self.by_day.mean.shape[1], self.by_week.mean.shape[1]
        means = self.by_week.mean.reshape(-1, period // day, day).mean(axis=2).repeat(day, axis=1)
        known = (self.by_week.seen >= _FEWEST_WEEKS).all(axis=1, keepdims=True)
        return np.where(known & (day > 1), means, neutral)

    def anew(self, slots: Ints, values: Floats, which: Flags, neutral: float) -> None:
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
    _count: Ints
    """How much of the week that is, by series."""
    _column: int = 0

    @classmethod
    def of(cls, values: Floats, slots: Ints, day: int, period: int, half_life: int) -> Self:
        """From the first few days of series."""
        series, columns = values.shape
        known = ~np.isnan(values)
        level = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        usual = cls(
            Hours.neutral(series, day, period, (1.0, 0.0)),
            np.stack([level, level]),
            np.full((2, series), float(min(columns, half_life))),
            0.5 ** (1 / half_life),
            np.nanmin(np.where(known, values, 0.0), axis=1) < 0,
            np.zeros((series, period)),
            np.zeros((series, period), np.bool_),
            np.zeros(series, np.int64),
        )
        # Hours are held against the mean of the whole days or weeks that they are part of.
        whole = period if columns >= _FEWEST_WEEKS * period else columns
        start = 0
        while start < columns:
            here = slice(start, start + following(slots[start : start + day - start % day], period))
            part = start // whole * whole
            mean, lives = _mean(values[:, part : part + whole])[:, np.newaxis], (level > TINY)[:, np.newaxis]
            usual._learn_hours(values[:, here], slots[here], known[:, here], mean, lives)
            start = here.stop
        newest = np.arange(max(columns - period, 0), columns)
        usual._week[:, newest % period] = np.where(known, values, 0.0)[:, newest]
        usual._seen[:, newest % period] = known[:, newest]
        usual._count, usual._column = usual._seen.sum(axis=1), columns
        return usual

    def at(self, slots: Ints) -> Floats:
        """What is expected in hours, one a column, by the level as it is."""
        factor, addend = self.hours.at(slots)
        by_factor, by_addend = (level[:, np.newaxis] for level in self.levels)
        negative = self.has_negative[:, np.newaxis]
        return np.where(negative, by_addend + addend, np.maximum(by_factor * factor, 0.0))

    @property
    def level(self) -> Floats:
        """Of each series."""
        return np.where(self.has_negative, self.levels[1], self.levels[0])

    def learn(self, values: Floats, slots: Ints, which: Flags, levels: Floats, negative: Flags) -> None:
        """Hours that follow each other within a day, one a column.

        `levels` are those after each of them, one plane a row of these, and `negative` says where addends counted.
        """
        lives = levels[0] > TINY
        # Of silence that became usual nothing is learned about hours: what comes after it comes as it did before.
        counts, sums = self._remember(values, which, negative | lives)
        # Of less than half a week the mean depends on the hours that were seen.
        by_week = 2 * counts >= self._week.shape[1]
        of_week = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        mean = np.where(by_week, of_week, np.where(negative, levels[1], levels[0]))
        self._learn_hours(values, slots, which, mean, lives)

    def rise(self, values: Floats, slots: Ints, which: Flags, anew: Flags) -> None:
        """Take on the level of the newest columns, and the hours of those series of `anew`, too."""
        known = ~np.isnan(values)
        by_factor, by_addend = self.hours.plane(0), self.hours.plane(1)
        factors, addends = np.stack([self.hours.at(slot) for slot in slots], axis=2)
        flat = anew[:, np.newaxis]
        of_days, on_days = by_factor.days(1.0)[:, slots], by_addend.days(0.0)[:, slots]
        factors, addends = np.where(flat, of_days, factors), np.where(flat, on_days, addends)
        seen = np.where(known, values, 0.0).sum(axis=1)
        as_factor = seen / np.maximum(np.where(known, factors, 0.0).sum(axis=1), TINY)
        as_addend = (seen - np.where(known, addends, 0.0).sum(axis=1)) / np.maximum(known.sum(axis=1), 1)
        before = self.levels
        self.levels = np.where(which, np.stack([as_factor, as_addend]), before)
        # As if the week before had been on the new level, too.
        mean = self._week.sum(axis=1) / np.maximum(self._count, 1)
        rises = (mean > TINY) & (self.levels[0] > TINY)
        times = np.where(rises, self.levels[0] / np.maximum(mean, TINY), 1.0)[:, np.newaxis]
        more = (self.levels[1] - before[1])[:, np.newaxis]
        raised = np.where(self.has_negative[:, np.newaxis], self._week + more, self._week * times)
        self._week = np.where(which[:, np.newaxis] & self._seen, raised, self._week)
        level = np.where(self.levels[0] > TINY, self.levels[0], 1.0)[:, np.newaxis]
        by_factor.anew(slots, values / level / np.maximum(of_days, TINY), anew & (self.levels[0] > TINY), 1.0)
        by_addend.anew(slots, values - self.levels[1][:, np.newaxis] - on_days, anew, 0.0)

    def _learn_hours(self, values: Floats, slots: Ints, which: Flags, mean: Floats, lives: Flags) -> None:
        """`lives` says of which the level is more than nothing, `mean` what their hours are held against."""
        divides, known = mean > TINY, ~np.isnan(mean)
        to_level = np.stack([values / np.where(divides, mean, 1.0), values - np.where(known, mean, 0.0)])
        self.hours.learn(slots, to_level, which & np.stack([divides & lives, known]))

    def _remember(self, values: Floats, which: Flags, lives: Flags) -> tuple[Ints, Floats]:
        """How much is known of the week before, with each of the columns, and its sum."""
        places = (self._column + np.arange(values.shape[1])) % self._week.shape[1]
        before, was = self._week[:, places], self._seen[:, places]
        now, seen = np.where(lives, np.where(which, values, 0.0), before), np.where(lives, which, was)
        counts = self._count[:, np.newaxis] + np.cumsum(seen.astype(np.int64) - was, axis=1)
        sums = np.empty(now.shape)
        for column, place in enumerate(places.tolist()):
            self._week[:, place] = now[:, column]
            # The whole of it, no running sum: in that the rounding of every value would stay.
            sums[:, column] = self._week.sum(axis=1)
        self._seen[:, places], self._count = seen, counts[:, -1]
        self._column += len(places)
        return counts, sums


def _mean(values: Floats) -> Floats:
    """Of rows; NaN where nothing is known."""
    known = ~np.isnan(values)
    counts = known.sum(axis=1)
    return np.where(counts > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(counts, 1), np.nan)
