"""What arrives in a mailbox, and what is made of a mail server's refusals."""

import socket
from collections.abc import Generator
from datetime import timedelta
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
import trustme
from pydantic import SecretStr

from alerts.store.outbox import Reference
from alerts.telling import Message
from alerts.telling.channels.channel import Receipt, Refused, Retry, Sent
from alerts.telling.channels.email import Email, Login, is_address
from alerts.telling.channels.patience import Patience
from metrics.settings import Email as Settings
from tests.alerts.saying import HOSTILE, NOON, digest, hostile, impatient, message
from tests.fakes.smtp import PASSWORD, USER, FakeMailServer, Security

ADA, GRACE = "ada@example.com", "grace@example.com"
NOW = NOON + timedelta(seconds=40)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Generator[FakeMailServer]:
    with FakeMailServer(authority=authority) as fake:
        yield fake


def channel(
    server: FakeMailServer,
    password: str = PASSWORD,
    to: tuple[str, ...] = (ADA, GRACE),
    patience: Patience | None = None,
) -> Email:
    settings = Settings(host="localhost", port=server.port, security=server.security, to=to)
    login = None if server.security == "none" else Login(USER, SecretStr(password))
    return Email(settings, USER, login, lambda: NOW, patience, server.trusting)


def send(email: Email, said: Message, address: str = "", earlier: Reference | None = None) -> Receipt:
    return email.send(said, address, earlier, False)


def part(mail: EmailMessage, kind: str) -> EmailMessage:
    return next(one for one in mail.walk() if one.get_content_type() == kind)  # pyright: ignore[reportReturnType]


class Page(HTMLParser):
    """Tags, what they point to, and the text between them."""

    def __init__(self, mail: EmailMessage) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.points: list[str] = []
        self.text = ""
        self.feed(part(mail, "text/html").get_content())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.points += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_mail_says_the_same_in_plain_text_and_in_html(server: FakeMailServer) -> None:
    assert isinstance(send(channel(server), message()), Sent)
    mail = server.mails[0]
    plain, page = part(mail, "text/plain").get_content(), Page(mail)
    for fact in ("Error rate above 5 %: 7.3 % on /chat", "1,234", "2026-05-01 11:48 UTC (12m)", "openai: 62 %"):
        assert fact in plain
        assert fact in page.text
    assert "▇" in plain
    assert "https://runbooks.example/error-rate" in plain
    assert "https://runbooks.example/error-rate" in page.points


def test_its_headers_say_who_what_and_how_urgent(server: FakeMailServer) -> None:
    send(channel(server), message())
    mail = server.mails[0]
    assert mail["Subject"] == "[P0] Firing: Error rate above 5 %: 7.3 % on /chat, 1,234 users"
    assert mail["To"] == f"{ADA}, {GRACE}"
    assert mail["From"] == f"PromptPilot <{USER}>"
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert server.envelopes == [(USER, [ADA, GRACE])]


def test_the_picture_is_inside_and_nothing_comes_from_elsewhere(server: FakeMailServer) -> None:
    send(channel(server), message())
    image, page = part(server.mails[0], "image/png"), Page(server.mails[0])
    assert image.get_content().startswith(b"\x89PNG")
    assert image["Content-ID"] == "<series>"
    assert [point for point in page.points if "://" not in point] == ["cid:series"]
    assert "link" not in page.tags and "script" not in page.tags


def test_it_can_be_read_in_light_and_dark(server: FakeMailServer) -> None:
    send(channel(server), message())
    html = part(server.mails[0], "text/html").get_content()
    assert "color-scheme: light dark" in html
    assert "prefers-color-scheme: dark" in html


def test_mails_of_one_incident_are_one_conversation(server: FakeMailServer) -> None:
    first = send(channel(server), message())
    assert isinstance(first, Sent)
    later = send(channel(server), message(key="end", kind="resolved"), earlier=first.reference)
    beginning, end = server.mails
    assert later == first
    assert end["In-Reply-To"] == end["References"] == beginning["Message-ID"] == first.reference["message_id"]
    assert end["Message-ID"] != beginning["Message-ID"]
    assert beginning["In-Reply-To"] is None


def test_a_mail_sent_again_bears_the_same_id(server: FakeMailServer) -> None:
    server.fail_next("DATA", "lose")
    assert isinstance(send(channel(server), message()), Retry)
    assert isinstance(channel(server).send(message(), "", None, True), Sent)
    assert server.mails[0]["Message-ID"] == server.mails[1]["Message-ID"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_nothing_but_text(server: FakeMailServer, text: str) -> None:
    assert isinstance(send(channel(server), hostile(text)), Sent)
    mail, page = server.mails[0], Page(server.mails[0])
    assert "\n" not in mail["Subject"] and "\r" not in mail["Subject"]
    assert mail["Bcc"] is None
    assert server.envelopes[0][1] == [ADA, GRACE]
    assert not {"script", "iframe", "object", "link"} & set(page.tags)
    assert [point for point in page.points if point.startswith(("http:", "javascript:"))] == []
    assert page.tags.count("img") == 1


def test_a_digest_lists_its_incidents(server: FakeMailServer) -> None:
    send(channel(server), digest(3))
    assert server.mails[0]["Subject"] == "3 alerts of low priority"
    assert "Cost a user above 2 USD 2" in part(server.mails[0], "text/plain").get_content()


def test_an_address_of_the_rule_goes_before_those_of_the_settings(server: FakeMailServer) -> None:
    send(channel(server), message(), "oncall@example.com, lead@example.com")
    assert server.envelopes[0][1] == ["oncall@example.com", "lead@example.com"]


@pytest.mark.parametrize("security", ["tls", "none"])
def test_mail_goes_through_tls_and_unencrypted_where_that_is_wanted(authority: trustme.CA, security: Security) -> None:
    with FakeMailServer(security, authority=authority) as server:
        assert isinstance(send(channel(server), message()), Sent)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_of_another_host_is_not_trusted(authority: trustme.CA, security: Security) -> None:
    with FakeMailServer(security, name="mail.example.com", authority=authority) as server:
        receipt = send(channel(server), message())
    assert isinstance(receipt, Retry)
    assert "certificate is not trusted" in receipt.reason
    assert server.mails == []


def test_a_server_that_does_not_encrypt_gets_no_password(authority: trustme.CA) -> None:
    with FakeMailServer("none", authority=authority) as server:
        server.security = "starttls"
        receipt = send(channel(server), message())
    assert isinstance(receipt, Refused)
    assert "alerts.email.security" in receipt.reason


def test_a_wrong_password_is_refused_with_what_to_set(server: FakeMailServer) -> None:
    receipt = send(channel(server, password="wrong"), message())
    assert isinstance(receipt, Refused)
    assert "PROMPTPILOT_SMTP_PASSWORD" in receipt.reason


@pytest.mark.parametrize(
    ("command", "reply", "kind"),
    [
        ("DATA", "451 greylisted, come back later", Retry),
        ("DATA", "554 looks like spam", Refused),
        ("MAIL", "452 no room", Retry),
        ("MAIL", "553 you are not alerts@fake.example", Refused),
        ("AUTH", "454 temporary", Retry),
    ],
)
def test_a_4xx_is_tried_again_and_a_5xx_is_refused(
    server: FakeMailServer, command: str, reply: str, kind: type
) -> None:
    server.fail_next(command, reply, reply, reply)
    receipt = send(channel(server), message())
    assert isinstance(receipt, kind)
    assert reply[4:10] in str(receipt)


def test_who_got_it_does_not_get_it_again_when_the_rest_is_tried_again(server: FakeMailServer) -> None:
    email = channel(server)
    server.fail_next(f"RCPT {GRACE}", "450 mailbox busy")
    receipt = send(email, message())
    assert isinstance(receipt, Retry)
    assert "450 mailbox busy" in receipt.reason
    assert isinstance(send(email, message()), Sent)
    assert [recipients for _, recipients in server.envelopes] == [[ADA], [GRACE]]


def test_who_never_gets_it_is_named_though_others_did(server: FakeMailServer) -> None:
    server.fail_next(f"RCPT {GRACE}", "550 no such user")
    receipt = send(channel(server), message())
    assert isinstance(receipt, Sent)
    assert receipt.reference["refused"] == f"{GRACE}: 550 no such user"


def test_a_mail_that_nobody_may_get_is_refused(server: FakeMailServer) -> None:
    server.fail_next(f"RCPT {ADA}", "550 no such user")
    server.fail_next(f"RCPT {GRACE}", "450 later", "550 no such user either")
    email = channel(server)
    assert isinstance(send(email, message()), Retry)
    receipt = send(email, message())
    assert isinstance(receipt, Refused)
    assert "no such user either" in receipt.reason
    assert server.mails == []


@pytest.mark.parametrize(
    "address", ["nobody", "@", "a@b@c", "a b@example.com", "a@example.com\nBcc: b@c.example", "<a@b.example>"]
)
def test_what_is_no_address_is_refused(server: FakeMailServer, address: str) -> None:
    assert not is_address(address)
    assert isinstance(send(channel(server), message(), address), Refused)


def test_mail_to_nobody_is_refused_with_what_to_set(server: FakeMailServer) -> None:
    receipt = send(channel(server, to=()), message())
    assert isinstance(receipt, Refused)
    assert "alerts.email.to" in receipt.reason


def test_a_server_that_takes_the_mail_and_says_nothing_is_given_up_in_time(server: FakeMailServer) -> None:
    server.fail_next("DATA", "hang")
    assert isinstance(send(channel(server, patience=Patience(1)), message()), Retry)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_that_never_greets_is_given_up_in_time(server: FakeMailServer, security: Security) -> None:
    server.security = security
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server.port = silent.getsockname()[1]
        assert isinstance(send(channel(server, patience=impatient()), message()), Retry)


def test_nobody_at_the_address_is_tried_again(server: FakeMailServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        server.port = closed.getsockname()[1]
    assert isinstance(send(channel(server), message()), Retry)
