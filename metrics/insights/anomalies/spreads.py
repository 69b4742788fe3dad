"""How far values usually lie from their middle, above and below it: what "far" is counted in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FARTHEST = 1000.0
"""Spreads; what is farther away is no stranger."""
_QUARTILE = 0.6745
"""Standard deviations from the middle of normal values to a quartile."""


@dataclass
class Spreads:
    """Of each row of values. Both spreads are standard deviations where values are normal.

    Of several rows a series, as of its features, all have a further axis, which comes first.
    """

    middle: Floats
    above: Floats
    below: Floats
    known: NDArray[np.int64]
    """How many values there were."""

    @classmethod
    def of(cls, values: Floats, least: Floats | float = 0.0) -> "Spreads":
        """Of rows in which NaN is a gap; no spread is less than `least`.

        Where a quarter of the values is the same, as of counts that are mostly zero, the mean deviation counts.
        """
        ordered = np.sort(values, axis=1)
        known = np.count_nonzero(~np.isnan(ordered), axis=1)
        quarter, middle, three = (quantile(ordered, known, share) for share in (0.25, 0.5, 0.75))
        above, below = (three - middle) / _QUARTILE, (middle - quarter) / _QUARTILE
        alike = ~((above > 0) & (below > 0))
        if alike.any():
            away = np.nan_to_num(np.abs(ordered[alike] - middle[alike, np.newaxis]))
            mean = np.zeros(len(known))
            mean[alike] = 1.2533 * away.sum(axis=1) / np.maximum(known[alike], 1)
            above, below = np.where(above > 0, above, mean), np.where(below > 0, below, mean)
        return cls(middle, np.maximum(above, least), np.maximum(below, least), known)

    @classmethod
    def stacked(cls, several: Sequence["Spreads"]) -> "Spreads":
        """As one, with an axis for each."""
        middle, above, below = (
            np.stack(side) for side in zip(*((one.middle, one.above, one.below) for one in several), strict=True)
        )
        return cls(middle, above, below, np.stack([one.known for one in several]))

    def away(self, values: Floats) -> Floats:
        """By how many spreads of its side each value of a row is off the middle."""
        middle, above, below = (one[..., np.newaxis] for one in (self.middle, self.above, self.below))
        off = values - middle
        spread = np.where(off > 0, above, below)
        varied = spread > 0
        if varied.all():
            far = off / spread
        else:
            # Of what never varied, any other value is as far as can be; what remains is the last digit of a sum.
            same = np.where(np.abs(off) > 1e-9, np.sign(off) * FARTHEST, 0.0 * off)
            far = np.where(varied, off / np.where(varied, spread, 1.0), same)
        return np.minimum(np.maximum(far, -FARTHEST), FARTHEST)


def quantile(ordered: Floats, known: NDArray[np.int64], share: float) -> Floats:
    """Of each sorted row, of whose values the first `known` are none of NaN; NaN where there is none."""
    place = share * np.maximum(known - 1, 0)
    low = place.astype(np.int64)
    high = np.minimum(low + 1, np.maximum(known - 1, 0))
    rows = np.arange(len(ordered))
    return ordered[rows, low] + (place - low) * (ordered[rows, high] - ordered[rows, low])
