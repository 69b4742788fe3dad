"""Logs that are kept short lose nothing that anybody asks them for."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from metrics.lake.actions import NAMED
from metrics.lake.datafiles import DataFile
from metrics.lake.ingest import ingest, ingest_inbox, status
from metrics.lake.intake.received import folder
from metrics.lake.ledger import Ledger
from metrics.lake.remote.log import LAST_CHECKPOINT, LOG
from metrics.lake.repair.repairing import repair
from metrics.lake.tables import Lake, Table
from metrics.lake.upkeep import shortening
from metrics.lake.upkeep.maintenance import maintain
from metrics.lake.upkeep.shortening import KEPT, shorten
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.files import NOW, requests
from tests.metrics.lake.remote.conftest import home_of

DAY = timedelta(days=1)
COMMITS = 90


def now() -> datetime:
    """By the clock that the files of a log are dated by."""
    return datetime.fromtimestamp(time.time(), UTC)


def later() -> datetime:
    return now() + KEPT + timedelta(minutes=1)


def file(number: int) -> DataFile:
    return DataFile(f"date=2026-06-01/{number}.parquet", {"date": "2026-06-01"}, 10, 100, NOW, NOW)


def commits_of(table: Table) -> list[int]:
    return sorted(int(path.stem) for path in (table.root / LOG).glob("*.json"))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A table of many commits, and nothing else."""
    lake = Lake(tmp_path)
    for number in range(COMMITS):
        lake.events("request").commit([file(number)], f"t{number}")
    return lake


@pytest.fixture
def each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file of a log is worth the way."""
    monkeypatch.setattr(shortening, "FEWEST", 1)


def test_what_a_checkpoint_holds_goes_and_readers_old_and_new_see_the_same(lake: Lake) -> None:
    table, behind = lake.events("request"), Lake(lake.home).events("request")
    seen = behind.snapshot
    files = {one.path for one in table.snapshot.files}
    assert shorten(lake, DAY, later()) > COMMITS - 30
    assert len(commits_of(table)) <= 30
    table.commit([file(COMMITS)], "next")
    for reader in (table, behind, Lake(lake.home).events("request")):
        assert {one.path for one in reader.snapshot.files} == files | {file(COMMITS).path}
        assert reader.version == seen.version + 1
    assert all(table.has(f"t{number}") for number in range(COMMITS))
    assert not table.has("never")


def test_what_is_young_or_not_in_a_checkpoint_stays(lake: Lake) -> None:
    table = lake.events("request")
    before = commits_of(table)
    assert shorten(lake, DAY, now()) == 0
    assert shorten(lake, 8 * DAY, now() + 7 * DAY) == 0  # what is swept asks for it
    (table.root / LOG / LAST_CHECKPOINT).unlink()
    assert shorten(lake, DAY, later()) == 0
    assert commits_of(table) == before


def test_few_are_not_worth_the_way(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for number in range(25):
        lake.events("request").commit([file(number)], f"t{number}")
    assert shorten(lake, DAY, later()) == 0


def stored(settings: Settings, count: int = 4, first: int = 0) -> None:
    """Files that somebody dropped; the log of each table ends with a checkpoint."""
    settings.home.mkdir(parents=True, exist_ok=True)
    for number in range(first, count):
        path = settings.home / f"day {number}.parquet"
        requests(50, first=50 * number).write_parquet(path)
        ingest([path], settings, now=lambda: NOW)
    checkpoint(settings)


def checkpoint(settings: Settings) -> None:
    for table in (table for table in Lake.of(settings).tables if table.version >= 0):
        if table.remote is None:
            DeltaTable(str(table.root)).create_checkpoint()
        else:
            with table.remote.log(table.name).draft() as root:
                DeltaTable(str(root)).create_checkpoint()


def book(home: Path) -> set[tuple[str, int]]:
    return {(one.path.name, one.stored) for one in Ledger(home).latest(100)}


def lose_the_book(settings: Settings) -> None:
    for path in (settings.home / "lake").glob("ledger.sqlite*"):
        path.unlink()
    repair(settings, now=lambda: NOW)


@pytest.mark.usefixtures("each")
@pytest.mark.parametrize("before", ["", '{"commitInfo": {"files": "[[\\"x'], ids=["nothing", "a line cut off"])
def test_a_book_of_files_that_is_lost_has_their_names_as_before(settings: Settings, before: str) -> None:
    stored(settings)
    told = book(settings.home)
    table = Lake(settings.home).events("request")
    (table.root / NAMED).write_text(before)
    assert shorten(Lake(settings.home), DAY, later())
    assert len(commits_of(table)) == 1
    lose_the_book(settings)
    assert book(settings.home) == told
    assert len(told) == 4


@pytest.mark.usefixtures("each")
def test_cut_off_anywhere_it_is_done_by_the_next(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(settings)
    told = book(settings.home)
    unlink, left = Path.unlink, 2

    def killed(path: Path, missing_ok: bool = False) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        shorten(Lake(settings.home), DAY, later())
    monkeypatch.undo()
    monkeypatch.setattr(shortening, "FEWEST", 1)
    assert stored_events(Lake(settings.home), "request").height == 200
    assert shorten(Lake(settings.home), DAY, later())
    lose_the_book(settings)
    assert book(settings.home) == told


@pytest.mark.usefixtures("each")
def test_segments_of_live_events_are_told_from_dropped_files_afterwards(settings: Settings) -> None:
    for number in range(3):
        segment = folder(settings.home) / f"{number}.ndjson"
        segment.parent.mkdir(parents=True, exist_ok=True)
        requests(10, first=10 * number).with_columns(event=pl.lit("request")).write_ndjson(segment)
        assert ingest_inbox(settings, now=lambda: NOW, wait=False).stored
    checkpoint(settings)
    lake = Lake(settings.home)
    assert shorten(lake, DAY, later())
    assert len((lake.events("request").root / NAMED).read_text().splitlines()) == 2
    lose_the_book(settings)
    assert stored_events(lake, "request").height == 30
    assert {attempt.is_received for attempt in Ledger(settings.home).attempts(100)} == {True}


@pytest.mark.usefixtures("each")
def test_a_log_that_is_damaged_afterwards_is_mended_and_doubts_nothing_that_was_merged(settings: Settings) -> None:
    stored(settings)
    merging = Settings(home=settings.home, lake=LakeSettings(compact_files=2))
    maintain(merging, now=lambda: NOW)
    stored(settings, 5, first=4)
    lake = Lake(settings.home)
    assert shorten(lake, DAY, later())
    table = lake.events("request")
    (last,) = commits_of(table)
    assert {*map(str, table.root.glob("date=*/*.parquet"))} > {*table.files()}  # merged, and not deleted yet
    events = stored_events(lake, "request").sort("event_id")
    (table.root / LOG / f"{last + 1:020d}.json").write_text("garbage", encoding="utf-8")
    repaired = repair(settings, now=lambda: NOW)
    assert repaired.found
    assert (repaired.read_again, repaired.not_there, repaired.left) == ((), (), ())
    whole = Lake(settings.home)
    assert stored_events(whole, "request").sort("event_id").equals(events)
    assert_rollups_agree(whole)
    assert status(settings, now=NOW).events == {"request": 250}
    for path in sorted(settings.home.glob("day *.parquet")):
        assert ingest([path], settings, now=lambda: NOW).files[0].status == "duplicate"


@pytest.mark.usefixtures("each")
def test_in_object_storage_they_are_short_and_a_home_that_was_behind_follows(tmp_path: Path) -> None:
    url = (tmp_path / "bucket").as_uri()
    settings, other = home_of(tmp_path / "home", url), home_of(tmp_path / "other", url)
    stored(settings, 2)
    behind = Lake.of(other)
    assert stored_events(behind, "request").height == 100
    stored(settings, 4)
    assert shorten(Lake.of(settings), DAY, later())
    log = tmp_path / "bucket" / "lake" / "request" / LOG
    assert len(list(log.glob("*.json"))) == len(commits_of(Lake.of(settings).events("request"))) == 1
    for lake in (behind, Lake.of(settings), Lake.of(home_of(tmp_path / "third", url))):
        assert stored_events(lake, "request").height == 200
        assert_rollups_agree(lake)
    path = settings.home / "more.parquet"
    requests(50, first=200).write_parquet(path)
    ingest([path], settings, now=lambda: NOW)
    assert stored_events(behind, "request").height == 250
