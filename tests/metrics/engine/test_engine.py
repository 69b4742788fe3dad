"""What holds for an engine whatever it is asked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from metrics.engine import DataFreshness, Engine, Query, Window
from metrics.settings import Settings
from tests.metrics.engine.stored import store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_data_version_changes_with_every_commit_and_not_without(tmp_path: Path) -> None:
    engine = Engine(Settings(home=tmp_path))
    event = pl.DataFrame({"ts": [NOON], "event_id": ["1"]})
    versions = [engine.data_version()]
    for _ in range(2):
        store(tmp_path, "request", event)
        versions.append(engine.data_version())
    assert len(set(versions)) == 3
    assert engine.data_version() == versions[-1]


def test_an_empty_home_answers_with_what_is_missing(tmp_path: Path) -> None:
    engine = Engine(Settings(home=tmp_path))
    result = engine.answer(Query(metrics=("requests", "uptime"), window=Window(start=NOON, end=NOON + MINUTE)))
    assert result.missing == {"requests": "request", "uptime": "health"}
    assert result.frame.rows() == [(None, None)]
    assert engine.answer(DataFreshness()).last is None
