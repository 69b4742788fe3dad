"""What a delivery is about, as the database has it by then."""

from dataclasses import replace

import pytest

from alerts.incidents import Notice, NoticeKind
from alerts.judging import State
from alerts.rules import Priority, Target
from alerts.store import Store
from alerts.store.outbox import Delivery
from alerts.telling.delivery_facts import facts_of
from tests.alerts.known import alert, incident, instance, key, minutes

CHAT, MAIL, NEWS = (key(name) for name in ("/chat", "/mail", "/news"))
INCIDENT = incident(CHAT, MAIL, NEWS)
ALERTS = [
    alert(MAIL, fired_at=minutes(1), priority=Priority.P2, incident=INCIDENT.id),
    alert(NEWS, fired_at=minutes(2), priority=Priority.P1, incident=INCIDENT.id),
    alert(CHAT, fired_at=minutes(-9), state=State.RESOLVED, ended_at=minutes(-1), incident=INCIDENT.id),
    alert(CHAT, fired_at=minutes(0), incident=INCIDENT.id),
]


@pytest.fixture
def kept(store: Store) -> Store:
    """A store that knows an incident with three instances, one of which fired twice."""
    with store.writing() as repository:
        repository.save_incidents([INCIDENT])
        repository.save_alerts(ALERTS)
        repository.save_instances([instance(CHAT)], {CHAT: [1.0, None, 7.3]})
    return store


def delivery(kind: NoticeKind, *about: int, **more: object) -> Delivery:
    notice = Notice(kind, INCIDENT, tuple(ALERTS[index] for index in about))
    return replace(Delivery.of(notice, Target.of("slack"), minutes(3), note="a note", who="ada"), **more)


@pytest.mark.parametrize(
    ("kind", "about", "listed"),
    [
        pytest.param("firing", (3, 0, 1), [CHAT, NEWS, MAIL], id="the head, then the most severe"),
        pytest.param("update", (1,), [CHAT, NEWS], id="what it is about, and the head"),
        pytest.param("resolved", (0,), [CHAT, NEWS, MAIL], id="an end is about all"),
    ],
)
def test_alerts_are_listed(kept: Store, kind: NoticeKind, about: tuple[int, ...], listed: list[object]) -> None:
    with kept.reading() as repository:
        facts = facts_of(repository, delivery(kind, *about))
    assert [one.key for one in facts.alerts] == listed
    assert (facts.alerts[0].fired_at, facts.alerts[0].recent) == (minutes(0), (1.0, None, 7.3))
    assert (facts.kind, facts.note, facts.who) == (kind, "a note", "ada")


def test_the_incident_is_as_it_is_by_then(kept: Store) -> None:
    with kept.writing() as repository:
        repository.save_incidents([replace(INCIDENT, acknowledged_by="ada")])
        assert facts_of(repository, delivery("firing", 3)).incident.acknowledged_by == "ada"


def test_a_digest_has_the_facts_of_each_incident_that_is_still_known(kept: Store) -> None:
    with kept.reading() as repository:
        facts = facts_of(repository, delivery("digest", others=(INCIDENT.id, "forgotten")))
    assert [(one.incident.id, len(one.alerts)) for one in facts.others] == [(INCIDENT.id, 3)]


def test_an_incident_that_is_forgotten_is_named(kept: Store) -> None:
    with kept.reading() as repository, pytest.raises(LookupError, match="the incident gone is no longer known"):
        facts_of(repository, delivery("firing", 3, incident="gone"))
