"""When a report is due: moments by the clock on a wall, each day's once, whatever that clock does."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.incidents.digest import newest_due as newest_of_day
from app.scheduled.model import Scheduled

LATE = timedelta(hours=6)
"""How late a report may be sent: when the machine slept, or nobody could be reached. Later it is skipped."""
_INSTANT = timedelta(microseconds=1)
_DAYS = 8


def newest_due(report: Scheduled, now: datetime, timezone: str) -> datetime:
    """The newest moment at or before `now` at which it was due, in UTC; `timezone` is that of the settings.

    A time that a day has twice, as summer time ends, is the first of the two; one that it lacks is as much later.
    """
    zone = ZoneInfo(report.zone or timezone)
    due = newest_of_day(now.astimezone(UTC), report.at, zone.key)
    while due.astimezone(zone).weekday() not in report.weekdays:
        due = newest_of_day(due - _INSTANT, report.at, zone.key)
    return due


def next_due(report: Scheduled, now: datetime, timezone: str) -> datetime:
    """The first moment after `now` at which it is due, in UTC."""
    later = (newest_due(report, now + timedelta(days=days), timezone) for days in range(1, _DAYS + 1))
    return next(due for due in later if due > now)
