"""`promptpilot alerts send-test`, against channels that speak the real protocols."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app.commands.alerts.send_test import send_test
from app.commands.outcome import Stop
from tests.fakes.pagerduty import ROUTING_KEY, FakePagerDuty
from tests.fakes.slack import BOT_TOKEN, FakeSlack
from tests.fakes.webhook import SECRET, FakeReceiver

Said = Callable[..., tuple[int, str]]


@pytest.fixture
def slack() -> Generator[FakeSlack]:
    with FakeSlack() as fake:
        yield fake


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    """Runs the command with some settings and variables; gives exit code and sentence."""

    def run_it(target: str, settings: str = "", **variables: str) -> tuple[int, str]:
        (tmp_path / "settings.yaml").write_text(settings, encoding="utf-8")
        for name, text in variables.items():
            monkeypatch.setenv(f"PROMPTPILOT_{name}", text)
        command = typer.Typer()
        command.command()(send_test)
        result = CliRunner().invoke(command, [target, "--home", str(tmp_path)])
        if isinstance(result.exception, Stop):
            return result.exception.code, result.exception.sentence
        return result.exit_code, result.output.strip()

    return run_it


def slack_at(fake: FakeSlack) -> str:
    return f"alerts: {{slack: {{api_url: '{fake.api_url}'}}}}"


def test_a_message_that_arrives_is_said_to(run: Said, slack: FakeSlack) -> None:
    assert run("slack:#incidents", slack_at(slack), SLACK_BOT_TOKEN=BOT_TOKEN) == (0, "slack:#incidents was told")
    said, picture = slack.said("incidents")
    assert "nothing is wrong" in said["text"]
    assert "promptpilot_acknowledge" not in str(said)
    assert picture["files"]


def test_one_that_is_refused_is_told_with_what_to_do(run: Said, slack: FakeSlack) -> None:
    code, said = run("slack:#old", slack_at(slack), SLACK_BOT_TOKEN=BOT_TOKEN)
    assert code == 1
    assert said.startswith("slack:#old was not told: Slack, #old: the channel is archived: unarchive it")


def test_one_that_may_arrive_later_has_not_arrived(run: Said) -> None:
    with FakeReceiver() as gone:
        pass
    code, said = run("webhook", f"alerts: {{webhook: {{url: '{gone.url}'}}}}")
    assert code == 1
    assert "webhook was not told: Webhook: no answer from 127.0.0.1" in said


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("slack", "slack is not set up: set PROMPTPILOT_SLACK_BOT_TOKEN"),
        ("email:ada@example.com", "email is not set up: set alerts.email.host"),
        ("pagerduty", "pagerduty is not set up: set PROMPTPILOT_PAGERDUTY_ROUTING_KEY"),
        ("webhook", "webhook is not set up: set alerts.webhook.url"),
        ("slak", "'slak' is no channel; the nearest is 'slack'"),
    ],
)
def test_what_is_missing_is_named(run: Said, target: str, said: str) -> None:
    code, sentence = run(target)
    assert code == 2
    assert sentence.startswith(said)


def test_pagerduty_wakes_nobody(run: Said) -> None:
    with FakePagerDuty() as fake:
        code, said = run(
            "pagerduty", f"alerts: {{pagerduty: {{events_url: '{fake.url}'}}}}", PAGERDUTY_ROUTING_KEY=ROUTING_KEY
        )
        assert (code, said) == (0, "pagerduty was told as a change event, which wakes nobody")
        assert fake.alerts == {}


def test_a_webhook_is_told_with_its_signature(run: Said) -> None:
    with FakeReceiver() as fake:
        assert run("webhook", f"alerts: {{webhook: {{url: '{fake.url}/in'}}}}", WEBHOOK_SECRET=SECRET)[0] == 0
        assert fake.calls()[0]["call"] == "/in"
