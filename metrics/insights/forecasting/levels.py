"""How a level without a cycle goes on: flat, drifting, damped or straight. Each chooses its constants by its own past.

A level is a short series without gaps; what is given back are the values of the steps that follow.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Carry = Callable[[Floats, int], Floats]

_ALPHAS = np.array([0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 0.95])
_BETAS = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
_DAMPINGS = np.array([0.8, 0.9, 0.96, 1.0])
RECENT = 7
"""Steps of a week of days."""
_MOST_WEEKS = 9


def steady(level: Floats, steps: int) -> Floats:
    """The newest week without its lowest and highest."""
    return np.full(steps, _middle(level[-RECENT:]))


def theta(level: Floats, steps: int) -> Floats:
    """Exponential smoothing that drifts by half the slope of the whole (Assimakopoulos and Nikolopoulos, 2000)."""
    if len(level) < 4:
        return steady(level, steps)
    smooth, alpha = _smoothed(level)
    x = np.arange(len(level)) - (len(level) - 1) / 2
    slope = float(x @ level / (x @ x))
    ahead = np.arange(float(steps)) + (1.0 - (1 - alpha) ** len(level)) / alpha
    return smooth + slope / 2 * ahead


def damped(level: Floats, steps: int) -> Floats:
    """Level and trend by exponential smoothing, the trend damped as much as the past says (Holt; Gardner)."""
    if len(level) < 6:
        return steady(level, steps)
    alpha, beta, damping = (each.ravel() for each in np.meshgrid(_ALPHAS[2:], _BETAS, _DAMPINGS))
    height, slope = np.full(len(alpha), level[0]), np.zeros(len(alpha))
    slope[:] = (level[min(len(level), 8) - 1] - level[0]) / (min(len(level), 8) - 1)
    errors = np.zeros(len(alpha))
    for seen in level[1:]:
        expected = height + damping * slope
        error = seen - expected
        errors += np.abs(error)
        height = expected + alpha * error
        slope = damping * slope + alpha * beta * error
    best = int(np.argmin(errors))
    carried = np.cumsum(damping[best] ** np.arange(1, steps + 1))
    return height[best] + slope[best] * carried


def straight(level: Floats, steps: int) -> Floats:
    """From the newest week on, straight, as the weeks before it rose or fell; by less where that was uneven."""
    height, slope = drift(level)
    return height + slope * np.arange(1.0, steps + 1.0)


def drift(level: Floats) -> tuple[float, float]:
    """Where the newest week stands at its end, and by how much a step it goes on: nothing, where that may be chance."""
    weeks = min(len(level) // RECENT, _MOST_WEEKS)
    if weeks < 3:
        return _middle(level[-RECENT:]), 0.0
    means = level[len(level) - weeks * RECENT :].reshape(weeks, RECENT).mean(axis=1)
    changes = np.diff(means)
    change, sure = float(changes.mean()), float(changes.std(ddof=1)) / len(changes) ** 0.5
    # What remains of an effect beside its error (James and Stein), as for every mean.
    trust = max(1.0 - sure * sure / (change * change), 0.0) if change else 0.0
    slope = change * trust / RECENT
    return float(means[-1]) + slope * (RECENT - 1) / 2, slope


def _middle(seen: Floats) -> float:
    ordered = np.sort(seen)
    return float((ordered[1:-1] if len(seen) > 4 else ordered).mean())


def _smoothed(level: Floats) -> tuple[float, float]:
    """Where simple exponential smoothing stands at the end, with the constant that was least wrong."""
    height, errors = np.full(len(_ALPHAS), level[: min(RECENT, len(level))].mean()), np.zeros(len(_ALPHAS))
    for seen in level:
        error = seen - height
        errors += error * error
        height = height + _ALPHAS * error
    best = int(np.argmin(errors))
    return float(height[best]), float(_ALPHAS[best])
