"""Ways to say how strange a bucket is from the same features: one row a bucket, one column a feature, in spreads.

The robust score needs none of them. They learn anew every week from the weeks before, and what they say is brought
to spreads off what they said of these.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from metrics.insights.anomalies.limits import FIRST, LEAST, limits
from metrics.insights.anomalies.pace import Pace
from metrics.insights.anomalies.spreads import FARTHEST, Floats, Spreads

Strangeness = Callable[[Floats], Floats]
"""How strange each row is; more is stranger."""

_TREES = 50
_MOST = 1500
"""Rows that are learned from: the newest."""
_OUTSIDE = 0.01
_NEAR = 8.0
"""Spreads beyond which a feature is no stranger."""


def isolation_forest(usual: Floats) -> Strangeness:
    """What few cuts set apart is strange."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=_TREES, random_state=0).fit(usual)
    return lambda features: -np.asarray(forest.score_samples(features), np.float64)


def one_class_svm(usual: Floats) -> Strangeness:
    """What lies outside of a smooth hull is strange."""
    from sklearn.svm import OneClassSVM

    # The features are in spreads already: nothing is to be scaled by outliers.
    hull = OneClassSVM(nu=_OUTSIDE, gamma=0.1).fit(usual)  # pyright: ignore[reportArgumentType]
    return lambda features: -np.asarray(hull.score_samples(features), np.float64)


DETECTORS: Mapping[str, Callable[[Floats], Strangeness]] = {
    "isolation-forest": isolation_forest,
    "one-class-svm": one_class_svm,
}
Learned = dict[int, tuple[Strangeness, Spreads]]
"""By the first row of a week, what was learned before it."""


def rescored(
    features: Floats,
    robust: Floats,
    method: str,
    pace: Pace,
    sensitivity: str,
    kept: Learned | None = None,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Scores of one series' rows by a detector, and which are anomalies; NaN and False in the first two weeks.

    `kept` is what was learned before each week of the same rows, so that more rows are scored without learning anew.

    `robust` are the scores of the same rows in spreads: what these call near is no anomaly, whatever a detector says.
    """
    rows = np.clip(features, -_NEAR, _NEAR)
    known = np.isfinite(rows.sum(axis=1))
    scores, flagged = np.full(len(rows), np.nan), np.zeros(len(rows), np.bool_)
    highest = np.full((1, len(rows) // pace.block + 1), np.nan)
    limit = np.full(1, FIRST[sensitivity])
    for start in range(2 * pace.period, len(rows), pace.period):
        before = rows[:start][known[:start]][-_MOST:]
        here = np.flatnonzero(known[start : start + pace.period]) + start
        if len(before) < pace.period or not len(here):
            continue
        learned = None if kept is None else kept.get(start)
        if learned is None:
            strangeness = DETECTORS[method](before)
            learned = strangeness, Spreads.of(strangeness(before)[np.newaxis])
            if kept is not None:
                kept[start] = learned
        strangeness, seen = learned
        scores[here] = np.clip(seen.away(strangeness(rows[here])[np.newaxis])[0], 0, FARTHEST)
        flagged[here] = (scores[here] >= limit) & (robust[here] >= LEAST)
        np.fmax.at(highest[0], here // pace.block, scores[here])
        limit = limits(highest, sensitivity, pace.period / pace.block)
    return scores, flagged
