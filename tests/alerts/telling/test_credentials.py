"""Where secrets come from, where they never go, and which channels can be set up with them."""

import logging
import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from alerts.policy.reading import read
from alerts.rules import CHANNELS
from alerts.telling.channels.channel import Channel, Sent
from alerts.telling.channels.email import Email, Login
from alerts.telling.channels.pagerduty import PagerDuty
from alerts.telling.channels.slack import Slack
from alerts.telling.channels.slack_webhook import SlackWebhook
from alerts.telling.channels.webhook import Webhook
from alerts.telling.credentials import (
    NAMES,
    Credentials,
    channels,
    missing,
    of_points,
    read_credentials,
    read_points,
)
from metrics.secrets import SecretsError
from metrics.settings import Alerts, Settings
from metrics.settings import Email as EmailSettings
from tests.alerts.saying import NOON, impatient, message
from tests.fakes.peer import DRIPS, HANGS, RESETS, Answer, Failure, Peer, Request, answers
from tests.fakes.smtp import USER, FakeMailServer

SECRET = "0f00ba4_s3cr3t"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def secrets_file(home: Path, text: str) -> tuple[Path]:
    path = home / "secrets.toml"
    path.write_text(text, encoding="utf-8")
    return (path,)


def settings(home: Path, **alerts: object) -> Settings:
    return Settings(home=home, alerts=Alerts(**alerts))  # pyright: ignore[reportArgumentType]


def test_the_environment_wins_over_the_file(home: Path) -> None:
    file = secrets_file(home, '[alerts]\nslack_bot_token = "from-file"\nwebhook_secret = "also from file"\n')
    found = read_credentials({"PROMPTPILOT_SLACK_BOT_TOKEN": " from-environment\n"}, file)
    assert found.slack_bot_token == SecretStr("from-environment")
    assert found.webhook_secret == SecretStr("also from file")
    assert found.smtp_password is None


@pytest.mark.parametrize("name", NAMES)
def test_every_secret_can_come_from_the_environment(name: str) -> None:
    found = read_credentials({f"PROMPTPILOT_{name.upper()}": "https://x"}, ())
    assert getattr(found, name) == SecretStr("https://x")


@pytest.mark.parametrize("text", ["", "[auth]\nx = 1\n", "[alerts]\n", '[alerts]\nsmtp_user = ""\n'])
def test_what_is_not_given_is_none(home: Path, text: str) -> None:
    assert read_credentials({"PROMPTPILOT_SMTP_USER": "  "}, secrets_file(home, text)) == Credentials()


def test_files_need_not_exist(home: Path) -> None:
    assert read_credentials({}, (home / "nowhere.toml",)) == Credentials()


def test_what_is_printed_of_secrets_are_stars() -> None:
    found = read_credentials({f"PROMPTPILOT_{name.upper()}": f"https://{SECRET}" for name in NAMES}, ())
    assert SECRET not in f"{found} {found!r} {found.slack_bot_token} {found.slack_bot_token!r}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"[alerts]\nslack_bot_token = {SECRET}\n", "secrets.toml: not TOML: "),
        (f'alerts = "{SECRET}"\n', "secrets.toml: alerts: expected a section"),
        (
            f'[alerts]\nslack_bot_tokne = "{SECRET}"\n',
            "slack_bot_tokne: is not known; the nearest is 'slack_bot_token'",
        ),
        ("[alerts]\nslack_bot_token = 5\n", "slack_bot_token: expected text in quotes"),
        (f'[alerts]\nslack_bot_token = "{SECRET}\\nx"\n', "slack_bot_token: holds a blank or a line break"),
        (f'[alerts]\nslack_bot_token = "{SECRET}é"\n', "slack_bot_token: holds a letter that no token has"),
        (
            f'[alerts]\nslack_webhook_url = "{SECRET}"\n',
            "expected an address that begins with https://hooks.slack.com/",
        ),
    ],
)
def test_a_secret_that_cannot_be_used_is_told_but_not_shown(home: Path, text: str, said: str) -> None:
    with pytest.raises(SecretsError) as caught:
        read_credentials({}, secrets_file(home, text))
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_variable_that_cannot_be_used_is_named() -> None:
    with pytest.raises(SecretsError, match="PROMPTPILOT_PAGERDUTY_ROUTING_KEY: holds a blank"):
        read_credentials({"PROMPTPILOT_PAGERDUTY_ROUTING_KEY": "two words"}, ())


@pytest.mark.parametrize(
    ("given", "alerts", "expected"),
    [
        ({}, {}, {}),
        ({"slack_bot_token": "t"}, {}, {"slack": Slack}),
        ({"slack_webhook_url": "https://x"}, {}, {"slack": SlackWebhook}),
        ({"slack_bot_token": "t", "slack_webhook_url": "https://x"}, {}, {"slack": Slack}),
        ({"pagerduty_routing_key": "k"}, {}, {"pagerduty": PagerDuty}),
        ({}, {"email": {"host": "h", "sender": "a@b.example"}}, {"email": Email}),
        ({"smtp_user": "a@b.example"}, {"email": {"host": "h"}}, {"email": Email}),
        ({}, {"email": {"host": "h"}}, {}),
        ({}, {"webhook": {"url": "https://x"}}, {"webhook": Webhook}),
    ],
)
def test_channels_are_those_that_are_set_up(
    home: Path, given: dict[str, str], alerts: dict[str, object], expected: dict[str, type]
) -> None:
    credentials = Credentials(**{name: SecretStr(text) for name, text in given.items()})
    found = channels(settings(home, **alerts), credentials)
    assert {name: type(channel) for name, channel in found.items()} == expected
    assert all(channel.name == name for name, channel in found.items())
    assert set(missing(settings(home, **alerts), credentials)) == set(CHANNELS) - set(found)


def test_what_is_missing_is_told_by_its_name(home: Path) -> None:
    absent = missing(settings(home), Credentials())
    assert "PROMPTPILOT_SLACK_BOT_TOKEN" in absent["slack"]
    assert "alerts.email.host" in absent["email"]
    assert "PROMPTPILOT_PAGERDUTY_ROUTING_KEY" in absent["pagerduty"]
    assert "alerts.webhook.url" in absent["webhook"]


class Echo(Peer):
    """Says back everything it is told, headers and all, as an error."""

    status = 400

    def handle(self, request: Request) -> Answer:
        return Answer(self.status, f"{request.path} {dict(request.headers)} {request.body.decode('utf-8', 'replace')}")


HTTP_CHANNELS: Mapping[str, Callable[[str], Channel]] = {
    "slack": lambda url: Slack(SecretStr(SECRET), "#alerts", f"{url}/api/", True, impatient()),
    "slack webhook": lambda url: SlackWebhook(SecretStr(f"{url}/{SECRET}"), impatient()),
    "pagerduty": lambda url: PagerDuty(SecretStr(SECRET), url, impatient()),
    "webhook": lambda url: Webhook(f"{url}/{SECRET}", None, None, lambda: NOON, impatient()),
}
WRONG = {
    "echoes 400": answers(400), "echoes 500": answers(500), "hangs": HANGS, "drips": DRIPS, "resets": RESETS,
}  # fmt: skip


@contextmanager
def everything_logged(caplog: pytest.LogCaptureFixture) -> Generator[None]:
    with caplog.at_level(logging.DEBUG):
        yield


@pytest.mark.parametrize("name", HTTP_CHANNELS)
@pytest.mark.parametrize("wrong", [*WRONG, "nobody there"])
def test_no_channel_tells_a_secret(name: str, wrong: str, caplog: pytest.LogCaptureFixture) -> None:
    with Echo() as echo:
        channel = HTTP_CHANNELS[name](echo.url)
        if wrong != "nobody there":
            tell(channel, echo, WRONG[wrong], caplog)
    if wrong == "nobody there":
        tell(channel, echo, None, caplog)


def tell(channel: Channel, echo: Echo, failure: Failure | None, caplog: pytest.LogCaptureFixture) -> None:
    """Send both ways, and look for the secret in all that can be seen afterwards."""
    if failure and failure.how == "answer":
        echo.status = failure.status
    with everything_logged(caplog):
        for again in (False, True):
            if failure and failure.how != "answer":
                for what in ("/api/chat.postMessage", "/api/conversations.list", f"/{SECRET}", "/v2/enqueue"):
                    echo.fail_next(what, failure)
            receipt = channel.send(message(), "", None, again)
            assert not isinstance(receipt, Sent)
            assert receipt.reason
            assert SECRET not in repr(receipt)
    assert SECRET not in caplog.text
    assert SECRET not in repr(channel)


@pytest.mark.parametrize("reply", ["535 5.7.8 {} is wrong", "454 {}", "421 {}"])
def test_mail_tells_no_password(reply: str, caplog: pytest.LogCaptureFixture) -> None:
    with FakeMailServer() as server, everything_logged(caplog):
        server.fail_next("AUTH", *[reply.format(SECRET)] * 3)
        mail = EmailSettings(host="localhost", port=server.port, to=("ada@example.com",))
        email = Email(mail, USER, Login(USER, SecretStr(SECRET)), lambda: NOON, impatient(), server.trusting)
        receipt = email.send(message(), "", None, False)
    assert not isinstance(receipt, Sent)
    assert SECRET not in repr(receipt)
    ours = [record for record in caplog.records if not record.name.startswith("mail.")]  # the server's log is its own
    assert SECRET not in " ".join(record.getMessage() for record in ours)


def test_secrets_are_not_taken_from_this_machine_by_tests() -> None:
    assert not [name for name in os.environ if name.removeprefix("PROMPTPILOT_").lower() in NAMES]


ROUTING = """
contact_points:
  checkout: {slack: {channel: "#checkout"}, email: {to: [team@x.example]}, webhook: {url: https://x.example/hook}}
  data-team: {}
"""


def points(home: Path, environment: Mapping[str, str], own: Credentials, text: str = "") -> Mapping[str, Channel]:
    policy, problems = read(ROUTING)
    assert policy is not None, problems
    found = read_points(environment, policy.contact_points, secrets_file(home, text))
    mail = EmailSettings(host="h", sender="a@b.example")
    return of_points(Settings(home=home, alerts=Alerts(email=mail)), policy, own, found)


def test_a_contact_point_has_the_channels_whose_secrets_it_has(home: Path) -> None:
    text = '[alerts]\nwebhook_secret = "home"\n[alerts.checkout]\npagerduty_routing_key = "theirs"\n'
    environment = {"PROMPTPILOT_DISCORD_URL__DATA_TEAM": "https://discord.com/api/webhooks/1/2"}
    found = points(home, environment, Credentials(pagerduty_routing_key=SecretStr("home")), text)
    assert sorted(found) == ["discord@data-team", "email@checkout", "pagerduty@checkout", "webhook@checkout"]


def test_a_contact_point_that_names_a_channel_of_slack_posts_there_as_the_home_does(home: Path) -> None:
    found = points(home, {}, Credentials(slack_bot_token=SecretStr("t")))
    assert sorted(found) == ["email@checkout", "slack@checkout", "webhook@checkout"]
    assert found["slack@checkout"].edits


def test_of_a_contact_point_nothing_that_is_not_known_is_taken(home: Path) -> None:
    with pytest.raises(SecretsError, match=r"\[alerts.checkout\] pagerduty_key: is not known; the nearest is"):
        points(home, {}, Credentials(), '[alerts.checkout]\npagerduty_key = "x"\n')
    with pytest.raises(SecretsError, match="PROMPTPILOT_SLACK_BOT_TOKEN__CHECKOUT: holds a blank"):
        points(home, {"PROMPTPILOT_SLACK_BOT_TOKEN__CHECKOUT": "two words"}, Credentials())


def test_contact_points_do_not_disturb_the_secrets_of_the_home(home: Path) -> None:
    file = secrets_file(home, '[alerts]\nslack_bot_token = "t"\n[alerts.checkout]\nslack_bot_token = "u"\n')
    assert read_credentials({}, file) == Credentials(slack_bot_token=SecretStr("t"))
    assert read_points({}, ["checkout"], file) == {"checkout": Credentials(slack_bot_token=SecretStr("u"))}
