"""A series carried on, and when it will cross the threshold."""

import numpy as np
import pytest

from alerts.judging.evidence import Memory
from tests.alerts.made_up import judged, letters, row, rule

RISING = {"kind": "forecast", "operator": ">", "threshold": 200, "horizon": "10m", "history": "4m"}


def test_it_will_cross_when_the_line_does_within_the_horizon() -> None:
    found = judged(rule(RISING, metric="storage_used"), row("100+5x12", metric="storage_used"))
    assert letters(found) == "__rrrrrrrrrB"
    assert found.values[0, 2] == pytest.approx(160)


def test_downwards_as_well() -> None:
    falling = rule({**RISING, "operator": "<", "threshold": 35}, metric="requests")
    assert letters(judged(falling, row("100-5x5", metric="requests"))) == "__rrB"


def test_what_is_beyond_the_threshold_already_is_a_breach_though_it_turns_back() -> None:
    assert letters(judged(rule(RISING, metric="storage_used"), row("260-10x6", metric="storage_used"))) == "__BBBB"


def test_without_a_value_now_or_with_half_a_history_there_is_none() -> None:
    assert letters(judged(rule(RISING, metric="storage_used"), row("1 2 3 _ 5 _ _ _ 9", metric="storage_used"))) == (
        "__r_r____"
    )


def test_history_before_the_span_counts() -> None:
    figures = row("100+5x12", metric="storage_used")
    watched = rule(RISING, metric="storage_used")
    assert letters(judged(watched, figures, begin="9m")) == "rrB"


DAYS = {"kind": "forecast", "operator": ">", "horizon": "6h", "history": "14d", "threshold": 80}
"""Hours of the week are known: every day rises to 90 at noon, from 10 at midnight."""
EVERY_DAY = [10 + 80 * np.sin(np.pi * hour / 24) for hour in range(24)]


def test_with_two_weeks_of_history_the_hours_of_the_day_are_known() -> None:
    figures = row(EVERY_DAY * 16, metric="response_time_p95", window="1h")
    watched = rule(DAYS, metric="response_time_p95", window="1h")
    # From six hours before the first above 80 to the last above it, at every evaluation of a day.
    assert letters(judged(watched, figures, begin="15d")) == "rrr" + "B" * 13 + "r" * 8


def test_what_rises_every_morning_is_not_carried_on_beyond_noon_as_a_line_would() -> None:
    figures = row(EVERY_DAY * 16, metric="response_time_p95", window="1h")
    beyond = {**DAYS, "threshold": 100}
    watched = rule(beyond, metric="response_time_p95", window="1h")
    assert letters(judged(watched, figures, begin="15d")) == "r" * 24
    straight = rule({**beyond, "history": "4h"}, metric="response_time_p95", window="1h")
    assert "B" in letters(judged(straight, figures, begin="15d"))


def test_a_named_model_is_taken() -> None:
    figures = row(EVERY_DAY * 16, metric="response_time_p95", window="1h")
    watched = rule({**DAYS, "model": "line", "threshold": 1000}, metric="response_time_p95", window="1h")
    assert judged(watched, figures, begin="15d").values.max() < 70
    profile = rule({**DAYS, "model": "profile", "threshold": 1000}, metric="response_time_p95", window="1h")
    assert judged(profile, figures, begin="15d").values.max() == pytest.approx(90, rel=0.01)


def test_all_evaluations_of_an_hour_go_by_what_was_known_at_its_beginning() -> None:
    values = np.repeat(EVERY_DAY * 15, 4)
    watched = rule({**DAYS, "threshold": 1e9}, metric="response_time_p95", window="15m")
    plain = judged(watched, row(values, metric="response_time_p95", window="15m"), begin="14d")
    changed = values.copy()
    changed[-1] = 1e6
    later = judged(watched, row(changed, metric="response_time_p95", window="15m"), begin="14d")
    assert plain.values == pytest.approx(later.values)


def test_what_is_kept_makes_nothing_different() -> None:
    figures, memory = row(EVERY_DAY * 16, metric="response_time_p95", window="1h"), Memory()
    watched = rule(DAYS, metric="response_time_p95", window="1h")
    first = judged(watched, figures, begin="15d", memory=memory)
    again = judged(watched, figures, begin="15d", memory=memory)
    assert (first.values == judged(watched, figures, begin="15d").values).all()
    assert (first.values == again.values).all()


def test_hours_in_which_nothing_is_counted_are_none_of_a_count() -> None:
    nights = [np.nan if hour < 6 else 50.0 for hour in range(24)] * 16
    watched = rule({**DAYS, "operator": "<", "threshold": 20, "horizon": "1h"}, metric="requests", window="1h")
    found = letters(judged(watched, row(nights, metric="requests", window="1h"), begin="15d"))
    assert found[6:] == "r" * 17 + "B"
