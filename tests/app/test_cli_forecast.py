"""`promptpilot forecast` on a lake whose weeks repeat."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.lake.tables import Lake
from tests.app.command_line import CommandLine, command_line
from tests.app.weeks import MONDAY, TO, requests_stored
from tests.metrics.engine.stored import store


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capsysbinary)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six requests an hour from nine to five in the week, one at other hours, none at night."""
    return requests_stored(tmp_path_factory.mktemp("weeks"), _expected)


def _expected(hour: datetime) -> int:
    if hour.hour < 6:
        return 0
    return 6 if 9 <= hour.hour < 17 and hour.weekday() < 5 else 1


def test_json_has_the_model_every_bucket_and_what_was_tried(promptpilot: CommandLine, home: Path) -> None:
    found = promptpilot("forecast", "requests", "--horizon", "2d", *TO, "--home", home, "--json").json
    assert list(found) == ["metric", "model", "forecast", "tried", "remarks"]
    assert len(found["forecast"]) == 48
    first = found["forecast"][0]
    assert list(first) == ["time", "value", "low_80", "high_80", "low_95", "high_95"]
    assert first["time"] == "2026-03-30T00:00:00Z"
    hours = [datetime.fromisoformat(one["time"]) for one in found["forecast"]]
    assert [one["value"] for one in found["forecast"]] == pytest.approx([_expected(hour) for hour in hours], abs=0.3)
    assert {one["model"] for one in found["tried"]} >= {"ensemble", "seasonal_naive", "profile"}


def test_farther_ahead_it_is_days(promptpilot: CommandLine, home: Path) -> None:
    found = promptpilot("forecast", "requests", "--horizon", "4w", *TO, "--home", home, "--json").json["forecast"]
    assert len(found) == 28
    assert found[0]["value"] == pytest.approx(58, rel=0.05)
    assert found[5]["value"] == pytest.approx(18, rel=0.05)


def test_a_filter_and_a_model_count(promptpilot: CommandLine, home: Path) -> None:
    ended = promptpilot(
        "forecast", "requests", "--horizon", "4w", "--model", "profile", "--where", "region=eu", *TO, "--home", home,
        "--json",
    )  # fmt: skip
    found = ended.json
    assert found["model"] == "profile"
    assert found["forecast"][0]["value"] == pytest.approx(29, rel=0.05)


def test_an_hour_that_is_not_over_is_forecast(promptpilot: CommandLine, home: Path) -> None:
    within = (MONDAY + timedelta(weeks=3, hours=10, minutes=2)).isoformat()
    found = promptpilot("forecast", "requests", "--horizon", "3h", "--to", within, "--home", home, "--json").json
    assert [one["time"] for one in found["forecast"]] == [f"2026-03-23T{hour}:00:00Z" for hour in (10, 11, 12)]
    assert found["forecast"][0]["value"] == pytest.approx(6, abs=0.5)


def test_a_day_of_which_a_file_holds_half_is_forecast(promptpilot: CommandLine, home: Path, tmp_path: Path) -> None:
    events = pl.read_parquet(list(home.glob("lake/request/**/*.parquet")), hive_partitioning=False)
    columns = ["ts", "event_id", "status_code", "duration_ms", "region"]
    store(tmp_path, "request", events.filter(pl.col("ts") < MONDAY + timedelta(weeks=3, hours=12)).select(columns))
    arguments = ("forecast", "requests", "--horizon", "3w", *TO, "--home", tmp_path, "--json")
    found = promptpilot(*arguments).json["forecast"]
    assert found[0]["time"] == "2026-03-23T00:00:00Z"
    assert found[0]["value"] == pytest.approx(58, rel=0.05)


def test_people_read_two_tables(promptpilot: CommandLine, home: Path) -> None:
    text = promptpilot("forecast", "requests", "--horizon", "2d", *TO, "--home", home).text
    assert "2026-03-30 09:00 UTC" in text
    assert "How each did at earlier times of this series" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("requests", "--model", "arma"), "unknown model 'arma': did you mean arima"),
        (("requests", "--horizon", "soon"), "'soon' is no length of time"),
        (("requets",), "Did you mean requests"),
        (("cost",), "cost: no data yet: needs `llm_call` events"),
        (("requests", "--last", "2d"), "it needs 1 day more"),
        (("requests", "--from", "2026-01-01", "--to", "2026-02-01"), "requests: no data between 2026-01-01"),
    ],
)
def test_what_cannot_be_forecast_says_why(
    promptpilot: CommandLine, home: Path, arguments: tuple[str, ...], said: str
) -> None:
    ended = promptpilot("forecast", *arguments, *(() if "--to" in arguments else TO), "--home", home)
    assert ended.code == 2
    assert said in ended.err


def test_an_empty_home_says_what_it_needs(promptpilot: CommandLine, tmp_path: Path) -> None:
    Lake(tmp_path)
    ended = promptpilot("forecast", "requests", "--home", tmp_path)
    assert ended.code == 2
    assert "needs `request` events" in ended.err
