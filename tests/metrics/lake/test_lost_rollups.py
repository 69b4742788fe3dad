"""Rollups that are lost: events answer until upkeep has made them again."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.engine import Engine, Grain, Query, Window
from metrics.lake.ingest import ingest
from metrics.lake.repair.lacking import lacking, lost
from metrics.lake.rollups import rollups_of
from metrics.lake.tables import Lake
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Settings
from tests.metrics.lake.agreement import assert_rollups_agree
from tests.metrics.lake.files import NOW, START, requests

METRICS = ("requests", "response_time_p95", "users_active", "users_new", "error_rate")
WINDOW = Window(start=START, end=NOW.replace(hour=0))
LOSSES = {
    "all of them": [""],
    "counts": ["request_counts"],
    "durations": ["request_duration"],
    "users": ["request_users"],
    "percentiles": ["request_percentiles"],
}


@pytest.fixture
def home(settings: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "a.parquet"
    requests(4000).write_parquet(path)
    ingest([path], settings, now=lambda: NOW)
    return settings.home


def asked(settings: Settings, *, raw: bool = False) -> list[pl.DataFrame]:
    engine = Engine(settings)
    return [
        engine.answer(Query(metrics=METRICS, grain=grain, window=WINDOW, raw=raw)).frame
        for grain in (Grain.HOUR, Grain.DAY, Grain.NONE)
    ]


@pytest.mark.parametrize("names", LOSSES.values(), ids=LOSSES.keys())
def test_pages_answer_all_the_same_before_and_after_more_is_stored_and_once_it_is_mended(
    names: list[str], home: Path, settings: Settings, tmp_path: Path
) -> None:
    for name in names:
        shutil.rmtree(home / "rollups" / name)
    assert_same(settings)
    more = tmp_path / "more.parquet"
    requests(300, first=4000).write_parquet(more)
    ingest([more], settings, now=lambda: NOW)
    assert not lost(Lake(home))
    assert any(lacking(table) for table in Lake(home).rollups_of("request"))
    assert_same(settings)
    maintain(settings, now=lambda: NOW)
    assert not any(lacking(table) for table in Lake(home).rollups_of("request"))
    assert_rollups_agree(Lake(home))
    assert_same(settings)


def test_a_process_that_has_seen_them_notices(home: Path, settings: Settings) -> None:
    engine, query = Engine(settings), Query(metrics=("requests",), grain=Grain.NONE, window=WINDOW)
    before = engine.answer(query).frame
    shutil.rmtree(home / "rollups")
    assert_frame_equal(Engine(settings).answer(query).frame, before)
    assert_frame_equal(engine.answer(query).frame, before)


def test_a_kind_has_all_its_rollups_from_its_first_events_on(home: Path) -> None:
    assert all(Lake(home).rollup(rollup.name).version >= 0 for rollup in rollups_of("request"))


def assert_same(settings: Settings) -> None:
    for found, expected in zip(asked(settings), asked(settings, raw=True), strict=True):
        assert_frame_equal(found, expected, rel_tol=0.01)
