"""`promptpilot anomalies` on a lake whose weeks repeat, but for one hour."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.app.command_line import CommandLine, command_line
from tests.app.weeks import MONDAY, TO, WEEKS, requests_stored

BURST = MONDAY + timedelta(weeks=3, hours=34)


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capsysbinary)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six requests an hour from nine to five in the week, one at other hours; forty in one hour."""
    return requests_stored(tmp_path_factory.mktemp("weeks"), lambda hour: 40 if hour == BURST else _usual(hour))


def _usual(hour: datetime) -> int:
    return 6 if 9 <= hour.hour < 17 and hour.weekday() < 5 else 1


def test_json_has_events_and_every_bucket(promptpilot: CommandLine, home: Path) -> None:
    found = promptpilot("anomalies", "requests", "--where", "region=eu", *TO, "--home", home, "--json").json
    assert list(found) == ["metric", "events", "buckets", "remarks"]
    assert len(found["buckets"]) == WEEKS * 7 * 24
    late = [event for event in found["events"] if event["start"] >= "2026-03-16"]
    assert [(event["start"], event["kind"]) for event in late] == [("2026-03-24T10:00:00Z", "high")]
    (bucket,) = [one for one in found["buckets"] if one["time"] == "2026-03-24T10:00:00Z"]
    assert bucket["is_anomaly"]
    assert bucket["value"] == 20
    assert bucket["expected"] == pytest.approx(3, abs=0.5)


def test_people_read_a_table(promptpilot: CommandLine, home: Path) -> None:
    text = promptpilot("anomalies", "requests", *TO, "--home", home).text
    assert "what was unusual" in text
    assert "2026-03-24 10:00" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("requests", "--method", "one-class"), "unknown method 'one-class': did you mean one-class-svm"),
        (("requests", "--sensitivity", "hi"), "unknown sensitivity 'hi'"),
        (("requests", "--grain", "5m"), "unknown grain '5m'"),
        (("requets",), "Did you mean requests"),
        (("requests", "--last", "2d"), "it needs 2 days more"),
    ],
)
def test_what_cannot_be_done_says_why(
    promptpilot: CommandLine, home: Path, arguments: tuple[str, ...], said: str
) -> None:
    ended = promptpilot("anomalies", *arguments, *TO, "--home", home)
    assert ended.code == 2
    assert said in ended.err
