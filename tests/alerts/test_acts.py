"""What people do about alerts, and what comes of it; on both databases."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from alerts.acts import NoIncident, NoSilence, acknowledge, note, resolve, silence, unsilence
from alerts.incidents import Incident, Status, Step
from alerts.judging import Instance, State, Verdict
from alerts.judging.lifecycle import Timing, step
from alerts.policy import Matcher, only
from alerts.store import Store
from tests.alerts.known import RULE, alert, incident, instance, key, minutes

TOLD = ("slack:#incidents", "email:oncall@example.com", "pagerduty")
OPEN = incident(key("/a"), key("/b"), told=TOLD, told_at=minutes(0))


@pytest.fixture
def fired(store: Store) -> Store:
    """A store with an incident of two alerts that three were told of."""
    with store.writing() as repository:
        repository.save_incidents([OPEN])
        repository.save_alerts([alert(one, incident=OPEN.id) for one in OPEN.members])
        repository.save_instances([instance(one) for one in (*OPEN.members, key("/other"))])
    return store


def queued(store: Store) -> list[tuple[str, str, str]]:
    with store.reading() as repository:
        return [(one.kind, one.target, one.who) for one in repository.deliveries(OPEN.id)]


def as_stored(store: Store) -> Incident | None:
    with store.reading() as repository:
        return repository.incident(OPEN.id)


def test_an_acknowledged_incident_says_by_whom_and_shows_it_where_that_can_be_seen(fired: Store) -> None:
    with fired.writing() as repository:
        answer = acknowledge(repository, OPEN.id, "ada", minutes(3))
    expected = replace(OPEN, acknowledged_at=minutes(3), acknowledged_by="ada")
    assert (answer.incident, answer.done, answer.text) == (expected, True, "acknowledged by ada")
    assert as_stored(fired) == expected
    assert queued(fired) == [("acknowledged", "slack:#incidents", "ada"), ("acknowledged", "pagerduty", "ada")]
    with fired.reading() as repository:
        assert repository.timeline(incident=OPEN.id) == (
            Step(minutes(3), "acknowledged", "acknowledged by ada", OPEN.id, who="ada"),
        )


def test_a_note_is_kept_in_the_timeline_and_changes_nothing_else(fired: Store) -> None:
    with fired.writing() as repository:
        answer = note(repository, OPEN.id, "ada", " rolled back router ", minutes(3))
    assert (answer.incident, answer.done) == (OPEN, True)
    assert as_stored(fired) == OPEN
    assert queued(fired) == []
    with fired.reading() as repository:
        assert repository.timeline(incident=OPEN.id) == (
            Step(minutes(3), "note", "rolled back router", OPEN.id, who="ada"),
        )


def test_a_note_that_says_nothing_is_none(fired: Store) -> None:
    with fired.writing() as repository, pytest.raises(ValueError, match="must say something"):
        note(repository, OPEN.id, "ada", "  ", minutes(3))


def test_who_acknowledges_second_learns_who_was_first(fired: Store) -> None:
    with fired.writing() as repository:
        acknowledge(repository, OPEN.id, "ada", minutes(3))
    before = queued(fired)
    with fired.writing() as repository:
        answer = acknowledge(repository, OPEN.id, "grace", minutes(4))
    assert (answer.done, answer.text) == (False, "acknowledged by ada at 2026-05-01 12:03 UTC already")
    assert answer.incident.acknowledged_by == "ada"
    assert queued(fired) == before


def test_a_resolved_incident_ends_its_alerts_and_all_who_were_told_are_told(fired: Store) -> None:
    with fired.writing() as repository:
        answer = resolve(repository, OPEN.id, "ada", "rolled back", minutes(9))
    assert (answer.done, answer.text) == (True, "resolved by ada: rolled back")
    found = as_stored(fired)
    assert found is not None
    assert (found.status, found.resolution, found.firing) == (Status.RESOLVED, "resolved by ada: rolled back", ())
    assert queued(fired) == [("resolved", target, "ada") for target in TOLD]
    with fired.reading() as repository:
        assert list(repository.instances()) == [key("/other")]
        ended = repository.alerts_of([OPEN.id])
        assert {(one.state, one.ended_at, one.reason) for one in ended} == {
            (State.RESOLVED, minutes(9), "resolved by ada: rolled back")
        }
        changes = repository.transitions(minutes(0))
        assert {one.reason for past in changes.values() for one in past} == {"resolved by ada: rolled back"}
        assert set(changes) == set(OPEN.members)
        assert [step.kind for step in repository.timeline(incident=OPEN.id)] == ["resolved"]


def test_what_is_over_is_neither_acknowledged_nor_resolved_again(fired: Store) -> None:
    with fired.writing() as repository:
        resolve(repository, OPEN.id, "ada", "", minutes(9))
    before = as_stored(fired), queued(fired)
    with fired.writing() as repository:
        answers = [
            acknowledge(repository, OPEN.id, "grace", minutes(10)),
            resolve(repository, OPEN.id, "grace", "me, too", minutes(10)),
        ]
    assert {(one.done, one.text) for one in answers} == {(False, "resolved by ada at 2026-05-01 12:09 UTC already")}
    assert (as_stored(fired), queued(fired)) == before


def test_an_incident_is_called_a_false_alert_as_it_is_resolved_or_afterwards_once(fired: Store) -> None:
    with fired.writing() as repository:
        at_once = resolve(repository, OPEN.id, "ada", "a bot", minutes(9), is_false=True)
        assert (at_once.incident.resolution, at_once.incident.was_false) == (
            "false alert, resolved by ada: a bot", True,
        )  # fmt: skip
        repository.save_incidents([replace(at_once.incident, resolution="recovered")])
        later = resolve(repository, OPEN.id, "ada", "", minutes(19), is_false=True)
        assert (later.done, later.text) == (True, "a false alert, says ada")
        again = resolve(repository, OPEN.id, "grace", "", minutes(20), is_false=True)
    assert (again.done, again.incident.resolution) == (False, "false alert, recovered")
    with fired.reading() as repository:
        assert [step.kind for step in repository.timeline(incident=OPEN.id)] == ["resolved", "note"]


def test_an_incident_that_nobody_was_told_of_is_resolved_in_silence(store: Store) -> None:
    with store.writing() as repository:
        repository.save_incidents([replace(OPEN, told=())])
        resolve(repository, OPEN.id, "ada", "", minutes(9))
    assert queued(store) == []


def test_an_incident_that_there_is_not_is_named(store: Store) -> None:
    with store.writing() as repository:
        with pytest.raises(NoIncident, match="no incident 'c0ffee'"):
            acknowledge(repository, "c0ffee", "ada", minutes(0))
        with pytest.raises(NoIncident, match="no incident 'c0ffee'"):
            resolve(repository, "c0ffee", "ada", "", minutes(0))


def test_a_silence_matches_from_now_until_its_end_and_is_seen_where_it_keeps_quiet(fired: Store) -> None:
    other = incident(key("/a", rule="latency-p1"))
    with fired.writing() as repository:
        repository.save_incidents([other])
        made = silence(repository, who="ada", why="deploy", at=minutes(1), end=minutes(31), matchers=only(key("/b")))
    text = "silenced until 2026-05-01 12:31 UTC by ada: deploy"
    labels = {"rule": RULE, "endpoint": "/b"}
    assert [made.matches(labels, minutes(at)) for at in (0, 1, 30, 31)] == [False, True, True, False]
    assert not made.matches({**labels, "endpoint": "/a"}, minutes(1))
    with fired.reading() as repository:
        assert repository.silences(minutes(1)) == (made,)
        assert repository.timeline(incident=OPEN.id) == (Step(minutes(1), "silenced", text, OPEN.id, who="ada"),)
        assert repository.timeline(incident=other.id) == ()
        assert [step.text for step in repository.timeline(rule=RULE)] == [text]


def test_a_silence_ends_early_when_somebody_ends_it(fired: Store) -> None:
    with fired.writing() as repository:
        made = silence(repository, who="ada", why="", at=minutes(1), end=minutes(31))
    with fired.writing() as repository:
        assert unsilence(repository, made.id, "grace", minutes(5)) == made
    with fired.reading() as repository:
        assert repository.silences(minutes(5)) == ()
        assert [step.text for step in repository.timeline(incident=OPEN.id)][-1] == "silence ended by grace"
    with pytest.raises(NoSilence, match=made.id), fired.writing() as repository:
        unsilence(repository, made.id, "grace", minutes(6))


@pytest.mark.parametrize("length", [timedelta(0), timedelta(minutes=-1)])
def test_a_silence_that_would_never_hold_is_refused(store: Store, length: timedelta) -> None:
    with pytest.raises(ValueError, match="must end after it starts"), store.writing() as repository:
        silence(repository, who="ada", why="", at=minutes(1), end=minutes(1) + length)


def test_the_same_silence_asked_for_twice_at_once_is_one(store: Store) -> None:
    with store.writing() as repository:
        made = [
            silence(repository, who="ada", why="", at=minutes(1), end=minutes(2), matchers=[Matcher("rule", "=", RULE)])
            for _ in range(2)
        ]
        assert repository.silences() == (made[0],)


def test_what_was_resolved_and_breaches_on_fires_again_only_after_the_full_duration(fired: Store) -> None:
    with fired.writing() as repository:
        resolve(repository, OPEN.id, "ada", "", minutes(9))
    timing = Timing(duration=timedelta(minutes=5))
    with fired.reading() as repository:
        state = repository.instances().get(key("/a"), Instance(key("/a")))
    changes: list[tuple[str, datetime]] = []
    for minute in range(10, 20):
        state, changed = step(state, Verdict.BREACH, 7.0, minutes(minute), timing)
        if changed:
            changes.append((changed.kind, changed.at))
    assert changes == [("pending", minutes(10)), ("firing", minutes(15))]
