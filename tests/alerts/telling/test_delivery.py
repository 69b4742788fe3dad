"""From the outbox to the channels: what is sent when, how often, and what is known of it afterwards."""

import logging
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from alerts.incidents import Alert, Incident, Notice, NoticeKind
from alerts.judging import Key, State
from alerts.rules import Priority, Target
from alerts.store import Store
from alerts.store.outbox import Delivery, Reference
from alerts.telling import Message
from alerts.telling.channels.channel import Channel, Receipt, Refused, Retry, Sent
from alerts.telling.channels.pagerduty import PagerDuty
from alerts.telling.channels.patience import Patience
from alerts.telling.channels.slack import Slack
from alerts.telling.delivery import FIRST_WAIT, GIVE_UP, LEASE, LONGEST_WAIT, Lanes, deliver, wait_before
from tests.alerts.saying import NOON, message
from tests.fakes.pagerduty import ROUTING_KEY, FakePagerDuty
from tests.fakes.peer import HANGS, LOSES, answers
from tests.fakes.slack import BOT_TOKEN, FakeSlack, error, rate_limited
from tests.patience import TIMEOUT

HEAD = Key("error-rate-p0", (("endpoint", "/chat"),))


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    opened.close()


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, length: timedelta) -> None:
        self.now += length


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class Recorder:
    """A channel that gives the receipts it was told to, and remembers what it was given."""

    name: str = "slack"
    receipts: list[Receipt | Exception] = field(default_factory=list[Receipt | Exception])
    sent: list[tuple[str, str, Reference | None, bool]] = field(
        default_factory=list[tuple[str, str, Reference | None, bool]]
    )
    before: Callable[[], object] = lambda: None
    edits: bool = False

    def send(self, message: Message, address: str, earlier: Reference | None, again: bool) -> Receipt:
        self.before()
        self.sent.append((message.kind, address, earlier, again))
        receipt = self.receipts.pop(0) if self.receipts else Sent({"number": str(len(self.sent))})
        if isinstance(receipt, Exception):
            raise receipt
        return receipt

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, *_ in self.sent]


def compose(delivery: Delivery) -> Message:
    return message(key=delivery.key, incident=delivery.incident, kind=delivery.kind, who=delivery.who, picture=None)


def put(
    store: Store, kind: NoticeKind = "firing", *targets: str, incident: str = "3f2a", priority: Priority = Priority.P0
) -> None:
    """Have something told to some targets."""
    alert = Alert(HEAD, "Error rate", priority, State.FIRING, NOON, NOON)
    about = Incident(
        incident, HEAD, "Error rate", priority, NOON, (HEAD,), (HEAD,),
        acknowledged_at=NOON, resolved_at=NOON, told_at=NOON,
    )  # fmt: skip
    notice = Notice(kind, about, (alert,))
    with store.writing() as repository:
        repository.save_incidents([about])
        repository.enqueue(Delivery.of(notice, Target.of(target), NOON) for target in targets or ("slack",))


def pass_once(store: Store, clock: Clock, *channels: Channel, jitter: float = 1.0) -> int:
    return deliver(store, {channel.name: channel for channel in channels}, compose, clock, jitter=lambda: jitter)


def told(store: Store, incident: str = "3f2a") -> list[tuple[str, str]]:
    with store.reading() as repository:
        return [(step.kind, step.text) for step in repository.timeline(incident=incident)]


def rows(store: Store, incident: str = "3f2a") -> list[Delivery]:
    with store.reading() as repository:
        return list(repository.deliveries(incident))


def test_what_is_due_is_sent_once_and_noted(store: Store, clock: Clock) -> None:
    put(store, "firing", "slack:#incidents")
    slack = Recorder()
    assert [pass_once(store, clock, slack) for _ in range(3)] == [1, 0, 0]
    assert slack.sent == [("firing", "#incidents", None, False)]
    assert told(store) == [("told", "told slack:#incidents")]
    assert rows(store)[0].status == "delivered"
    assert rows(store)[0].message == compose(rows(store)[0]).model_dump_json()


def test_later_messages_know_where_the_first_one_is(store: Store, clock: Clock) -> None:
    slack = Recorder()
    for kind in ("firing", "acknowledged", "resolved"):
        put(store, kind)
        pass_once(store, clock, slack)
    assert [(kind, earlier) for kind, _, earlier, _ in slack.sent] == [
        ("firing", None), ("acknowledged", {"number": "1"}), ("resolved", {"number": "1"}),
    ]  # fmt: skip


def test_a_digest_answers_nothing_and_is_told_of_every_incident(store: Store, clock: Clock) -> None:
    put(store, "firing")
    pass_once(store, clock, Recorder())
    put(store, "firing", incident="b")
    with store.writing() as repository:
        found = {incident.id: incident for incident in repository.incidents(open_only=False)}
        notice = Notice("digest", found["3f2a"], (), others=(found["3f2a"], found["b"]))
        repository.enqueue([Delivery.of(notice, Target.of("slack"), NOON)])
    slack = Recorder()
    pass_once(store, clock, slack)
    assert ("digest", "", None, False) in slack.sent
    assert told(store, "b")[-1] == ("told", "told slack in a digest")


def test_the_end_waits_for_the_beginning_to_arrive(store: Store, clock: Clock) -> None:
    slack = Recorder(receipts=[Retry("status 503")])
    put(store, "firing")
    put(store, "resolved")
    pass_once(store, clock, slack)
    pass_once(store, clock, slack)
    assert slack.kinds == ["firing"]
    clock.forward(FIRST_WAIT)
    pass_once(store, clock, slack)
    pass_once(store, clock, slack)
    assert slack.kinds == ["firing", "firing", "resolved"]


def test_the_most_urgent_goes_first(store: Store, clock: Clock) -> None:
    priorities = (Priority.P2, Priority.P0, Priority.P3, Priority.P1)
    for number, priority in enumerate(priorities):
        put(store, incident=f"i{number}", priority=priority)
    order: list[str] = []
    slack = Recorder()

    def named(delivery: Delivery) -> Message:
        order.append(delivery.incident)
        return compose(delivery)

    deliver(store, {"slack": slack}, named, clock)
    assert order == ["i1", "i3", "i0", "i2"]


def test_another_try_is_made_as_one_and_ever_later(store: Store, clock: Clock) -> None:
    slack = Recorder(receipts=[Retry("status 503")] * 4)
    put(store)
    waits: list[timedelta] = []
    for _ in range(4):
        pass_once(store, clock, slack)
        waits.append(rows(store)[0].due_at - clock())
        clock.forward(waits[-1])
    pass_once(store, clock, slack)
    assert waits == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT, 8 * FIRST_WAIT]
    assert [again for *_, again in slack.sent] == [False, True, True, True, True]


def test_waits_differ_so_that_not_all_come_at_once_and_do_not_grow_for_ever() -> None:
    assert wait_before(1, 0) == FIRST_WAIT / 2
    assert wait_before(3, 0.5) == FIRST_WAIT * 4 * 0.75
    assert wait_before(10_000, 1) == LONGEST_WAIT


def test_a_failure_is_noted_once_for_as_long_as_it_stays_the_same(store: Store, clock: Clock) -> None:
    slack = Recorder(receipts=[Retry("status 503"), Retry("status 503"), Retry("status 500")])
    put(store)
    for _ in range(4):
        pass_once(store, clock, slack)
        clock.forward(LONGEST_WAIT)
    assert told(store) == [
        ("failed", "slack could not be told: status 503; next try at 12:00:05 UTC"),
        ("failed", "slack could not be told: status 500; next try at 12:30:20 UTC"),
        ("told", "told slack"),
    ]


@pytest.mark.parametrize(
    ("after", "waited"), [(timedelta(minutes=7), timedelta(minutes=7)), (timedelta(0), FIRST_WAIT)]
)
def test_no_try_is_made_before_the_other_side_said(
    store: Store, clock: Clock, after: timedelta, waited: timedelta
) -> None:
    put(store)
    pass_once(store, clock, Recorder(receipts=[Retry("status 429", after)]))
    assert rows(store)[0].due_at == NOON + waited


def test_what_fails_for_a_day_is_a_dead_letter(store: Store, clock: Clock) -> None:
    slack = Recorder(receipts=[Retry("status 503")] * 50)
    put(store)
    for _ in range(14):
        pass_once(store, clock, slack)
        clock.forward(GIVE_UP / 12)
    with store.reading() as repository:
        assert [(letter.target, letter.reason) for letter in repository.dead_letters()] == [("slack", "status 503")]
        assert repository.dead_letters()[0].finished_at == NOON + GIVE_UP
    assert told(store)[-1] == ("failed", "slack was not told, and will not be: status 503")
    assert pass_once(store, clock, slack) == 0


def test_what_is_refused_is_a_dead_letter_at_once_and_holds_up_nothing(store: Store, clock: Clock) -> None:
    slack = Recorder(receipts=[Refused("the channel is archived")])
    put(store, "firing")
    put(store, "resolved")
    pass_once(store, clock, slack)
    pass_once(store, clock, slack)
    assert [row.status for row in rows(store)] == ["dead", "delivered"]


def test_a_channel_that_is_not_set_up_is_refused_with_what_to_do(store: Store, clock: Clock) -> None:
    put(store, "firing", "pagerduty")
    pass_once(store, clock, Recorder())
    assert rows(store)[0].reason == (
        "pagerduty is not set up: promptpilot alerts send-test pagerduty says what is missing"
    )


def test_who_did_not_get_it_is_noted_beside_who_did(store: Store, clock: Clock) -> None:
    put(store, "firing", "email")
    pass_once(store, clock, Recorder("email", [Sent({"message_id": "<1>", "refused": "bob@x.example: 550 unknown"})]))
    assert told(store) == [("told", "told email, but not bob@x.example: 550 unknown")]


def test_after_a_failure_the_rest_of_a_target_waits_a_little_and_others_do_not(store: Store, clock: Clock) -> None:
    slack, mail = Recorder(receipts=[Retry("status 429", timedelta(minutes=2))]), Recorder("email")
    for number in range(3):
        put(store, "firing", "slack", "email", incident=f"i{number}")
    pass_once(store, clock, slack, mail)
    assert (len(slack.sent), len(mail.sent)) == (1, 3)
    clock.forward(timedelta(minutes=2))
    pass_once(store, clock, slack, mail)
    assert len(slack.sent) == 4


def test_a_target_that_hangs_holds_up_no_other(store: Store, clock: Clock) -> None:
    begun, release = threading.Semaphore(0), threading.Event()
    slow = Recorder(before=lambda: (begun.release(), release.wait(TIMEOUT)))
    mail = Recorder("email")
    channels = {"slack": slow, "email": mail}
    with Lanes() as lanes:
        put(store, "firing", "slack")
        deliver(store, channels, compose, clock, lanes=lanes, wait=0)
        assert begun.acquire(timeout=TIMEOUT)
        put(store, "firing", "slack", "email", incident="other")
        deliver(store, channels, compose, clock, lanes=lanes, wait=0)
        assert lanes.busy() >= {"slack"}
        _await(lambda: len(mail.sent) == 1, lanes)
        assert not begun.acquire(blocking=False)
        release.set()
        lanes.wait(TIMEOUT)
        assert len(slow.sent) == 1
        clock.forward(timedelta(seconds=1))
        deliver(store, channels, compose, clock, lanes=lanes)
    assert [kind for kind, *_ in slow.sent] == ["firing", "firing"]


def _await(condition: Callable[[], bool], lanes: Lanes) -> None:
    """Until a condition holds that some lane brings about."""
    changed = lanes._changed  # pyright: ignore[reportPrivateUsage]
    with changed:
        assert changed.wait_for(condition, TIMEOUT)


def test_what_was_not_begun_when_the_program_ends_is_left_for_the_next_start(store: Store, clock: Clock) -> None:
    for number in range(3):
        put(store, incident=f"i{number}")
    lanes = Lanes()
    slack = Recorder(before=lanes.closing.set)
    deliver(store, {"slack": slack}, compose, clock, lanes=lanes)
    lanes.close()
    assert len(slack.sent) == 1
    assert pass_once(store, clock, slack2 := Recorder()) == 2
    assert [again for *_, again in slack2.sent] == [False, False]


def test_many_messages_are_sent_over_several_passes(store: Store, clock: Clock) -> None:
    for number in range(105):
        put(store, incident=f"i{number}")
    slack = Recorder()
    sizes: list[int] = []
    while count := pass_once(store, clock, slack):
        sizes.append(count)
        clock.forward(timedelta(seconds=1))
    assert (sum(sizes), max(sizes), len(slack.sent)) == (105, 20, 105)


def test_a_message_that_cannot_be_composed_is_tried_again(
    store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(delivery: Delivery) -> Message:
        raise RuntimeError("the disk is full")

    put(store)
    slack = Recorder()
    deliver(store, {"slack": slack}, fail, clock, jitter=lambda: 1)
    assert rows(store)[0].reason == "the message could not be composed: RuntimeError: the disk is full"
    clock.forward(FIRST_WAIT)
    pass_once(store, clock, slack)
    assert slack.kinds == ["firing"]


def test_where_composing_fails_later_what_was_composed_first_is_sent(store: Store, clock: Clock) -> None:
    def fail(delivery: Delivery) -> Message:
        raise RuntimeError("the disk is full")

    put(store)
    pass_once(store, clock, Recorder(receipts=[Retry("status 503")]))
    clock.forward(FIRST_WAIT)
    slack = Recorder()
    deliver(store, {"slack": slack}, fail, clock)
    assert slack.kinds == ["firing"]


def test_a_defect_of_a_channel_is_logged_without_its_words_and_tried_again(
    store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    put(store, "firing", "slack", "email")
    mail = Recorder("email")
    with caplog.at_level(logging.DEBUG):
        pass_once(store, clock, Recorder(receipts=[RuntimeError("token xoxb-secret")]), mail)
    assert "xoxb-secret" not in caplog.text + str(told(store))
    assert "RuntimeError" in caplog.text
    assert len(mail.sent) == 1
    assert {row.target: row.status for row in rows(store)} == {"slack": "waiting", "email": "delivered"}


@pytest.mark.parametrize(
    "receipt", [Sent({}), Retry("status 503"), Refused("status 404"), RuntimeError("what was wrong")], ids=repr
)
def test_the_address_of_a_webhook_is_nowhere_but_where_it_is_posted_to(
    store: Store, clock: Clock, caplog: pytest.LogCaptureFixture, receipt: Receipt | Exception
) -> None:
    address = "https://hooks.example.com/T0/sesame?key=sesame"
    put(store, "firing", f"webhook:{address}")
    hook = Recorder("webhook", [receipt])
    with caplog.at_level(logging.DEBUG):
        pass_once(store, clock, hook)
    assert [sent[1] for sent in hook.sent] == [address]
    assert "webhook:hooks.example.com" in str(told(store))
    assert "sesame" not in caplog.text + str(told(store))


def slack_channel(fake: FakeSlack, patience: Patience | None = None) -> Slack:
    return Slack(SecretStr(BOT_TOKEN), "#alerts", fake.api_url, patience=patience)


def test_killed_after_sending_and_before_noting_it_is_said_once_in_slack(store: Store, clock: Clock) -> None:
    put(store)
    with FakeSlack() as fake:
        with store.writing() as repository:
            delivery = repository.due(clock(), lease=LEASE)[0]
            repository.begin(delivery, compose(delivery).model_dump_json(), clock(), LEASE)
        slack_channel(fake).send(compose(delivery), "", None, False)  # and here the program was killed
        assert pass_once(store, clock, slack_channel(fake)) == 0
        clock.forward(LEASE)
        assert pass_once(store, clock, slack_channel(fake)) == 1
        assert len(fake.calls("chat.postMessage")) == 1
        with store.reading() as repository:
            assert repository.references("3f2a")["slack"]["ts"] == fake.said()[0]["ts"]


def test_a_lost_answer_makes_no_second_message(store: Store, clock: Clock) -> None:
    put(store, "firing", "slack", "pagerduty")
    with FakeSlack() as slack, FakePagerDuty() as duty:
        slack.fail_next("chat.postMessage", LOSES)
        duty.fail_next("/v2/enqueue", LOSES)
        pager = PagerDuty(SecretStr(ROUTING_KEY), duty.url)
        pass_once(store, clock, slack_channel(slack), pager)
        clock.forward(FIRST_WAIT)
        pass_once(store, clock, slack_channel(slack), pager)
        assert len(slack.calls("chat.postMessage")) == 1
        assert list(duty.alerts) == ["3f2a"]
    assert {row.status for row in rows(store)} == {"delivered"}


def test_an_incident_is_told_through_every_kind_of_trouble(store: Store, clock: Clock) -> None:
    trouble = [answers(500), rate_limited(30), HANGS, error("internal_error"), answers(503, "", Retry_After="5")]
    with FakeSlack() as fake:
        fake.fail_next("chat.postMessage", *trouble)
        slack = slack_channel(fake, Patience(1))
        for kind in ("firing", "acknowledged", "resolved"):
            put(store, kind)
        while any(row.status == "waiting" for row in rows(store)):
            pass_once(store, clock, slack)
            clock.forward(timedelta(minutes=1))
        assert [said["text"].split()[0] for said in fake.said()] == ["Resolved", "Acknowledged", "Resolved"]
    assert clock() < NOON + timedelta(minutes=10)


def test_a_message_taken_by_somebody_else_meanwhile_is_not_sent(store: Store, clock: Clock) -> None:
    put(store)

    def slow(delivery: Delivery) -> Message:
        clock.forward(LEASE)
        with store.writing() as repository:
            assert repository.due(clock())
        return compose(delivery)

    slack = Recorder()
    deliver(store, {"slack": slack}, slow, clock)
    assert slack.sent == []
    assert replace(rows(store)[0], leased_until=None).attempts == 0


def fire(store: Store, *targets: str) -> None:
    """An incident that goes on, and is to be told."""
    alert = Alert(HEAD, "Error rate", Priority.P0, State.FIRING, NOON, NOON)
    about = Incident("3f2a", HEAD, "Error rate", Priority.P0, NOON, (HEAD,), (HEAD,), told_at=NOON, told=targets)
    with store.writing() as repository:
        repository.save_incidents([about])
        repository.enqueue(Delivery.of(Notice("firing", about, (alert,)), Target.of(one), NOON) for one in targets)


def seen(store: Store) -> Incident:
    with store.reading() as repository:
        found = repository.incident("3f2a")
    assert found is not None
    return found


def test_an_incident_is_told_when_a_message_arrived_and_not_before(store: Store, clock: Clock) -> None:
    fire(store, "slack")
    slack = Recorder(receipts=[Retry("status 500")])
    pass_once(store, clock, slack)
    with store.reading() as repository:
        assert (seen(store).delivered_at, repository.reached(["3f2a"])) == (None, {})
    clock.forward(timedelta(minutes=1))
    pass_once(store, clock, slack)
    clock.forward(timedelta(minutes=1))
    put_again = replace(rows(store)[0], key="again", queued_at=clock(), due_at=clock())
    with store.writing() as repository:
        repository.enqueue([put_again])
    pass_once(store, clock, slack)
    with store.reading() as repository:
        assert repository.reached(["3f2a"]) == {"3f2a": ("slack",)}
    assert seen(store).delivered_at == NOON + timedelta(minutes=1)


def test_a_page_that_failed_for_good_is_said_on_another_channel(store: Store, clock: Clock) -> None:
    fire(store, "pagerduty", "slack")
    pager, slack = Recorder("pagerduty", receipts=[Refused("the key is wrong")]), Recorder("slack")
    email = Recorder("email")
    for _ in range(3):
        pass_once(store, clock, pager, slack, email)
    assert (pager.kinds, slack.kinds, email.kinds) == (["firing"], ["firing", "repeat"], [])
    assert rows(store)[-1].note == "pagerduty could not be told: the key is wrong"


def test_where_nobody_else_was_to_be_told_any_channel_that_is_set_up_says_it(store: Store, clock: Clock) -> None:
    fire(store, "slack")
    slack, email = Recorder(receipts=[Refused("gone")]), Recorder("email", receipts=[Refused("no")])
    pager = Recorder("pagerduty")
    for _ in range(4):
        pass_once(store, clock, slack, email, pager)
    assert (slack.kinds, email.kinds, pager.kinds) == (["firing"], ["firing"], ["firing"])
    assert seen(store).told == ("slack", "email", "pagerduty")


def test_where_every_channel_fails_it_ends(store: Store, clock: Clock) -> None:
    fire(store, "slack")
    channels = [Recorder(name, receipts=[Refused("no")]) for name in ("slack", "email")]
    for _ in range(4):
        pass_once(store, clock, *channels)
    assert [one.kinds for one in channels] == [["firing"], ["firing"]]
    assert [one.status for one in rows(store)] == ["dead", "dead"]


def test_what_calls_nobody_is_said_nowhere_else_when_it_fails(store: Store, clock: Clock) -> None:
    put(store, "update", "slack")
    slack, email = Recorder(receipts=[Refused("no")]), Recorder("email")
    for _ in range(2):
        pass_once(store, clock, slack, email)
    assert email.kinds == []


def test_however_many_targets_hang_the_others_are_told(store: Store, clock: Clock) -> None:
    ended, begun = threading.Event(), threading.Barrier(41)

    def hang() -> None:
        begun.wait(TIMEOUT)
        ended.wait(TIMEOUT)

    hanging, slack = Recorder("webhook", before=hang), Recorder()
    put(store, "firing", *(f"webhook:https://{number}.example/" for number in range(40)))
    with Lanes() as lanes:
        deliver(store, {"webhook": hanging, "slack": slack}, compose, clock, lanes=lanes, wait=0)
        begun.wait(TIMEOUT)
        put(store, "firing", "slack", incident="b")
        deliver(store, {"webhook": hanging, "slack": slack}, compose, clock, lanes=lanes, wait=0)
        _await(lambda: bool(slack.sent), lanes)
        assert len(lanes.busy()) >= 40
        ended.set()


def test_what_stands_behind_the_host_of_an_address_is_shown_nowhere(store: Store, clock: Clock) -> None:
    put(store, "firing", "webhook:https://user:pass@hooks.example/T0/s3cr3t?token=abc")
    pass_once(store, clock, Recorder("webhook", receipts=[Retry("no"), Refused("no")]))
    clock.forward(timedelta(minutes=1))
    pass_once(store, clock, Recorder("webhook"))
    names = {text.partition(" could")[0].removeprefix("told ") for _, text in told(store)}
    assert names == {"webhook:hooks.example"}


def test_a_contact_point_is_a_channel_of_its_own(store: Store, clock: Clock) -> None:
    put(store, "firing", "slack@checkout:#pay", "slack")
    own, home = Recorder("slack"), Recorder("slack")
    deliver(store, {"slack@checkout": own, "slack": home}, compose, clock)
    assert [address for _, address, *_ in own.sent] == ["#pay"]
    assert [address for _, address, *_ in home.sent] == [""]
