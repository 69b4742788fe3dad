"""Whether series move together."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

LIKENESS = 0.8
"""Least size of Pearson's coefficient at which two series move together, with each other or against each other."""
LEAST_SHARED = 10
"""Least number of moments at which both have a value for that to mean anything."""
POINTS = 60
"""Values of a series that count, the newest ones."""
_FLAT = 1e-12
"""Share of its own size up to which a series does not move at all but for rounding."""

Series = npt.NDArray[np.float64]


def series(recent: Sequence[float | None]) -> Series:
    """The newest values, the last one newest; NaN where there is none."""
    values = np.full(POINTS, np.nan)
    newest = np.array(recent[-POINTS:], dtype=np.float64)
    values[POINTS - len(newest) :] = newest
    return values


def most_alike(one: Series, others: Sequence[Series]) -> int | None:
    """Which of the others moves most closely with one; None when none does."""
    if not others or np.count_nonzero(np.isfinite(one)) < LEAST_SHARED:
        return None
    left = np.broadcast_to(one, (len(others), POINTS))
    right = np.stack(others)
    both = np.isfinite(left) & np.isfinite(right)
    shared = both.sum(axis=1)
    left, right = _centered(left, both), _centered(right, both)
    size = np.sqrt((left**2).sum(axis=1) * (right**2).sum(axis=1))
    covariance = np.abs((left * right).sum(axis=1))
    alike = np.divide(covariance, size, out=np.zeros_like(size), where=(size > 0) & (shared >= LEAST_SHARED))
    best = int(np.argmax(alike))
    return best if alike[best] >= LIKENESS else None


def _centered(values: Series, counted: npt.NDArray[np.bool_]) -> Series:
    """The values less their mean, where they count; all 0 when they do not move."""
    shown = np.where(counted, values, 0.0)
    mean = shown.sum(axis=1, keepdims=True) / np.maximum(counted.sum(axis=1, keepdims=True), 1)
    moved = np.where(counted, shown - mean, 0.0)
    flat = np.abs(moved).max(axis=1, keepdims=True) <= _FLAT * np.maximum(np.abs(mean), 1.0)
    return np.where(flat, 0.0, moved)
