"""Who else is told of what nobody acknowledges: of an incident as it is, the steps that a tick takes."""

from dataclasses import replace

import pytest

from alerts.incidents import Incident
from alerts.incidents.batch import Batch
from alerts.incidents.escalation import escalate
from alerts.incidents.incident import NO_CHANNEL, WAITING
from alerts.rules import Priority
from tests.alerts.timetables import at, firing, rule

STEPS = [{"after": "45m", "to": ["pagerduty"]}, {"after": "15m", "to": ["slack:#leads", "email:oncall@example.com"]}]
RULES = {"errors": rule("errors", notifications={"escalation": STEPS}), "cpu": rule("cpu")}
ONE = replace(firing("errors"), incident="i")
NEW = Incident("i", ONE.key, "Errors", Priority.P1, at(0), (ONE.key,), (ONE.key,))
TOLD = replace(NEW, first_told_at=at(2), told_at=at(2), told=("slack",))
UNTOLD = replace(TOLD, first_told_at=None, told_at=None, told=())


def steps(incident: Incident, minute: float, withheld: str = "", rules: bool = True) -> list[list[str]]:
    """Who is told in a minute, a list a step."""
    alerts = (replace(ONE, withheld=withheld),)
    batch = Batch(at(minute), alerts=alerts, incidents=(incident,), rules=RULES if rules else {})
    escalated = escalate(batch)
    assert escalated.incidents[0].escalated == incident.escalated + len(escalated.notices)
    return [list(map(str, notice.targets)) for notice in escalated.notices]


LEADS, PAGER = ["slack:#leads", "email:oncall@example.com"], ["pagerduty"]


@pytest.mark.parametrize(
    ("incident", "minute", "told"),
    [
        pytest.param(TOLD, 16.9, [], id="too soon"),
        pytest.param(TOLD, 17, [LEADS], id="due"),
        pytest.param(replace(TOLD, escalated=1), 30, [], id="taken"),
        pytest.param(replace(TOLD, escalated=1), 47, [PAGER], id="the next is due"),
        pytest.param(TOLD, 47, [LEADS, PAGER], id="two are due"),
        pytest.param(replace(TOLD, escalated=2), 1000, [], id="both taken"),
        pytest.param(replace(TOLD, acknowledged_at=at(3)), 17, [], id="acknowledged"),
        pytest.param(replace(TOLD, head=firing("cpu").key), 1000, [], id="a rule without steps"),
        pytest.param(UNTOLD, 1000, [], id="untold"),
        pytest.param(replace(UNTOLD, withheld=WAITING), 1000, [], id="waits for the digest"),
        pytest.param(replace(UNTOLD, withheld=NO_CHANNEL), 15, [LEADS], id="cannot be told"),
    ],
)
def test_steps_are_taken_when_they_fall_due(incident: Incident, minute: float, told: list[list[str]]) -> None:
    assert steps(incident, minute) == told


def test_nothing_escalates_that_is_withheld_or_whose_rule_is_gone() -> None:
    assert steps(TOLD, 17, withheld="silenced by ada") == []
    assert steps(TOLD, 17, rules=False) == []


def test_each_step_is_a_message_of_its_own_that_says_why() -> None:
    batch = escalate(Batch(at(47), alerts=(ONE,), incidents=(TOLD,), rules=RULES))
    assert [notice.note for notice in batch.notices] == ["not acknowledged within 15m", "not acknowledged within 45m"]
    assert len({notice.dedup_key(notice.targets[0]) for notice in batch.notices}) == 2
