"""Why a sum of products has changed: how much of the difference each factor made, with nothing left over.

The part of a factor is its Shapley value: what its step from before to now changes, averaged over all orders in which
the factors may step one after the other. The parts add up to the difference, whichever factors are 0, and no order is
preferred. Sources: L. S. Shapley, "A Value for n-Person Games" (1953); for sums of products J. W. Sun, "Changes in
energy consumption and energy intensity: a complete decomposition model", Energy Economics 20 (1998), and J. Albrecht,
D. François, K. Schoors, "A Shapley decomposition of carbon emissions without residuals", Energy Policy 30 (2002).
"""

from collections.abc import Mapping
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def parts(before: Mapping[str, Floats], now: Mapping[str, Floats]) -> dict[str, Floats]:
    """The part of each factor in the change of each row's product from `before` to `now`.

    Both hold the same factors, each an array with a value a row. Summed over the factors, the parts of a row are the
    difference of its products, but for rounding.
    """
    names = tuple(now)
    return {name: _part(name, [other for other in names if other != name], before, now) for name in names}


def _part(name: str, others: list[str], before: Mapping[str, Floats], now: Mapping[str, Floats]) -> Floats:
    count = len(others) + 1
    weighted = np.zeros_like(now[name])
    for size in range(count):
        weight = factorial(size) * factorial(count - size - 1) / factorial(count)
        for stepped in combinations(others, size):
            product = np.ones_like(now[name])
            for other in others:
                product = product * (now[other] if other in stepped else before[other])
            weighted = weighted + weight * product
    return weighted * (now[name] - before[name])
