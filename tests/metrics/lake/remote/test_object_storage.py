"""A lake whose tables lie in S3: stored once, read by others, and answered for while storage does not."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.engine import Engine, Query, Window
from metrics.lake.ingest import ingest_inbox
from metrics.lake.problems import LakeUnavailable
from metrics.lake.remote import lake
from metrics.lake.remote.trouble import Troubles
from metrics.lake.tables import Lake
from metrics.settings import Settings
from tests.fakes.object_storage import ObjectStorage
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.files import NOW, START, requests
from tests.metrics.lake.remote.conftest import home_of

WEEK = Window(start=START - timedelta(days=1), end=START + timedelta(days=6))


def answered(settings: Settings | Engine) -> pl.DataFrame:
    engine = settings if isinstance(settings, Engine) else Engine(settings)
    asked = Query(metrics=("requests", "error_rate", "response_time_p95", "users_total"), by=("endpoint",), window=WEEK)
    return engine.answer(asked).frame.sort("endpoint")


def dropped(settings: Settings, count: int, first: int = 0) -> Path:
    path = settings.home / "inbox" / f"{first}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    requests(count, first=first).write_parquet(path)
    return path


def stored(settings: Settings) -> tuple[int, int]:
    report = ingest_inbox(settings, now=lambda: NOW, wait=False)
    return report.stored, report.duplicates


def forget_files(home: Path) -> int:
    """Have nothing of the data on the disk any more; how many files went."""
    files = [*home.glob("lake/*/date=*/*.parquet"), *home.glob("rollups/*/view=*/*.parquet")]
    for path in files:
        path.unlink()
    return len(files)


def news(engine: Engine) -> None:
    """Have an engine that only reads know what there is."""
    remote = engine.lake.remote
    assert remote is not None
    for _ in range(2):  # what was asked while storage did not answer, and what is asked now
        remote.look()
        remote.wait()


def test_a_lake_in_s3_says_what_one_on_disk_says_and_costs_no_request_to_look_at(
    tmp_path: Path, storage: ObjectStorage
) -> None:
    near, far = Settings(home=tmp_path / "near"), home_of(tmp_path / "far", storage.bucket())
    for settings in (near, far):
        dropped(settings, 60)
        assert stored(settings) == (60, 0)
        dropped(settings, 60, first=30)
        assert stored(settings) == (30, 30)
    assert answered(far).equals(answered(near))
    assert_rollups_agree(Lake(far.home))

    storage.asked.clear()
    engine = Engine(far)
    for _ in range(3):
        assert answered(engine).equals(answered(near))
    assert not storage.asked

    assert forget_files(far.home)
    assert answered(far).equals(answered(near))
    assert set(storage.asked) == {"GET"}
    storage.asked.clear()
    assert answered(far).equals(answered(near))
    assert not storage.asked


def let_go(settings: Settings) -> None:
    remote = Lake(settings.home).remote
    assert remote is not None
    remote.objects.delete(["_writer.json"])


def test_another_home_reads_it_and_may_not_write_it_until_it_is_let(tmp_path: Path, storage: ObjectStorage) -> None:
    url = storage.bucket()
    one, other = home_of(tmp_path / "one", url), home_of(tmp_path / "other", url)
    dropped(one, 40)
    assert stored(one) == (40, 0)
    readers = [Engine(other), Engine(other)]
    for number in (40, 80):
        assert all(answered(reader).equals(answered(one)) for reader in readers)
        assert_frame_equal(stored_events(Lake(other.home), "request"), stored_events(Lake(one.home), "request"))
        dropped(one, 40, first=number)
        assert stored(one) == (40, 0)

    path = dropped(other, 60, first=100)
    with pytest.raises(LakeUnavailable, match=r"is written by another home.*delete the object _writer\.json"):
        stored(other)
    assert path.exists()
    let_go(one)
    assert stored(other) == (40, 20)
    assert all(answered(reader).equals(answered(other)) for reader in readers)
    dropped(one, 10, first=300)
    with pytest.raises(LakeUnavailable, match="is written by another home"):
        stored(one)
    assert answered(one).equals(answered(other))

    let_go(other)
    dropped(one, 40, first=120)
    assert stored(one) == (10, 40), "what the other stored meanwhile is known"


def refuse(storage: ObjectStorage) -> None:
    storage.refuses = True


@pytest.mark.parametrize("fail", [refuse, ObjectStorage.close], ids=["503", "gone"])
def test_while_storage_does_not_answer_pages_do_and_files_wait(
    tmp_path: Path, storage: ObjectStorage, fail: Callable[[ObjectStorage], None]
) -> None:
    url = storage.bucket()
    one, other = home_of(tmp_path / "one", url), home_of(tmp_path / "other", url)
    dropped(one, 40)
    assert stored(one) == (40, 0)
    engines = [Engine(one), Engine(other)]
    before = [answered(engine) for engine in engines]
    fail(storage)
    path = dropped(one, 40, first=40)
    for _ in range(2):
        with pytest.raises(LakeUnavailable, match="does not answer as it should"):
            stored(one)
        assert all(answered(engine).equals(known) for engine, known in zip(engines, before, strict=True))
        assert answered(Engine(other)).equals(before[1]), "begun meanwhile, it answers from what the home has"
    assert path.exists()
    assert Troubles(one.home).now is not None
    assert Troubles(other.home).now is not None
    forget_files(other.home)
    with pytest.raises(LakeUnavailable, match=r"s3://.*\.parquet does not answer"):
        stored_events(Lake(other.home), "request")

    storage.refuses = False
    if fail is not refuse:
        storage.open()
    assert stored(one) == (40, 0)
    assert not path.exists()
    news(engines[1])
    assert answered(engines[1]).equals(answered(one))
    assert Troubles(one.home).now is None
    assert Troubles(other.home).now is None


def test_slow_storage_keeps_nobody_from_an_answer(
    tmp_path: Path, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = storage.bucket()
    one, other = home_of(tmp_path / "one", url), home_of(tmp_path / "other", url)
    dropped(one, 40)
    assert stored(one) == (40, 0)
    engine = Engine(other)
    before = answered(engine)
    dropped(one, 40, first=40)
    assert stored(one) == (40, 0)
    storage.hold()
    monkeypatch.setattr(lake, "PATIENCE_SECONDS", 0.05)
    assert answered(engine).equals(before)
    storage.release()
    news(engine)
    assert answered(engine).equals(answered(one))
