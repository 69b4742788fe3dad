"""`promptpilot reports`: what is scheduled, and a report sent by hand."""

from pathlib import Path

import pytest

from app.scheduled import making
from app.scheduled.making import Made
from tests.app.command_line import CommandLine, command_line
from tests.fakes.slack import BOT_TOKEN, FakeSlack

TEXT = "- {id: morning, page: executive, at: '08:00', days: [mon], to: ['slack:#incidents', email]}\n"


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    made = Made("Executive", "executive.html", b"<!doctype html>", "Uptime: 99.9 %", "https://x.example/")
    monkeypatch.setattr(making, "make", lambda report, settings: made)  # pyright: ignore[reportUnknownLambdaType]
    return command_line(capfdbinary)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "reports.yaml").write_text(TEXT)
    return tmp_path


def test_reports_are_listed_with_what_is_wrong(run: CommandLine, home: Path) -> None:
    (listed,) = run("reports", "list", "--json", "--home", home).json
    assert (listed["report"], listed["page"], listed["to"]) == ("morning", "executive", ["slack:#incidents", "email"])
    assert listed["next"].endswith("T08:00:00Z")
    (home / "reports.yaml").write_text(TEXT + "- {id: b}\n")
    told = run("reports", "list", "--home", home)
    assert (told.code, "reports.yaml, line 2: at: is missing" in told.err) == (1, True)


def test_a_report_is_sent_by_hand_or_only_made(run: CommandLine, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeSlack() as slack:
        monkeypatch.setenv("PROMPTPILOT_SLACK_BOT_TOKEN", BOT_TOKEN)
        monkeypatch.setenv("PROMPTPILOT_ALERTS__SLACK__API_URL", slack.api_url)
        tried = run("reports", "send", "morning", "--dry-run", "--home", home)
        assert (tried.code, slack.said("incidents")) == (0, [])
        assert "Uptime: 99.9 %" in tried.text and "to email, but email is not set up" in tried.text
        sent = run("reports", "send", "morning", "--home", home)
        assert (sent.code, "slack:#incidents: sent" in sent.text) == (1, True)
        assert "Uptime: 99.9 %" in slack.said("incidents")[0]["text"]
    assert run("reports", "send", "mornin", "--home", home).code == 2


def test_the_schema_is_written(run: CommandLine, home: Path) -> None:
    run("reports", "schema", "--out", home / "reports.schema.json")
    assert "Scheduled reports" in (home / "reports.schema.json").read_text()
