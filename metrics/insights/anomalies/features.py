"""How far off a bucket is, alone and with those before it: one plane a feature, in spreads of the series."""

import numpy as np

from metrics.insights.anomalies.spreads import Floats

FEATURES = ("value", "level of hours", "level of a day", "change", "shape")
"""How far off: a value, the newest few and a day of them together, its jump from those before, a day's either way."""
_NEAR = 4.0
"""Spreads beyond which a value counts no more for what several are together."""
_STEPS = 2.0**36
"""Of a spread, in which that is counted."""


def nearness(away: Floats) -> Floats:
    """What values that are so many spreads off count for, where several are looked at together.

    In steps so small that they change nothing and so even that sums are exact: the same in whatever order.
    """
    return np.rint(_within(away, _NEAR) * _STEPS) / _STEPS


def features_of(away: Floats, near: Floats, short: int) -> Floats:
    """Of columns that are so many spreads off, before these are brought to spreads of their own.

    `near` is what of them counts for those after them, and before it as many columns as are looked at together; NaN is
    a gap. `short` is how many the newest few are.
    """
    columns, own = away.shape[1], nearness(away)
    long = near.shape[1] - columns
    known = ~np.isnan(near)
    there = np.where(known, near, 0.0)
    counted = known.astype(np.float64)
    few, few_known = (sums_before(one, short - 1, long)[:, :-1] for one in (there, counted))
    many, many_known, either = (sums_before(one, long - 1, long)[:, :-1] for one in (there, counted, np.abs(there)))
    return np.stack(
        [
            away,
            _mean(few + own, few_known + 1, short),
            _mean(many + own, many_known + 1, long),
            _within(away, 2 * _NEAR) - _mean(few, few_known, short - 1),
            _mean(either + np.abs(own), many_known + 1, long),
        ]
    )


def score_of(features: Floats) -> Floats:
    """The farthest of the features; together, values count only against what lies on their side."""
    value, rest, shape = features[0], features[1:4], features[4]
    away = np.abs(value)
    farthest = np.maximum(away, np.where(np.sign(rest) == np.sign(value), np.abs(rest), 0.0).max(axis=0))
    return np.where(away >= 1, np.fmax(farthest, shape), farthest)


def sums_before(columns: Floats, width: int, first: int) -> Floats:
    """What so many columns before each of those from `first` on add up to, and before the end."""
    summed = np.zeros((len(columns), columns.shape[1] + 1))
    np.cumsum(columns, axis=1, out=summed[:, 1:])
    return summed[:, first:] - summed[:, first - width : summed.shape[1] - width]


def _mean(sums: Floats, counts: Floats, among: int) -> Floats:
    """Of so many columns, of which some are known; NaN where these are fewer than half."""
    return np.where(2 * counts >= among, sums / np.maximum(counts, 1.0), np.nan)


def _within(values: Floats, most: float) -> Floats:
    """No farther from 0."""
    return np.minimum(np.maximum(values, -most), most)
