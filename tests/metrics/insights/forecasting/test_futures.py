"""Sums of days find again what they were given, and are as unsure as the past was uneven."""

from datetime import date

import numpy as np
import pytest

from metrics.insights.forecasting.futures import Floats, by_day, futures, summed

WEEK = [100.0, 110.0, 120.0, 115.0, 105.0, 40.0, 30.0]
MONDAY = date(2026, 1, 5)


def test_what_never_changes_goes_on() -> None:
    assert _futures([7.0] * 30, 10) == pytest.approx(7.0)


@pytest.mark.parametrize("start", range(7))
@pytest.mark.parametrize("length", [21, 30, 56, 63])
def test_a_week_that_repeats_is_continued_with_the_right_weekday(start: int, length: int) -> None:
    days = [WEEK[(start + n) % 7] for n in range(length + 9)]
    assert by_day(_futures(days[:length], 9))[1] == pytest.approx(days[length:], rel=0.02)


def test_too_short_a_past_gives_no_future() -> None:
    assert futures([1.0, 2.0, 3.0], MONDAY, 5) is None


@pytest.mark.parametrize("length", range(4, 24))
def test_a_few_days_give_one_that_is_of_their_size(length: int) -> None:
    low, middle, high = summed(_futures([90.0, 110.0] * 12, 30)[:, :length])
    assert low <= middle <= high
    few = [90.0, 110.0, 100.0, 95.0] * 6
    low, middle, high = summed(_futures(few[:length], 30))
    assert 2000 < low <= middle <= high < 4000


def test_the_interval_holds_about_four_of_five_futures() -> None:
    generator = np.random.default_rng(5)
    held = 0
    for _ in range(80):
        days = generator.normal(100, 10, 72)
        low, _, high = summed(_futures(days[:42].tolist(), 30))
        held += low <= days[42:].sum() <= high
    assert 0.7 <= held / 80 <= 0.92


def test_a_past_more_uneven_makes_the_future_less_sure() -> None:
    generator = np.random.default_rng(6)
    quiet, loud = generator.normal(100, 2, 40), generator.normal(100, 30, 40)
    (low, _, high), (lower, _, higher) = (summed(_futures(days.tolist())) for days in (quiet, loud))
    assert high - low < higher - lower


def test_a_sum_never_falls_below_what_is_known() -> None:
    low, _, _ = summed(_futures([0.0, 90.0] * 10), known=50.0)
    assert low >= 50


def test_the_same_past_has_the_same_future() -> None:
    assert (_futures(WEEK * 4) == _futures(WEEK * 4)).all()


def _futures(days: list[float], ahead: int = 20) -> Floats:
    possible = futures(days, MONDAY, ahead)
    assert possible is not None
    return possible
