"""Silence is wrong where something was to be expected."""

import numpy as np
import pytest

from alerts.judging.series import Floats
from alerts.judging.verdicts import Judged
from tests.alerts.made_up import judged, letters, row, rule

ABSENT = {"kind": "absent", "duration": "15m", "expected": 20}
HOURS = 24
DAYS = 5


def product(day: Floats, last: Floats) -> Judged:
    """Working days of so many requests an hour, and another one that is judged."""
    hours = np.concatenate([np.tile(day, DAYS - 1), last])
    quarters = np.repeat(hours / 4, 4)
    values = np.where(quarters > 0, quarters, np.nan)
    figures = row(values, metric="requests", window="15m", events=" ".join(str(int(one)) for one in quarters))
    return judged(rule(ABSENT, metric="requests", window="15m"), figures, begin=f"{DAYS - 1}d")


def hours(busy: float, silent: range = range(0)) -> Floats:
    """Requests between eight and twenty o'clock, but for some hours."""
    hour = np.arange(HOURS)
    return np.where((hour >= 8) & (hour < 20) & ~np.isin(hour, silent), busy, 0.0)


def test_two_silent_hours_at_noon_are_missed_within_one_and_the_night_never() -> None:
    assert letters(product(hours(40), hours(40)))[:32] == "r" * 32
    found = letters(product(hours(40), hours(40, range(12, 14))))
    assert found[:48] == "r" * 48
    assert found[48:56] == "rBBBBBBB"
    assert set(found[56:]) == {"r"}


def test_where_few_are_expected_silence_lasts_longer() -> None:
    found = letters(product(hours(8), hours(8, range(12, 16))))
    assert found[48:64] == "r" * 9 + "B" * 7


def test_a_quiet_day_is_held_to_what_came_of_it() -> None:
    holiday = np.where(hours(40) > 0, 4.0, 0.0)
    holiday[12:14] = 0
    assert "B" not in letters(product(hours(40), holiday))


def test_before_two_days_of_its_sort_are_known_the_least_of_any_three_counts() -> None:
    # From Friday on: Monday at noon is silent.
    quarters = np.concatenate([np.repeat(hours(40) / 4, 4)] * 3 + [np.repeat(hours(40, range(12, 14)) / 4, 4)])
    values = np.concatenate([np.full(4 * 96, np.nan), np.where(quarters > 0, quarters, np.nan)])
    events = " ".join(str(int(one)) for one in np.nan_to_num(values))
    figures = row(values, metric="requests", window="15m", events=events)
    found = letters(judged(rule(ABSENT, metric="requests", window="15m"), figures, begin="7d"))
    assert found[48:56] == "rBBBBBBB"


@pytest.mark.parametrize("begin", ["12h", "1d"])
def test_on_the_first_days_nothing_can_be_said(begin: str) -> None:
    figures = row("9x48 _x96", metric="requests", window="15m", events=9)
    found = judged(rule(ABSENT, metric="requests", window="15m"), figures, begin=begin, end="1d12h")
    assert set(letters(found)) == {"_"}
    assert found.problem.startswith("too little is known of the 2w before")
