"""`dynamic`: the band of what is usual at this hour of the week, from the weeks before.

The values of the same hour (for windows longer than an hour: of the same bucket) of each of the `weeks` weeks before
are one sample. Its middle is the median; its spread is 1.4826 × the median absolute deviation, which is the standard
deviation where values are normal, and which one bad hour among four does not move. The band is the middle ± so many
spreads as the sensitivity says, wider for small samples. Hours are those of UTC.

Of counts, an empty bucket is zero in every week that has any: where the band lies above zero, silence is outside of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from alerts.judging.evidence import Evidence, Needs
from alerts.judging.series import Floats, Series
from alerts.judging.verdicts import Judged, verdicts
from alerts.rules import Dynamic

WIDTHS = {"low": 6.0, "medium": 4.0, "high": 3.0}
"""Spreads from the middle to either end of the band."""
FEWEST_WEEKS = 2
"""Weeks that must have seen the hour (fewer where a rule looks at fewer), each in a quarter of its buckets."""
LEAST_SPREAD = 0.02
"""Of the middle: what differs by less is never unusual."""
_HOUR, _WEEK = timedelta(hours=1), timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Usual:
    """What samples say, each of which was a row along the last axis."""

    middle: Floats
    spread: Floats
    known: Floats
    """How many values there were."""

    @classmethod
    def stacked(cls, parts: Sequence["Usual"]) -> "Usual":
        """Several side by side, along a new last axis."""
        return cls(
            np.stack([part.middle for part in parts], axis=-1),
            np.stack([part.spread for part in parts], axis=-1),
            np.stack([part.known for part in parts], axis=-1),
        )


def needs_of_band(condition: Dynamic, width: timedelta) -> Needs:
    """Whole hours of the weeks before."""
    return Needs(offsets=tuple(week * _WEEK for week in range(1, condition.weeks + 1)), block=max(width, _HOUR))


def judged_by_band(condition: Dynamic, evidence: Evidence) -> Judged:
    """Outside of the band; where too few weeks are known there is none, and no verdict."""
    asked, series = evidence.asked, evidence.judged()
    values = series.values
    buckets = asked.needs.block // asked.question.width
    weeks = [_counted(evidence.earlier[offset].masked(asked.min_events)) for offset in asked.needs.offsets]
    hours = np.stack([week.reshape(len(week), -1, buckets) for week in weeks], axis=2)
    known = np.count_nonzero(~np.isnan(hours), axis=3) >= max(buckets / 4, 1)
    usual = usual_of(hours.reshape(*hours.shape[:2], -1))
    enough = np.count_nonzero(known, axis=2) >= min(FEWEST_WEEKS, condition.weeks)
    reach = WIDTHS[condition.sensitivity] * (1 + 4 / np.maximum(usual.known, 1)) * usual.spread
    start = (asked.window.start - asked.blocks.start) // asked.question.width

    def by_bucket(by_hour: Floats) -> Floats:
        return np.repeat(np.where(enough, by_hour, np.nan), buckets, axis=1)[:, start : start + values.shape[1]]

    middle, reach = by_bucket(usual.middle), by_bucket(reach)
    if series.summed:
        values = np.where(np.isnan(values) & ~np.isnan(middle), 0.0, values)
    low, high = middle - reach, middle + reach
    above, below = values > high, values < low
    breach = {"up": above, "down": below, "both": above | below}[condition.direction]
    said = "" if enough.any() else f"too little is known of the {condition.weeks} weeks before to say what is usual"
    return Judged(verdicts(~np.isnan(values) & ~np.isnan(middle), breach), values, middle, low, high, said)


def _counted(week: Series) -> Floats:
    """The values of a week; of counts, those that are not there are zero in a week that has any."""
    if not week.summed:
        return week.values
    return np.where(np.isnan(week.values) & week.seen.any(axis=1, keepdims=True), 0.0, week.values)


def usual_of(samples: Floats) -> Usual:
    """Median and robust spread along the last axis, NaN left out; NaN where there is nothing else.

    Where more than half of a sample is the same, which makes the median deviation 0, the mean deviation counts.
    """
    middle, count = _median(samples)
    away = np.abs(samples - np.expand_dims(middle, -1))
    spread = 1.4826 * _median(away)[0]
    mean = 1.2533 * np.nansum(away, axis=-1) / np.maximum(count, 1)
    spread = np.maximum(np.where(spread > 0, spread, mean), LEAST_SPREAD * np.abs(middle))
    return Usual(middle, spread, count)


def _median(samples: Floats) -> tuple[Floats, Floats]:
    """Median and count of what is not NaN (which sorts behind everything)."""
    if not samples.shape[-1]:
        return np.full(samples.shape[:-1], np.nan), np.zeros(samples.shape[:-1])
    count = np.count_nonzero(~np.isnan(samples), axis=-1)
    ordered = np.sort(samples, axis=-1)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, samples.shape[-1] - 1)
    picked = [np.take_along_axis(ordered, np.expand_dims(place, -1), axis=-1)[..., 0] for place in (low, high)]
    return np.where(count > 0, (picked[0] + picked[1]) / 2, np.nan), count.astype(np.float64)
