"""What a detector that has learned two weeks takes for strange."""

import numpy as np
import pytest

from alerts.judging import Verdict
from alerts.judging.anomaly import DETECTORS
from alerts.judging.evidence import Memory
from tests.alerts.made_up import judged, letters, row, rule

BUCKETS = 15 * 96
"""Fifteen days of quarters of an hour."""
HOURS = np.arange(BUCKETS) // 4
WEEKEND = HOURS // 24 % 7 >= 5
USUAL = np.where(WEEKEND, 50, 200 + 80 * np.sin(HOURS / 24 * 2 * np.pi))
TODAY = 14 * 96


def quarters(noise: float = 4) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return USUAL + np.random.default_rng(5).normal(0, noise, BUCKETS)


@pytest.mark.parametrize("method", list(DETECTORS))
def test_an_ordinary_day_is_ordinary_and_a_drop_is_strange(method: str) -> None:
    values = quarters()
    values[TODAY + 40 : TODAY + 44] = 20
    watched = rule({"kind": "anomaly", "method": method}, metric="requests", window="15m")
    said = letters(judged(watched, row(values, metric="requests", window="15m"), begin="14d"))
    assert said[40:44] == "BBBB"
    assert (said[:40] + said[48:]).count("B") <= 1


def test_an_ordinary_value_at_the_wrong_hour_is_strange() -> None:
    values = quarters()
    values[TODAY + 72] = USUAL[TODAY + 24]
    watched = rule({"kind": "anomaly"}, metric="requests", window="15m")
    found = judged(watched, row(values, metric="requests", window="15m"), begin="14d")
    assert letters(found)[72] == "B"
    assert found.usual is not None
    assert found.usual[0, 72] == pytest.approx(USUAL[TODAY + 72], abs=3)


def test_the_same_comes_out_every_time_whatever_is_remembered_and_however_much_is_judged() -> None:
    watched = rule({"kind": "anomaly", "sensitivity": "high"}, metric="requests", window="15m")
    figures = row(quarters(), metric="requests", window="15m")
    whole, memory = judged(watched, figures, begin="14d"), Memory()
    for start in (0, 1, 50):
        begin, end = f"14d{start * 15}m", f"14d{start * 15 + 30}m"
        part = judged(watched, figures, begin=begin, end=end, memory=memory)
        assert part.verdicts.tolist() == whole.verdicts[:, start : start + 2].tolist()


def test_a_higher_sensitivity_finds_more() -> None:
    figures = row(quarters(), metric="requests", window="15m")
    counts: list[int] = []
    for sensitivity in ("low", "medium", "high"):
        watched = rule(
            {"kind": "anomaly", "sensitivity": sensitivity, "history": "7d"}, metric="requests", window="15m"
        )
        counts.append(int((judged(watched, figures, begin="12d").verdicts == Verdict.BREACH).sum()))
    assert counts[0] <= counts[1] <= counts[2]
    assert counts[2] > counts[0]


def test_instances_are_learned_together_each_by_its_own_measure() -> None:
    small, large = quarters(), 1000 * quarters()
    small[TODAY + 10], large[TODAY + 20] = 20, 20_000
    rows = [
        row(values, metric="requests", window="15m", labels={"endpoint": name})
        for name, values in (("/small", small), ("/large", large))
    ]
    watched = rule({"kind": "anomaly"}, metric="requests", window="15m", by=["endpoint"])
    found = judged(watched, *rows, begin="14d")
    breaches = {tuple(place) for place in np.argwhere(found.verdicts == Verdict.BREACH)}
    assert {(0, 20), (1, 10)} <= breaches and (0, 10) not in breaches and (1, 20) not in breaches


def test_without_a_history_there_is_no_verdict() -> None:
    watched = rule({"kind": "anomaly"}, metric="requests", window="15m")
    found = judged(watched, row("5x40", metric="requests", window="15m"))
    assert set(letters(found)) == {"_"}
    assert found.problem == "too little is known of the 2w before to say what is usual"
