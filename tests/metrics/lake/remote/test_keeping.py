"""What else is done to a lake in storage: merging, dropping, taking back, mending, moving, keeping files on disk."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from metrics.lake.ingest import ingest, status
from metrics.lake.problems import LakeUnavailable
from metrics.lake.remote.cache import Cached, evict
from metrics.lake.repair.damage import damages
from metrics.lake.repair.repairing import repair
from metrics.lake.tables import Lake
from metrics.lake.undo.forgetting import forget
from metrics.lake.upkeep import shortening
from metrics.lake.upkeep.caching import tend
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Settings
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.files import NOW, requests
from tests.metrics.lake.remote.conftest import home_of
from tests.metrics.lake.remote.test_object_storage import answered, forget_files
from tests.metrics.lake.test_shortening import checkpoint


def filled(settings: Settings, files: int = 3) -> list[Path]:
    settings.home.mkdir(parents=True, exist_ok=True)
    paths = [settings.home / f"{number}.parquet" for number in range(files)]
    for number, path in enumerate(paths):
        requests(30, first=30 * number).write_parquet(path)
        ingest([path], settings, now=lambda: NOW)
    return paths


def in_bucket(path: Path) -> set[str]:
    return {one.relative_to(path).as_posix() for one in path.rglob("*.parquet") if "_delta_log" not in one.parts}


def test_upkeep_merges_drops_and_sweeps_in_storage(tmp_path: Path, url: str) -> None:
    settings = home_of(tmp_path / "home", url, compact_files=2, vacuum_grace_hours=0)
    filled(settings)
    before = answered(settings)
    later = NOW + timedelta(days=400)
    done = maintain(settings, now=lambda: later)
    assert done.merged
    assert done.removed
    lake = Lake(settings.home)
    named = {f"{table.name}/{file.path}" for table in lake.tables for file in table.snapshot.files}
    assert in_bucket(tmp_path / "bucket") == named
    forget_files(settings.home)
    assert answered(settings).equals(before)
    assert answered(home_of(tmp_path / "other", url)).equals(before)

    short = home_of(settings.home, url, retention_days=3)
    assert maintain(short, now=lambda: later).dropped
    assert status(settings, now=NOW).events == {}


def test_what_is_swept_was_not_removed_within_the_grace(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home_of(tmp_path / "home", url, compact_files=2, vacuum_grace_hours=1)
    filled(settings, 2)
    before = in_bucket(tmp_path / "bucket")
    assert maintain(settings, now=lambda: NOW).merged
    assert in_bucket(tmp_path / "bucket") > before
    checkpoint(settings)
    monkeypatch.setattr(shortening, "FEWEST", 1)
    lake, at = Lake.of(settings), datetime.now(UTC)
    long_ago = (at - timedelta(hours=3)).timestamp()
    for path in (tmp_path / "bucket").rglob("*=*/*.parquet"):
        os.utime(path, times=(long_ago, long_ago))  # written then, removed just now
    assert shortening.shorten(lake, timedelta(hours=1), at + timedelta(minutes=45))
    assert maintain(settings, now=lambda: at + timedelta(minutes=45)).removed == 0
    assert in_bucket(tmp_path / "bucket") > before
    assert maintain(settings, now=lambda: at + timedelta(hours=2)).removed


def test_a_file_is_taken_back(tmp_path: Path, url: str) -> None:
    settings = home_of(tmp_path / "home", url)
    paths = filled(settings)
    forget_files(settings.home)
    forget(settings, str(paths[1]), now=lambda: NOW)
    for home in (settings.home, tmp_path / "other"):
        lake = Lake.of(home_of(home, url))
        assert stored_events(lake, "request").height == 60
        assert_rollups_agree(lake)


def test_what_storage_lost_is_put_there_again_or_read_anew(tmp_path: Path, url: str) -> None:
    settings = home_of(tmp_path / "home", url)
    filled(settings)
    before = answered(settings)
    lake = Lake(settings.home)
    kept, lost, spoiled = (f"lake/request/{file.path}" for file in lake.events("request").snapshot.files)
    (tmp_path / "bucket" / kept).unlink()
    (tmp_path / "bucket" / lost).unlink()
    (settings.home / lost).unlink()
    (settings.home / spoiled).write_bytes(b"PAR1")
    log = settings.home / "rollups" / "request_counts" / "_delta_log"
    max(log.glob("*.json")).write_text("{", encoding="utf-8")
    assert len(damages(settings.home)) == 4

    done = repair(settings, now=lambda: NOW)
    assert not done.left
    assert (tmp_path / "bucket" / kept).exists()
    assert answered(settings).equals(before)


def test_a_home_with_tables_moves_them_and_is_held_to_their_address(tmp_path: Path, url: str) -> None:
    own = Settings(home=tmp_path / "home")
    filled(own)
    before = answered(own)
    moved = home_of(own.home, url)
    path = tmp_path / "more.parquet"
    requests(10, first=500).write_parquet(path)
    assert answered(moved).equals(before), "until the writer has moved them, they are the home's"
    ingest([path], moved, now=lambda: NOW)
    forget_files(own.home)
    assert stored_events(Lake.of(home_of(tmp_path / "other", url)), "request").height == 100
    assert answered(moved)["requests"].sum() == 100

    for other in (own, home_of(own.home, (tmp_path / "elsewhere").as_uri())):
        with pytest.raises(LakeUnavailable, match="its tables are those of file:"):
            ingest([path], other, now=lambda: NOW)
        with pytest.raises(LakeUnavailable, match="its tables are those of file:"):
            answered(other)

    stranger = Settings(home=tmp_path / "stranger")
    filled(stranger)
    with pytest.raises(LakeUnavailable, match="is written by another home"):
        ingest([path], home_of(stranger.home, url), now=lambda: NOW)
    (tmp_path / "bucket" / "_writer.json").unlink()
    with pytest.raises(LakeUnavailable, match="holds tables already, and so does this home"):
        ingest([path], home_of(stranger.home, url), now=lambda: NOW)
    assert answered(stranger)["requests"].sum() == 90
    assert ingest([path], stranger, now=lambda: NOW).stored == 10


def test_the_cache_keeps_to_its_size_and_fetches_ahead(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = home_of(Path("home"), url)
    filled(settings)
    before = answered(settings)
    assert forget_files(settings.home)
    assert tend(settings, now=lambda: NOW) == 0
    files = [*settings.home.glob("lake/*/date=*/*.parquet"), *settings.home.glob("rollups/*/view=*/*.parquet")]
    assert len(files) == len(in_bucket(tmp_path / "bucket"))
    for path in files:
        os.utime(path, (0, path.stat().st_mtime))
    small = home_of(settings.home, url, cache_gb=1e-9)
    assert tend(small, now=lambda: NOW) == len(files)
    assert answered(settings).equals(before)
    assert tend(small, now=lambda: NOW) == 0, "what was just asked for may be being read"


def test_what_was_not_asked_for_longest_goes_first_and_rollups_last(tmp_path: Path) -> None:
    order = [("old rollup", 1, True), ("new event", 90, False), ("old event", 5, False), ("used", 10_000, False)]
    files = [tmp_path / name for name, _, _ in order]
    for (_, used, _), path in zip(order, files, strict=True):
        path.write_bytes(b"12345")
        os.utime(path, (used, 0))
    cached = [Cached(path, 5, used, is_rollup) for (_, used, is_rollup), path in zip(order, files, strict=True)]
    gone = []
    for most in (20, 15, 10, 5, 0):
        evict([one for one in cached if one.path.exists()], most, 10_100)
        gone.append({path.name for path in files if not path.exists()})
    assert gone == [
        set(), {"old event"}, {"old event", "new event"}, {"old event", "new event", "old rollup"},
        {"old event", "new event", "old rollup"},
    ]  # fmt: skip


def test_without_its_package_the_address_says_what_to_install(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("obstore", "obstore.store", "obstore.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(LakeUnavailable, match=r"pip install 'promptpilot-observability\[cloud\]'"):
        filled(home_of(tmp_path / "home", url), 1)


@pytest.mark.parametrize(
    "wrong", ["bucket/prefix", "http://x/y", "s3://", "s3://key:secret@bucket/x", "s3://b/x?token=1"]
)
def test_an_address_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="is no address of object storage"):
        Settings.model_validate({"lake": {"url": wrong}})
    assert Settings.model_validate({"lake": {"url": "s3://bucket/x/"}}).lake.url == "s3://bucket/x"
