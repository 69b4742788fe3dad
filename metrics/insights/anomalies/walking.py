"""What is expected of buckets of one day, each by the level that those before it have left.

This alone goes from bucket to bucket, and in as few steps of many series as can be: how far off what came is, is found
of all of them at once. What is unusual is not learned from, but is known only then; so it is gone through once more
from the first bucket that turns out to be.
"""

from dataclasses import dataclass, field

import numpy as np

from metrics.insights.anomalies.spreads import Floats
from metrics.insights.anomalies.usual import TINY, Flags, Ints, Usual


def sizes(expected: Floats, level: Floats, power: Floats) -> Floats:
    """By what an error is divided so that errors are alike whatever is expected."""
    return np.maximum(expected, np.maximum(0.05 * np.abs(level), 1e-9)) ** power


@dataclass
class Walk:
    """Columns that follow each other within a day, of series: columns are the rows here."""

    usual: Usual
    """As it is before the first; it is left as it is."""
    slots: Ints
    values: Floats
    power: Floats
    """By series, of what is expected, by which an error is divided; see `sizes`."""
    low: Floats
    """By series, how far off a value moves what is learned, and no further: in sizes."""
    high: Floats
    expected: Floats = field(init=False)
    size: Floats = field(init=False)
    _factors: Floats = field(init=False)
    """Of the two levels, what an hour makes of them: times so much, and so much more."""
    _addends: Floats = field(init=False)
    _levels: Floats = field(init=False)
    """Before the first column, and after each; as `_weights` and `_negative`."""
    _weights: Floats = field(init=False)
    _negative: Flags = field(init=False)
    _learned: Floats = field(init=False)
    """Values, no further off than they count."""

    def __post_init__(self) -> None:
        columns, series = self.values.shape
        factor, addend = (np.ascontiguousarray(hours.T) for hours in self.usual.hours.at(self.slots))
        self._factors = np.stack([factor, np.ones_like(factor)], axis=1)
        self._addends = np.stack([np.zeros_like(addend), addend], axis=1)
        self._levels, self._weights = np.empty((columns + 1, 2, series)), np.empty((columns + 1, 2, series))
        self._levels[0], self._weights[0] = self.usual.levels, self.usual.weights
        self._negative = np.repeat(self.usual.has_negative[np.newaxis], columns + 1, axis=0)
        self.expected, self.size, self._learned = (np.empty((columns, series)) for _ in range(3))

    def go(self, which: Flags, first: int) -> None:
        """Through the columns from `first` on, of which these are learned from; those before it stay as they are."""
        factor = self._factors[:, 0]
        adds = np.stack([np.where(which & (factor > TINY), factor, 0.0), which.astype(np.float64)], axis=1)
        counts = adds > 0
        keeps = np.where(counts, self.usual.kept, 1.0)
        self._negative[1:] = self._negative[0] | np.logical_or.accumulate(which & (self.values < 0), axis=0)
        for column in range(first, len(which)):
            self._weights[column + 1] = keeps[column] * self._weights[column] + adds[column]
            level, addend, negative = self._levels[column], self._addends[column], self._negative[column]
            said = level * self._factors[column] + addend
            expected = np.where(negative, said[1], np.maximum(said[0], 0.0))
            size = sizes(expected, np.where(negative, level[1], level[0]), self.power)
            value = np.maximum(self.values[column], expected + size * self.low)
            value = np.minimum(value, expected + size * self.high)
            moved = (value - addend - level * adds[column]) / np.maximum(self._weights[column + 1], TINY)
            self._levels[column + 1] = np.where(counts[column], level + moved, level)
            self.expected[column], self.size[column], self._learned[column] = expected, size, value

    def learn(self, which: Flags) -> None:
        """Let what is usual be as it is after the first columns, of which these were learned from."""
        columns, usual = len(which), self.usual
        levels = self._levels[1 : columns + 1].transpose(1, 2, 0)
        values, slots = np.where(which, self._learned[:columns], 0.0).T, self.slots[:columns]
        usual.learn(values, slots, which.T, levels, self._negative[:columns].T)
        usual.levels, usual.weights = self._levels[columns].copy(), self._weights[columns].copy()
        usual.has_negative = self._negative[columns].copy()
