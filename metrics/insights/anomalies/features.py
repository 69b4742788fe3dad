"""How far off a bucket is, alone and with those before it: one plane a feature, in spreads of the series."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from metrics.insights.anomalies.spreads import Floats
from metrics.insights.anomalies.usual import Ints

FEATURES = ("value", "level of hours", "level of a day", "change", "shape")
"""How far off: a value, the newest few and a day of them together, its jump from those before, a day's either way."""
_NEAR = 4.0
"""Spreads beyond which a value counts no more for what several are together."""


def nearness(away: Floats) -> Floats:
    """What values that are so many spreads off count for, where several are looked at together."""
    return _within(away, _NEAR)


def features_of(away: Floats, near: Floats, places: Ints, before: Floats, short: int) -> Floats:
    """All but the first of `FEATURES`, of columns that are so many spreads off; not in spreads of their own yet.

    `near` is what of them counts for those after them, and `before` the newest before the first, as many as are looked
    at together, in places that are taken in turn: the columns take `places`. NaN is a gap. `short` is how many the
    newest few are.

    Sums are those of the places as each column finds them, and of the newest few one by one: so they are rounded alike
    however many columns are asked for.
    """
    long, columns = before.shape[1], len(places)
    own, kept, old = (np.where(np.isnan(one), 0.0, one) for one in (nearness(away), near, before))
    line = np.concatenate([before[:, (places[0] + np.arange(long)) % long], near], axis=1)
    known = (~np.isnan(line)).astype(np.int64)
    count, count_few = (sums_of_newest(known, width)[:, -columns - 1 : -1] for width in (long - 1, short - 1))
    there = np.where(np.isnan(line), 0.0, line)
    few = sliding_window_view(there, short - 1, axis=1)[:, long - short + 1 :][:, :columns, ::-1]
    seen = _as_found(own, kept, places, old)
    together = [
        _mean(_one_by_one(np.concatenate([own[:, :, np.newaxis], few], axis=2)), count_few + 1, short),
        _mean(seen.sum(axis=2).T, count + 1, long),
        _within(away, 2 * _NEAR) - _mean(_one_by_one(few), count_few, short - 1),
        _mean(np.abs(seen).sum(axis=2).T, count + 1, long),
    ]
    return np.where(np.isnan(away), np.nan, np.stack(together))


def _one_by_one(parts: Floats) -> Floats:
    """Sums over the last axis."""
    return np.cumsum(parts, axis=2)[:, :, -1]


def _as_found(own: Floats, kept: Floats, places: Ints, before: Floats) -> Floats:
    """By column and series what is in the places when each column has taken its own."""
    columns = np.arange(len(places))
    since = np.full(before.shape[1], len(places))
    since[places] = columns
    after = before.copy()
    after[:, places] = kept
    found = np.where(since < columns[:, np.newaxis, np.newaxis], after, before)
    found[columns, :, places] = own.T
    return found


def score_of(features: Floats) -> Floats:
    """The farthest of the features; together, values count only against what lies on their side."""
    value, rest, shape = features[0], features[1:4], features[4]
    away = np.abs(value)
    farthest = np.maximum(away, np.where(np.sign(rest) == np.sign(value), np.abs(rest), 0.0).max(axis=0))
    return np.where(away >= 1, np.fmax(farthest, shape), farthest)


def sums_of_newest(columns: Ints, width: int) -> Ints:
    """What so many columns up to each add up to, from the one on that has as many before it."""
    counted = np.cumsum(columns, axis=1)
    return counted[:, width:] - counted[:, :-width]


def _mean(sums: Floats, counts: NDArray[np.int64], among: int) -> Floats:
    """Of so many columns, of which some are known; NaN where these are fewer than half."""
    return np.where(2 * counts >= among, sums / np.maximum(counts, 1), np.nan)


def _within(values: Floats, most: float) -> Floats:
    """No farther from 0."""
    return np.minimum(np.maximum(values, -most), most)
