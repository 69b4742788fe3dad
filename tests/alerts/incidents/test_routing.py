"""Who is told: targets by rule and priority, what is left out, and what is noted of it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from alerts.incidents import Incident, Notice, NoticeKind
from alerts.incidents.batch import Batch
from alerts.incidents.incident import NO_CHANNEL
from alerts.incidents.routing import route
from alerts.rules import Priority, Target
from metrics.settings import Alerts
from tests.alerts.timetables import EVERYWHERE, SETTINGS, at, firing, rule

ONE = replace(firing("errors"), incident="i")
NEW = Incident("i", ONE.key, "Errors", Priority.P1, at(0), (ONE.key,), (ONE.key,))
ONLY_SLACK = frozenset({"slack"})
TOLD = replace(NEW, first_told_at=at(1), told_at=at(1), told=("slack", "email:ada@example.com", "webhook"))
OVER = replace(TOLD, resolved_at=at(9))


def routed(
    kind: NoticeKind,
    incident: Incident = NEW,
    channels: object = None,
    before: Incident | None = None,
    set_up: frozenset[str] = EVERYWHERE,
    settings: Alerts = SETTINGS,
    to: tuple[str, ...] = (),
) -> Batch:
    """A notice of an incident, sent on its way at minute 9."""
    rules = {"errors": rule("errors", notifications={"channels": channels} if channels is not None else {})}
    notice = Notice(kind, incident, (ONE,), tuple(map(Target.of, to)), at=at(9))
    return route(
        Batch(
            at(9), open=(before,) if before else (), incidents=(incident,), notices=(notice,), rules=rules,
            set_up=set_up, settings=settings,
        )
    )  # fmt: skip


def targets(batch: Batch) -> list[str]:
    return [str(target) for notice in batch.notices for target in notice.targets]


@pytest.mark.parametrize(
    ("batch", "told"),
    [
        pytest.param(routed("firing"), ["slack", "email"], id="by priority"),
        pytest.param(routed("firing", channels=["slack:#a", "webhook"]), ["slack:#a", "webhook"], id="by rule"),
        pytest.param(routed("firing", channels=["slack", "slack"]), ["slack"], id="once each"),
        pytest.param(routed("repeat", TOLD), ["slack", "email"], id="again"),
        pytest.param(routed("flapping", TOLD), ["slack", "email"], id="flapping"),
        pytest.param(routed("update", TOLD), ["slack", "webhook"], id="an update, where it changes the first message"),
        pytest.param(routed("resolved", OVER), list(TOLD.told), id="the end, to those told"),
        pytest.param(routed("resolved", OVER, set_up=frozenset()), list(TOLD.told), id="the end, set up or not"),
        pytest.param(routed("escalation", TOLD, to=("pagerduty", "slack:#a")), ["pagerduty", "slack:#a"], id="steps"),
        pytest.param(routed("firing", set_up=frozenset({"email"})), ["email"], id="what is set up"),
        pytest.param(routed("firing", settings=Alerts()), ["slack"], id="what has an address"),
        pytest.param(
            routed("firing", channels=["email:ada@example.com"], settings=Alerts()), ["email:ada@example.com"],
            id="what is given an address",
        ),
        pytest.param(routed("firing", settings=Alerts(routes={"P1": ("slak", "slack")})), ["slack"], id="known"),
        pytest.param(routed("firing", settings=Alerts(routes={"P0": ("slack",)})), [], id="no route"),
        pytest.param(routed("firing", TOLD, ["pagerduty"], set_up=ONLY_SLACK), ["slack"], id="those told"),
        pytest.param(routed("escalation", TOLD, to=("pagerduty",), set_up=ONLY_SLACK), [], id="no escalation"),
    ],
)  # fmt: skip
def test_targets(batch: Batch, told: list[str]) -> None:
    assert targets(batch) == told


def noted(batch: Batch) -> Mapping[str, object]:
    (incident,) = batch.incidents
    return {name: getattr(incident, name) for name in ("first_told_at", "told_at", "told", "withheld")}


def test_who_was_told_is_noted() -> None:
    first = {"first_told_at": at(9), "told_at": at(9), "told": ("slack", "email"), "withheld": ""}
    assert noted(routed("firing", replace(NEW, withheld="silenced"))) == first
    again = {"first_told_at": at(1), "told_at": at(9), "told": (*TOLD.told, "email"), "withheld": ""}
    assert noted(routed("repeat", TOLD)) == again
    more = {"first_told_at": at(1), "told_at": at(1), "told": (*TOLD.told, "pagerduty"), "withheld": ""}
    assert noted(routed("escalation", TOLD, to=("pagerduty",))) == more
    unchanged = {"first_told_at": at(1), "told_at": at(1), "told": TOLD.told, "withheld": ""}
    assert noted(routed("update", TOLD)) == unchanged


def test_the_notice_has_the_incident_as_it_is_then() -> None:
    batch = routed("firing")
    assert batch.notices[0].incident == batch.incidents[0]


def test_without_a_channel_the_notice_is_kept_for_the_record_once() -> None:
    first = routed("firing", set_up=frozenset())
    assert [(notice.withheld, notice.targets) for notice in first.notices] == [(NO_CHANNEL, ())]
    assert first.incidents[0].withheld == NO_CHANNEL
    again = routed("firing", first.incidents[0], before=first.incidents[0], set_up=frozenset())
    assert (again.notices, again.steps) == ((), ())


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        pytest.param(routed("firing", set_up=ONLY_SLACK), ["email is not set up: left out"], id="one"),
        pytest.param(routed("firing", set_up=frozenset()), ["slack, email are not set up: left out"], id="all"),
        pytest.param(routed("firing", settings=Alerts()), ["email is not set up: left out"], id="without an address"),
        pytest.param(routed("repeat", TOLD, before=TOLD, set_up=ONLY_SLACK), [], id="said before"),
        pytest.param(
            routed("firing", replace(TOLD, priority=Priority.P0), before=TOLD, set_up=ONLY_SLACK),
            ["pagerduty is not set up: left out"], id="more of a higher priority",
        ),
        pytest.param(
            routed("escalation", TOLD, to=("pagerduty",), before=TOLD, set_up=frozenset()),
            ["pagerduty is not set up: left out"], id="of an escalation",
        ),
        pytest.param(routed("firing"), [], id="none"),
    ],
)  # fmt: skip
def test_the_timeline_says_who_was_left_out(batch: Batch, said: list[str]) -> None:
    assert [step.text for step in batch.steps] == said
