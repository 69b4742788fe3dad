"""Partial aggregates are merged while they are small: of a home of years, no file is read over and over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.lake.tables import Lake
from metrics.lake.upkeep import maintenance
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.metrics.engine.stored import store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def visited(home: Path, users: int, hour: int) -> None:
    moments = [NOON + timedelta(hours=hour, minutes=number % 60) for number in range(users)]
    names = [f"user {hour} {number}" for number in range(users)]
    seen = pl.DataFrame({"ts": moments, "user_id": names, "session_id": names, "event_id": names})
    store(home, "interaction", seen.with_columns(page=pl.lit("/")))


def test_files_of_a_view_are_merged_until_they_are_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path, lake=LakeSettings(compact_files=2))
    visited(tmp_path, 2000, 0)
    visits = Lake(tmp_path).rollup("interaction_visits")
    (large,) = visits.snapshot.files
    visited(tmp_path, 2, 1)
    visited(tmp_path, 2, 2)
    monkeypatch.setattr(maintenance, "SMALL_BYTES", large.size)
    maintain(settings, now=lambda: NOON + timedelta(days=1))
    sizes = {file.path: file.rows for file in visits.snapshot.files}
    assert sizes.pop(large.path) == 2000
    assert list(sizes.values()) == [4]
