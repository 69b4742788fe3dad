"""When rules are evaluated: moments as whole microseconds, on a grid that is the same for everyone.

With a window w, evaluations fall on k·w + settle for whole k, and each looks at the one bucket [(k-1)·w, k·w), which
is a bucket of the engine. Weeks begin on Monday, all buckets in UTC.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from metrics.engine import Window

Instants = NDArray[np.int64]
"""Moments in microseconds since the epoch, in order."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
WEEK = timedelta(weeks=1)
_FIRST_MONDAY = EPOCH + timedelta(days=4)


def moment(micros: int) -> datetime:
    """The moment so many microseconds after the epoch."""
    return EPOCH + timedelta(microseconds=micros)


def micros(at: datetime) -> int:
    """Microseconds from the epoch to a moment."""
    return (at - EPOCH) // MICROSECOND


def floored(at: datetime, width: timedelta) -> datetime:
    """The start of the bucket of that width in which a moment lies."""
    origin = _FIRST_MONDAY if width == WEEK else EPOCH
    return origin + (at - origin) // width * width


def due(width: timedelta, settle: timedelta, after: datetime, until: datetime) -> Window | None:
    """The buckets whose evaluations fall due in (after, until]; None where there are none."""
    start, end = floored(after - settle, width), floored(until - settle, width)
    return Window(start=start, end=end) if start < end else None


def buckets(window: Window, width: timedelta) -> Instants:
    """Starts of the buckets of a window that is made of whole ones."""
    return np.arange(micros(window.start), micros(window.end), width // MICROSECOND, dtype=np.int64)
