"""`promptpilot explain` over a simulated home."""

from pathlib import Path

import pytest

from metrics.engine import Window
from tests.app.command_line import CommandLine, command_line


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capsysbinary)


def test_json_has_values_each_with_its_sentence(
    promptpilot: CommandLine, simulated_home: Path, simulated_window: Window
) -> None:
    span = ("--last", "2h", "--to", simulated_window.end.isoformat())
    found = promptpilot("explain", "requests", *span, "--home", simulated_home, "--json").json
    assert {"metric", "span", "baseline", "before", "after", "where", "moved", "tried", "changed", "remarks"} <= set(
        found
    )
    assert found["text"].startswith("Requests: ")
    assert all(one["text"] for name in ("where", "moved", "changed") for one in found[name])
    assert all(isinstance(one["values"], dict) for one in (*found["where"], *found["moved"]))


def test_people_read_sentences(promptpilot: CommandLine, simulated_home: Path, simulated_window: Window) -> None:
    text = promptpilot("explain", "error_rate", "--to", simulated_window.end.isoformat(), "--home", simulated_home).text
    assert text.startswith("Error rate: ")
    assert "against the 60 minutes before." in text


def test_a_metric_that_is_not_there_is_wrong_use(promptpilot: CommandLine, simulated_home: Path) -> None:
    ended = promptpilot("explain", "eror_rate", "--home", simulated_home)
    assert ended.code == 2
    assert "error_rate" in ended.err
