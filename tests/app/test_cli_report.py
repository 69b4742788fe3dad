"""`promptpilot report`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from app.commands.outcome import Exit
from app.components.report import made
from app.report.apart import ReportFailed
from tests.app.command_line import CommandLine, command_line
from tests.metrics.engine.stored import store

FIRST_HOUR = datetime(2026, 5, 1, 10, tzinfo=UTC)
DAY = ("--from", "2026-05-01", "--to", "2026-05-02")


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capsysbinary)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Ten requests of 100 to 1000 ms, half of them in each region."""
    events = pl.DataFrame(
        {
            "ts": [FIRST_HOUR + timedelta(minutes=12 * position) for position in range(10)],
            "event_id": [str(position) for position in range(10)],
            "endpoint": ["/a"] * 10,
            "status_code": [200] * 10,
            "duration_ms": [float(100 * (position + 1)) for position in range(10)],
            "region": ["eu", "us"] * 5,
        }
    )
    store(tmp_path, "request", events)
    return tmp_path


def test_a_page_is_written_with_window_zone_and_filters(promptpilot: CommandLine, home: Path) -> None:
    out = home / "report.html"
    options = (*DAY, "--tz", "Asia/Kathmandu", "--where", "region=eu", "--compare", "--home", home)
    ended = promptpilot("report", "performance", "--out", out, *options)
    text = out.read_text(encoding="utf-8")
    assert (ended.code, ended.out) == (Exit.DONE, b"")
    assert "01 May 2026 00:00 – 02 May 2026 00:00 Asia/Kathmandu" in text
    assert "Region: eu" in text
    assert '<div class="value">860 ms</div>' in text
    assert str(home) not in text


def test_without_out_the_report_is_the_output(promptpilot: CommandLine, home: Path) -> None:
    ended = promptpilot("report", "executive", "--home", home)
    assert ended.out.startswith(b"<!DOCTYPE html>")
    assert ended.out.endswith(b"</html>\n")


def test_a_link_says_what_the_options_would(promptpilot: CommandLine, home: Path) -> None:
    link = "?from=2026-05-01T00:00:00Z&to=2026-05-02T00:00:00Z&f=region:us"
    ended = promptpilot("report", "executive", "--link", link, "--home", home)
    assert "Region: us" in ended.text
    assert "01 May 2026 00:00 – 02 May 2026 00:00 UTC" in ended.text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("executiv",), "unknown page 'executiv': did you mean executive?"),
        (("executive", "--link", "range=7d", "--last", "7d"), "--link says range"),
        (("executive", "--tz", "Mars/Base"), "'Mars/Base' is no time zone"),
        (("executive", "--last", "soon"), "'soon' is no length of time"),
    ],
)
def test_what_cannot_be_is_said(
    promptpilot: CommandLine, home: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    ended = promptpilot("report", *arguments, "--home", home)
    assert ended.code == Exit.WRONG_USE
    assert sentence in ended.err


def test_the_control_of_a_page_gives_the_same_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTPILOT_HOME", str(home))
    query = {"from": ["2026-05-01T00:00:00Z"], "to": ["2026-05-02T00:00:00Z"], "f": ["region:us", "endpoint:/a"]}
    text = made("performance", query).decode()
    assert "Region: us" in text
    assert "Endpoint: /a" in text


def test_the_control_says_why_there_is_no_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTPILOT_HOME", str(home))
    with pytest.raises(ReportFailed, match="unknown page 'nowhere'"):
        made("nowhere", {})
