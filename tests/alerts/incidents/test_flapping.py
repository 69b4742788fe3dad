"""Which incidents flap, and when they no longer do."""

from dataclasses import replace
from datetime import datetime

import pytest

from alerts.incidents import Incident
from alerts.incidents.batch import Batch
from alerts.incidents.flapping import flap
from alerts.judging import Transition, TransitionKind
from alerts.rules import Priority
from tests.alerts.timetables import at, firing, key, resolved

INCIDENT = Incident("i", key("errors"), "Errors", Priority.P1, at(0), (key("errors"), key("cpu")), (key("errors"),))
FLAPPING = replace(INCIDENT, flapping_since=at(30))
KINDS: tuple[TransitionKind, ...] = ("firing", "resolved")


def seen(incident: Incident, minute: float, *changes: float, **more: object) -> Incident:
    """An incident in a minute, after its alert began to fire, was resolved, … in these minutes."""
    past = tuple(Transition(key("errors"), KINDS[n % 2], at(change)) for n, change in enumerate(changes))
    batch = Batch(at(minute), history={key("errors"): past}, incidents=(incident,))
    (found,) = flap(replace(batch, **more)).incidents
    return found


@pytest.mark.parametrize(
    ("minute", "changes", "since"),
    [
        pytest.param(30, (0, 10, 20, 30), at(30), id="four changes"),
        pytest.param(60, (0, 10, 20, 60), at(60), id="four changes in an hour"),
        pytest.param(61, (0, 10, 20, 61), None, id="four changes in more than an hour"),
        pytest.param(20, (0, 10, 20), None, id="three changes"),
        pytest.param(60, (0,) * 9, None, id="one change, named nine times"),
    ],
)
def test_an_instance_flaps_that_changes_four_times_within_an_hour(
    minute: float, changes: tuple[float, ...], since: datetime | None
) -> None:
    assert seen(INCIDENT, minute, *changes).flapping_since == since


def test_what_changes_in_the_tick_counts_whether_it_is_in_the_history_or_not() -> None:
    again = (firing("errors", 30),)
    assert seen(INCIDENT, 30, 0, 10, 20, changed=again).flapping_since == at(30)
    assert seen(INCIDENT, 30, 0, 10, 20, 30, changed=again).flapping_since == at(30)
    assert (
        seen(INCIDENT, 30, 10, 20, changed=(replace(resolved("errors", 0, 30), incident="i"),)).flapping_since is None
    )
    assert seen(INCIDENT, 30, 10, 20, changed=(resolved("errors", 22, 30),)).flapping_since == at(30)


def test_the_changes_of_two_instances_are_not_put_together() -> None:
    past = {key(name): tuple(Transition(key(name), "firing", at(n)) for n in (1, 2)) for name in ("errors", "cpu")}
    (incident,) = flap(Batch(at(30), history=past, incidents=(INCIDENT,))).incidents
    assert incident.flapping_since is None


def test_what_flaps_stays_open_when_it_ends() -> None:
    over = replace(INCIDENT, firing=(), resolved_at=at(30), resolution="recovered")
    assert seen(over, 30, 0, 10, 20, 30) == replace(over, resolved_at=None, resolution="", flapping_since=at(30))


def test_what_ends_for_another_reason_ends_though_it_flaps() -> None:
    over = replace(INCIDENT, firing=(), resolved_at=at(30), resolution="the rule was removed")
    assert seen(over, 30, 0, 10, 20, 30) == over


def test_what_was_quiet_for_an_hour_flaps_no_longer_and_ends_unless_it_fires() -> None:
    assert seen(FLAPPING, 89, 30) == FLAPPING
    assert seen(FLAPPING, 90, 30) == INCIDENT
    at_rest = replace(FLAPPING, firing=())
    assert seen(at_rest, 89, 30) == at_rest
    assert seen(at_rest, 90, 30) == replace(
        at_rest, flapping_since=None, resolved_at=at(90), resolution="quiet for an hour after flapping"
    )
