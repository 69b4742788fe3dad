"""`budget`: will a period have cost more by its end than its budget allows?

The sum of each local day is put together from the buckets up to the judged one; what the rest of the period will bring
is expected as everywhere else (`metrics.insights.forecasting.accrual`).
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from alerts.judging.evidence import Evidence, Needs
from alerts.judging.instants import moment
from alerts.judging.series import Floats
from alerts.judging.verdicts import Judged, nine_digits, verdicts
from alerts.rules.kinds import Budget
from metrics.insights.forecasting.accrual import HISTORY, Accrual, Period

MOST_WATCHED = 200
"""Of a budget that is by a dimension, values that are watched: those that have spent most."""
_LONGEST: Mapping[str, timedelta] = {"month": timedelta(days=31), "week": timedelta(days=7), "day": timedelta(days=1)}


def needs_of_budget(condition: Budget, width: timedelta) -> Needs:
    """The weeks from which the rest of the period is expected; of many values, those that matter."""
    return Needs(reach=HISTORY + timedelta(days=1) - width, most=MOST_WATCHED, ranked_over=_LONGEST[condition.period])


def judged_by_budget(condition: Budget, evidence: Evidence) -> Judged:
    """Percent of the amount that the period will have cost, or has, where too little is known to expect anything."""
    values = evidence.masked.values
    found = np.full((len(values), len(evidence.series.starts) - evidence.first), np.nan)
    for row in range(len(values)):
        for column, (sums, end) in enumerate(_days(values[row], evidence, condition.timezone)):
            found[row, column] = 100 * _comes_to(condition, sums, end) / condition.amount
    found = nine_digits(found)
    return Judged(verdicts(~np.isnan(found), found > condition.percent), found)


def _days(values: Floats, evidence: Evidence, tz: str) -> Iterator[tuple[Mapping[date, float], int]]:
    """At each judged column, the sums of the local days up to it, and the microsecond at which it ends."""
    starts, width = evidence.series.starts.tolist(), evidence.asked.question.width // timedelta(microseconds=1)
    zone, sums = ZoneInfo(tz), dict[date, float]()
    for column, (start, value) in enumerate(zip(starts, values.tolist(), strict=True)):
        if value == value:
            day = moment(start).astimezone(zone).date()
            sums[day] = sums.get(day, 0.0) + value
        if column >= evidence.first:
            yield sums, start + width


def _comes_to(condition: Budget, sums: Mapping[date, float], end: int) -> float:
    """What the period will have cost."""
    if not sums:
        return np.nan
    until, zone = moment(end), ZoneInfo(condition.timezone)
    last = (until - timedelta(microseconds=1)).astimezone(zone).date()
    period = Period.around(last, condition.period)
    oldest = last - HISTORY
    known = {day: value for day, value in sums.items() if day >= oldest}
    spent = sum(value for day, value in known.items() if day >= period.first)
    # Nothing has to be expected where even its dearest day, day after day, would not be too much.
    most = spent + (period.after - last).days * max(known.values(), default=0.0)
    if spent > condition.amount * condition.percent / 100 or most <= condition.amount * condition.percent / 100:
        return spent
    whole = Accrual.of(known, until, condition.timezone).whole(period)
    return spent if whole is None else whole[1]
