"""What alerts know outlives the process: what is written is read again, whole or not at all, on both databases."""

import os
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.incidents import Silence, Step
from alerts.judging import State, Transition, TransitionKind
from alerts.policy import only
from alerts.store import Store, StoreUnavailable
from alerts.store.database import FILE_NAME
from metrics.events.problems import ConfigurationError
from metrics.settings import Alerts, Settings
from tests.alerts.known import NOON, RULE, alert, incident, instance, key, minutes
from tests.alerts.other_process import Other, another
from tests.fakes.postgres import Postgres
from tests.patience import TIMEOUT

MANY = 10_000
HOSTILE = "a\0b “ö” \x1b[31m'; DROP TABLE incidents; --"


def test_instances_come_back_as_they_were(store: Store) -> None:
    pending = instance(key(None), state=State.PENDING, since=NOON, fired_at=None, value=None, worst=None)
    recent = {key(): (1.0, None, 3.5)}
    with store.writing() as repository:
        repository.save_instances([instance(), pending], recent)
    with store.reading() as repository:
        assert repository.instances() == {key(): instance(), key(None): pending}
        assert repository.recent() == {key(): (1.0, None, 3.5), key(None): ()}


def test_instances_that_are_quiet_again_are_forgotten(store: Store) -> None:
    with store.writing() as repository:
        repository.save_instances([instance(key(name)) for name in ("/a", "/b", "/c")])
        repository.save_instances(
            [instance(key("/a"), state=State.RESOLVED), instance(key("/b"), state=State.INACTIVE)]
        )
        repository.save_instances([instance(key("/c"), value=8.0)])
    with store.reading() as repository:
        assert repository.instances() == {key("/c"): instance(key("/c"), value=8.0)}


def test_values_that_are_no_numbers_are_gaps(store: Store) -> None:
    with store.writing() as repository:
        repository.save_instances([instance(value=float("nan"))], {key(): (float("nan"), float("inf"), 1.0)})
    with store.reading() as repository:
        assert repository.instances()[key()].value is None
        assert repository.recent()[key()] == (None, None, 1.0)


def test_alerts_and_incidents_come_back_as_they_were(store: Store) -> None:
    opened = incident(key(), key(None), told=("slack:#a", "pagerduty"), told_at=NOON, escalated=2, withheld="late")
    firing, ended = (
        alert(key(), incident=opened.id),
        alert(key(None), incident=opened.id, state=State.RESOLVED, ended_at=minutes(3), reason="gone", late=True),
    )
    with store.writing() as repository:
        repository.save_alerts([firing, ended])  # the incident may follow
        repository.save_incidents([opened])
        repository.save_instances([instance()], {key(): (1.0, 2.0)})
    with store.reading() as repository:
        assert repository.incident(opened.id) == opened
        assert repository.incidents() == (opened,)
        assert set(repository.alerts_of([opened.id])) == {replace(firing, recent=(1.0, 2.0)), ended}
        assert repository.firing_alerts() == (replace(firing, recent=(1.0, 2.0)),)
        assert repository.incident("none") is None


def test_incidents_are_found_by_when_they_were_open(store: Store) -> None:
    early = incident(key("/a"), opened_at=minutes(0), resolved_at=minutes(10))
    late = incident(key("/b"), opened_at=minutes(20), resolved_at=minutes(30))
    going_on = incident(key("/c"), opened_at=minutes(5))
    with store.writing() as repository:
        repository.save_incidents([early, late, going_on])
    with store.reading() as repository:
        assert repository.incidents() == (going_on,)
        assert repository.incidents(open_only=False) == (late, going_on, early)
        assert repository.incidents(open_only=False, since=minutes(15)) == (late, going_on)
        assert repository.incidents(open_only=False, until=minutes(5)) == (early,)
        assert repository.incidents(open_only=False, since=minutes(10), until=minutes(20)) == (going_on, early)


def test_text_that_a_database_may_not_hold_is_kept_as_far_as_it_can_be(store: Store) -> None:
    hostile = incident(key(HOSTILE), title=f"{HOSTILE} \ud800", told=(HOSTILE,))
    with store.writing() as repository:
        repository.save_instances([instance(key(HOSTILE))])
        repository.save_incidents([hostile])
        repository.record([Step(NOON, "note", HOSTILE, hostile.id, key(HOSTILE), HOSTILE)])
    with store.reading() as repository:
        assert list(repository.instances()) == [key(HOSTILE)]
        found = repository.incident(hostile.id)
        assert found is not None
        assert (found.head, found.told) == (key(HOSTILE), (HOSTILE,))
        assert found.title == HOSTILE.replace("\0", "�") + " ?"
        assert [step.key for step in repository.timeline(key=key(HOSTILE))] == [key(HOSTILE)]


def test_labels_of_any_length_and_likeness_are_told_apart(store: Store) -> None:
    keys = [key("x" * 20_000 + end) for end in ("", "a")] + [key(None), key("(none)"), key(""), key("a, b=c")]
    with store.writing() as repository:
        repository.save_instances([instance(one) for one in keys])
    with store.reading() as repository:
        assert set(repository.instances()) == set(keys)


def test_the_last_instant_evaluated_is_known_for_each_rule(store: Store) -> None:
    with store.writing() as repository:
        repository.set_evaluated({"a": NOON, "b": NOON})
        repository.set_evaluated({"b": minutes(1) + timedelta(microseconds=1)})
    with store.reading() as repository:
        assert repository.evaluated() == {"a": NOON, "b": minutes(1) + timedelta(microseconds=1)}


def test_only_the_last_good_rule_texts_are_kept(store: Store) -> None:
    with store.writing() as repository:
        repository.save_rule_texts({"a.yaml": "- id: a", "b.yaml": "- id: b"}, NOON)
        repository.save_rule_texts({"b.yaml": "- id: c"}, minutes(1))
    with store.reading() as repository:
        assert repository.rule_texts() == {"b.yaml": "- id: c"}


def test_the_timeline_is_read_by_incident_by_rule_and_by_instance(store: Store) -> None:
    opened = incident()
    steps = [
        Step(minutes(2), "acknowledged", "acknowledged by ada", opened.id, who="ada"),
        Step(minutes(0), "firing", "7.3 %", opened.id, key()),
        Step(minutes(1), "pending", "6 %", key=key("/other")),
        Step(minutes(3), "note", "another rule", key=key(rule="latency-p1")),
    ]
    with store.writing() as repository:
        repository.save_incidents([opened])
        repository.record(steps)
    with store.reading() as repository:
        assert repository.timeline(incident=opened.id) == (steps[1], steps[0])
        assert repository.timeline(rule=RULE) == (steps[1], steps[2])
        assert repository.timeline(key=key()) == (steps[1],)
        assert repository.timeline(since=minutes(2)) == (steps[0], steps[3])
        assert repository.timeline(limit=2) == (steps[0], steps[3])


def test_recent_changes_of_state_are_known_by_instance(store: Store) -> None:
    kinds: tuple[tuple[int, TransitionKind], ...] = ((0, "firing"), (30, "resolved"), (50, "pending"), (55, "firing"))
    changes = [Transition(key(), kind, minutes(at), 1.0, "why", late=True) for at, kind in kinds]
    with store.writing() as repository:
        repository.save_transitions([*changes, Transition(key("/b"), "firing", minutes(40))])
    with store.reading() as repository:
        found = repository.transitions(since=minutes(30))
        assert found == {key(): (changes[1], changes[3]), key("/b"): (Transition(key("/b"), "firing", minutes(40)),)}
        assert repository.transitions(since=minutes(45), kinds=["pending"]) == {key(): (changes[2],)}


def test_silences_hold_until_they_end_or_are_ended(store: Store) -> None:
    made = Silence("s1", NOON, minutes(60), "deploy", "ada", only(key()))
    later = replace(made, id="s2", start=minutes(30))
    with store.writing() as repository:
        for silence in (later, made):
            repository.add_silence(silence)
    with store.reading() as repository:
        assert repository.silences(minutes(59)) == (made, later)
        assert repository.silences(minutes(60)) == ()
        assert repository.silences() == (made, later)
    with store.writing() as repository:
        assert repository.end_silence("s1", minutes(10)) == made
        assert repository.end_silence("s2", minutes(10)) == later
        assert repository.end_silence("s1", minutes(11)) is None
    with store.reading() as repository:
        labels = {"rule": RULE, "endpoint": "/chat"}
        assert not any(one.matches(labels, minutes(at)) for one in repository.silences() for at in (10, 30, 45))
        assert repository.silences()[0].matches(labels, minutes(9))


def test_what_is_over_for_long_is_forgotten_with_all_that_belongs_to_it(store: Store) -> None:
    old = incident(key("/old"), resolved_at=minutes(10))
    kept = incident(key("/kept"), resolved_at=minutes(20))
    going_on = incident(key("/open"))
    with store.writing() as repository:
        repository.save_incidents([old, kept, going_on])
        for one in (old, kept, going_on):
            repository.save_alerts([alert(one.head, incident=one.id, ended_at=one.resolved_at)])
            repository.record([Step(NOON, "firing", "", one.id, one.head)])
        repository.save_transitions([Transition(key(), "firing", minutes(at)) for at in (0, 30)])
        repository.add_silence(Silence("s", NOON, minutes(1), "", "ada"))
    with store.writing() as repository:
        repository.forget(before=minutes(15))
    with store.reading() as repository:
        assert set(repository.incidents(open_only=False)) == {kept, going_on}
        assert {one.key for one in repository.alerts(NOON)} == {kept.head, going_on.head}
        assert {step.incident for step in repository.timeline()} == {kept.id, going_on.id}
        assert [one.at for one in repository.transitions(NOON)[key()]] == [minutes(30)]
        assert repository.silences() == ()


def test_thousands_of_instances_and_alerts_fit_into_one_transaction(store: Store) -> None:
    keys = [key(f"/{number}") for number in range(MANY)]
    opened = incident(*keys)
    with store.writing() as repository:
        repository.save_incidents([opened])
        repository.save_instances([instance(one) for one in keys], dict.fromkeys(keys, (1.0,) * 60))
        repository.save_alerts([alert(one, incident=opened.id) for one in keys])
    with store.reading() as repository:
        assert len(repository.instances()) == len(repository.alerts_of([opened.id])) == MANY
        assert repository.incident(opened.id) == opened


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.writing() as repository:
        repository.save_incidents([incident()])
        raise ZeroDivisionError
    with store.reading() as repository:
        assert repository.incidents() == ()


def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(store: Store) -> None:
    with store.reading() as repository:
        assert repository.evaluated() == {}
        with store.writing() as other:
            other.set_evaluated({"a": NOON})
            other.save_incidents([incident()])
        assert repository.evaluated() == {}
        assert repository.incidents() == ()
    with store.reading() as repository:
        assert repository.incidents() == (incident(),)


def test_a_writer_waits_for_the_one_before_and_sees_what_it_wrote(store: Store) -> None:
    seen: list[int] = []
    begun = threading.Event()

    def write() -> None:
        begun.set()
        with store.writing() as repository:
            seen.append(len(repository.incidents()))

    with store.writing() as repository:
        second = threading.Thread(target=write)
        second.start()
        assert begun.wait(TIMEOUT)
        repository.save_incidents([incident()])
        assert seen == []
    second.join(TIMEOUT)
    assert seen == [1]


def test_nothing_is_lost_when_people_acknowledge_while_ticks_are_written(
    store: Store, address: str, others: tuple[Other, Other]
) -> None:
    incidents = [incident(key(f"/{number}")) for number in range(12)]
    with store.writing() as repository:
        repository.save_incidents(incidents)
    said: list[str] = []
    ada, grace = others
    ada.begin("acknowledge all", address, "ada")
    grace.begin("acknowledge all", address, "grace")
    at_work = threading.Thread(target=lambda: said.extend([ada.says(), grace.says()]))
    at_work.start()
    ticks = 0
    while at_work.is_alive():
        with store.writing() as repository:
            repository.save_incidents(replace(one, escalated=one.escalated + 1) for one in repository.incidents())
        ticks += 1
    assert said == ["done", "done"]
    assert ticks > 0
    with store.reading() as repository:
        found = repository.incidents()
        assert {one.escalated for one in found} == {ticks}
        assert {one.acknowledged_by for one in found} <= {"ada", "grace"}
        assert [len(repository.timeline(incident=one.id)) for one in found] == [1] * len(incidents)


def test_a_writer_that_is_killed_leaves_nothing_half_done(store: Store, address: str) -> None:
    with another() as process:
        process.begin("write and wait", address)
        assert process.says() == "written"
        process.kill()
    with store.writing() as repository:
        assert repository.incidents() == ()
        assert repository.instances() == {}
        repository.save_incidents([incident()])
    with store.reading() as repository:
        assert repository.incidents() == (incident(),)


def test_a_server_that_restarts_costs_the_transaction_in_progress_and_no_other(
    postgres_server: Postgres, open_store: Callable[[str], Store]
) -> None:
    store = open_store(postgres_server.new_database())
    with store.writing() as repository:
        repository.set_evaluated({"before": NOON})
    with pytest.raises(StoreUnavailable, match="cannot be used now"), store.writing() as repository:
        repository.set_evaluated({"lost": NOON})
        postgres_server.restart_at_once()
        repository.evaluated()
    postgres_server.restart_at_once()
    with store.writing() as repository:
        repository.set_evaluated({"after": NOON})
    with store.reading() as repository:
        assert repository.evaluated() == {"before": NOON, "after": NOON}


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(StoreUnavailable) as unavailable:
        Store("postgresql+psycopg://ada:hunter2@127.0.0.1:1/alerts")
    assert "postgresql+psycopg://ada:***@127.0.0.1:1/alerts" in str(unavailable.value)
    assert "hunter2" not in str(unavailable.value)


@pytest.mark.parametrize(
    "address", ["mysql://ada:hunter2@host/alerts", "ada:hunter2", "postgresql+none://a:hunter2@b/c"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="expected such as postgresql") as refused:
        Store(address)
    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("rules: []\n" * 100, encoding="utf-8")
    with pytest.raises(StoreUnavailable, match=rf"{FILE_NAME} cannot be used now: file is not a database"):
        Store.of(Settings(home=tmp_path))


def test_the_database_lies_in_the_home_unless_the_settings_name_one(tmp_path: Path) -> None:
    odd = tmp_path / "a home? 100%"
    Store.of(Settings(home=odd)).close()
    assert (odd / FILE_NAME).is_file()
    Store.of(Settings(home=odd, alerts=Alerts(database_url=f"sqlite:///{tmp_path}/elsewhere.db"))).close()
    assert (tmp_path / "elsewhere.db").is_file()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        Store.of(Settings(home=tmp_path)).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
