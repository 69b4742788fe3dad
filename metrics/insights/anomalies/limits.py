"""From which score on a bucket is an anomaly: so that a series of this sort gives so many false alerts a week.

Each score was given before its bucket was learned from, so the past is held out by itself. What counts is the highest
score of each half day: more than one alert in that time tells nobody anything new.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from metrics.insights.anomalies.spreads import Floats, quantile

RATES: Mapping[str, float] = {"low": 0.5, "medium": 1.0, "high": 3.0}
"""False alerts a week, by sensitivity."""
LEAST = 2.5
"""Nothing is an anomaly below this, however quiet a series is."""
FIRST: Mapping[str, float] = {"low": 9.0, "medium": 8.0, "high": 6.0}
"""As long as nothing is known of a series."""
_TAIL = 0.45
"""Share of the highest scores, whose excess is taken for exponential."""
_CLEAR = 3.0
"""Times the score at which that tail begins: what is beyond is no chance."""
_CLEAR_AT_MOST = 0.1
"""Share of half days that may be set aside as clear; where more are, they are what the series is like."""
_LASTING = 2.2
"""Half days in a row that one alert reaches over, as it lasts."""
_TRUST = 10.0
"""Half days after which what was seen counts as much as what was taken for granted."""
_HEAVY = 6.0
"""Where the tail begins beyond this, it is that of a power: of spikes, which have no usual size."""
_LARGEST = 20.0
"""Times where that tail begins; a limit is no more."""


def limits(highest: Floats, sensitivity: str, a_week: float, first: Floats | None = None) -> Floats:
    """For each row of highest scores (NaN is none yet), of which there are `a_week`.

    `first` is by row what is taken for granted as long as little is known; `FIRST` where it is left out.
    """
    granted = np.full(len(highest), FIRST[sensitivity]) if first is None else first
    known = np.count_nonzero(~np.isnan(highest), axis=1)
    ordered = np.sort(highest, axis=1)
    clear = ordered > _CLEAR * np.maximum(quantile(ordered, known, 1 - _TAIL), LEAST / 2)[:, np.newaxis]
    aside = np.minimum(np.count_nonzero(clear, axis=1), (_CLEAR_AT_MOST * known).astype(np.int64))
    left: NDArray[np.int64] = known - aside
    start = quantile(ordered, left, 1 - _TAIL)
    place = np.arange(ordered.shape[1])
    beyond = (place < left[:, np.newaxis]) & (ordered > start[:, np.newaxis])
    excess = np.where(beyond, ordered - start[:, np.newaxis], 0.0).sum(axis=1) / np.maximum(beyond.sum(axis=1), 1)
    rate = min(_LASTING * RATES[sensitivity] / a_week, _TAIL)
    found = start + excess * np.log(_TAIL / rate)
    sizes = np.log(np.where(beyond, ordered / np.maximum(start, LEAST)[:, np.newaxis], 1.0))
    power = np.maximum(sizes, 0.0).sum(axis=1) / np.maximum(beyond.sum(axis=1), 1)  # Hill's estimate
    of_spikes = start * np.minimum((_TAIL / rate) ** power, _LARGEST)
    found = np.where(start > _HEAVY, np.maximum(found, of_spikes), found)
    trust = left / (left + _TRUST)
    return np.where(left > 0, np.maximum(trust * found + (1 - trust) * granted, LEAST), granted)
