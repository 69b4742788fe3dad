"""The book of files, and what is kept of those that were refused."""

from pathlib import Path

import polars as pl
import pytest

from metrics.lake.ingest import ingest_inbox
from metrics.lake.intake.dropping import drop_again
from metrics.lake.intake.inbox import rejected_folder
from metrics.lake.intake.refused import forget, is_mappable, kept_file, rejected_rows
from metrics.lake.ledger import Ledger
from metrics.lake.status import rows_a_day
from metrics.lake.tables import Lake
from metrics.settings import Settings
from tests.metrics.lake.files import NOW, START, requests

FOREIGN = pl.DataFrame({"when": ["2026-05-30"], "what": ["x"]})


@pytest.fixture
def home(settings: Settings) -> Path:
    inbox = settings.home / "inbox"
    inbox.mkdir(parents=True)
    requests(10).write_parquet(inbox / "good.parquet")
    requests(3, first=100, status_code=[999, 200, 200]).write_parquet(inbox / "partly.parquet")
    requests(2, first=200, status_code=[999, 998]).write_parquet(inbox / "wrong.parquet")
    FOREIGN.write_parquet(inbox / "rows.parquet")
    ingest_inbox(settings, now=lambda: NOW, wait=False)
    return settings.home


def book(home: Path) -> Ledger:
    found = Ledger.existing(home)
    assert found is not None
    return found


def test_looking_makes_no_book(tmp_path: Path) -> None:
    assert Ledger.existing(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_rows_read_are_the_sum_of_what_became_of_them(home: Path) -> None:
    totals = book(home).totals()
    assert totals.read == totals.stored + totals.duplicates + totals.rejected_rows == 15
    assert (totals.stored, totals.rejected_rows) == (12, 3)
    assert totals.files == {"stored": 2, "rejected": 2}


def test_attempts_come_newest_first_and_by_status(home: Path) -> None:
    numbers = [one.number for one in book(home).attempts(3)]
    assert numbers == sorted(numbers, reverse=True)
    assert len(book(home).attempts(2)) == 2
    assert {one.outcome.status for one in book(home).attempts(9, "stored")} == {"stored"}
    assert book(home).attempts(9)[0].at == NOW


def test_refused_are_files_of_which_anything_was_rejected(home: Path) -> None:
    refused = {one.outcome.path.name: is_mappable(one) for one in book(home).refused(9)}
    assert refused == {"wrong.parquet": True, "rows.parquet": True, "partly.parquet": False}


def test_rejected_rows_are_those_of_the_lake_never_a_foreign_file_of_that_name(home: Path) -> None:
    found = {one.outcome.path.name: rejected_rows(home, one) for one in book(home).refused(9)}
    partly = found["partly.parquet"]
    assert partly is not None
    assert pl.read_parquet(partly)["reason"].to_list() == ["status_code is 999; expected at most 599"]
    assert found["rows.parquet"] is None


def test_a_refused_file_is_found_where_it_was_put_away(home: Path) -> None:
    kept = {one.outcome.path.name: kept_file(home, one) for one in book(home).refused(9)}
    assert kept["rows.parquet"] is not None
    assert kept["rows.parquet"].parent.parent.name == "rejected"
    assert kept["wrong.parquet"] == home / "archive" / "2026-06-01" / "wrong.parquet"


def test_another_file_in_its_place_is_not_taken_for_it(home: Path) -> None:
    (home / "archive" / "2026-06-01" / "wrong.parquet").write_bytes(b"something else")
    (wrong,) = (one for one in book(home).refused(9) if one.outcome.path.name == "wrong.parquet")
    assert kept_file(home, wrong) is None


def test_a_file_that_was_stored_at_last_is_refused_no_longer(home: Path, settings: Settings) -> None:
    (foreign,) = (one for one in book(home).refused(9) if one.outcome.path.name == "rows.parquet")
    path = kept_file(home, foreign)
    assert path is not None
    mapping = "- {name: m, match: {columns: [when, what]}, kind: interaction, columns: {ts: when, page: what}}\n"
    (home / "mappings.yaml").write_text(mapping)
    dropped = drop_again(path, home)
    forget(home, foreign)
    assert not path.parent.exists()
    ingest_inbox(settings, now=lambda: NOW, wait=False)
    outcome = book(home).outcome_of(dropped.hash, foreign.number)
    assert outcome is not None
    assert outcome.outcome.stored == 1
    assert "rows.parquet" not in {one.outcome.path.name for one in book(home).refused(9)}


def test_the_outcome_of_a_file_is_told_only_if_it_is_newer(home: Path) -> None:
    newest = book(home).attempts(1)[0]
    assert book(home).outcome_of(newest.hash, newest.number - 1) == newest
    assert book(home).outcome_of(newest.hash, newest.number) is None
    assert book(home).newest() == newest.number


def test_rows_a_day_have_no_row_for_a_day_without_events(settings: Settings, home: Path) -> None:
    later = pl.Series([START.replace(day=27), START.replace(day=28)])
    requests(2, first=500, ts=later).write_parquet(home / "inbox" / "earlier.parquet")
    ingest_inbox(settings, now=lambda: NOW, wait=False)
    days = rows_a_day(Lake(home))
    assert days.rows() == [
        ("request", later[0].date(), 1),
        ("request", later[1].date(), 1),
        ("request", START.date(), 12),
    ]


@pytest.mark.parametrize("letter", ["x", "日", "🙂"])
def test_the_folder_of_a_rejected_file_has_a_name_that_a_file_system_takes(tmp_path: Path, letter: str) -> None:
    name = (letter * 250).encode()[:250].decode(errors="ignore") + ".csv"
    folder = rejected_folder(tmp_path, Path(name), "0123456789abcdef")
    folder.mkdir(parents=True)
    assert folder.name.startswith(letter)
