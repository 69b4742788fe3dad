"""What is worth a message: of an incident as it was and is, the notice that a tick gives."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.incidents import Alert, Incident
from alerts.incidents.batch import Batch
from alerts.incidents.fatigue import repeat_after, spare
from alerts.rules import Priority
from tests.alerts.timetables import at, firing, key, resolved, rule

ONE = replace(firing("errors"), incident="i")
NEW = Incident("i", ONE.key, "Errors", Priority.P1, at(0), (ONE.key,), (ONE.key,))
TOLD = replace(NEW, first_told_at=at(0), told_at=at(0), told=("slack",))
ACKNOWLEDGED = replace(TOLD, acknowledged_at=at(1), acknowledged_by="ada")
FLAPPING = replace(TOLD, flapping_since=at(10))
JOINING = replace(firing("latency"), incident="i")
SILENCED = replace(ONE, withheld="silenced by ada")
ENDED = replace(resolved("errors", 0, 9), incident="i")
OVER = {"resolved_at": at(9), "firing": ()}
RULES = {"errors": rule("errors", notifications={"repeat": "30m"}), "latency": rule("latency")}


def spared(
    before: Incident | None,
    now: Incident,
    ongoing: tuple[Alert, ...] = (ONE,),
    changed: tuple[Alert, ...] = (),
    minute: float = 10,
) -> Batch:
    """What the stage makes of an incident; alerts are as the stages before it leave them."""
    given = tuple(replace(one, withheld="") for one in ongoing)
    batch = Batch(at(minute), changed, given, open=(before,) if before else (), rules=RULES)
    return spare(replace(batch, alerts=(*changed, *ongoing), incidents=(now,)))


@pytest.mark.parametrize(
    ("batch", "kinds"),
    [
        pytest.param(spared(None, NEW), ["firing"], id="new"),
        pytest.param(spared(NEW, NEW), ["firing"], id="still untold"),
        pytest.param(spared(NEW, NEW, (SILENCED,)), [], id="withheld"),
        pytest.param(spared(NEW, NEW, (SILENCED, JOINING)), ["firing"], id="one of two withheld"),
        pytest.param(spared(TOLD, TOLD), [], id="told"),
        pytest.param(spared(TOLD, TOLD, minute=29.9), [], id="not long ago"),
        pytest.param(spared(TOLD, TOLD, minute=30), ["repeat"], id="long ago"),
        pytest.param(spared(TOLD, TOLD, (SILENCED,), minute=30), [], id="long ago, withheld"),
        pytest.param(spared(ACKNOWLEDGED, ACKNOWLEDGED, minute=30), [], id="long ago, acknowledged"),
        pytest.param(spared(FLAPPING, FLAPPING, minute=30), [], id="long ago, flapping"),
        pytest.param(spared(TOLD, TOLD, changed=(JOINING,)), ["update"], id="joined"),
        pytest.param(spared(ACKNOWLEDGED, ACKNOWLEDGED, changed=(JOINING,)), ["update"], id="joined, acknowledged"),
        pytest.param(spared(TOLD, TOLD, changed=(replace(JOINING, withheld="silenced"),)), [], id="joined, withheld"),
        pytest.param(spared(TOLD, TOLD, (JOINING,), changed=(ENDED,)), ["update"], id="left"),
        pytest.param(spared(TOLD, replace(TOLD, priority=Priority.P0)), ["firing"], id="risen"),
        pytest.param(spared(FLAPPING, replace(FLAPPING, priority=Priority.P0)), ["firing"], id="risen, flapping"),
        pytest.param(spared(TOLD, FLAPPING), ["flapping"], id="flapping"),
        pytest.param(spared(None, replace(NEW, flapping_since=at(10))), ["flapping"], id="new, flapping"),
        pytest.param(spared(TOLD, replace(FLAPPING, firing=()), ()), ["flapping"], id="flapping, at rest"),
        pytest.param(spared(NEW, replace(NEW, flapping_since=at(9), firing=()), ()), [], id="untold, at rest"),
        pytest.param(spared(FLAPPING, FLAPPING, (), changed=(ONE,)), [], id="back, flapping"),
        pytest.param(spared(FLAPPING, FLAPPING, changed=(JOINING,)), ["update"], id="joined, flapping"),
        pytest.param(spared(TOLD, replace(TOLD, **OVER), (), changed=(ENDED,)), ["resolved"], id="over"),
        pytest.param(spared(NEW, replace(NEW, **OVER), (), changed=(ENDED,)), [], id="over, untold"),
        pytest.param(spared(FLAPPING, replace(TOLD, **OVER), ()), ["resolved"], id="over, quiet"),
        pytest.param(spared(None, replace(NEW, priority=Priority.P3)), [], id="P3"),
        pytest.param(spared(TOLD, replace(TOLD, priority=Priority.P3, **OVER), ()), [], id="P3, over"),
    ],
)  # fmt: skip
def test_an_incident_is_told_as(batch: Batch, kinds: list[str]) -> None:
    assert [notice.kind for notice in batch.notices] == kinds


def test_what_nobody_was_told_of_says_why() -> None:
    (withheld,) = spared(NEW, NEW, (SILENCED,)).incidents
    (waiting,) = spared(None, replace(NEW, priority=Priority.P3)).incidents
    (told,) = spared(TOLD, TOLD, (SILENCED,)).incidents
    assert [one.withheld for one in (withheld, waiting, told)] == ["silenced by ada", "waits for the digest", ""]


def test_a_notice_lists_what_may_be_told_the_head_first() -> None:
    severe = replace(firing("cpu", 1, "P0"), incident="i")
    (notice,) = spared(NEW, NEW, (severe, replace(JOINING, withheld="silenced"), ONE)).notices
    assert [str(alert.key) for alert in notice.alerts] == ["errors", "cpu"]


def test_the_notice_of_an_end_lists_what_ended() -> None:
    (notice,) = spared(TOLD, replace(TOLD, **OVER), (), changed=(ENDED,)).notices
    assert notice.alerts == (ENDED,)


@pytest.mark.parametrize(
    ("batch", "note"),
    [
        (spared(None, NEW), ""),
        (spared(TOLD, TOLD, minute=30), "repeated after 30m"),
        (spared(TOLD, replace(TOLD, priority=Priority.P0)), "was P1"),
        (spared(replace(NEW, withheld="silenced by ada"), NEW), "told only now: silenced by ada"),
        (spared(None, NEW, (replace(ONE, late=True),), minute=12), "late: seen after 12m"),
        (spared(TOLD, FLAPPING), "4 changes or more within an hour: told again once it was quiet for as long"),
    ],
)
def test_a_notice_says_why_it_comes_now(batch: Batch, note: str) -> None:
    assert [notice.note for notice in batch.notices] == [note]


def test_an_incident_that_rises_is_acknowledged_no_longer() -> None:
    (incident,) = spared(ACKNOWLEDGED, replace(ACKNOWLEDGED, priority=Priority.P0, escalated=2)).incidents
    assert (incident.acknowledged_at, incident.acknowledged_by, incident.escalated) == (None, "", 0)


def test_how_soon_an_incident_is_told_again() -> None:
    for priority, hours in {"P0": 1, "P1": 4, "P2": 12, "P3": 24}.items():
        assert repeat_after(replace(NEW, priority=Priority(priority)), {}) == timedelta(hours=hours)
    assert repeat_after(NEW, RULES) == timedelta(minutes=30)
    assert repeat_after(replace(NEW, head=key("latency")), RULES) == timedelta(hours=4)
