"""The fakes as processes of their own."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from alerts.telling.channels.channel import Retry, Sent
from alerts.telling.channels.slack import Slack
from alerts.telling.channels.slack_blocks import ACKNOWLEDGE
from alerts.telling.channels.wording import headline
from alerts.telling.slack_buttons import Buttons
from tests.alerts.saying import message
from tests.fakes.peer import LOSES, failures_of
from tests.fakes.slack import APP_TOKEN, BOT_TOKEN
from tests.patience import TIMEOUT


@contextmanager
def running(name: str, record: Path) -> Generator[str]:
    """A fake in a process; gives its address."""
    command = [sys.executable, "-m", f"tests.fakes.{name}", "--record", str(record)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            assert process.wait(TIMEOUT) == 0


def ask(url: str, **arguments: object) -> Any:
    body = json.dumps(arguments).encode() if arguments else None
    with urllib.request.urlopen(url, body, timeout=TIMEOUT) as answer:
        return json.load(answer)


def recorded(record: Path) -> list[str]:
    return [json.loads(line)["call"] for line in record.read_text(encoding="utf-8").splitlines()]


def test_slack_keeps_what_it_accepted_though_the_answer_was_lost_and_it_is_ended(tmp_path: Path) -> None:
    record = tmp_path / "calls.jsonl"
    with running("slack", record) as url:
        slack = Slack(SecretStr(BOT_TOKEN), "#alerts", f"{url}/api/", interactive=True)
        ask(f"{url}/-/fail", what="chat.postMessage", failures=failures_of(LOSES))
        assert isinstance(slack.send(message(picture=None), "", None, False), Retry)
        assert isinstance(slack.send(message(picture=None), "", None, True), Sent)
        with Buttons(SecretStr(APP_TOKEN), f"{url}/api/", lambda press: f"{press.who} pressed"):
            assert ask(f"{url}/-/press", action_id=ACKNOWLEDGE, user="ada") == {"acknowledged": True}
        assert [said["text"] for said in ask(f"{url}/-/said")["alerts"]] == [headline(message())]
        assert ask(f"{url}/-/calls")[0]["call"] == "chat.postMessage"
    assert recorded(record) == [
        "chat.postMessage", "conversations.list", "conversations.history", "apps.connections.open", "response_url",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["pagerduty", "webhook"])
def test_the_others_run_as_processes_too(tmp_path: Path, name: str) -> None:
    with running(name, tmp_path / "calls.jsonl") as url:
        assert ask(f"{url}/-/calls") == []
