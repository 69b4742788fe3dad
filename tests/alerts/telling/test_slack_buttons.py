"""Buttons pressed in Slack, over a real WebSocket, and what they do to the alerts."""

import logging
import queue
import threading
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from alerts.incidents import Incident, Status
from alerts.judging import Key
from alerts.policy import labels_of
from alerts.rules import Priority
from alerts.store import Store
from alerts.telling.channels.channel import Sent
from alerts.telling.channels.slack import Slack
from alerts.telling.channels.slack_blocks import ACKNOWLEDGE, SILENCE
from alerts.telling.slack_buttons import Buttons, Press, acting, presses
from tests.alerts.saying import NOON, message
from tests.fakes.peer import RESETS, Failure, answers
from tests.fakes.slack import APP_TOKEN, BOT_TOKEN, FakeSlack, error, rate_limited
from tests.patience import TIMEOUT

HEAD, OTHER = Key("error-rate-p0", (("endpoint", "/chat"), ("region", None))), Key("slow", ())


class Presses:
    """Presses as they come, to be waited for."""

    def __init__(self, answer: Callable[[Press], str] = lambda press: "") -> None:
        self.seen: list[Press] = []
        self._answer = answer
        self._changed = threading.Condition()

    def __call__(self, press: Press) -> str:
        with self._changed:
            self.seen.append(press)
            self._changed.notify_all()
        return self._answer(press)

    def wait(self, count: int) -> list[Press]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) >= count, TIMEOUT), self.seen
            return list(self.seen)


@pytest.fixture
def slack() -> Generator[FakeSlack]:
    with FakeSlack() as fake:
        channel = Slack(SecretStr(BOT_TOKEN), "#alerts", fake.api_url, interactive=True)
        assert isinstance(channel.send(message(picture=None), "", None, False), Sent)
        yield fake


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'state.db'}")
    about = Incident(
        "3f2a", HEAD, "Error rate above 5 %", Priority.P0, NOON, (HEAD, OTHER), (HEAD, OTHER), told=("slack",)
    )
    with opened.writing() as repository:
        repository.save_incidents([about])
    yield opened
    opened.close()


def now() -> datetime:
    return NOON + timedelta(minutes=3)


def listening(slack: FakeSlack, act: Callable[[Press], str], token: str = APP_TOKEN) -> Buttons:
    return Buttons(SecretStr(token), slack.api_url, act, first_wait=0.01)


@pytest.mark.parametrize(("button", "action"), [(ACKNOWLEDGE, "acknowledge"), (SILENCE, "silence")])
def test_a_press_is_acknowledged_and_done(slack: FakeSlack, button: str, action: str) -> None:
    pressed = Presses()
    with listening(slack, pressed):
        assert slack.press(button, user="grace")
        assert pressed.wait(1) == [Press(action, "3f2a", "grace", "U0GRACE")]


def test_a_press_is_acknowledged_while_the_one_before_is_still_being_done(slack: FakeSlack) -> None:
    release = threading.Event()
    pressed = Presses(lambda press: str(release.wait(TIMEOUT)))
    with listening(slack, pressed):
        assert slack.press(ACKNOWLEDGE)
        pressed.wait(1)
        assert slack.press(SILENCE)
        release.set()
        assert [press.action for press in pressed.wait(2)] == ["acknowledge", "silence"]


def test_a_press_that_slack_tells_twice_is_done_once(slack: FakeSlack) -> None:
    pressed = Presses()
    with listening(slack, pressed):
        assert slack.press(ACKNOWLEDGE, sent=2)
        assert slack.press(SILENCE)
        assert [press.action for press in pressed.wait(2)] == ["acknowledge", "silence"]


def test_a_link_asks_for_nothing(slack: FakeSlack) -> None:
    pressed = Presses()
    with listening(slack, pressed):
        assert slack.press("promptpilot_dashboard")
        assert slack.press(SILENCE)
        assert [press.action for press in pressed.wait(1)] == ["silence"]


def test_what_came_of_it_is_told_to_the_one_who_pressed(slack: FakeSlack) -> None:
    with listening(slack, Presses(lambda press: "Silenced <until> 13:00")):
        slack.press(SILENCE)
        reply = slack.await_calls(1, "response_url")[0]["args"]
    assert reply == {
        "text": "Silenced &lt;until&gt; 13:00", "response_type": "ephemeral", "replace_original": False,
    }  # fmt: skip


def test_an_act_that_fails_is_told_and_the_next_one_is_done(slack: FakeSlack) -> None:
    def fail_first(press: Press) -> str:
        if press.action == "acknowledge":
            raise RuntimeError("the disk is full")
        return "done"

    with listening(slack, Presses(fail_first)):
        slack.press(ACKNOWLEDGE)
        slack.press(SILENCE)
        replies = slack.await_calls(2, "response_url")
    assert [reply["args"]["text"] for reply in replies] == [
        "This did not work: RuntimeError. Try the Alerts page.", "done",
    ]  # fmt: skip


@pytest.mark.parametrize("how", ["refresh", "close", "cut"])
def test_it_connects_again_when_the_connection_ends(slack: FakeSlack, how: str) -> None:
    pressed = Presses()
    with listening(slack, pressed):
        slack.await_sockets(1)
        slack.disconnect(how)
        slack.await_sockets(2)
        assert slack.press(ACKNOWLEDGE)
        assert len(pressed.wait(1)) == 1


@pytest.mark.parametrize(
    "failure", [RESETS, answers(500), answers(200, "<html>"), error("internal_error"), rate_limited(0)]
)
def test_it_connects_once_slack_answers(slack: FakeSlack, failure: Failure) -> None:
    slack.fail_next("apps.connections.open", failure, failure)
    with listening(slack, Presses()):
        slack.await_sockets(1)


class Logged(logging.Handler):
    """Waits for an entry of the log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._texts: queue.SimpleQueue[str] = queue.SimpleQueue()

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.put(record.getMessage())

    def first(self) -> str:
        return self._texts.get(timeout=TIMEOUT)


def test_a_wrong_token_is_logged_with_what_to_set(slack: FakeSlack) -> None:
    logged = Logged()
    logging.getLogger("promptpilot.alerts.buttons").addHandler(logged)
    try:
        with listening(slack, Presses(), token="xapp-of-somebody-else"):
            text = logged.first()
    finally:
        logging.getLogger("promptpilot.alerts.buttons").removeHandler(logged)
    assert "PROMPTPILOT_SLACK_APP_TOKEN" in text
    assert "xapp-of-somebody-else" not in text


def test_it_ends_at_once_whether_connected_or_not(slack: FakeSlack) -> None:
    with listening(slack, Presses()):
        slack.await_sockets(1)
    with listening(slack, Presses()):
        pass


def test_acknowledge_acknowledges(slack: FakeSlack, store: Store) -> None:
    with listening(slack, acting(store, now)):
        slack.press(ACKNOWLEDGE, user="ada")
        slack.press(ACKNOWLEDGE, user="grace")
        reply = slack.await_calls(1, "response_url")[0]["args"]["text"]
    with store.reading() as repository:
        incident = repository.incident("3f2a")
        waiting = repository.deliveries("3f2a")
    assert incident and (incident.status, incident.acknowledged_by) == (Status.ACKNOWLEDGED, "ada")
    assert [(delivery.kind, delivery.target, delivery.who) for delivery in waiting] == [
        ("acknowledged", "slack", "ada")
    ]
    assert reply == "Acknowledged by ada at 2026-05-01 12:03 UTC already"


def test_silence_silences_every_alert_of_the_incident_for_an_hour(slack: FakeSlack, store: Store) -> None:
    with listening(slack, acting(store, now)):
        slack.press(SILENCE, user="ada")
        reply = slack.await_calls(1, "response_url")[0]["args"]["text"]
    with store.reading() as repository:
        silences = repository.silences()
    assert reply == "Silenced until 13:03 UTC."
    for key in (HEAD, OTHER):
        labels = labels_of(key, Priority.P1, None)
        assert [one.who for one in silences if one.matches(labels, now())] == ["ada"]
        assert not any(one.matches(labels, now() + timedelta(hours=1)) for one in silences)


def test_an_incident_that_is_forgotten_is_said_to_be(store: Store) -> None:
    for action in ("acknowledge", "silence"):
        said = acting(store, now)(Press(action, "gone", "ada", "U1"))
        assert said == "This incident is so long ago that it is forgotten."


@pytest.mark.parametrize(
    "payload",
    [
        None, [], "x", {}, {"type": "view_submission"}, {"type": "block_actions"},
        {"type": "block_actions", "actions": [{}]},
        {"type": "block_actions", "actions": [{"action_id": ACKNOWLEDGE}]},
        {"type": "block_actions", "user": None, "actions": None},
    ],
)  # fmt: skip
def test_a_payload_of_something_else_is_no_press(payload: Any) -> None:
    assert presses(payload) == []
