"""What was found of buckets of many series."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from metrics.insights.anomalies.features import FEATURES
from metrics.insights.anomalies.spreads import Floats
from metrics.insights.anomalies.usual import Flags, Ints


class Turn(IntEnum):
    """What a series turned to when what was unusual became usual."""

    NONE = 0
    LEVEL = 1
    SHAPE = 2


@dataclass(frozen=True)
class History:
    """By series and bucket; NaN where nothing came or too little is known."""

    expected: Floats
    low: Floats
    high: Floats
    score: Floats
    flagged: Flags
    features: Floats
    """One plane a feature, in spreads of the series."""
    turned: Ints
    """A `Turn`: made after this bucket, so that it counts for the next."""

    @classmethod
    def unknown(cls, series: int, columns: int) -> Self:
        """Of buckets that were not judged."""
        nothing, none = np.full((series, columns), np.nan), np.zeros((series, columns), np.int64)
        features = np.full((len(FEATURES), series, columns), np.nan)
        return cls(nothing, nothing, nothing, nothing, none > 0, features, none)

    @classmethod
    def joined(cls, parts: Sequence["History"]) -> Self:
        """One after the other."""
        return cls(*(np.concatenate(arrays, axis=-1) for arrays in zip(*map(_arrays, parts), strict=True)))

    @property
    def columns(self) -> int:
        """How many buckets there are."""
        return self.score.shape[1]

    def row(self, row: int) -> "History":
        """Of one of the series alone."""
        return History(*(array[..., row : row + 1, :] for array in _arrays(self)))

    def until(self, column: int) -> "History":
        """Of the buckets before one of them."""
        return History(*(array[..., :column] for array in _arrays(self)))


def _arrays(history: History) -> tuple[NDArray[Any], ...]:
    return tuple(getattr(history, one.name) for one in fields(history))
