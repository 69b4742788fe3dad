"""What is to be told is told once, in order, by one sender at a time; on both databases."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.incidents import Incident, Notice
from alerts.rules import Target
from alerts.store import Store
from alerts.store.outbox import LEASE, Delivery, Fate
from alerts.store.repository import Repository
from tests.alerts.known import NOON, alert, incident, key, minutes

SLACK, MAIL = Target.of("slack:#incidents"), Target.of("email:oncall@example.com")
FIRST, SECOND = incident(key("/a"), told_at=NOON), incident(key("/b"), told_at=NOON)
RANDOMLY = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def delivery(what: Incident = FIRST, kind: str = "firing", target: Target = SLACK, now: datetime = NOON) -> Delivery:
    """The notice of an incident for a target."""
    notice = Notice(kind, what, (alert(what.head),), (target,))  # pyright: ignore[reportArgumentType]
    return Delivery.of(notice, target, now)


@contextmanager
def thrown_away(store: Store) -> Generator[Repository]:
    """A transaction with two incidents in it, of which nothing is kept."""

    class Enough(Exception):
        pass

    with pytest.raises(Enough), store.writing() as repository:
        repository.save_incidents([FIRST, SECOND])
        yield repository
        raise Enough


@pytest.fixture
def repository(store: Store) -> Generator[Repository]:
    """A transaction with two incidents in it."""
    with thrown_away(store) as repository:
        yield repository


def keys(deliveries: tuple[Delivery, ...]) -> list[str]:
    return [one.key for one in deliveries]


def test_a_delivery_holds_what_is_needed_to_compose_its_message(repository: Repository) -> None:
    digest = Notice("digest", FIRST, (alert(), alert(), alert(key(None))), (MAIL,), others=(FIRST, SECOND))
    enqueued = Delivery.of(digest, MAIL, NOON, note="daily", who="ada")
    repository.enqueue([enqueued])
    (taken,) = repository.due(NOON)
    assert taken == Delivery(
        key=digest.dedup_key(MAIL), incident=FIRST.id, target="email:oncall@example.com", kind="digest",
        alerts=(key(), key(None)), queued_at=NOON, due_at=NOON, others=(FIRST.id, SECOND.id), note="daily", who="ada",
        leased_until=NOON + LEASE,
    )  # fmt: skip


def test_the_same_key_is_enqueued_once(repository: Repository) -> None:
    repository.enqueue([delivery(), delivery()])
    repository.enqueue([delivery(now=minutes(1))])
    assert len(repository.deliveries(FIRST.id)) == 1
    (taken,) = repository.due(NOON)
    repository.delivered(taken.key, {"ts": "1"}, NOON)
    repository.enqueue([delivery()])
    assert repository.due(minutes(60)) == ()


def test_nobody_else_is_given_what_a_sender_has_taken_until_its_lease_ends(repository: Repository) -> None:
    repository.enqueue([delivery()])
    (taken,) = repository.due(NOON)
    assert repository.due(NOON + LEASE - timedelta(microseconds=1)) == ()
    (retaken,) = repository.due(NOON + LEASE)
    assert (retaken.key, retaken.again) == (taken.key, False)
    assert not repository.begin(taken, "{}", NOON + LEASE)
    assert repository.begin(retaken, "{}", NOON + LEASE)


def test_a_try_that_was_begun_and_never_ended_is_handed_out_as_such(repository: Repository) -> None:
    repository.enqueue([delivery()])
    (taken,) = repository.due(NOON)
    assert repository.begin(taken, '{"title": "composed"}', minutes(0.5))
    assert repository.due(NOON + LEASE) == ()
    (again,) = repository.due(minutes(0.5) + LEASE)
    assert (again.again, again.attempts, again.message) == (True, 1, '{"title": "composed"}')


def test_what_waits_for_its_retry_is_not_due_before(repository: Repository) -> None:
    repository.enqueue([delivery()])
    (taken,) = repository.due(NOON)
    repository.begin(taken, "{}", NOON)
    repository.retry(taken.key, minutes(2), "429: too many requests")
    assert repository.due(minutes(1.9)) == ()
    (again,) = repository.due(minutes(2))
    assert (again.attempts, again.again, again.reason) == (1, True, "429: too many requests")


def test_the_end_of_an_incident_is_not_told_before_its_beginning(repository: Repository) -> None:
    repository.enqueue([delivery(), delivery(kind="resolved"), delivery(target=MAIL), delivery(SECOND)])
    begun = repository.due(NOON)
    assert keys(begun) == keys((delivery(), delivery(target=MAIL), delivery(SECOND)))
    repository.retry(begun[0].key, minutes(10), "timeout")
    assert repository.due(minutes(0.5)) == ()
    repository.delivered(begun[0].key, {"ts": "1"}, minutes(0.8))
    assert keys(repository.due(minutes(0.8))) == [delivery(kind="resolved").key]


def test_what_is_given_up_holds_nothing_up_and_can_be_tried_anew(repository: Repository) -> None:
    repository.enqueue([delivery(), delivery(kind="resolved")])
    (taken,) = repository.due(NOON)
    repository.begin(taken, "{}", NOON)
    repository.give_up(taken.key, minutes(1440), "channel_not_found: invite the bot to #incidents")
    (dead,) = repository.dead_letters()
    assert (dead.status, dead.reason, dead.finished_at) == (
        Fate.DEAD, "channel_not_found: invite the bot to #incidents", minutes(1440),
    )  # fmt: skip
    assert keys(repository.due(minutes(1440))) == [delivery(kind="resolved").key]
    assert repository.requeue(taken.key, minutes(1500))
    assert not repository.requeue(taken.key, minutes(1500))
    (anew,) = repository.due(minutes(1500))
    assert (anew.key, anew.queued_at, anew.attempts, anew.again) == (taken.key, minutes(1500), 0, True)
    assert repository.dead_letters() == ()


def test_what_has_arrived_stays_so(repository: Repository) -> None:
    repository.enqueue([delivery()])
    (taken,) = repository.due(NOON)
    repository.delivered(taken.key, {"ts": "1"}, NOON)
    repository.retry(taken.key, NOON, "a slower sender thinks otherwise")
    repository.give_up(taken.key, NOON, "and so does another")
    repository.delivered(taken.key, {"ts": "2"}, NOON)
    assert not repository.begin(taken, "{}", NOON)
    assert repository.due(minutes(60)) == ()
    assert repository.references(FIRST.id) == {"slack:#incidents": {"ts": "1"}}


def test_the_first_message_to_a_target_is_the_one_found_again(repository: Repository) -> None:
    for number, (kind, target) in enumerate(
        [("digest", SLACK), ("firing", SLACK), ("firing", MAIL), ("repeat", SLACK), ("resolved", MAIL)]
    ):
        one = delivery(kind=kind, target=target)
        repository.enqueue([one])
        repository.delivered(one.key, {"number": str(number)}, minutes(number))
    repository.enqueue([delivery(SECOND)])
    assert repository.references(FIRST.id) == {"slack:#incidents": {"number": "1"}, str(MAIL): {"number": "2"}}
    assert repository.references(SECOND.id) == {}
    assert repository.arrived(minutes(1), minutes(4)) == {FIRST.id: 3}


def test_how_much_waits_and_since_when_is_known(repository: Repository) -> None:
    assert repository.waiting() == (0, None)
    repository.enqueue([delivery(), delivery(SECOND, now=minutes(-3))])
    assert repository.waiting() == (2, minutes(-3))


def test_no_more_is_taken_than_asked_for(repository: Repository) -> None:
    repository.enqueue(
        [delivery(kind=kind) for kind in ("firing", "resolved")] + [delivery(SECOND), delivery(target=MAIL)]
    )
    assert keys(repository.due(NOON, limit=1)) == [delivery().key]
    assert keys(repository.due(NOON, limit=5)) == keys((delivery(SECOND), delivery(target=MAIL)))


@dataclass
class Model:
    """What must be so of an outbox, kept in the plainest way."""

    now: datetime = NOON
    order: list[Delivery] = field(default_factory=list[Delivery])
    done: set[str] = field(default_factory=set[str])
    held: dict[str, datetime] = field(default_factory=dict[str, datetime])

    def enqueue(self, one: Delivery) -> None:
        if one.key not in keys(tuple(self.order)):
            self.order.append(one)

    def ahead(self, one: Delivery) -> set[str]:
        """What must have been told before."""
        same = [other for other in self.order if (other.incident, other.target) == (one.incident, one.target)]
        return set(keys(tuple(same[: keys(tuple(same)).index(one.key)])))

    def take(self, taken: tuple[Delivery, ...]) -> None:
        """Check what a sender was given."""
        for one in taken:
            assert one.key not in self.done
            assert self.held.get(one.key, self.now) <= self.now
            assert self.ahead(one) <= self.done
            self.held[one.key] = self.now + LEASE


moves = st.lists(
    st.one_of(
        st.tuples(
            st.just("enqueue"),
            st.sampled_from([FIRST, SECOND]),
            st.sampled_from(["firing", "repeat", "resolved"]),
            st.sampled_from([SLACK, MAIL]),
        ),
        st.tuples(st.just("take"), st.integers(1, 4)),
        st.tuples(st.just("arrive"), st.integers(0, 11)),
        st.tuples(st.just("fail"), st.integers(0, 11)),
        st.tuples(st.just("give up"), st.integers(0, 11)),
        st.tuples(st.just("wait"), st.integers(1, 8)),
    ),
    max_size=30,
)


@RANDOMLY
@given(moves=moves)
def test_whatever_senders_do_everything_is_handed_out_in_order_to_one_at_a_time(
    store: Store, moves: list[tuple[object, ...]]
) -> None:
    with thrown_away(store) as repository:
        model = Model()
        for move in moves:
            _make(move, repository, model)
        model.now += timedelta(days=1)
        while taken := repository.due(model.now):
            model.take(taken)
            for one in taken:
                repository.delivered(one.key, {}, model.now)
                model.done.add(one.key)
        assert model.done == set(keys(tuple(model.order)))


def _make(move: tuple[object, ...], repository: Repository, model: Model) -> None:
    match move:
        case ("enqueue", Incident() as what, str(kind), Target() as target):
            one = delivery(what, kind, target, model.now)
            repository.enqueue([one])
            model.enqueue(one)
        case ("take", int(limit)):
            model.take(repository.due(model.now, limit))
        case ("wait", int(passed)):
            model.now += timedelta(minutes=passed)
        case (str(how), int(which)) if which < len(model.held):
            _end(how, list(model.held)[which], repository, model)
        case _:
            pass


def _end(how: str, which: str, repository: Repository, model: Model) -> None:
    if how == "arrive":
        repository.delivered(which, {}, model.now)
        model.done.add(which)
    elif how == "give up":
        repository.give_up(which, model.now, "refused")
        model.done.add(which)
    elif which not in model.done:
        repository.retry(which, model.now + timedelta(minutes=1), "timeout")
        model.held[which] = model.now + timedelta(minutes=1)
