"""Small files of a day become files of a size, in order of time, and nothing else changes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.lake.tables import DataFile, Lake, Table
from metrics.lake.upkeep import compaction, maintenance
from metrics.lake.upkeep.compaction import Sizes, merge_days
from tests.metrics.engine.stored import store
from tests.metrics.lake.agreement import stored_events

DAY = datetime(2026, 3, 2, tzinfo=UTC)
KIND = "request"


def put(home: Path, first: int, count: int, apart: float = 1.0) -> None:
    """A file of requests, so many seconds apart."""
    numbers = range(first, first + count)
    moments = [DAY + timedelta(seconds=apart * number) for number in numbers]
    rows = pl.DataFrame({"ts": moments, "event_id": [f"{number}-{count}" for number in numbers]})
    store(home, KIND, rows.with_columns(endpoint=pl.lit("/a"), duration_ms=pl.int_range(pl.len()).cast(pl.Float64)))


def files_of(home: Path) -> list[DataFile]:
    return sorted(Lake(home).events(KIND).snapshot.files, key=lambda file: str(file.min_ts))


def sizes(home: Path, targets: float, slice_rows: int = 1_000) -> Sizes:
    """Such that all there is makes so many files."""
    total = sum(file.size for file in files_of(home))
    return Sizes(10**9, round(total / targets), 2, slice_rows)


def test_a_day_becomes_files_of_the_target_size_one_after_the_other(tmp_path: Path) -> None:
    for number in range(20):
        put(tmp_path, number * 500, 500)
    before = stored_events(Lake(tmp_path), KIND).sort("event_id")
    wanted = sizes(tmp_path, 4, 700)
    assert merge_days(Lake(tmp_path).events(KIND), wanted) == 20
    files = files_of(tmp_path)
    assert [file.rows for file in files] == pytest.approx([2_500] * 4, abs=500)
    for one, following in pairwise(files):
        assert one.max_ts is not None
        assert following.min_ts is not None
        assert one.max_ts < following.min_ts
    for file in files:
        rows = pl.read_parquet(Lake(tmp_path).events(KIND).root / file.path, hive_partitioning=False)
        assert rows["ts"].is_sorted()
        assert (rows["ts"][0], rows["ts"][-1], rows.height) == (file.min_ts, file.max_ts, file.rows)
    after = stored_events(Lake(tmp_path), KIND).sort("event_id")
    assert after.equals(before)


def test_the_sizes_that_upkeep_aims_at() -> None:
    assert maintenance.SMALL_BYTES == 128 * 2**20
    assert 2 * maintenance.SMALL_BYTES <= maintenance.TARGET_BYTES <= 512 * 2**20 / 1.5


def test_a_large_day_is_merged_in_several_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "MOST_TARGETS", 2)
    for number in range(24):
        put(tmp_path, number * 100, 100)
    table = Lake(tmp_path).events(KIND)
    version = table.version
    assert merge_days(table, sizes(tmp_path, 6)) >= 20
    assert table.version >= version + 3
    assert sum(file.rows for file in files_of(tmp_path)) == 2_400


def test_files_that_are_large_or_too_few_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path, 0, 2_000)
    put(tmp_path, 2_000, 10)
    put(tmp_path, 2_010, 10)
    large = files_of(tmp_path)[0]
    table = Lake(tmp_path).events(KIND)
    assert merge_days(table, Sizes(large.size, 10**9, 3, 100)) == 0
    assert merge_days(table, Sizes(large.size, 10**9, 2, 100)) == 2
    assert [file.rows for file in files_of(tmp_path)] == [2_000, 20]


def test_no_more_than_a_slice_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "SAMPLED_EVERY", 1)
    for number in range(10):
        put(tmp_path, number, 500, apart=3.0)  # each spans the same time
    held: list[int] = []
    collect = pl.LazyFrame.collect

    def counted(frame: pl.LazyFrame, **named: object) -> pl.DataFrame:
        rows = collect(frame, **named)  # pyright: ignore[reportCallIssue, reportArgumentType, reportUnknownVariableType]
        held.append(rows.height if rows.width > 1 else 0)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        return rows  # pyright: ignore[reportUnknownVariableType, reportReturnType]

    monkeypatch.setattr(pl.LazyFrame, "collect", counted)
    merge_days(Lake(tmp_path).events(KIND), sizes(tmp_path, 2, 600))
    assert sum(held) == 5_000
    assert max(held) <= 700


def test_columns_that_a_file_is_older_than_are_null(tmp_path: Path) -> None:
    put(tmp_path, 0, 10)
    put(tmp_path, 10, 10)
    table = Lake(tmp_path).events(KIND)
    newer = Table(table.root, pl.Schema({**table.schema, "source_file": pl.String()}), ("date",))
    path = table.root / files_of(tmp_path)[0].path
    pl.read_parquet(path, hive_partitioning=False).with_columns(source_file=pl.lit("a.csv")).write_parquet(path)
    assert merge_days(newer, Sizes(10**9, 10**9, 2, 7)) == 2
    (file,) = files_of(tmp_path)
    rows = pl.read_parquet(table.root / file.path, hive_partitioning=False)
    assert rows.columns == newer.file_schema.names()
    assert rows["source_file"].to_list() == ["a.csv"] * 10 + [None] * 10


class Killed(BaseException):
    """The process ends here."""


def _killed(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize("where", [(compaction, "data_file"), (Table, "replace")])
def test_cut_off_it_leaves_everything_as_it_was(
    where: tuple[object, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        put(tmp_path, number * 50, 50)
    before = [file.path for file in files_of(tmp_path)]
    with monkeypatch.context() as cut, pytest.raises(Killed):
        cut.setattr(*where, _killed)
        merge_days(Lake(tmp_path).events(KIND), sizes(tmp_path, 2))
    assert [file.path for file in files_of(tmp_path)] == before
    assert len(list((Lake(tmp_path).events(KIND).root).glob("date=*/*.parquet"))) == 4
    assert merge_days(Lake(tmp_path).events(KIND), sizes(tmp_path, 2)) == 4


Part = tuple[int, int, float]
"""Number of the first event, how many, how many seconds apart."""
PARTS = st.lists(
    st.tuples(st.integers(0, 3_000), st.integers(1, 300), st.sampled_from([0.0, 0.5, 7.0])), min_size=2, max_size=6
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=PARTS, targets=st.sampled_from([1.0, 2.5, 5.0]), slice_rows=st.sampled_from([17, 400]))
def test_however_they_lie_no_event_is_lost_or_doubled(
    parts: list[Part], targets: float, slice_rows: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    for part in parts:
        put(home, *part)
    before = stored_events(Lake(home), KIND).sort("event_id", "duration_ms")
    merge_days(Lake(home).events(KIND), sizes(home, targets, slice_rows))
    assert stored_events(Lake(home), KIND).sort("event_id", "duration_ms").equals(before)
