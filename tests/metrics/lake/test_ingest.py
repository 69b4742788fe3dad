"""The ingest contract: what counts once, what is rejected, and that the sums always agree."""

import gzip
import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.events.problems import ConfigurationError
from metrics.lake import ingest as face
from metrics.lake.identity.identities import MOST_RUNS
from metrics.lake.ingest import FileOutcome, ingest, ingest_inbox, status
from metrics.lake.readers import Readers
from metrics.lake.tables import Lake
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Ingest, Settings
from metrics.settings import Lake as LakeSettings
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.conftest import Store
from tests.metrics.lake.files import NOW, START, requests


def sums(outcome: FileOutcome) -> tuple[int, int, int, int]:
    return outcome.read, outcome.stored, outcome.duplicates, outcome.rejected


def test_the_same_bytes_count_once_under_any_name(tmp_path: Path, store: Store) -> None:
    first, second = tmp_path / "a.parquet", tmp_path / "b" / "renamed.parquet"
    requests(30).write_parquet(first)
    second.parent.mkdir()
    shutil.copy(first, second)
    (stored,), (again,) = store(first), store(second)
    assert sums(stored) == (30, 30, 0, 0)
    assert (again.status, *sums(again)) == ("duplicate", 30, 0, 30, 0)
    assert "a.parquet" in again.reason


def test_overlapping_files_count_each_event_id_once(tmp_path: Path, store: Store, settings: Settings) -> None:
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    requests(30).write_parquet(one)
    requests(30, first=20).write_parquet(two)
    assert [sums(outcome) for outcome in store(one, two)] == [(30, 30, 0, 0), (30, 20, 10, 0)]
    assert stored_events(Lake(settings.home), "request")["event_id"].n_unique() == 50
    assert_rollups_agree(Lake(settings.home))


def test_an_event_id_counts_once_even_at_another_time(tmp_path: Path, store: Store) -> None:
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    requests(5).write_parquet(one)
    requests(5).with_columns(pl.col("ts") - pl.duration(days=40)).write_parquet(two)
    assert [sums(outcome) for outcome in store(one, two)] == [(5, 5, 0, 0), (5, 0, 5, 0)]


def test_an_event_id_twice_in_one_file_counts_once_across_batches(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "twice.parquet"
    rows = requests(1500)
    pl.concat([rows, rows, rows.head(7)]).write_parquet(path)
    small = settings.model_copy(update={"ingest": Ingest(batch_rows=1000)})
    (outcome,) = ingest([path], small, now=lambda: NOW).files
    assert sums(outcome) == (3007, 1500, 1507, 0)
    assert_rollups_agree(Lake(settings.home))


def test_rows_without_ids_count_as_often_as_they_stand_in_a_file_and_once_across_files(
    tmp_path: Path, store: Store
) -> None:
    nameless = requests(10).drop("event_id")
    one, two = tmp_path / "one.parquet", tmp_path / "two.csv"
    pl.concat([nameless, nameless.head(3)]).write_parquet(one)
    pl.concat([nameless.tail(4), requests(2, first=50).drop("event_id")]).write_parquet(two.with_suffix(".parquet"))
    first, second = store(one, two.with_suffix(".parquet"))
    assert sums(first) == (13, 13, 0, 0)
    assert sums(second) == (6, 2, 4, 0)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".ndjson", ".ndjson.gz", ".jsonl", ".json"])
def test_text_exports_hold_the_same_events(ending: str, tmp_path: Path, store: Store, settings: Settings) -> None:
    path, rows = tmp_path / f"export{ending}", requests(40)
    content = {
        ".csv": lambda: rows.write_csv(),
        ".json": lambda: rows.with_columns(pl.col("ts").dt.to_string("iso:strict")).write_json(),
    }.get(
        ending.removesuffix(".gz"), lambda: rows.with_columns(pl.col("ts").dt.to_string("iso:strict")).write_ndjson()
    )()
    path.write_bytes(gzip.compress(content.encode()) if ending.endswith(".gz") else content.encode())
    (outcome,) = store(path)
    assert sums(outcome) == (40, 40, 0, 0)
    stored = stored_events(Lake(settings.home), "request").sort("ts")
    assert stored["duration_ms"].to_list() == rows["duration_ms"].to_list()
    assert stored["ts"].to_list() == rows["ts"].to_list()


def test_a_bad_line_costs_one_row(tmp_path: Path, store: Store, settings: Settings) -> None:
    csv, ndjson = tmp_path / "a.csv", tmp_path / "b.ndjson"
    csv.write_text(requests(5).write_csv() + "2026-05-30T00:00:00Z,too,few\n", encoding="utf-8")
    lines = requests(5, first=100).with_columns(pl.col("ts").dt.to_string("iso:strict")).write_ndjson()
    ndjson.write_text(lines + '{"ts": \n[1, 2]\n', encoding="utf-8")
    first, second = store(csv, ndjson)
    assert (sums(first), sums(second)) == ((6, 5, 0, 1), (7, 5, 0, 2))
    assert "3 fields; expected 6" in first.reason
    (kept,) = (settings.home / "rejected").glob("a.csv-*/rows.parquet")
    assert pl.read_parquet(kept)["row"].to_list() == [5]


def test_rejected_rows_are_kept_with_their_reason_and_their_words(
    tmp_path: Path, store: Store, settings: Settings
) -> None:
    path = tmp_path / "bad.parquet"
    requests(3, status_code=[200, 7, 200], extra=["a", "b", "c"]).write_parquet(path)
    store(path)
    (kept,) = (settings.home / "rejected").glob("bad.parquet-*/rows.parquet")
    row = pl.read_parquet(kept).row(0, named=True)
    assert (row["row"], row["kind"], row["reason"]) == (1, "request", "status_code is 7; expected at least 100")
    assert '"extra":"b"' in row["values"]


def test_the_inbox_is_emptied_into_archive_and_rejected(settings: Settings) -> None:
    inbox = settings.home / "inbox" / "gateway"
    inbox.mkdir(parents=True)
    requests(5).write_parquet(inbox / "good.parquet")
    (inbox / "bad.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (inbox / "unfinished.parquet.tmp").write_bytes(b"x")
    report = ingest_inbox(settings, now=lambda: NOW + timedelta(days=900), wait=False)
    assert {outcome.path.name: outcome.status for outcome in report.files} == {
        "good.parquet": "stored",
        "bad.csv": "rejected",
    }
    assert (settings.home / "archive" / "2028-11-17" / "gateway" / "good.parquet").exists()
    assert list((settings.home / "rejected").glob("bad.csv-*/bad.csv"))
    assert [path.name for path in inbox.iterdir()] == ["unfinished.parquet.tmp"]


def test_a_file_still_being_written_is_left_alone(settings: Settings) -> None:
    inbox = settings.home / "inbox"
    inbox.mkdir(parents=True)
    requests(500).write_parquet(inbox / "whole.parquet")
    content = (inbox / "whole.parquet").read_bytes()
    (inbox / "whole.parquet").write_bytes(content[:-100])
    clock = face.datetime.fromtimestamp((inbox / "whole.parquet").stat().st_mtime + 1).astimezone()
    waiting = ingest_inbox(settings, now=lambda: clock, wait=False)
    assert (waiting.files, len(waiting.waiting)) == ((), 1)
    (inbox / "whole.parquet").write_bytes(content)
    assert ingest_inbox(settings, now=lambda: clock, wait=False).stored == 500


def test_rows_of_several_kinds_go_to_their_tables(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "mixed.parquet"
    pl.DataFrame(
        {
            "ts": [START] * 4,
            "event_type": ["request", "Interaction", "feedback", "nonsense"],
            "endpoint": ["/a", None, None, None],
            "page": [None, "Home", None, None],
            "csat_score": [None, None, 5, None],
        }
    ).write_parquet(path)
    (outcome,) = store(path)
    assert dict(outcome.kinds) == {"request": 1, "interaction": 1, "feedback": 1}
    assert (outcome.rejected, "names no event kind" in outcome.reason) == (1, True)


def test_housekeeping_changes_no_number(tmp_path: Path, settings: Settings) -> None:
    paths = [tmp_path / f"{number}.parquet" for number in range(6)]
    for number, path in enumerate(paths):
        requests(40, first=number * 40).write_parquet(path)
    eager = settings.model_copy(update={"lake": LakeSettings(compact_files=3, vacuum_grace_hours=0)})
    for path in paths:
        ingest([path], eager, now=lambda: NOW)
    before = stored_events(Lake(settings.home), "request").sort("event_id")
    done = maintain(eager, now=lambda: NOW)
    assert done.merged > 6
    assert done.removed == done.merged
    assert stored_events(Lake(settings.home), "request").sort("event_id").equals(before)
    assert_rollups_agree(Lake(settings.home))
    assert maintain(eager, now=lambda: NOW).merged == 0
    assert ingest(paths, eager, now=lambda: NOW).duplicates == 240


def test_days_past_retention_go_with_their_rollups(tmp_path: Path, settings: Settings) -> None:
    old, new = tmp_path / "old.parquet", tmp_path / "new.parquet"
    requests(10).with_columns(pl.col("ts") - pl.duration(days=30), pl.col("event_id") + "-old").write_parquet(old)
    requests(10).write_parquet(new)
    short = settings.model_copy(update={"lake": LakeSettings(retention_days=7)})
    ingest([old, new], short, now=lambda: NOW)
    assert maintain(short, now=lambda: NOW).dropped == 1
    assert stored_events(Lake(settings.home), "request").height == 10
    assert_rollups_agree(Lake(settings.home))


def test_status_tells_what_is_there(tmp_path: Path, store: Store, settings: Settings) -> None:
    good, bad = tmp_path / "good.parquet", tmp_path / "bad.parquet"
    requests(10, status_code=[200] * 9 + [1]).write_parquet(good)
    bad.write_bytes(b"nothing")
    store(good, bad, good)
    found = status(settings, now=NOW)
    assert found.events == {"request": 9}
    assert found.files == {"stored": 1, "duplicate": 1, "rejected": 1}
    assert (found.rejected, found.first, found.last) == (1, START, START + timedelta(seconds=320))
    assert found.lag_seconds == (NOW - START - timedelta(seconds=320)).total_seconds()
    assert [outcome.path.name for outcome in found.recent_rejected] == ["bad.parquet"]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.lists(st.integers(0, 40), max_size=30), min_size=1, max_size=4))
def test_every_row_read_is_stored_known_or_rejected(
    parts: list[list[int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    for number, ids in enumerate(parts):
        rows = pl.concat([requests(1, first=place) for place in ids]) if ids else requests(1).clear()
        rows = rows.with_columns(
            duration_ms=pl.when(pl.col("event_id").str.ends_with("3")).then(-1.0).otherwise("duration_ms")
        )
        rows.write_parquet(folder / f"{number}.parquet")
    home = Settings(home=folder / "home")
    report = ingest([folder / f"{number}.parquet" for number in range(len(parts))], home, now=lambda: NOW)
    assert report.read == report.stored + report.duplicates + report.rejected
    good = {place for ids in parts for place in ids if place % 10 != 3}
    assert stored_events(Lake(home.home), "request").height == report.stored == len(good)


def test_files_read_ahead_know_of_the_ids_committed_meanwhile(tmp_path: Path, store: Store, settings: Settings) -> None:
    paths = [tmp_path / f"{number}.parquet" for number in range(8)]
    for number, path in enumerate(paths):
        requests(300, first=number * 100).write_parquet(path)
    outcomes = store(*paths)
    assert [outcome.stored for outcome in outcomes] == [300, *[100] * 7]
    assert [outcome.path for outcome in outcomes] == paths
    assert_rollups_agree(Lake(settings.home))
    committed = {file.path for file in Lake(settings.home).events("request").snapshot.files}
    written = {
        path.relative_to(settings.home / "lake" / "request").as_posix()
        for path in (settings.home / "lake" / "request").glob("date=*/*")
    }
    assert written == committed


def test_what_is_known_of_ids_is_merged_beside_what_is_being_read(
    tmp_path: Path, store: Store, settings: Settings
) -> None:
    count, rows = 3 * MOST_RUNS, 100
    paths = [tmp_path / f"{number:02d}.parquet" for number in range(count)]
    for number, path in enumerate(paths):
        requests(rows, first=number * rows // 2).write_parquet(path)
    outcomes = store(*paths)
    assert [sums(outcome) for outcome in outcomes[1:]] == [(rows, rows // 2, rows // 2, 0)] * (count - 1)
    assert stored_events(Lake(settings.home), "request")["event_id"].n_unique() == (count + 1) * rows // 2
    runs = list((settings.home / "lake" / "request" / "_identities").rglob("*.npy"))
    assert len(runs) <= MOST_RUNS + Readers.most


def test_copies_dropped_together_count_once(tmp_path: Path, store: Store) -> None:
    paths = [tmp_path / f"{number}.parquet" for number in range(4)]
    for path in paths:
        requests(20).write_parquet(path)
    assert [outcome.status for outcome in store(*paths)] == ["stored", *["duplicate"] * 3]


@pytest.mark.parametrize("name", ["mappings.yaml", "prices.yaml"])
def test_the_inbox_waits_until_a_file_of_the_home_is_put_right(settings: Settings, name: str) -> None:
    dropped = settings.home / "inbox" / "a.parquet"
    dropped.parent.mkdir(parents=True, exist_ok=True)
    requests(3).write_parquet(dropped)
    (settings.home / name).write_text("- nonsense: 1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"{name}, line 1"):
        ingest_inbox(settings, now=lambda: NOW + timedelta(hours=1), wait=False)
    assert dropped.exists()
    (settings.home / name).unlink()
    assert ingest_inbox(settings, now=lambda: NOW + timedelta(hours=1), wait=False).stored == 3
