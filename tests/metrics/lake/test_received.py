"""Segments of received events, as files on their way into the lake."""

from datetime import timedelta
from pathlib import Path

import pytest

from metrics.collect.receiving import received
from metrics.collect.wal import Log
from metrics.lake.ingest import IngestReport, ingest_inbox
from metrics.lake.intake.refused import rejected_rows
from metrics.lake.ledger import Ledger
from metrics.lake.problems import NotStored
from metrics.lake.readers import IDLE_SECONDS, Readers
from metrics.lake.tables import Lake
from metrics.lake.undo.forgetting import forget
from metrics.lake.upkeep import maintenance
from metrics.lake.upkeep.maintenance import merge_fresh
from metrics.settings import Ingest, Settings
from metrics.settings import Lake as LakeSettings
from tests.metrics.collect.made import NOW, call, request
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.files import requests


def receive(home: Path, *numbers: int) -> None:
    """Have a segment of requests."""
    log = Log(home)
    log.append(received([[request(number) for number in numbers]], NOW).lines)
    log.close()


def look(home: Path, days: int = 0) -> IngestReport:
    return ingest_inbox(Settings(home=home), now=lambda: NOW + timedelta(days=days), wait=False)


def test_they_are_stored_once_deleted_and_told_in_one_line_a_day(tmp_path: Path) -> None:
    for first in (0, 10):
        receive(tmp_path, *range(first, first + 10))
        look(tmp_path)
    receive(tmp_path, 5, 20)  # one of them was sent before
    look(tmp_path, days=1)
    assert stored_events(Lake(tmp_path), "request").height == 21
    newer, older = Ledger(tmp_path).attempts(10)
    assert (older.hash, older.outcome.path.name, older.outcome.stored) == ("live-2026-06-01", "live events", 20)
    assert (newer.hash, newer.outcome.read, newer.outcome.stored) == ("live-2026-06-02", 2, 1)
    assert older.outcome.kinds == {"request": 20}
    assert [*(tmp_path / "live").iterdir()] == []
    assert not (tmp_path / "archive").exists()


def test_they_are_stored_beside_files_of_the_inbox(tmp_path: Path) -> None:
    receive(tmp_path, 1)
    (tmp_path / "inbox").mkdir()
    requests(3, first=100).write_parquet(tmp_path / "inbox" / "file.parquet")
    assert {file.path.parent.name for file in look(tmp_path).files} == {"live", "inbox"}
    assert stored_events(Lake(tmp_path), "request").height == 4


def test_a_mapping_of_the_home_does_not_take_them_for_something_else(tmp_path: Path) -> None:
    (tmp_path / "mappings.yaml").write_text(
        "- name: mine\n  match: {columns: [ts, event_id]}\n  kind: health\n  columns: {component: endpoint}\n",
        encoding="utf-8",
    )
    receive(tmp_path, 1)
    look(tmp_path)
    assert stored_events(Lake(tmp_path), "request").height == 1


def test_calls_are_priced_as_they_are_stored(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text("- {match: {model: mine}, input: 10, output: 0}\n", encoding="utf-8")
    log = Log(tmp_path)
    log.append(received([[call(model="mine")]], NOW).lines)
    log.close()
    look(tmp_path)
    assert stored_events(Lake(tmp_path), "llm_call")["cost_usd"].to_list() == [0.01]


def test_events_that_cannot_be_stored_any_more_are_kept_with_their_reason(tmp_path: Path) -> None:
    log = Log(tmp_path)
    lines = received([[request(1)]], NOW).lines
    log.append(lines + lines.replace(b'"r1"', b'"r2"').replace(b"2026-06-01", b"2036-06-01"))
    log.close()
    look(tmp_path)
    (line,) = Ledger(tmp_path).attempts(10)
    assert (line.outcome.stored, line.outcome.rejected, line.is_received) == (1, 1, False)
    assert rejected_rows(tmp_path, line) is not None


def test_they_cannot_be_taken_back_as_a_file(tmp_path: Path) -> None:
    receive(tmp_path, 1)
    look(tmp_path)
    with pytest.raises(NotStored, match="received one by one"):
        forget(Settings(home=tmp_path), "live events", now=lambda: NOW)


def test_a_lost_book_tells_of_them_in_one_line_again(tmp_path: Path) -> None:
    for number in range(3):
        receive(tmp_path, number)
        look(tmp_path)
    (tmp_path / "lake" / "ledger.sqlite").unlink()
    look(tmp_path)
    receive(tmp_path, 9)
    look(tmp_path)
    lines = Ledger(tmp_path).attempts(10)
    assert {line.outcome.path.name for line in lines} == {"live events"}
    assert sum(line.outcome.stored for line in lines) == 4


def test_reading_processes_are_kept_until_nothing_was_read_for_a_while(tmp_path: Path) -> None:
    clock = [0.0]
    settings = Settings(home=tmp_path)
    with Readers(Ingest(), lambda: clock[0]) as readers:
        pids: set[int | None] = set()
        for number in range(2):
            receive(tmp_path, number)
            ingest_inbox(settings, now=lambda: NOW, wait=False, readers=readers)
            pids.add(readers.some(1)[0].pid)
        assert len(pids - {None}) == 1
        clock[0] += IDLE_SECONDS + 1
        ingest_inbox(settings, now=lambda: NOW, wait=False, readers=readers)
        assert readers.some(1)[0].pid not in pids


def test_what_comes_bit_by_bit_is_merged_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path, lake=LakeSettings(compact_files=2))

    def files() -> int:
        return len(Lake(tmp_path).events("request").snapshot.files)

    for number in range(3):
        receive(tmp_path, number)
        look(tmp_path)
    assert files() == 3
    assert merge_fresh(settings, now=lambda: NOW) > 3
    assert files() == 1
    monkeypatch.setattr(maintenance, "FRESH_BYTES", 1)
    receive(tmp_path, 3)
    look(tmp_path)
    assert merge_fresh(settings, now=lambda: NOW) == 0
    assert files() == 2
    assert stored_events(Lake(tmp_path), "request")["event_id"].sort().to_list() == ["r0", "r1", "r2", "r3"]
    assert_rollups_agree(Lake(tmp_path))
