"""What `dynamic` and `anomaly` take for unusual, live as in a backtest."""

from typing import Any

import numpy as np
import pytest

from alerts.judging.conditions import ask_of, judge
from alerts.judging.evidence import Evidence, Memory, fetch
from alerts.judging.holidays import Holidays
from alerts.judging.verdicts import Judged
from alerts.rules.durations import parsed
from alerts.trying.input_series import InputSeries
from metrics.engine import Window
from tests.alerts.made_up import CATALOG, MONDAY, judged, letters, row, rule

HOURS = np.arange(29 * 24)
"""Four weeks and a day."""
USUAL = np.where(HOURS // 24 % 7 >= 5, 50, 200 + 80 * np.sin(HOURS / 24 * 2 * np.pi))
TODAY = 28 * 24
KINDS = [{"kind": "dynamic", "weeks": 4}, *({"kind": "anomaly", "history": "28d", "method": method}
                                            for method in ("auto", "isolation-forest", "one-class-svm"))]  # fmt: skip
Values = np.ndarray[Any, np.dtype[np.float64]]


def hours(noise: float = 4) -> Values:
    return USUAL + np.random.default_rng(5).normal(0, noise, len(USUAL))


def of_hours(condition: dict[str, Any], values: Values, **where: Any) -> Judged:
    return judged(rule(condition, metric="requests", window="1h"), row(values, metric="requests", window="1h"), **where)


@pytest.mark.parametrize("condition", KINDS, ids=lambda one: str(one.get("method", one["kind"])))
def test_a_drop_is_unusual_and_what_it_says_is_the_same_live_and_in_a_backtest(condition: dict[str, Any]) -> None:
    values, memory = hours(), Memory()
    values[TODAY + 9 : TODAY + 11] = 20
    whole = letters(of_hours(condition, values, begin="28d"))
    assert whole[9:11] == "BB"
    assert whole[:9].count("B") <= 1
    live = [
        of_hours(condition, values, begin=f"28d{hour}h", end=f"28d{hour + 1}h", memory=memory) for hour in range(12)
    ]
    assert "".join(map(letters, live)) == whole[:12]
    assert letters(of_hours(condition, values, begin="27d", end="28d12h"))[24:] == whole[:12]


def test_what_is_usual_at_noon_is_not_at_night() -> None:
    values = hours()
    values[TODAY + 18] = USUAL[TODAY + 6]
    found = of_hours(KINDS[0], values, begin="28d")
    assert letters(found)[18] == "B"
    assert found.usual is not None and found.low is not None and found.high is not None
    assert found.usual[0, 18] == pytest.approx(USUAL[TODAY + 18], rel=0.05)
    assert (found.low < found.usual).all() and (found.usual < found.high).all()


@pytest.mark.parametrize(
    ("direction", "up", "down"), [("both", "B", "B"), ("up", "B", "r"), ("down", "r", "B")], ids=["both", "up", "down"]
)
def test_a_rule_says_which_way_counts(direction: str, up: str, down: str) -> None:
    values = hours()
    values[[TODAY + 3, TODAY + 10]] = (700, 1)
    found = letters(
        of_hours({"kind": "dynamic", "weeks": 4, "direction": direction}, values, begin="28d", end="28d12h")
    )
    assert (found[3], found[10]) == (up, down)


def test_where_little_is_to_be_expected_none_is_chance() -> None:
    values = hours()
    values[[TODAY + 3, TODAY + 10]] = (700, 0)
    for at_least, expected in ((0, "BB"), (50, "BB"), (500, "Br"), (900, "rr")):
        condition = {"kind": "dynamic", "weeks": 4, "at_least": at_least}
        found = letters(of_hours(condition, values, begin="28d", end="28d12h"))
        assert (found[3] + found[10]) == expected


def test_the_second_weekend_is_judged_by_the_first_and_no_fall() -> None:
    noise, saturday = np.random.default_rng(3).normal(0, 3, len(HOURS)), {"begin": "12d", "end": "13d"}
    weekend = np.where((HOURS % 168) // 24 >= 5, 80, 200) + noise
    values = np.where(HOURS >= 2 * 24, weekend, np.nan)
    assert set(letters(of_hours(KINDS[0], values, **saturday))) == {"r"}
    # As little on the second Saturday, where the first was like any other day, is a fall; so is less than that.
    like_any_other = np.where((HOURS >= 2 * 24) & (HOURS < 12 * 24), 200 + noise, values)
    assert letters(of_hours(KINDS[0], like_any_other, **saturday))[:6] == "B" * 6
    values[12 * 24 : 12 * 24 + 3] = 20
    assert letters(of_hours(KINDS[0], values, **saturday))[:3] == "BBB"


def test_a_new_level_is_unusual_until_it_has_lasted_for_half_a_day() -> None:
    values = hours()
    values[TODAY - 4 * 24 :] *= 2
    found = letters(of_hours({"kind": "anomaly", "history": "28d"}, values, begin="24d", end="26d"))
    assert found[1:11] == "B" * 10
    assert found[20:].count("B") <= 1


def test_instances_go_each_by_its_own_measure_and_one_without_a_past_by_none() -> None:
    small, large, new = hours(), 1000 * hours(), np.where(HOURS < TODAY, np.nan, 7.0)
    small[TODAY + 10], large[TODAY + 20] = 20, 20_000
    rows = [
        row(values, metric="requests", window="1h", labels={"endpoint": name})
        for name, values in (("/small", small), ("/large", large), ("/new", new))
    ]
    watched = rule({"kind": "anomaly", "history": "28d"}, metric="requests", window="1h", by=["endpoint"])
    found = judged(watched, *rows, begin="28d")
    breaches = {tuple(place) for place in np.argwhere(found.verdicts == 3)}
    assert {(0, 20), (2, 10)} <= breaches or {(0, 20), (1, 10)} <= breaches or {(1, 20), (0, 10)} <= breaches
    assert len(breaches) <= 4
    assert found.usual is not None
    assert np.isnan(found.usual).all(axis=1).sum() == 1


def test_without_a_history_there_is_no_verdict() -> None:
    found = of_hours(KINDS[0], np.full(40, 5.0))
    assert set(letters(found)) == {"_"}
    assert found.problem == "too little is known of the 4w before to say what is usual"


def test_windows_of_more_than_a_day_are_told_to_be_too_long() -> None:
    watched = rule({"kind": "anomaly"}, metric="requests", window="1w")
    found = judged(watched, row(np.full(8, 5.0), metric="requests", window="1w"))
    assert found.problem == "what is usual is known of windows of a day at most, not 1w"


def test_silence_among_counts_is_zero_and_unusual() -> None:
    values = hours()
    values[TODAY + 8 :] = np.nan
    assert letters(of_hours(KINDS[0], values, begin="28d", end="28d12h"))[8:] == "BBBB"


def test_shorter_windows_are_judged_by_the_means_of_five_minutes() -> None:
    minutes = np.arange(4 * 1440)
    values = 100 + np.random.default_rng(1).normal(0, 5, len(minutes))
    values[3 * 1440 + 600 : 3 * 1440 + 610] = 5
    watched = rule({"kind": "anomaly", "history": "7d"}, metric="requests")
    figures = row(values, metric="requests")
    found = letters(judged(watched, figures, begin="3d9h59m", end="3d10h15m"))
    assert found == "r" * 5 + "B" * 10 + "r", "a mean is known when its last minute is over"


def test_hours_are_those_of_the_clocks_of_the_home() -> None:
    """The night before the last Sunday of March, clocks are put forward: nine o'clock comes an hour sooner."""
    starts = np.arange(14 * 7 * 24)
    shift = np.where(starts >= 83 * 24 + 1, 2, 1)  # MONDAY is 5 January, the 29th of March is day 83
    values = np.where((starts + shift) % 24 == 9, 500.0, 100.0) + np.random.default_rng(2).normal(0, 3, len(starts))
    watched = rule({"kind": "anomaly"}, metric="requests", window="1h")
    window = Window(start=MONDAY + parsed("84d"), end=MONDAY + parsed("86d"))
    counts: list[int] = []
    for tz in ("Europe/Berlin", "UTC"):
        asked = {"a": ask_of(watched, window, holidays=Holidays((), tz))}
        evidence = fetch(InputSeries((row(values, metric="requests", window="1h"),), CATALOG), asked)["a"]
        assert isinstance(evidence, Evidence)
        counts.append(letters(judge(watched, evidence)).count("B"))
    assert counts[0] <= 1 < counts[1]
