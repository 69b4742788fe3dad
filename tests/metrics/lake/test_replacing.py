"""A file that was stored is read again in another way: as one change, or not at all."""

from pathlib import Path

import polars as pl
import pytest

from metrics.events.questions import Answers
from metrics.lake.child import Reader
from metrics.lake.ingest import FileOutcome, ingest_inbox
from metrics.lake.intake.refused import rejected_rows
from metrics.lake.ledger import Ledger
from metrics.lake.tables import Lake
from metrics.lake.undo.forgetting import in_force
from metrics.lake.undo.replacing import STAYS, read_again, replace_kept
from metrics.settings import Settings
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.conftest import Store
from tests.metrics.lake.files import NOW, requests
from tests.metrics.lake.test_sources import hash_of, sources

MAPPINGS = """
- name: seconds
  kind: request
  match: {columns: [nothing like it]}
  columns:
    {ts: {from: ts}, event_id: {from: event_id}, duration_ms: {from: duration_ms, unit: s}, endpoint: {from: endpoint}}
- name: good status
  kind: request
  match: {columns: [nothing like it]}
  columns: {ts: {from: ts}, duration_ms: {from: other_ms}, endpoint: {from: endpoint}}
- name: nonsense
  kind: request
  match: {columns: [nothing like it]}
  columns: {ts: {from: endpoint}, endpoint: {from: endpoint}}
- name: without ids
  kind: request
  match: {columns: [nothing like it]}
  columns: {ts: {from: ts}, endpoint: {from: endpoint}, duration_ms: {from: duration_ms, unit: s}}
- name: probes
  kind: health
  match: {columns: [nothing like it]}
  columns: {ts: {from: ts}, event_id: {from: event_id}, component: {from: endpoint}, status: {value: healthy}}
"""


@pytest.fixture(autouse=True)
def mappings(settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    (settings.home / "mappings.yaml").write_text(MAPPINGS, encoding="utf-8")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.parquet"
    requests(20).write_parquet(path)
    return path


def again(settings: Settings, path: Path, mapping: str | None, *, whole: bool = True) -> FileOutcome:
    (outcome,) = read_again([path], settings, Answers(map_name=mapping), whole=whole, now=lambda: NOW).done
    return outcome


def durations(settings: Settings) -> list[float]:
    return stored_events(Lake(settings.home), "request").sort("ts")["duration_ms"].to_list()


def test_the_new_reading_takes_the_place_of_the_old(path: Path, settings: Settings, store: Store) -> None:
    store(path)
    before = durations(settings)
    outcome = again(settings, path, "seconds")
    assert (outcome.status, outcome.stored, outcome.duplicates) == ("stored", 20, 0)
    assert durations(settings) == [1000 * one for one in before]
    lake = Lake(settings.home)
    assert sources(lake) == {hash_of(path): 20}
    assert_rollups_agree(lake)
    totals = Ledger(settings.home).totals()
    assert (totals.files, totals.read, totals.stored) == ({"stored": 1, "replaced": 1}, 20, 20)


def test_it_can_become_another_kind_and_back(path: Path, settings: Settings, store: Store) -> None:
    store(path)
    again(settings, path, "probes")
    lake = Lake(settings.home)
    assert stored_events(lake, "request").is_empty()
    assert stored_events(lake, "health").height == 20
    again(settings, path, None)
    assert (stored_events(lake, "request").height, stored_events(lake, "health").height) == (20, 0)
    assert_rollups_agree(lake)


def test_what_makes_no_event_leaves_what_there_was(path: Path, settings: Settings, store: Store) -> None:
    store(path)
    before, version = durations(settings), Lake(settings.home).data_version
    outcome = again(settings, path, "nonsense")
    assert (outcome.status, outcome.stored, outcome.rejected) == ("rejected", 0, 20)
    assert outcome.reason.endswith(STAYS)
    assert (durations(settings), Lake(settings.home).data_version) == (before, version)
    assert Ledger(settings.home).totals().files == {"stored": 1}
    assert not list((settings.home / "lake" / "_transactions").iterdir())


def test_what_asks_leaves_what_there_was(
    path: Path, settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(path)
    before = durations(settings)
    question = {"kind": "request", "about": "", "asks": "seconds or not?", "options": ()}

    def asking(*_: object) -> dict[str, object]:
        return {"asked": {"questions": [question], "read": 20, "notes": ()}}

    monkeypatch.setattr(Reader, "read", asking)
    outcome = again(settings, path, "seconds")
    assert (outcome.status, outcome.read, outcome.rejected) == ("rejected", 20, 20)
    assert outcome.reason.startswith("seconds or not?")
    assert [one.asks for one in outcome.questions] == ["seconds or not?"]
    assert durations(settings) == before
    assert Ledger(settings.home).totals().files == {"stored": 1}


def test_a_file_that_was_not_stored_is_left_to_be_stored(path: Path, settings: Settings) -> None:
    found = read_again([path], settings, Answers(), whole=True, now=lambda: NOW)
    assert (found.done, found.rest) == ((), (path,))


def test_events_of_other_files_stay_theirs(tmp_path: Path, path: Path, settings: Settings, store: Store) -> None:
    earlier, later = tmp_path / "earlier.parquet", tmp_path / "later.parquet"
    requests(10).write_parquet(earlier)
    requests(15, first=15).write_parquet(later)
    store(earlier, path, later)
    outcome = again(settings, path, "seconds")
    assert (outcome.stored, outcome.duplicates) == (10, 10)
    lake = Lake(settings.home)
    assert sources(lake) == {hash_of(earlier): 10, hash_of(path): 10, hash_of(later): 10}
    again(settings, path, "probes")
    assert sources(lake) == {hash_of(earlier): 10, hash_of(later): 15}
    assert_rollups_agree(lake)


def test_made_identities_may_change_with_the_mapping(tmp_path: Path, settings: Settings, store: Store) -> None:
    path = tmp_path / "a.parquet"
    requests(20).drop("event_id").write_parquet(path)
    store(path)
    assert again(settings, path, "without ids").stored == 20
    assert stored_events(Lake(settings.home), "request").height == 20


def test_only_rejected_rows_are_read_with_a_mapping(tmp_path: Path, settings: Settings, store: Store) -> None:
    path = tmp_path / "a.parquet"
    bad = [-1.0, *range(1, 20)]
    requests(20, duration_ms=bad, other_ms=[7.0] * 20).drop("event_id").write_parquet(path)
    (first,) = store(path)
    assert (first.stored, first.rejected) == (19, 1)
    outcome = again(settings, path, "good status", whole=False)
    assert (outcome.read, outcome.stored, outcome.rejected) == (1, 1, 0), outcome.reason
    assert sorted(durations(settings)) == sorted([7.0, *range(1, 20)])
    attempt = in_force(settings.home, str(path))
    assert (attempt.outcome.read, attempt.outcome.stored, attempt.outcome.rejected) == (20, 20, 0)
    assert attempt.outcome.notes[-1] == "1 of its rows that were rejected were read again with mapping good status"
    assert rejected_rows(settings.home, attempt) is None
    assert_rollups_agree(Lake(settings.home))


def test_rows_still_rejected_keep_their_place(tmp_path: Path, settings: Settings, store: Store) -> None:
    path = tmp_path / "a.csv"
    rows = requests(6, duration_ms=[-1.0, -1.0, 3.0, 4.0, 5.0, 6.0], other_ms=["x", "7", "7", "7", "7", "7"])
    rows.with_columns(pl.col("ts").dt.to_string("iso:strict")).write_csv(path)
    store(path)
    outcome = again(settings, path, "good status", whole=False)
    assert (outcome.stored, outcome.rejected) == (1, 1)
    attempt = in_force(settings.home, str(path))
    kept = rejected_rows(settings.home, attempt)
    assert kept
    assert pl.read_parquet(kept)["row"].to_list() == [0]
    assert attempt.outcome.read == attempt.outcome.stored + attempt.outcome.duplicates + attempt.outcome.rejected == 6


def test_a_kept_file_is_replaced_by_its_hash(settings: Settings) -> None:
    inbox = settings.home / "inbox"
    inbox.mkdir()
    requests(20).write_parquet(inbox / "a.parquet")
    ingest_inbox(settings, now=lambda: NOW, wait=False)
    hash = in_force(settings.home, "a.parquet").hash
    for mapping in ("seconds", "probes"):
        outcome = replace_kept(settings, hash, Answers(map_name=mapping), now=lambda: NOW)
        assert outcome.stored == 20
    assert stored_events(Lake(settings.home), "health").height == 20
