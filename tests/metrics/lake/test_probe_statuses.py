"""What a probe found, where it says so by an HTTP status."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.events.questions import Answers
from metrics.lake.ingest import ingest
from metrics.lake.tables import Lake
from metrics.settings import Settings
from tests.metrics.lake.meanings import became

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "found"),
    [(200, "healthy"), (204, "healthy"), (301, "healthy"), (0, "down"), ("000", "down"), (503, "down"), (599, "down")],
)
def test_the_status_of_a_probe_is_what_it_found(tmp_path: Path, status: object, found: str) -> None:
    assert stored(tmp_path, {"status": status})["status"].to_list() == [found]


def test_a_probe_that_could_not_connect_is_kept(tmp_path: Path) -> None:
    events = stored(tmp_path, {"status": "down", "status_code": 0})
    assert events.select("status", "status_code").rows() == [("down", 0)]


def stored(directory: Path, probe: dict[str, object]) -> pl.DataFrame:
    """The events that a file of one probe brings."""
    file, settings = directory / "health.ndjson", Settings(home=directory / "home")
    file.write_text(json.dumps({"ts": NOON.isoformat(), "component": "api", **probe}) + "\n", encoding="utf-8")
    report = ingest([file], settings, now=lambda: NOON + timedelta(hours=1))
    assert report.rejected == 0
    return pl.read_parquet(Lake(settings.home).events("health").files())


@pytest.mark.parametrize(
    ("status", "found"),
    [(True, "healthy"), (False, "down"), ("green", "healthy"), ("Offline", "down"), ("yellow", "degraded"),
     ("maintenance", "unknown"), ("timeout", "down")],
)  # fmt: skip
def test_words_for_what_a_probe_found_are_known(tmp_path: Path, status: object, found: str) -> None:
    assert stored(tmp_path, {"status": status})["status"].to_list() == [found]


def test_probes_that_say_0_and_1_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "probes.csv"
    path.write_text("ts,component,status\n2026-05-01T12:00:00Z,api,1\n2026-05-01T12:01:00Z,api,0\n", encoding="utf-8")
    (question,) = became(path).questions
    found = [
        became(path, answers=Answers(rules=option.rules)).events["health"]["status"].to_list()
        for option in question.options
    ]
    assert found == [["healthy", "down"], ["down", "healthy"], ["degraded", "healthy"]]
