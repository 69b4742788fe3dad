"""What PagerDuty is told, and what is made of its refusals."""

from collections.abc import Generator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from alerts.rules import Priority
from alerts.telling import Message
from alerts.telling.channels.channel import Receipt, Refused, Retry, Sent
from alerts.telling.channels.pagerduty import PagerDuty
from alerts.telling.channels.patience import Patience
from tests.alerts.saying import HOSTILE, digest, hostile, message, patience_for
from tests.fakes.pagerduty import ROUTING_KEY, FakePagerDuty
from tests.fakes.peer import DRIPS, HANGS, LOSES, RESETS, Failure, answers

ENQUEUE = "/v2/enqueue"


@pytest.fixture
def fake() -> Generator[FakePagerDuty]:
    with FakePagerDuty() as one:
        yield one


def send(fake: FakePagerDuty, said: Message, key: str = ROUTING_KEY, patience: Patience | None = None) -> Receipt:
    return PagerDuty(SecretStr(key), fake.url, patience).send(said, "", None, False)


def test_an_incident_is_triggered_acknowledged_and_resolved_under_its_id(fake: FakePagerDuty) -> None:
    states: list[str] = []
    for kind in ("firing", "update", "acknowledged", "repeat", "resolved"):
        assert send(fake, message(kind=kind)) == Sent({"dedup_key": "3f2a", "priority": "P0"})
        states.append(fake.alerts["3f2a"])
    assert states == ["triggered", "triggered", "acknowledged", "triggered", "resolved"]
    assert list(fake.alerts) == ["3f2a"]


def test_an_event_says_what_how_bad_and_where_to_look(fake: FakePagerDuty) -> None:
    send(fake, message())
    event = fake.calls()[0]
    payload, details = event["payload"], event["payload"]["custom_details"]
    assert payload["summary"] == "Firing P0: Error rate above 5 %: 7.3 % on /chat, 1,234 users"
    assert payload["source"] == "endpoint=/chat, region=(none)"
    assert payload["timestamp"] == "2026-05-01T11:48:00+00:00"
    assert details["Users affected"] == "1,234"
    assert details["where"] == ["provider openai: 62 %"]
    assert details["what explains it"] == ["openai: 62 % of the rise, elsewhere unchanged."]
    assert [link["text"] for link in event["links"]] == ["Open dashboard", "Open incident", "Runbook"]


@pytest.mark.parametrize(
    ("priority", "severity"),
    [(Priority.P0, "critical"), (Priority.P1, "error"), (Priority.P2, "warning"), (Priority.P3, "info")],
)
def test_the_priority_is_the_severity(fake: FakePagerDuty, priority: Priority, severity: str) -> None:
    send(fake, message(priority=priority))
    assert fake.calls()[0]["payload"]["severity"] == severity


def test_a_digest_wakes_nobody(fake: FakePagerDuty) -> None:
    assert isinstance(send(fake, digest(3)), Sent)
    assert fake.alerts == {}
    assert fake.calls("/v2/change/enqueue")[0]["payload"]["summary"] == "3 alerts of low priority"


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_taken(fake: FakePagerDuty, text: str) -> None:
    assert isinstance(send(fake, hostile(text)), Sent)
    summary = fake.calls()[0]["payload"]["summary"]
    assert len(summary) <= 1024 and "\n" not in summary


def test_an_event_whose_answer_was_lost_counts_once(fake: FakePagerDuty) -> None:
    fake.fail_next(ENQUEUE, LOSES)
    assert isinstance(send(fake, message()), Retry)
    assert isinstance(send(fake, message()), Sent)
    assert list(fake.alerts) == ["3f2a"]


@pytest.mark.parametrize("key", ["short", "x" * 32])
def test_a_wrong_key_is_refused_with_what_to_set(fake: FakePagerDuty, key: str) -> None:
    receipt = send(fake, message(), key)
    assert isinstance(receipt, Refused)
    assert "PROMPTPILOT_PAGERDUTY_ROUTING_KEY" in receipt.reason
    assert "routing_key" in receipt.reason and key not in receipt.reason


@pytest.mark.parametrize(
    ("failure", "after"),
    [
        (answers(429), None),
        (answers(429, "slow down", Retry_After="90"), timedelta(seconds=90)),
        (answers(500), None),
        (answers(502), None),
        (answers(503, "", Retry_After="Fri, 01 May 2026 12:05:00 GMT", Date="Fri, 01 May 2026 12:00:00 GMT"),
         timedelta(minutes=5)),
        (HANGS, None),
        (DRIPS, None),
        (RESETS, None),
    ],
)  # fmt: skip
def test_what_may_pass_is_tried_again_but_not_by_us(
    fake: FakePagerDuty, failure: Failure, after: timedelta | None
) -> None:
    fake.fail_next(ENQUEUE, failure)
    receipt = send(fake, message(), patience=patience_for(failure))
    assert isinstance(receipt, Retry)
    assert receipt.after == after
    assert fake.calls() == []


@pytest.mark.parametrize("failure", [answers(202, "[]"), answers(202, "fine"), answers(202, "")])
def test_an_answer_that_says_nothing_is_not_taken_for_a_success(fake: FakePagerDuty, failure: Failure) -> None:
    fake.fail_next(ENQUEUE, failure)
    assert isinstance(send(fake, message()), Retry)


def test_nobody_at_the_address_is_tried_again() -> None:
    with FakePagerDuty() as gone:
        pass
    assert isinstance(send(gone, message()), Retry)


def test_events_are_not_sent_unencrypted_over_a_network() -> None:
    receipt = PagerDuty(SecretStr(ROUTING_KEY), "http://events.example.com").send(message(), "", None, False)
    assert isinstance(receipt, Refused)
    assert "alerts.pagerduty.events_url" in receipt.reason


def test_a_rise_in_priority_calls_anew_and_ends_with_the_incident(fake: FakePagerDuty) -> None:
    pager = PagerDuty(SecretStr(ROUTING_KEY), fake.url)
    first = pager.send(message(priority=Priority.P2), "", None, False)
    assert isinstance(first, Sent)
    pager.send(message(priority=Priority.P0), "", first.reference, False)
    pager.send(message(kind="repeat"), "", first.reference, False)
    assert fake.alerts == {"3f2a": "triggered", "3f2a/P0": "triggered"}
    pager.send(message(kind="resolved"), "", first.reference, False)
    assert fake.alerts == {"3f2a": "resolved", "3f2a/P0": "resolved"}
