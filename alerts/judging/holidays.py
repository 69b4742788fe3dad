"""Days that are not like their weekday.

    holidays = Holidays.of(settings.holidays, settings.timezone)
    holidays.cover(series.starts)          # by bucket

What goes by the hour of the week learns nothing from them, and judges nothing to be too little on them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from alerts.judging.instants import Instants, micros
from alerts.judging.verdicts import Bools
from alerts.rules import Absent, AlertRule, Anomaly, Dynamic
from metrics.engine import Window
from metrics.holidays import Holiday
from metrics.zones import zone


@dataclass(frozen=True, slots=True)
class Holidays:
    """Some days, as the clocks of a time zone show them."""

    listed: tuple[Holiday, ...] = ()
    """In order."""
    tz: str = "UTC"

    @classmethod
    def of(cls, listed: Iterable[Holiday], tz: str) -> "Holidays":
        """Those of a home."""
        return cls(tuple(sorted(listed, key=lambda one: one.date)), tz)

    def cover(self, starts: Instants) -> Bools:
        """By bucket, whether it begins on one of them."""
        covered = np.zeros(len(starts), np.bool_)
        for one in self.listed:
            start, end = self._span(one.date)
            covered |= (starts >= micros(start)) & (starts < micros(end))
        return covered

    def within(self, window: Window) -> tuple[Holiday, ...]:
        """Those of which any part lies in a window."""
        spans = ((one, *self._span(one.date)) for one in self.listed)
        return tuple(one for one, start, end in spans if start < window.end and end > window.start)

    def at(self, moment: datetime) -> Holiday | None:
        """The one that it is at a moment."""
        today = moment.astimezone(zone(self.tz)).date()
        return next((one for one in self.listed if one.date == today), None)

    def _span(self, day: date) -> tuple[datetime, datetime]:
        start, end = (datetime.combine(one, time(), zone(self.tz)) for one in (day, day + timedelta(days=1)))
        return start, end


NO_HOLIDAYS = Holidays()


def spared_on_holidays(rule: AlertRule) -> bool:
    """Whether a rule judges nothing to be too little on a holiday: it goes by what is usual at the hour of the week."""
    match rule.condition:
        case Dynamic():
            return rule.condition.direction != "up"
        case Anomaly():
            return True
        case Absent():
            return rule.condition.expected is not None
        case _:
            return False
