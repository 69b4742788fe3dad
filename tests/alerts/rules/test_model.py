"""What a rule may say, as a model; what files say is `test_reading`'s."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from alerts.rules import KINDS, AlertRule, EscalationStep, Static, Target

RULE: Mapping[str, Any] = {
    "id": "a", "name": "A", "priority": "P0", "metric": "error_rate", "condition": {"operator": ">", "threshold": 5},
}  # fmt: skip
OF_EACH_KIND: Mapping[str, Mapping[str, Any]] = {
    "static": {"operator": ">", "threshold": 5},
    "dynamic": {},
    "anomaly": {},
    "forecast": {"operator": ">", "threshold": 90, "horizon": "7d"},
    "absent": {"duration": "10m"},
    "burn_rate": {"objective": 99.9},
    "change": {"operator": ">", "threshold": 50},
    "budget": {"amount": 100},
    "composite": {"any": ["b"]},
}


def rule(**parts: object) -> AlertRule:
    return AlertRule.model_validate({**RULE, **parts})


def of_kind(kind: str, **parts: object) -> AlertRule:
    condition = {"kind": kind, **OF_EACH_KIND[kind], **parts}
    return rule(condition=condition, metric="" if kind == "composite" else "error_rate")


@pytest.mark.parametrize("kind", KINDS)
def test_a_condition_is_told_by_its_kind(kind: str) -> None:
    assert type(of_kind(kind).condition) is KINDS[kind]


def test_a_condition_without_a_kind_is_static() -> None:
    assert isinstance(rule().condition, Static)


def test_one_step_of_escalation_needs_no_list() -> None:
    step = {"after": "15m", "to": ["slack:#leads", "email:oncall@example.com"]}
    told = rule(notifications={"channels": ["slack"], "escalation": step}).notifications
    assert told.escalation == (EscalationStep(after=timedelta(minutes=15), to=("slack:#leads", step["to"][1])),)


@pytest.mark.parametrize(("text", "channel", "address"), [("slack", "slack", ""), ("slack:#a:b", "slack", "#a:b")])
def test_a_target_is_a_channel_and_perhaps_an_address(text: str, channel: str, address: str) -> None:
    target = Target.of(text)
    assert (target.channel, target.address, str(target)) == (channel, address, text)


def test_values_of_dimensions_are_taken_as_yaml_has_them() -> None:
    where = {"status_code": [500, 502], "cache_hit": True, "region": None, "endpoint": "/chat"}
    assert {one.dimension: one.values for one in rule(where=where).filters} == {
        "status_code": ("500", "502"),
        "cache_hit": ("true",),
        "region": (None,),
        "endpoint": ("/chat",),
    }


@pytest.mark.parametrize(
    ("operator", "threshold", "recover"),
    [(">", 5, 5), (">", 5, 4), (">=", 5, 0), ("<", 5, 5), ("<=", 5, 9), ("==", "down", None), ("contains", "d", None)],
)
def test_a_threshold_and_the_value_of_recovery_go_together(
    operator: str, threshold: float | str, recover: float | None
) -> None:
    condition = rule(condition={"operator": operator, "threshold": threshold, "recover": recover}).condition
    assert isinstance(condition, Static)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"operator": ">", "threshold": 5, "recover": 6}, "recover must be at most the threshold, 5, not 6"),
        ({"operator": "<=", "threshold": 5, "recover": 4}, "recover must be at least the threshold, 5, not 4"),
        ({"operator": "==", "threshold": 5, "recover": 4}, "recover goes with >, <, >= or <="),
        ({"operator": "==", "threshold": "down", "recover": 4}, "recover goes with >, <, >= or <="),
        ({"operator": ">", "threshold": "down"}, "a text is compared by ==, != or contains, not by >"),
        ({"operator": "contains", "threshold": 5}, "contains looks for a text"),
        ({"operator": ">", "threshold": True}, "valid number"),
        ({"operator": ">", "threshold": float("nan")}, "finite number"),
        ({"operator": ">", "threshold": float("inf")}, "finite number"),
        ({"operator": "=>", "threshold": 5}, "should be '>', '<'"),
        ({"kind": "absent", "duration": "0s"}, "expected more than 0s"),
        ({"kind": "forecast", "operator": ">", "threshold": 5, "horizon": "0s"}, "expected more than 0s"),
        ({"kind": "forecast", "operator": "==", "threshold": 5, "horizon": "1h"}, "should be '>', '<', '>=' or '<='"),
        ({"kind": "change", "operator": ">", "threshold": 5, "against": "0s"}, "expected more than 0s"),
        ({"kind": "burn_rate", "objective": 100}, "less than 100"),
        ({"kind": "burn_rate", "objective": 99, "burns": [{"rate": 1, "long": "5m", "short": "5m"}]},
         "short must be shorter than long, 5m, not 5m"),
        ({"kind": "dynamic", "weeks": 0}, "greater than or equal to 1"),
        ({"kind": "composite", "any": ["b"], "all": ["c"]}, "expected either `all` or `any`"),
        ({"kind": "composite"}, "expected either `all` or `any`"),
        ({"kind": "composite", "any": ["b"]}, "a composite rule has no metric of its own"),
    ],
)  # fmt: skip
def test_a_condition_that_says_two_things_at_once_is_refused(condition: Mapping[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        rule(condition=condition)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"id": "a b"}, "match pattern"),
        ({"id": "../a"}, "match pattern"),
        ({"name": ""}, "at least 1 character"),
        ({"priority": "P4"}, "'P0', 'P1', 'P2' or 'P3'"),
        ({"metric": ""}, "a metric of the catalog is missing"),
        ({"window": "7m"}, "a window is one of 5s, 10s, 30s, 1m, 5m"),
        ({"over": "1m"}, "over: expected several windows of 1m, not 1m"),
        ({"window": "5m", "over": "12m"}, "over: expected several windows of 5m, not 12m"),
        ({"over": "5m", "condition": {"kind": "absent"}}, "over goes with static and change, not with absent"),
        ({"where": {"endpoint": []}}, "at least 1 item"),
        ({"min_events": -1}, "greater than or equal to 0"),
        ({"notifications": {"channels": ["slak"]}}, "'slak' is no channel; the nearest is 'slack'"),
        ({"notifications": {"escalation": {"after": "0s", "to": ["slack"]}}}, "expected more than 0s"),
        ({"notifications": {"escalation": {"after": "5m", "to": []}}}, "at least 1 item"),
        ({"suppression": [{"reason": "x"}]}, "expected either `during` or `if`"),
        ({"suppression": [{"during": "sun"}]}, "is no span"),
        ({"treshold": 5}, "Extra inputs"),
    ],
)
def test_what_a_rule_cannot_be_is_refused(parts: Mapping[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        rule(**parts)
