"""A series carried on, and when it will cross the threshold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from alerts.judging.forecast import Line
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


VALUES = arrays(np.float64, st.integers(1, 60), elements=st.floats(-100, 100) | st.just(np.nan))


@settings(deadline=None)
@given(VALUES, st.integers(1, 12), st.integers(0, 20), st.integers(0, 5))
def test_the_line_is_the_one_with_the_least_squares(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], history: int, steps: int, first: int
) -> None:
    first = min(first, len(values) - 1)
    now, later = Line().ahead(values[np.newaxis], history, first, steps)
    for column in range(first, len(values)):
        part = values[max(column - history + 1, 0) : column + 1]
        x = np.arange(len(part)) - len(part) + 1
        known = ~np.isnan(part)
        if known.sum() < max(3, history / 2):
            assert np.isnan(now[0, column - first])
            continue
        slope, level = np.polyfit(x[known], part[known], 1)
        assert now[0, column - first] == pytest.approx(level, abs=1e-6)
        assert later[0, column - first] == pytest.approx(level + slope * steps, abs=1e-5)


def test_a_long_series_of_large_values_loses_no_digits() -> None:
    x = np.arange(40_000)
    values = np.asarray(1e9 + 0.25 * x, np.float64)[np.newaxis]
    now, later = Line().ahead(values, 360, 400, 100)
    assert np.abs(now[0] - values[0, 400:]).max() < 1e-3
    assert np.abs(later[0] - values[0, 400:] - 25).max() < 1e-3
