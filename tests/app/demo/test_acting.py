"""What the demo's people did about its past alerts."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from alerts.incidents import Incident
from alerts.incidents.incident import UNSEEN, incident_id
from alerts.judging import Key
from alerts.rules import Priority
from alerts.store import Store, history
from app.demo.acting import PEOPLE, act, attended
from metrics.settings import Settings
from tests.app.fake import NOW

START = NOW - timedelta(days=30)


def unseen(number: int, minutes: int = 60) -> Incident:
    """One of many incidents that began and ended before anybody was there."""
    key, opened = Key(f"rule-{number}"), START + timedelta(minutes=97 * number)
    return Incident(
        incident_id(key, opened), key, "Too slow", list(Priority)[number % 4], opened, (key,),
        withheld=UNSEEN, late=True, resolved_at=opened + timedelta(minutes=minutes), resolution="recovered",
    )  # fmt: skip


MANY = [unseen(number) for number in range(200)]


def test_what_lasts_is_acknowledged_by_somebody_of_the_demo_before_it_ends() -> None:
    for one in (attended(one) for one in MANY if one.priority is not Priority.P3):
        assert one.acknowledged_by in PEOPLE and "demo" in one.acknowledged_by
        assert one.acknowledged_at and one.resolved_at and one.opened_at < one.acknowledged_at < one.resolved_at


def test_what_is_over_at_once_is_acknowledged_by_nobody() -> None:
    assert {attended(unseen(number, minutes=0)).acknowledged_at for number in range(20)} == {None}


def test_few_are_false_and_none_of_the_worst() -> None:
    false = [one for one in map(attended, MANY) if one.was_false]
    assert 0 < len(false) < 0.05 * len(MANY)
    assert Priority.P0 not in {one.priority for one in false}


def test_how_fast_people_were_has_an_answer_then(tmp_path: Path) -> None:
    store = Store.of(Settings(home=tmp_path))
    still_open = replace(unseen(1), id="f" * 12, resolved_at=None, resolution="", late=False)
    with store.writing() as repository:
        repository.save_incidents([*MANY, still_open])
        before = history.times(repository.incidents(open_only=False, since=START))
        act(repository, START, NOW)
    with store.reading() as repository:
        kept = repository.incidents(open_only=False, since=START)
        (acknowledged,) = {len(repository.timeline(one.id)) for one in kept if one.acknowledged_at}
        assert repository.incident(still_open.id) == still_open
    store.close()
    assert (before.resolved, before.to_acknowledge_mean) == (0, None)
    after = history.times(kept)
    assert after.resolved == len(MANY) and acknowledged == 1
    assert after.to_acknowledge_mean and timedelta(minutes=1) < after.to_acknowledge_mean < timedelta(hours=1)
