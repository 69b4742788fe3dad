"""A straight line through the newest columns, at every column."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from metrics.insights.forecasting.line import line_ahead

VALUES = arrays(np.float64, st.integers(1, 60), elements=st.floats(-100, 100) | st.just(np.nan))


@settings(deadline=None)
@given(VALUES, st.integers(1, 12), st.integers(0, 20), st.integers(0, 5))
def test_the_line_is_the_one_with_the_least_squares(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], history: int, steps: int, first: int
) -> None:
    first = min(first, len(values) - 1)
    now, later = line_ahead(values[np.newaxis], history, first, steps)
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
    now, later = line_ahead(values, 360, 400, 100)
    assert np.abs(now[0] - values[0, 400:]).max() < 1e-3
    assert np.abs(later[0] - values[0, 400:] - 25).max() < 1e-3
