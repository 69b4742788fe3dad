"""Tables: what is committed is seen at once and once, with exact moments in the statistics."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from metrics.lake.committed import whole
from metrics.lake.datafiles import DataFile, data_file
from metrics.lake.remote.log import LOG
from metrics.lake.tables import DATE, Lake, Table
from tests.metrics.engine.stored import complete, store

MOMENT = datetime(2026, 5, 1, 23, 59, 59, 999_999, tzinfo=UTC)
EVENT = pl.DataFrame({"ts": [MOMENT, MOMENT - timedelta(microseconds=1)], "event_id": ["a", "b"]})


def written(table: Table, name: str) -> DataFile:
    """A data file of two events, not committed."""
    path = table.root / f"{DATE}={MOMENT.date()}" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    complete("request", EVENT).write_parquet(path)
    first, last = EVENT["ts"].sort()
    return data_file(table.root, path, {DATE: str(MOMENT.date())}, EVENT.height, first, last)


def test_a_table_that_was_never_written_is_empty(tmp_path: Path) -> None:
    table = Lake(tmp_path).events("request")
    assert (table.version, table.files(), table.snapshot.rows, table.has("t")) == (-1, [], 0, False)


def test_statistics_keep_microseconds(tmp_path: Path) -> None:
    store(tmp_path, "request", EVENT)
    (file,) = Lake(tmp_path).events("request").snapshot.files
    assert (file.rows, file.min_ts, file.max_ts) == (2, MOMENT - timedelta(microseconds=1), MOMENT)
    assert file.partition == {DATE: "2026-05-01"}


def test_a_transaction_counts_once(tmp_path: Path) -> None:
    table = Lake(tmp_path).events("request")
    file = written(table, "one")
    for _ in range(2):
        table.commit([file], "transaction")
    assert table.snapshot.rows == 2
    assert table.has("transaction")
    assert not table.has("another")


def test_a_commit_is_seen_by_another_reader_at_once(tmp_path: Path) -> None:
    reader, writer = Lake(tmp_path).events("request"), Lake(tmp_path).events("request")
    seen = [reader.snapshot.rows]
    for name in ("one", "two", "three"):
        writer.commit([written(writer, name)], name)
        seen.append(reader.snapshot.rows)
    assert seen == [0, 2, 4, 6]


def test_a_table_kept_open_knows_each_of_many_commits(tmp_path: Path) -> None:
    table, names = Lake(tmp_path).events("request"), [f"n{number}" for number in range(23)]
    for name in names:
        table.commit([written(table, name)], name)
    assert table.snapshot.rows == 2 * len(names)
    assert all(map(table.has, names))
    anew = Lake(tmp_path).events("request").snapshot
    assert (table.version, set(table.files())) == (anew.version, {str(table.root / one.path) for one in anew.files})


@pytest.mark.parametrize("is_settled", [True, False])
def test_the_version_of_a_lake_is_another_one_after_every_commit(tmp_path: Path, is_settled: bool) -> None:
    reader, writer = Lake(tmp_path), Lake(tmp_path)
    seen = [reader.data_version]
    for name in ("one", "two", "three", "four"):
        for table in (writer.events("request"), writer.events("error")):
            table.commit([written(table, name)], name)
            for log in tmp_path.glob(f"*/*/{LOG}") if is_settled else ():
                os.utime(log, (1e9, 1e9 + len(seen)))
            seen.append(reader.data_version)
            assert reader.data_version == seen[-1]
    assert len(set(seen)) == 9


def test_replaced_files_are_no_longer_read(tmp_path: Path) -> None:
    table = Lake(tmp_path).events("request")
    files = [written(table, name) for name in ("one", "two")]
    table.commit(files, "both")
    table.replace(files, [written(table, "merged")])
    assert [Path(path).name for path in table.files()] == ["merged.parquet"]
    assert table.has("both")


def test_a_reader_that_follows_each_commit_knows_what_one_knows_who_reads_the_whole_log(tmp_path: Path) -> None:
    reader, writer = Lake(tmp_path).events("request"), Lake(tmp_path).events("request")
    files: list[DataFile] = []
    for number in range(25):  # beyond two checkpoints
        if number % 5 == 4:
            merged = written(writer, f"merged-{number}")
            writer.replace(files[:3], [merged], transaction=f"merge {number}")
            files = [*files[3:], merged]
        else:
            files.append(written(writer, f"{number}"))
            writer.commit([files[-1]], f"{number}")
        found = whole(DeltaTable(str(writer.root)), writer.root, "ts")
        assert reader.version == found.version == number + 1
        assert {file.path: file for file in reader.snapshot.files} == found.files
        assert sorted(reader.files()) == sorted(str(writer.root / file.path) for file in files)
    assert [Path(path).is_file() for path in reader.files()] == [True] * len(files)


def test_a_log_that_another_has_taken_the_place_of_is_read_anew(tmp_path: Path) -> None:
    reader, writer = Lake(tmp_path).events("request"), Lake(tmp_path).events("request")
    one, two = written(writer, "one"), written(writer, "two")
    writer.commit([one], "one")
    assert [Path(path).name for path in reader.files()] == ["one.parquet"]
    (writer.root / LOG).rename(tmp_path / "aside")
    other = Lake(tmp_path).events("request")
    other.commit([two], "two")
    assert [Path(path).name for path in reader.files()] == ["two.parquet"]
    assert (reader.has("one"), reader.has("two")) == (False, True)


def test_a_commit_that_is_lost_is_not_passed_over(tmp_path: Path) -> None:
    reader, writer = Lake(tmp_path).events("request"), Lake(tmp_path).events("request")
    writer.commit([written(writer, "one")], "one")
    assert reader.is_readable
    for name in ("two", "three"):
        writer.commit([written(writer, name)], name)
    (writer.root / LOG / f"{2:020d}.json").unlink()
    assert (reader.is_readable, Lake(tmp_path).events("request").is_readable) == (False, False)


def test_files_are_chosen_by_partition(tmp_path: Path) -> None:
    store(tmp_path, "request", EVENT.with_columns(duration_ms=1.0))
    rollup = Lake(tmp_path).rollup("request_counts")
    assert [Path(path).parent.name for path in rollup.files(view="hour.endpoint")] == ["view=hour.endpoint"]
    assert rollup.files(view="no such view") == []
