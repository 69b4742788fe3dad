"""What is usual at this hour of the week, and what is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from alerts.judging.dynamic import usual_of
from tests.alerts.made_up import judged, letters, row, rule

WEEKS = 5
MINUTES = 7 * 24 * 60
GENERATOR = np.random.default_rng(3)
HOURS = np.arange(WEEKS * MINUTES) // 60 % 168
USUAL = 200 + 100 * np.sin(HOURS / 24 * 2 * np.pi) + 40 * (HOURS % 24 == 9)


def minutes(noise: float = 5) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Five weeks of requests a minute, which go up and down with the day."""
    return USUAL + GENERATOR.normal(0, noise, len(USUAL))


def test_an_ordinary_week_is_ordinary() -> None:
    found = judged(rule({"kind": "dynamic"}, metric="requests"), row(minutes(), metric="requests"), begin="4w")
    assert (found.verdicts == 3).mean() < 0.001
    assert (found.verdicts == 0).sum() == 0


def test_what_is_usual_at_noon_is_not_at_night() -> None:
    values = minutes()
    values[4 * MINUTES + 18 * 60] = USUAL[4 * MINUTES + 6 * 60]
    found = judged(rule({"kind": "dynamic"}, metric="requests"), row(values, metric="requests"), begin="4w18h")
    assert letters(found)[:3] == "Brr"
    assert found.usual is not None and found.low is not None and found.high is not None
    assert found.low[0, 0] < found.usual[0, 0] < found.high[0, 0]
    assert found.usual[0, 0] == pytest.approx(USUAL[18 * 60], abs=2)


@pytest.mark.parametrize(
    ("direction", "up", "down"), [("both", "B", "B"), ("up", "B", "r"), ("down", "r", "B")], ids=["both", "up", "down"]
)
def test_a_rule_says_which_way_counts(direction: str, up: str, down: str) -> None:
    values = minutes()
    values[4 * MINUTES : 4 * MINUTES + 2] = (500, 1)
    watched = rule({"kind": "dynamic", "direction": direction}, metric="requests")
    assert letters(judged(watched, row(values, metric="requests"), begin="4w"))[:3] == up + down + "r"


def test_a_higher_sensitivity_has_a_narrower_band() -> None:
    figures = row(minutes(), metric="requests")
    widths: list[float] = []
    for sensitivity in ("low", "medium", "high"):
        watched = rule({"kind": "dynamic", "sensitivity": sensitivity}, metric="requests")
        found = judged(watched, figures, begin="4w")
        assert found.low is not None and found.high is not None
        widths.append(float(np.mean(found.high - found.low)))
    assert widths[0] > widths[1] > widths[2] > 0


def test_one_bad_week_among_four_changes_little() -> None:
    values = minutes()
    values[2 * MINUTES : 3 * MINUTES] = 5_000
    found = judged(rule({"kind": "dynamic"}, metric="requests"), row(values, metric="requests"), begin="4w", end="4w3h")
    assert found.high is not None
    assert found.high.max() < 400


def test_with_a_single_week_known_there_is_no_verdict() -> None:
    values = minutes()
    values[: 3 * MINUTES] = np.nan
    watched = rule({"kind": "dynamic"}, metric="requests")
    found = judged(watched, row(values, metric="requests"), begin="4w", end="4w1h")
    assert set(letters(found)) == {"_"}
    assert found.problem == "too little is known of the 4 weeks before to say what is usual"
    once = rule({"kind": "dynamic", "weeks": 1}, metric="requests")
    assert set(letters(judged(once, row(values, metric="requests"), begin="4w", end="4w1h"))) == {"r"}


def test_the_band_of_an_hour_is_the_same_however_much_of_it_is_judged() -> None:
    watched, figures = rule({"kind": "dynamic"}, metric="requests"), row(minutes(), metric="requests")
    whole = judged(watched, figures, begin="4w", end="4w3h")
    part = judged(watched, figures, begin="4w1h17m", end="4w1h19m")
    assert whole.high is not None and part.high is not None
    assert part.high.tolist() == whole.high[:, 77:79].tolist()


def test_windows_of_a_day_are_compared_with_the_same_day() -> None:
    days = [100.0, 101, 102, 99, 98, 10, 9] * 4 + [100, 100, 100, 100, 100, 100, 9]
    watched = rule({"kind": "dynamic", "weeks": 4}, metric="requests", window="1d")
    assert letters(judged(watched, row(days, metric="requests", window="1d"), begin="4w")) == "rrrrrBr"


def test_nothing_is_usual_where_nothing_is_known() -> None:
    usual = usual_of(np.full((2, 3, 0), np.nan))
    assert np.isnan(usual.middle).all() and usual.middle.shape == (2, 3)


@settings(deadline=None)
@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e6, 1e6) | st.just(np.nan)))
def test_the_middle_is_the_median_of_what_is_known(sample: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    usual = usual_of(sample)
    known = sample[~np.isnan(sample)]
    if len(known):
        assert usual.middle == pytest.approx(np.median(known))
        assert usual.spread >= 0 and usual.known == len(known)
    else:
        assert np.isnan(usual.middle)


def test_a_flat_past_has_a_narrow_band_and_not_none() -> None:
    usual = usual_of(np.array([50.0] * 9))
    assert usual.spread == pytest.approx(1.0)
    mostly = usual_of(np.array([0.0] * 8 + [4.0]))
    assert mostly.spread == pytest.approx(1.2533 * 4 / 9)
