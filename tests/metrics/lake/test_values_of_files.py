"""Files whose values were read wrongly once: what is stored of them, and what is told."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from metrics.events.questions import Answers
from metrics.lake.ingest import FileOutcome, ingest
from metrics.settings import Settings

NOW = datetime(2026, 11, 27, tzinfo=UTC)
CASES = Path(__file__).parents[2] / "fixtures" / "cases"
Store = Callable[..., FileOutcome]


@pytest.fixture
def keep(settings: Settings) -> Store:
    """Ingest one file of a case; gives what became of it."""

    def stored(name: str, answers: Answers | None = None) -> FileOutcome:
        (outcome,) = ingest([CASES / name], settings, now=lambda: NOW, answers=answers).files
        return outcome

    return stored


def events(settings: Settings, kind: str) -> pl.DataFrame:
    """What is stored of a kind."""
    paths = sorted((settings.home / "lake").rglob(f"{kind}/**/*.parquet"))
    return pl.concat([pl.read_parquet(path, hive_partitioning=False) for path in paths], how="diagonal_relaxed")


@pytest.mark.parametrize("name", ["comma", "compact", "de", "rfc2822"])
def test_times_as_logs_and_mails_write_them(settings: Settings, keep: Store, name: str) -> None:
    outcome = keep(f"exports/llm_str_{name}.parquet")
    assert (outcome.stored, outcome.rejected) == (50, 0)
    assert str(events(settings, "llm_call")["ts"].min())[:19] == "2026-11-20 08:00:00"


def test_floats_that_are_no_numbers_reject_no_call(settings: Settings, keep: Store) -> None:
    outcome = keep("exports/llm_float_tokens_nan.parquet")
    assert (outcome.stored, outcome.rejected) == (50, 0)
    assert events(settings, "llm_call")["input_tokens"].null_count() > 0


def test_latencies_in_seconds_are_told_from_the_whole_file(settings: Settings, keep: Store) -> None:
    outcome = keep("exports/inhouse_latency_seconds.csv")
    assert events(settings, "llm_call")["duration_ms"].median() == pytest.approx(4712, abs=1)
    assert any("read as seconds" in note for note in outcome.notes)


def test_words_for_nothing_are_nobody_and_drop_no_failed_call(settings: Settings, keep: Store) -> None:
    calls = keep("13-words-for-null/llm.csv")
    assert (calls.stored, calls.rejected) == (24, 0)
    assert any("left out" in note for note in calls.notes)
    assert set(events(settings, "llm_call")["status"]) == {"error"}
    keep("13-words-for-null/inter.csv")
    assert set(events(settings, "interaction")["user_id"]) == {None, "0", "unknown", "anonymous"}


def test_one_user_has_one_id_whatever_wrote_it(settings: Settings, keep: Store) -> None:
    for name in "abc":
        keep(f"13-words-for-null/ids-{name}.csv")
    assert set(events(settings, "interaction")["user_id"]) == {"17", "18", None}


def test_equal_rows_of_two_servers_are_told_of(settings: Settings, keep: Store) -> None:
    assert keep("18-two-servers/web1.csv").notes == ()
    outcome = keep("18-two-servers/web2.csv")
    assert (outcome.stored, outcome.duplicates) == (1, 60)
    assert outcome.notes[0].startswith("60 rows equal rows that other files brought and carry no id")
    assert "--set service.value=web2" in outcome.notes[0]


def test_equal_rows_of_two_servers_are_told_apart_where_somebody_says_which_wrote_them(
    settings: Settings, keep: Store
) -> None:
    for server in ("web1", "web2"):
        assert keep(f"18-two-servers/{server}.csv", Answers(rules={"service": {"value": server}})).duplicates == 0
    assert events(settings, "request").height == 121


def test_equal_rows_of_two_servers_are_told_apart_by_a_column_that_says_which(
    settings: Settings, tmp_path: Path
) -> None:
    for server in ("web1", "web2"):
        rows = pl.read_csv(CASES / "18-two-servers" / f"{server}.csv").with_columns(pl.lit(server).alias("pod"))
        rows.write_csv(tmp_path / f"{server}.csv")
        ingest([tmp_path / f"{server}.csv"], settings, now=lambda: NOW)
    assert events(settings, "request").height == 121


def test_days_and_months_are_told_from_the_whole_file(settings: Settings, keep: Store) -> None:
    outcome = keep("23-day-month/may.csv")
    assert (outcome.stored, outcome.rejected) == (30, 0)
    assert set(events(settings, "interaction")["ts"].dt.month()) == {5}


def test_the_doubled_hour_is_told_apart_and_the_missing_one_rejected(settings: Settings, keep: Store) -> None:
    settings.home.mkdir(parents=True)
    shutil.copy(CASES / "24-local-time-dst" / "mappings.yaml", settings.home / "mappings.yaml")
    outcome = keep("24-local-time-dst/log.csv")
    assert (outcome.stored, outcome.rejected) == (8, 1)
    assert "never existed in Europe/Berlin" in outcome.reason
    hours = [f"{at:%H:%M}" for at in events(settings, "llm_call")["ts"].sort()]
    assert hours == ["23:00", "23:30", "00:00", "00:30", "01:00", "01:30", "02:00", "02:30"]


def test_no_status_of_a_call_is_rejected(settings: Settings, keep: Store) -> None:
    outcome = keep("25-llm-status-words/s.ndjson")
    assert (outcome.stored, outcome.rejected) == (27, 0)
    found = dict(events(settings, "llm_call").group_by("status").len().iter_rows())
    assert found == {
        "ok": 6, "error": 11, "rate_limited": 2, "timeout": 3, "cancelled": 2, "content_filtered": 2, None: 1,
    }  # fmt: skip
