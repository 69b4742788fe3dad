"""Shares of few cases, and how sure one can be of them."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Z_95 = 1.959963984540054
"""Quantile of the normal distribution at 97.5 %: two-sided 95 %."""


def score_interval(share: Floats, of: Floats, z: float) -> tuple[Floats, Floats]:
    """Wilson's score interval of shares of so many cases each; rounding may leave 0 to 1.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927), 209–212.
    """
    middle = share + z * z / (2 * of)
    half = z * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - half) / (1 + z * z / of), (middle + half) / (1 + z * z / of)


def wilson(cases: int, of: int, z: float = Z_95) -> tuple[float, float]:
    """The interval of `cases` of at least one, from 0 to 1."""
    low, high = score_interval(np.asarray(cases / of), np.asarray(float(of)), z)
    return max(0.0, float(low)), min(1.0, float(high))


def newcombe(cases: int, of: int, others: int, of_others: int, z: float = Z_95) -> tuple[float, float]:
    """Interval of the difference of two shares of different people, from -1 to 1: `cases / of - others / of_others`.

    Source: R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of eleven
    methods, Statistics in Medicine 17 (1998), 873–890, method 10 (Wilson's intervals without continuity correction).
    """
    share, other = cases / of, others / of_others
    low, high = wilson(cases, of, z)
    other_low, other_high = wilson(others, of_others, z)
    below = sqrt((share - low) ** 2 + (other_high - other) ** 2)
    above = sqrt((high - share) ** 2 + (other - other_low) ** 2)
    return share - other - below, share - other + above
