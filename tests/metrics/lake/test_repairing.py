"""A lake that lost something: it is named, the rest answers meanwhile, and what can be mended is."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from metrics.engine import DataFreshness, Engine, Query, Window
from metrics.engine.query import Grain
from metrics.lake import read_ahead
from metrics.lake.ingest import ingest, ingest_inbox, status
from metrics.lake.ledger import Ledger
from metrics.lake.problems import LakeUnavailable
from metrics.lake.repair.damage import damages
from metrics.lake.repair.repairing import repair
from metrics.lake.tables import Lake
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.files import NOW, START, requests

FEEDBACK = "ts,event,csat_score,user_id\n" + "".join(f"2026-05-30T0{hour}:00:00Z,feedback,5,u1\n" for hour in range(9))
LATER = NOW + timedelta(days=900)


@pytest.fixture(params=[read_ahead.SMALL_BYTES, 0], ids=["together", "alone"])
def home(request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three files of requests on two days, one of feedback; stored in two looks."""
    monkeypatch.setattr(read_ahead, "SMALL_BYTES", request.param)
    inbox = settings.home / "inbox" / "gateway"
    inbox.mkdir(parents=True)
    requests(1000).write_parquet(inbox / "a.parquet")
    requests(1000, first=900).write_parquet(inbox / "b.parquet")
    (inbox / "feedback.csv").write_text(FEEDBACK, encoding="utf-8")
    ingest_inbox(settings, now=lambda: LATER, wait=False)
    inbox.mkdir(exist_ok=True)
    requests(1000, first=1900).write_parquet(inbox / "c.parquet")
    ingest_inbox(settings, now=lambda: LATER, wait=False)
    assert status(settings, now=NOW).events == {"request": 2900, "feedback": 9}
    return settings.home


def events_file(home: Path) -> Path:
    return Path(Lake(home).events("request").files()[0])


def missing_file(home: Path) -> None:
    events_file(home).unlink()


def truncated_file(home: Path) -> None:
    path = events_file(home)
    path.write_bytes(path.read_bytes()[:-100])


def missing_merged_file(home: Path) -> None:
    maintain(Settings(home=home, lake=LakeSettings(compact_files=2, vacuum_grace_hours=0)), now=lambda: NOW)
    missing_file(home)


def gap_in_the_log(home: Path) -> None:
    (home / "lake" / "request" / "_delta_log" / f"{1:020d}.json").unlink()


def garbage_in_the_log(home: Path) -> None:
    (home / "lake" / "request" / "_delta_log" / f"{2:020d}.json").write_text("garbage", encoding="utf-8")


def missing_rollup_file(home: Path) -> None:
    Path(Lake(home).rollup("request_counts").files()[0]).unlink()


def gap_in_the_log_of_a_rollup(home: Path) -> None:
    (home / "rollups" / "request_users" / "_delta_log" / f"{1:020d}.json").unlink()


def lost_rollups(home: Path) -> None:
    shutil.rmtree(home / "rollups")


def lost_ledger(home: Path) -> None:
    for path in (home / "lake").glob("ledger.sqlite*"):
        path.unlink()


def garbage_ledger(home: Path) -> None:
    lost_ledger(home)
    (home / "lake" / "ledger.sqlite").write_bytes(b"garbage " * 1000)


def garbage_intent(home: Path) -> None:
    (home / "lake" / "_transactions" / "0.intent").write_bytes(b"\xff\x00{")


HARMS = (
    missing_file, truncated_file, missing_merged_file, gap_in_the_log, garbage_in_the_log, missing_rollup_file,
    gap_in_the_log_of_a_rollup, lost_rollups, lost_ledger, garbage_ledger, garbage_intent,
)  # fmt: skip


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_it_is_named_the_rest_answers_and_it_is_mended(
    harm: Callable[[Path], None], home: Path, settings: Settings
) -> None:
    before = stored_events(Lake(home), "request")["event_id"].sort().to_list()
    harm(home)
    found = damages(home)
    assert found
    assert all(one.where.is_relative_to(home) and one.what and one.mend for one in found)

    query = Query(metrics=("csat",), grain=Grain.NONE, window=Window(start=START, end=NOW))
    assert Engine(settings).answer(query).frame["csat"].to_list() == [100.0]
    assert Engine(settings).answer(DataFreshness()).kinds["feedback"].rows == 9

    assert repair(settings, now=lambda: LATER, dry_run=True).found == tuple(found)
    assert damages(home) == found
    done = repair(settings, now=lambda: LATER)
    assert (done.left, done.not_there) == ((), ())
    assert damages(home) == []
    assert stored_events(Lake(home), "request")["event_id"].sort().to_list() == before
    assert_rollups_agree(Lake(home))
    assert repair(settings, now=lambda: LATER).found == ()


@pytest.mark.parametrize("harm", [lost_ledger, garbage_ledger], ids=lambda harm: harm.__name__)
def test_with_the_ledger_lost_the_same_file_is_a_duplicate_all_the_same(
    harm: Callable[[Path], None], home: Path, settings: Settings
) -> None:
    harm(home)
    (kept,) = (home / "archive").rglob("a.parquet")
    kept.rename(home / "inbox" / "a.parquet")
    (outcome,) = ingest_inbox(settings, now=lambda: LATER, wait=False).files
    assert (outcome.status, outcome.duplicates) == ("duplicate", 1000)
    assert status(settings, now=NOW).events == {"request": 2900, "feedback": 9}
    assert {one.path.name for one in Ledger(home).latest(9, "stored")} == {
        "a.parquet", "b.parquet", "c.parquet", "feedback.csv",
    }  # fmt: skip


def test_what_a_killed_writer_staged_is_kept_where_a_table_refers_to_it(home: Path, settings: Settings) -> None:
    before = stored_events(Lake(home), "request").height
    staged = {path.name.rsplit("-", 1)[0] for path in map(Path, Lake(home).events("request").files())}
    lost_ledger(home)
    for transaction in staged:
        (home / "lake" / "_transactions" / f"{transaction}.staging").touch()
    repair(settings, now=lambda: LATER)
    assert stored_events(Lake(home), "request").height == before


def test_until_it_is_mended_nothing_is_stored_and_it_is_said_why(
    home: Path, settings: Settings, tmp_path: Path
) -> None:
    gap_in_the_log(home)
    path = tmp_path / "more.parquet"
    requests(5, first=9000).write_parquet(path)
    with pytest.raises(LakeUnavailable, match="promptpilot repair mends it"):
        ingest([path], settings, now=lambda: NOW)


def test_what_is_not_there_any_more_is_named(home: Path, settings: Settings) -> None:
    missing_file(home)
    shutil.rmtree(home / "archive")
    done = repair(settings, now=lambda: LATER)
    assert done.not_there
    assert damages(home) == []
    assert_rollups_agree(Lake(home))
