"""Where in its own past a series can be asked what follows: rolling origins."""

import numpy as np
from numpy.typing import NDArray

from metrics.insights.calendar import Calendar

Floats = NDArray[np.float64]

MOST_ORIGINS = 14
FEWEST = 4
"""Columns from which anything can be carried on."""


def origins(values: Floats, calendar: Calendar, steps: int, most: int = MOST_ORIGINS) -> list[int]:
    """Ends of parts of the series after which `steps` columns, or else as many as there are, are known.

    The newest are taken, at most half a horizon apart, each after a past long enough to know the cycle.
    """
    day = calendar.day
    end, whole = len(values), len(values) - steps
    enough = max(2 * calendar.period if end >= 3 * calendar.period else 2 * day, FEWEST)
    if whole - enough >= 2 * day:
        # Apart by whole days: what is judged is the day after, not the hour at which one asks.
        apart = max(min((whole - enough) // most, steps // 2) // day, 1) * day
        return sorted(range(whole, enough - 1, -apart)[:most])
    begin = max(min(enough, end - 2), min(FEWEST, end - 1), end // 2 if end < 4 * day else 0)
    apart = max((end - 1 - begin) // most, 1)
    return sorted(range(end - 1, begin - 1, -apart))[:most] if end > FEWEST else []


def asked_at(values: Floats, calendar: Calendar, origin: int, steps: int) -> tuple[Floats, Calendar, int]:
    """The series as it was, its calendar, and how many of the columns after it are asked for."""
    return values[:origin], calendar, steps
