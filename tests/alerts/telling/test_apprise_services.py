"""What goes through Apprise: where it arrives, what comes of a failure, and what is kept from people and logs."""

import json
import logging
from collections.abc import Generator
from typing import Any

import pytest
from apprise.plugins import opsgenie
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.google_chat import NotifyGoogleChat
from apprise.plugins.telegram import NotifyTelegram
from pydantic import SecretStr

from alerts.rules import Priority
from alerts.telling.channels.apprise_services import SERVICES, Apprise
from alerts.telling.channels.channel import Refused, Retry, Sent
from alerts.telling.message import Claim
from tests.alerts.saying import EXPLORE, HOSTILE, impatient, message
from tests.fakes.peer import HANGS, Answer, Peer, Request, answers

TOKEN = "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"
ADDRESSES = {
    "discord": f"https://discord.com/api/webhooks/123456789012/{TOKEN}",
    "telegram": f"tgram://123456789:{TOKEN}/4711/",
    "googlechat": f"https://chat.googleapis.com/v1/spaces/AAAA/messages?key=abcdef&token={TOKEN}",
    "opsgenie": f"opsgenie://{TOKEN}/",
    "msteams": "https://prod-12.westus.logic.azure.com:443/workflows/643e69f83c8944438d68119179a10a64/triggers/manual/"
    f"paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={TOKEN}",
}
REACHED = ("discord", "telegram", "googlechat", "opsgenie")
"""Those whose side can be played on this machine; a workflow of Teams is reached over TLS only."""


class Service(Peer):
    """The other side of all of them."""

    def named(self, request: Request) -> str:
        return "any"

    def handle(self, request: Request) -> Answer:
        self.accept({"call": request.path, "body": request.body.decode()})
        return Answer.json({"ok": True, "requestId": "r1", "result": []}, 202 if "alerts" in request.path else 200)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Generator[Service]:
    with Service() as running:
        monkeypatch.setattr(NotifyDiscord, "notify_url", f"{running.url}/discord")
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"{running.url}/bot")
        monkeypatch.setattr(NotifyGoogleChat, "notify_url", f"{running.url}/{{workspace}}/messages")
        regions = dict.fromkeys(opsgenie.OPSGENIE_API_LOOKUP, f"{running.url}/alerts")
        monkeypatch.setattr(opsgenie, "OPSGENIE_API_LOOKUP", regions)
        yield running


def channel(name: str) -> Apprise:
    return Apprise(name, SecretStr(ADDRESSES[name]))


@pytest.mark.parametrize("name", REACHED)
def test_a_message_arrives_with_what_is_known(service: Service, name: str) -> None:
    assert isinstance(channel(name).send(message(), "", None, False), Sent)
    body = service.calls()[-1]["body"]
    for text in ("Firing P0", "7.3 %", "openai"):
        assert text in body


@pytest.mark.parametrize(("length", "has_charts"), [(100, True), (1_500, False)])
def test_where_little_fits_the_addresses_of_charts_go_first(service: Service, length: int, has_charts: bool) -> None:
    causes = (Claim(text="openai: 62 % of the rise.", url=f"{EXPLORE}?f={'x' * length}"),)
    channel("discord").send(message(causes=causes), "", None, False)
    body = service.calls()[-1]["body"]
    assert all(text in body for text in ("openai: 62 % of the rise", "Open incident", "incident 3f2a"))
    assert (EXPLORE in body) == has_charts


@pytest.mark.parametrize("name", REACHED)
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_an_event_calls_a_channel_together_or_is_refused(service: Service, name: str, text: str) -> None:
    assert isinstance(channel(name).send(message(title=text, description=text), "", None, False), Sent)
    said = json.dumps(service.calls()[-1]["body"], ensure_ascii=False)
    for mention in ("@everyone", "@here", "<!channel", "<@U012AB3CD"):
        assert mention not in said


@pytest.mark.parametrize("name", REACHED)
@pytest.mark.parametrize(("status", "outcome"), [(404, Refused), (401, Refused), (500, Retry), (503, Retry)])
def test_a_failure_is_tried_again_where_it_may_pass(
    service: Service, name: str, status: int, outcome: type[Refused | Retry], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        service.fail_next("any", *[answers(status, TOKEN)] * 3)
        receipt = channel(name).send(message(), "", None, False)
    assert isinstance(receipt, outcome)
    assert receipt.reason.startswith(SERVICES[name].title)
    assert TOKEN not in repr(receipt) + caplog.text


def test_a_service_that_hangs_is_given_up(service: Service) -> None:
    service.fail_next("any", HANGS)
    discord = Apprise("discord", SecretStr(ADDRESSES["discord"]), impatient())
    assert isinstance(discord.send(message(), "", None, False), Retry)


@pytest.mark.parametrize("name", SERVICES)
def test_an_address_of_another_service_is_refused_with_what_is_expected(name: str) -> None:
    other = "discord" if name != "discord" else "telegram"
    for url in (ADDRESSES[other], "nonsense"):
        receipt = Apprise(name, SecretStr(url)).send(message(), "", None, False)
        assert isinstance(receipt, Refused)
        assert f"PROMPTPILOT_{name.upper()}_URL" in receipt.reason
        assert TOKEN not in repr(receipt)


def test_an_alert_of_opsgenie_is_opened_acknowledged_and_closed_by_the_incident(service: Service) -> None:
    for kind in ("firing", "acknowledged", "resolved"):
        # Each by a channel of its own, as after a restart.
        assert isinstance(channel("opsgenie").send(message(kind=kind, priority=Priority.P1), "", None, False), Sent)
    opened: dict[str, Any] = json.loads(service.calls()[0]["body"])
    assert (opened["alias"], opened["priority"]) == ("3f2a", "P2")
    assert [call["call"] for call in service.calls()[1:]] == [
        "/alerts/3f2a/acknowledge?identifierType=alias", "/alerts/3f2a/close?identifierType=alias",
    ]  # fmt: skip
