"""`forecast`: will it cross the threshold within the horizon, if it goes on as it did?

A `Forecaster` says what is to be expected; another model takes the place of `Line` by doing the same.
"""

from datetime import timedelta
from typing import Protocol

import numpy as np

from alerts.judging.evidence import Evidence, Needs
from alerts.judging.series import Floats
from alerts.judging.verdicts import OPERATORS, Judged, nine_digits, verdicts
from alerts.rules import Forecast

FEWEST = 3
"""Values through which a line may be laid."""
_AT_A_TIME = 256
"""Columns whose sums are taken from the same origin: far from it, differences of sums lose their digits."""


class Forecaster(Protocol):
    """Carries series on."""

    def ahead(self, values: Floats, history: int, first: int, steps: int) -> tuple[Floats, Floats]:
        """What is expected at each column from `first` on, and `steps` columns later.

        Each from the `history` columns that end with it; NaN is no data, in `values` as in the answer.
        """
        ...


class Line:
    """The straight line with the least squares, through at least half of the history."""

    def ahead(self, values: Floats, history: int, first: int, steps: int) -> tuple[Floats, Floats]:
        """As of `Forecaster`."""
        now = np.full((len(values), values.shape[1] - first), np.nan)
        later = now.copy()
        for start in range(first, values.shape[1], max(history, _AT_A_TIME)):
            end = min(start + max(history, _AT_A_TIME), values.shape[1])
            origin = max(start - history + 1, 0)
            level, slope = self._fitted(values[:, origin:end], history, start - origin)
            now[:, start - first : end - first] = level
            later[:, start - first : end - first] = level + slope * steps
        return now, later

    def _fitted(self, values: Floats, history: int, first: int) -> tuple[Floats, Floats]:
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


FORECASTER: Forecaster = Line()


def needs_of_forecast(condition: Forecast, width: timedelta) -> Needs:
    """The history, of which the judged bucket is the newest."""
    return Needs(reach=max(condition.history - width, timedelta()))


def judged_by_forecast(condition: Forecast, evidence: Evidence) -> Judged:
    """The expected value that comes nearest to the threshold from now to the horizon, or is farthest beyond it."""
    width = evidence.asked.question.width
    history, steps = max(condition.history // width, 1), condition.horizon / width
    now, later = FORECASTER.ahead(evidence.masked.values, history, evidence.first, round(steps))
    upward = condition.operator in (">", ">=")
    expected = nine_digits(np.maximum(now, later) if upward else np.minimum(now, later))
    expected = np.where(np.isnan(evidence.judged().values), np.nan, expected)
    breach = OPERATORS[condition.operator](expected, condition.threshold)
    return Judged(verdicts(~np.isnan(expected), breach), expected)


def trailing(values: Floats, columns: int, first: int) -> Floats:
    """Sums over so many columns that end with each of those from `first` on."""
    sums = np.concatenate([np.zeros((len(values), 1)), values.cumsum(axis=1)], axis=1)
    ends = np.arange(first, values.shape[1]) + 1
    return sums[:, ends] - sums[:, np.maximum(ends - max(columns, 1), 0)]
