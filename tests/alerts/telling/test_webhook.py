"""What a webhook posts, with and without a template, and what is made of the answer."""

import json
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from alerts.telling import Message
from alerts.telling.channels.channel import Receipt, Refused, Retry, Sent
from alerts.telling.channels.patience import Patience
from alerts.telling.channels.template import Template
from alerts.telling.channels.webhook import Webhook
from tests.alerts.saying import HOSTILE, NOON, digest, hostile, message, patience_for
from tests.fakes.peer import DRIPS, HANGS, LOSES, RESETS, Failure, answers
from tests.fakes.webhook import SECRET, FakeReceiver

HOOK = "/hooks/7?token=part-of-the-address"


@pytest.fixture
def receiver() -> Generator[FakeReceiver]:
    with FakeReceiver() as fake:
        yield fake


def channel(
    receiver: FakeReceiver, template: Template | None = None, secret: str = SECRET, patience: Patience | None = None
) -> Webhook:
    return Webhook(receiver.url + HOOK, SecretStr(secret), template, lambda: NOON, patience, ("127.0.0.1",))


def send(receiver: FakeReceiver, said: Message, template: Template | None = None) -> Receipt:
    return channel(receiver, template).send(said, "", None, False)


def template_of(home: Path, text: str, name: str = "teams.json.j2") -> Template:
    (home / name).write_text(text, encoding="utf-8")
    return Template(home, name)


def test_all_facts_are_posted_as_json_and_signed(receiver: FakeReceiver) -> None:
    assert send(receiver, message()) == Sent({})
    call = receiver.calls()[0]
    assert Message.model_validate_json(call["body"]) == message()
    assert call["type"] == "application/json"
    assert call["timestamp"] == str(int(NOON.timestamp()))
    assert call["call"] == HOOK


def test_what_is_no_number_is_null(receiver: FakeReceiver) -> None:
    send(receiver, message(value=float("nan")))
    assert json.loads(receiver.calls()[0]["body"])["value"] is None


def test_a_wrong_secret_is_refused(receiver: FakeReceiver) -> None:
    receipt = channel(receiver, secret="another").send(message(), "", None, False)
    assert isinstance(receipt, Refused)
    assert "status 401, the signature is not right" in receipt.reason


def test_a_post_whose_answer_was_lost_counts_once(receiver: FakeReceiver) -> None:
    receiver.fail_next(HOOK, LOSES)
    assert isinstance(send(receiver, message()), Retry)
    assert isinstance(send(receiver, message()), Sent)
    assert len(receiver.calls()) == 1


def test_an_address_of_the_rule_goes_before_that_of_the_settings(receiver: FakeReceiver) -> None:
    assert isinstance(channel(receiver).send(message(), receiver.url + "/other", None, False), Sent)
    assert receiver.calls()[0]["call"] == "/other"


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:{port}/other?token=sesame",
        "http://127.0.0.1@localhost:{port}/",
        "http://127.0.0.1.evil.example/",
        "http://169.254.169.254/latest/",
        "http://[::1]:{port}/",
    ],
)
def test_a_rule_posts_only_to_hosts_that_the_settings_name(receiver: FakeReceiver, address: str) -> None:
    port = receiver.url.rpartition(":")[2]
    receipt = channel(receiver).send(message(), address.format(port=port), None, False)
    assert isinstance(receipt, Refused)
    assert "is not among alerts.webhook_hosts: rules post to those alone" in receipt.reason
    assert "sesame" not in receipt.reason
    assert receiver.calls() == []


def test_what_answers_at_the_address_of_a_rule_is_not_repeated(receiver: FakeReceiver) -> None:
    refused = channel(receiver, secret="another").send(message(), receiver.url + "/other", None, False)
    assert refused == Refused("Webhook: 127.0.0.1: status 401")


@pytest.mark.parametrize("address", ["nowhere", "file:///etc/passwd", "ftp://x", "https://", "https://[", "http://a b"])
def test_what_cannot_be_posted_to_is_refused(receiver: FakeReceiver, address: str) -> None:
    assert isinstance(channel(receiver).send(message(), address, None, False), Refused)


def test_a_template_makes_the_body(receiver: FakeReceiver, tmp_path: Path) -> None:
    text = '{"text": {{ title | tojson }}, "users": {{ message.users_affected }}, "labels": {{ labels | tojson }}}'
    assert isinstance(send(receiver, message(), template_of(tmp_path, text)), Sent)
    assert json.loads(receiver.calls()[0]["body"]) == {
        "text": "Error rate above 5 %: 7.3 % on /chat",
        "users": 1234,
        "labels": [["endpoint", "/chat"], ["region", None]],
    }


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_stays_a_text_in_json(receiver: FakeReceiver, tmp_path: Path, text: str) -> None:
    made = template_of(tmp_path, '{"text": {{ title | tojson }}}')
    assert isinstance(send(receiver, hostile(text), made), Sent)
    assert json.loads(receiver.calls()[0]["body"]) == {"text": hostile(text).title}


def test_a_template_may_be_text(receiver: FakeReceiver, tmp_path: Path) -> None:
    made = template_of(tmp_path, "{{ priority }}: {{ title }} <&>", "body.txt")
    assert isinstance(send(receiver, message(), made), Sent)
    assert receiver.calls()[0]["body"] == "P0: Error rate above 5 %: 7.3 % on /chat <&>"
    assert receiver.calls()[0]["type"] == "text/plain; charset=utf-8"


def test_a_digest_can_be_walked_through(receiver: FakeReceiver, tmp_path: Path) -> None:
    made = template_of(tmp_path, "{% for one in digest %}{{ one.title }};{% endfor %}", "body.txt")
    send(receiver, digest(2), made)
    assert receiver.calls()[0]["body"] == "Cost a user above 2 USD 0;Cost a user above 2 USD 1;"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("{\n{% for x in labels %}\n}", 2, "Unexpected end of template"),
        ('{\n"a": {{ titel | tojson }}\n}', 2, "'titel' is undefined"),
        ('{\n\n"a": {{ 1 / 0 }}\n}', 3, "ZeroDivisionError"),
        ("{{ title | shout }}", 1, "No filter named 'shout'"),
        ("{{ ''.__class__.__mro__ }}", 1, "unsafe"),
        ("{% include '../secret' %}", 1, "secret"),
    ],
)
def test_a_template_that_is_wrong_is_refused_with_its_line(
    receiver: FakeReceiver, tmp_path: Path, text: str, line: int, reason: str
) -> None:
    (tmp_path / "secret").write_text("not to be seen", encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    receipt = send(receiver, message(), template_of(home, text))
    assert isinstance(receipt, Refused)
    assert f"{home / 'teams.json.j2'}, line {line}: " in receipt.reason
    assert reason in receipt.reason
    assert receiver.calls() == []


def test_a_template_that_makes_no_json_is_refused_with_what_to_write(receiver: FakeReceiver, tmp_path: Path) -> None:
    receipt = send(receiver, message(title='a "quoted" title'), template_of(tmp_path, '{"text":\n"{{ title }}"}'))
    assert isinstance(receipt, Refused)
    assert "no JSON (line 2 of it): write values as {{ title | tojson }}" in receipt.reason


@pytest.mark.parametrize("name", ["missing.json", "../outside.json", "/etc/hostname"])
def test_a_template_outside_of_the_home_is_none(receiver: FakeReceiver, tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.json").write_text("{}", encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    receipt = send(receiver, message(), Template(home, name))
    assert isinstance(receipt, Refused)
    assert "no such template" in receipt.reason


def test_redirects_are_not_followed(receiver: FakeReceiver) -> None:
    receiver.fail_next(HOOK, answers(307, Location=f"{receiver.url}/elsewhere"))
    receipt = send(receiver, message())
    assert isinstance(receipt, Refused)
    assert "redirects are not followed" in receipt.reason
    assert receiver.calls() == []


@pytest.mark.parametrize(
    ("failure", "kind", "after"),
    [
        (answers(400, "what is that"), Refused, None),
        (answers(404), Refused, None),
        (answers(410), Refused, None),
        (answers(408), Retry, None),
        (answers(425), Retry, None),
        (answers(429, "", Retry_After="120"), Retry, timedelta(minutes=2)),
        (answers(429, "", Retry_After="Fri, 01 May 2026 12:30:00 GMT", Date="Fri, 01 May 2026 12:00:00 GMT"),
         Retry, timedelta(minutes=30)),
        (answers(429, "", Retry_After="Fri, 01 May 2026 11:00:00 GMT", Date="Fri, 01 May 2026 12:00:00 GMT"),
         Retry, timedelta()),
        (answers(429, "", Retry_After="soon"), Retry, None),
        (answers(429, "", Retry_After="9" * 400), Retry, None),
        (answers(429, "", Retry_After="99999999999"), Retry, timedelta(days=1)),
        (answers(503), Retry, None),
        (HANGS, Retry, None),
        (DRIPS, Retry, None),
        (RESETS, Retry, None),
    ],
)  # fmt: skip
def test_an_answer_says_whether_another_try_is_worth_it(
    receiver: FakeReceiver, failure: Failure, kind: type, after: timedelta | None
) -> None:
    receiver.fail_next(HOOK, failure)
    receipt = channel(receiver, patience=patience_for(failure)).send(message(), "", None, False)
    assert isinstance(receipt, kind)
    assert getattr(receipt, "after", None) == after


def test_nobody_at_the_address_is_tried_again() -> None:
    with FakeReceiver() as gone:
        pass
    assert isinstance(send(gone, message()), Retry)
