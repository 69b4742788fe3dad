"""What is kept of months is read as it was written, or not at all, and takes no more room than it may."""

import os
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.lake import kept_months
from metrics.lake.derived import FOLDER, MONTHS, sources_in
from metrics.lake.kept_months import KeptMonth, Months, read, sweep, write
from metrics.lake.tables import Lake
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Settings
from tests.metrics.engine.stored import store
from tests.metrics.lake.files import NOW

FIRST = KeptMonth("as hours", frozenset({"a", "b"}), pl.DataFrame({"t": [1, 2], "d0": ["x", None], "p": [0.1, None]}))
SECOND = KeptMonth("as days", frozenset({"b"}), pl.DataFrame({"t": [5], "d0": [None], "p": [1 / 3]}, FIRST.rows.schema))
NOTHING = KeptMonth("as days", frozenset({"c"}), FIRST.rows.clear())
MONTHS_OF_ALL = {100: FIRST, 300: NOTHING, 200: SECOND}


def assert_alike(found: Months, expected: Months) -> None:
    assert found.keys() == expected.keys()
    for number, month in expected.items():
        assert (found[number].cut, found[number].sources) == (month.cut, month.sources)
        assert_frame_equal(found[number].rows, month.rows, check_exact=True)


def files(home: Path) -> list[Path]:
    return sorted((home / FOLDER).iterdir())


def used(home: Path, question: str, at: int) -> Path:
    """Keep a month of a question, as if it had been used last at a moment."""
    before = {*files(home)} if (home / FOLDER).exists() else set()
    write(home, question, {100: FIRST})
    (path,) = {*files(home)} - before
    os.utime(path, (at, at))
    return path


def test_it_is_read_as_it_was_written_by_whoever_asks_the_same(tmp_path: Path) -> None:
    write(tmp_path, "question", MONTHS_OF_ALL)
    assert_alike(read(tmp_path, "question"), MONTHS_OF_ALL)
    assert read(tmp_path, "another question") == {}
    write(tmp_path, "question", {200: SECOND})
    assert_alike(read(tmp_path, "question"), {200: SECOND})
    assert len(files(tmp_path)) == 1


def test_of_another_question_under_the_same_name_nothing_is_read(tmp_path: Path) -> None:
    path = used(tmp_path, "question", 0)
    other = used(tmp_path, "another", 0)
    path.rename(other)
    assert read(tmp_path, "another") == {}


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 garbage PAR1"])
def test_what_cannot_be_read_is_nothing_and_is_written_anew(content: bytes, tmp_path: Path) -> None:
    used(tmp_path, "question", 0).write_bytes(content)
    assert read(tmp_path, "question") == {}
    write(tmp_path, "question", {100: FIRST})
    assert_alike(read(tmp_path, "question"), {100: FIRST})


def test_rows_that_nobody_wrote_so_are_nothing(tmp_path: Path) -> None:
    path = used(tmp_path, "question", 0)
    told = pl.read_parquet_metadata(path)["months"]
    FIRST.rows.head(1).write_parquet(path, metadata={"months": told})
    assert read(tmp_path, "question") == {}
    FIRST.rows.write_parquet(path)
    assert read(tmp_path, "question") == {}


def test_what_could_not_be_written_whole_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "question", {100: FIRST})

    def fails(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path, "question", MONTHS_OF_ALL)
    assert_alike(read(tmp_path, "question"), {100: FIRST})
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("bound", ["MOST_FILES", "MOST_BYTES"])
def test_what_was_not_used_for_longest_makes_room(bound: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    oldest, older = (used(tmp_path, question, at) for at, question in enumerate(("oldest", "older"), 1_000))
    assert read(tmp_path, "oldest")  # and so it is not any more
    room = {"MOST_FILES": 2, "MOST_BYTES": 5 * older.stat().st_size // 2}
    monkeypatch.setattr(kept_months, bound, room[bound])
    write(tmp_path, "newest", {100: FIRST})
    assert read(tmp_path, "older") == {}
    assert read(tmp_path, "oldest")
    assert read(tmp_path, "newest")
    assert oldest.exists()


def test_more_rows_than_are_worth_it_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_months, "MOST_ROWS", 2)
    write(tmp_path, "few", {100: FIRST})
    write(tmp_path, "many", MONTHS_OF_ALL)
    assert_alike(read(tmp_path, "few"), {100: FIRST})
    assert read(tmp_path, "many") == {}


def test_upkeep_forgets_months_of_files_that_are_gone(tmp_path: Path) -> None:
    store(tmp_path, "health", pl.DataFrame({"ts": [NOW], "event_id": ["1"]}))
    here = sources_in(Lake(tmp_path))
    stays, goes = KeptMonth("cut", here, SECOND.rows), KeptMonth("cut", here | {"gone"}, FIRST.rows)
    write(tmp_path, "some", {100: goes, 200: stays})
    write(tmp_path, "all", {100: stays})
    write(tmp_path, "none", {100: goes})
    spoiled = tmp_path / FOLDER / f"{MONTHS}spoiled.parquet"
    spoiled.write_bytes(b"PAR1")
    for path in files(tmp_path):
        os.utime(path, (1_000, 1_000))
    maintain(Settings(home=tmp_path), now=lambda: NOW)
    assert {path.stat().st_mtime for path in files(tmp_path)} == {1_000}
    assert len(files(tmp_path)) == 2
    assert_alike(read(tmp_path, "some"), {200: stays})
    assert_alike(read(tmp_path, "all"), {100: stays})
    assert sweep(Lake(tmp_path)) == 0
