"""A straight line through the newest columns, at every column of many series: the cheapest way to look ahead."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 3
"""Values through which a line may be laid."""
_AT_A_TIME = 256
"""Columns whose sums are taken from the same origin: far from it, differences of sums lose their digits."""


def line_ahead(values: Floats, history: int, first: int, steps: int) -> tuple[Floats, Floats]:
    """What is expected at each column from `first` on, and `steps` columns later: one row a series.

    By the line with the least squares through the `history` columns that end with each, of which at least half must be
    known; NaN is no data, in `values` as in the answer.
    """
    now = np.full((len(values), values.shape[1] - first), np.nan)
    later = now.copy()
    for start in range(first, values.shape[1], max(history, _AT_A_TIME)):
        end = min(start + max(history, _AT_A_TIME), values.shape[1])
        origin = max(start - history + 1, 0)
        level, slope = _fitted(values[:, origin:end], history, start - origin)
        now[:, start - first : end - first] = level
        later[:, start - first : end - first] = level + slope * steps
    return now, later


def trailing(values: Floats, columns: int, first: int) -> Floats:
    """Sums over so many columns that end with each of those from `first` on."""
    sums = np.concatenate([np.zeros((len(values), 1)), values.cumsum(axis=1)], axis=1)
    ends = np.arange(first, values.shape[1]) + 1
    return sums[:, ends] - sums[:, np.maximum(ends - max(columns, 1), 0)]


def _fitted(values: Floats, history: int, first: int) -> tuple[Floats, Floats]:
    """Height at each column from `first` on, and slope a column, of the line through those before."""
    known = ~np.isnan(values)
    count = np.count_nonzero(known, axis=1, keepdims=True)
    middle = np.where(known, values, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    y = np.where(known, values - middle, 0.0)
    x = np.arange(values.shape[1]) - values.shape[1] / 2
    n, sx, sxx, sy, sxy = (
        trailing(each, history, first) for each in (known.astype(float), known * x, known * x * x, y, y * x)
    )
    across = n * sxx - sx * sx
    enough = (n >= max(FEWEST, history / 2)) & (across > 0)
    slope = np.where(enough, (n * sxy - sx * sy) / np.where(enough, across, 1.0), np.nan)
    return middle + (sy - slope * sx) / np.maximum(n, 1) + slope * x[first:], slope
