"""Which moments lie on a holiday."""

from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.judging.holidays import Holidays, spared_on_holidays
from alerts.judging.instants import buckets
from metrics.engine import Window
from metrics.holidays import Holiday
from tests.alerts.made_up import rule

CHRISTMAS = Holiday(date=date(2026, 12, 25), name="Christmas")
CHANGED = Holiday(date=date(2026, 3, 29))
"""A day of 23 hours in Berlin."""
KNOWN = Holidays.of([CHRISTMAS, CHANGED], "Europe/Berlin")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("day", "hours"), [(CHRISTMAS.date, 24), (CHANGED.date, 23)])
def test_a_holiday_lasts_from_midnight_to_midnight_by_the_clocks_of_its_zone(day: date, hours: int) -> None:
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=12)
    covered = KNOWN.cover(buckets(Window(start=begin, end=begin + timedelta(hours=48)), HOUR))
    assert covered.tolist() == [False] * 11 + [True] * hours + [False] * (37 - hours)


def test_the_holiday_that_it_is_goes_by_these_clocks_too() -> None:
    assert KNOWN.at(datetime(2026, 12, 24, 22, 59, tzinfo=UTC)) is None
    assert KNOWN.at(datetime(2026, 12, 24, 23, tzinfo=UTC)) == CHRISTMAS
    assert str(CHRISTMAS) == "2026-12-25 (Christmas)"


def test_a_window_has_those_of_which_it_holds_a_part() -> None:
    end = datetime(2026, 12, 24, 23, tzinfo=UTC)
    assert KNOWN.within(Window(start=end - 24 * HOUR, end=end)) == ()
    assert KNOWN.within(Window(start=end - 24 * HOUR, end=end + HOUR)) == (CHRISTMAS,)
    assert KNOWN.within(Window(start=datetime(2026, 1, 1, tzinfo=UTC), end=end + HOUR)) == (CHANGED, CHRISTMAS)


@pytest.mark.parametrize(
    ("condition", "spared"),
    [
        ({"kind": "dynamic"}, True),
        ({"kind": "dynamic", "direction": "down"}, True),
        ({"kind": "dynamic", "direction": "up"}, False),
        ({"kind": "anomaly"}, True),
        ({"kind": "absent", "expected": 20}, True),
        ({"kind": "absent"}, False),
        ({"operator": "<", "threshold": 1}, False),
    ],
)
def test_what_goes_by_the_hour_of_the_week_spares_holidays(condition: dict[str, object], spared: bool) -> None:
    assert spared_on_holidays(rule(condition, metric="requests")) == spared
