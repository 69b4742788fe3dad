"""The forecast finds again what it was given, and is as unsure as the past was uneven."""

import numpy as np
import pytest

from metrics.engine.forecast import SeasonalDraw, by_day, summed

WEEK = [100.0, 110.0, 120.0, 115.0, 105.0, 40.0, 30.0]


def test_what_never_changes_goes_on() -> None:
    futures = SeasonalDraw().futures([7.0] * 30, 10)
    assert futures is not None
    assert futures == pytest.approx(np.full((400, 10), 7.0))


@pytest.mark.parametrize("start", range(7))
@pytest.mark.parametrize("length", [14, 21, 30, 56, 63])
def test_a_week_that_repeats_is_continued_with_the_right_weekday(start: int, length: int) -> None:
    days = [WEEK[(start + n) % 7] for n in range(length + 9)]
    futures = SeasonalDraw().futures(days[:length], 9)
    assert futures is not None
    assert by_day(futures)[1] == pytest.approx(days[length:], rel=0.02)


def test_too_short_a_past_gives_no_future() -> None:
    assert SeasonalDraw().futures([1.0, 2.0], 5) is None


def test_the_interval_holds_about_four_of_five_futures() -> None:
    generator = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        days = generator.normal(100, 10, 72)
        futures = SeasonalDraw().futures(days[:42].tolist(), 30)
        assert futures is not None
        low, _, high = summed(futures)
        held += low <= days[42:].sum() <= high
    assert 0.7 <= held / 200 <= 0.92


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


def _futures(days: list[float]) -> np.ndarray:
    futures = SeasonalDraw().futures(days, 20)
    assert futures is not None
    return futures
