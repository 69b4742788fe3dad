"""A rule's threshold as people read it."""

from collections.abc import Mapping
from typing import Any

import pytest

from alerts.judging.thresholds import compared_unit, threshold_text, threshold_value
from alerts.rules import KINDS
from tests.alerts.made_up import rule

TEXTS: list[tuple[Mapping[str, Any], str, float | None]] = [
    ({"operator": ">", "threshold": 5, "duration": "5m"}, "> 5 % for 5m", 5),
    ({"operator": "<=", "threshold": 0.25}, "<= 0.25 %", 0.25),
    ({"operator": ">", "threshold": 12_500_000}, "> 12500000 %", 12_500_000),
    ({"operator": "==", "threshold": "down", "duration": "1m"}, "is down for 1m", None),
    ({"kind": "dynamic", "direction": "up"}, "above what is usual at this hour of the week (medium sensitivity)", None),
    ({"kind": "anomaly", "sensitivity": "high"}, "unlike what is usual (high sensitivity)", None),
    ({"kind": "forecast", "operator": ">", "threshold": 90, "horizon": "4h"}, "> 90 % within 4h", 90),
    ({"kind": "absent", "duration": "10m"}, "no data for 10m", None),
    (
        {"kind": "burn_rate", "objective": 99.9},
        "error budget of 99.9 % spent > 14.4 × over 1h and 5m or 6 × over 6h and 30m", 14.4,
    ),
    ({"kind": "change", "operator": ">", "threshold": 50}, "> +50 % against 1w earlier", 50),
    ({"kind": "budget", "amount": 500, "percent": 90}, "> 90 % of 500 % a month", 90),
    ({"kind": "composite", "all": ["a", "b"]}, "a and b firing", None),
    ({"kind": "composite", "any": ["a", "b"], "duration": "2m"}, "a or b firing for 2m", None),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "text", "value"), TEXTS)
def test_a_threshold_in_words_and_as_a_line(condition: Mapping[str, Any], text: str, value: float | None) -> None:
    watched = rule(condition, metric="" if condition.get("kind") == "composite" else "error_rate")
    assert threshold_text(watched, "%") == text
    assert threshold_value(watched) == value


def test_every_kind_has_words() -> None:
    assert {condition.get("kind", "static") for condition, _, _ in TEXTS} == set(KINDS)


def test_a_change_is_in_percent_and_a_burn_in_times() -> None:
    assert compared_unit(rule({"kind": "change", "operator": ">", "threshold": 50}), "USD") == "%"
    assert compared_unit(rule({"kind": "burn_rate", "objective": 99}), "%") == "×"
    assert compared_unit(rule({"kind": "budget", "amount": 99}), "USD") == "%"
    assert compared_unit(rule({"operator": ">", "threshold": 5}), "USD") == "USD"
