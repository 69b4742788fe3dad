"""Files that somebody writes to, replaces or takes away while they are read: nothing is lost, nothing counts twice."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from metrics.lake import ingest as face
from metrics.lake import read_ahead, readers
from metrics.lake.ingest import IngestReport, ingest, ingest_inbox, status
from metrics.lake.intake.inbox import put_away
from metrics.lake.intake.marks import mark_of
from metrics.lake.ledger import Ledger
from metrics.lake.readers import InterruptibleReader
from metrics.lake.tables import Lake
from metrics.settings import Ingest, Settings
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.files import NOW, requests

Act = Callable[[], object]
CASES = {"together": read_ahead.SMALL_BYTES, "alone": 0}


@pytest.fixture(params=CASES.values(), ids=[*CASES], autouse=True)
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "SMALL_BYTES", request.param)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "home" / "inbox").mkdir(parents=True)
    return Settings(home=tmp_path / "home", ingest=Ingest(settle_seconds=0))


@pytest.fixture
def look(settings: Settings) -> Callable[[], IngestReport]:
    return lambda: ingest_inbox(settings, now=lambda: NOW + timedelta(days=900), wait=False)


@pytest.fixture
def once_read(monkeypatch: pytest.MonkeyPatch) -> Callable[[Act], None]:
    """Has something done once a file was read, and before its events are committed."""

    def arrange(act: Act) -> None:
        acts = [act]

        class Reader(InterruptibleReader):
            def _asked(self, *arguments: Any, **named: Any) -> dict[str, Any]:
                try:
                    return super()._asked(*arguments, **named)
                finally:
                    if acts:
                        acts.pop()()

        monkeypatch.setattr(readers, "InterruptibleReader", Reader)

    return arrange


@pytest.fixture
def once_committed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Act], None]:
    """Has something done once events are committed, and before their file is put away."""

    def arrange(act: Act) -> None:
        acts, write = [act], Ledger.add_all

        def add_all(self: Ledger, *arguments: Any, **options: Any) -> None:
            write(self, *arguments, **options)
            if acts:
                acts.pop()()

        monkeypatch.setattr(Ledger, "add_all", add_all)

    return arrange


def ids(settings: Settings) -> list[str]:
    lake = Lake(settings.home)
    assert_rollups_agree(lake)
    return stored_events(lake, "request")["event_id"].sort().to_list()


def expected(*rows: pl.DataFrame) -> list[str]:
    return sorted({id for one in rows for id in one["event_id"]})


def replaced(path: Path, rows: pl.DataFrame) -> None:
    """As `mv` does it."""
    other = path.with_name(f".{path.name}")
    rows.write_parquet(other)
    other.rename(path)


def appended(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


Look = Callable[[], IngestReport]
Arrange = Callable[[Act], None]


def test_a_file_replaced_while_it_is_read_is_read_again(settings: Settings, look: Look, once_read: Arrange) -> None:
    path, first, second = settings.home / "inbox" / "a.parquet", requests(20), requests(30, first=500)
    first.write_parquet(path)
    once_read(lambda: replaced(path, second))
    report = look()
    assert (report.files, report.waiting) == ((), (path,))
    assert ids(settings) == []
    look()
    assert ids(settings) == expected(second)
    (kept,) = (settings.home / "archive").rglob("*.parquet")
    assert pl.read_parquet(kept).height == 30


def test_the_others_beside_it_are_stored_all_the_same(settings: Settings, look: Look, once_read: Arrange) -> None:
    paths = [settings.home / "inbox" / f"{number}.parquet" for number in range(4)]
    for number, path in enumerate(paths):
        requests(10, first=10 * number).write_parquet(path)
    once_read(lambda: replaced(paths[2], requests(5, first=900)))
    report = look()
    assert {file.path.name for file in report.files} >= {"0.parquet", "1.parquet", "3.parquet"}
    look()
    assert set(ids(settings)) >= {*expected(requests(20)), *expected(requests(5, first=900))}
    assert not [*(settings.home / "inbox").iterdir()]


def test_a_file_replaced_after_its_commit_is_not_archived_unread(
    settings: Settings, look: Look, once_committed: Arrange
) -> None:
    path, first, second = settings.home / "inbox" / "a.parquet", requests(20), requests(30, first=500)
    first.write_parquet(path)
    once_committed(lambda: replaced(path, second))
    assert look().stored == 20
    assert path.exists()
    assert look().stored == 30
    assert ids(settings) == expected(first, second)


def test_a_refused_file_replaced_by_a_good_one_is_not_put_away(
    settings: Settings, look: Look, once_read: Arrange
) -> None:
    path = settings.home / "inbox" / "a.parquet"
    path.write_bytes(b"PAR1" + b"\xff" * 100 + b"PAR1")
    os.utime(path, (1, 1))
    once_read(lambda: replaced(path, requests(8)))
    look()
    look()
    assert ids(settings) == expected(requests(8))
    assert not [*(settings.home / "rejected").rglob("a.parquet")]


@pytest.mark.parametrize("with_ids", [True, False], ids=["ids", "made-ids"])
@pytest.mark.parametrize("when", ["read", "committed"])
def test_a_csv_that_grows_is_stored_whole(
    when: str, with_ids: bool, settings: Settings, look: Look, once_read: Arrange, once_committed: Arrange
) -> None:
    path, rows = settings.home / "inbox" / "a.csv", requests(30)
    rows = rows if with_ids else pl.concat([rows, rows.head(3)]).drop("event_id")  # three rows there are twice
    text = rows.write_csv()
    lines = text.splitlines(keepends=True)
    path.write_text("".join(lines[:11]), encoding="utf-8")
    (once_read if when == "read" else once_committed)(lambda: appended(path, "".join(lines[11:])))
    reports = [look(), look()]
    assert sum(report.stored for report in reports) == rows.height
    assert sum(report.duplicates for report in reports) == (0 if when == "read" else 10)
    assert sum(report.rejected for report in reports) == 0
    assert stored_events(Lake(settings.home), "request").height == rows.height
    assert not [*(settings.home / "inbox").iterdir()]
    assert "".join(lines) in {kept.read_text(encoding="utf-8") for kept in (settings.home / "archive").rglob("*.csv")}


def test_a_writer_that_has_the_file_open_and_writes_on_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, target = tmp_path / "inbox" / "a.csv", tmp_path / "archive" / "a.csv"
    path.parent.mkdir()
    path.write_text("one\n", encoding="utf-8")
    mark = mark_of(path)
    assert mark is not None
    with path.open("a", encoding="utf-8") as writer:
        move = os.rename

        def slow(*arguments: Any, **options: Any) -> None:
            move(*arguments, **options)
            if arguments[1] == str(target):
                writer.write("two\n")
                writer.flush()

        monkeypatch.setattr(os, "rename", slow)
        assert put_away(path, mark, target) is None
    assert path.read_text(encoding="utf-8") == "one\ntwo\n"
    assert [*path.parent.iterdir()] == [path]


def test_a_file_of_the_same_size_and_time_is_told_apart(settings: Settings, look: Look, once_read: Arrange) -> None:
    path = settings.home / "inbox" / "a.csv"
    texts = [requests(5, first=first).write_csv() for first in (100, 200)]
    assert len(texts[0]) == len(texts[1])
    path.write_text(texts[0], encoding="utf-8")
    moment = path.stat().st_mtime_ns

    def written_over() -> None:
        path.write_text(texts[1], encoding="utf-8")
        os.utime(path, ns=(moment, moment))

    once_read(written_over)
    look()
    look()
    assert ids(settings) == expected(requests(5, first=200))


def test_a_file_of_somebody_else_that_changes_is_read_again_at_once(
    tmp_path: Path, settings: Settings, once_read: Arrange
) -> None:
    path = tmp_path / "a.parquet"
    requests(20).write_parquet(path)
    once_read(lambda: replaced(path, requests(30, first=500)))
    report = ingest([path], settings, now=lambda: NOW)
    assert report.stored == 30
    assert ids(settings) == expected(requests(30, first=500))


def test_a_file_that_is_gone_is_noted_and_no_rejection(settings: Settings, look: Look, once_read: Arrange) -> None:
    path, other = settings.home / "inbox" / "a.parquet", settings.home / "inbox" / "b.parquet"
    requests(20).write_parquet(path)
    requests(5, first=700).write_parquet(other)
    once_read(path.unlink)
    report = look()
    assert (report.rejected, [*report.gone], report.stored) == (0, [path], 5)
    assert status(settings, now=NOW).files["rejected"] == 0


def test_a_file_that_another_writer_has_stored_is_not_even_noted(
    settings: Settings, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests(20).write_parquet(settings.home / "inbox" / "a.parquet")
    locked, others = face.locked, [look]

    def late(*arguments: Any) -> Any:
        if others:
            others.pop()()
        return locked(*arguments)

    monkeypatch.setattr(face, "locked", late)
    report = look()
    assert (report.files, report.gone) == ((), ())
    assert status(settings, now=NOW).files == {"stored": 1, "duplicate": 0, "rejected": 0}
