"""What a file brought is taken out again: the home is as one that never saw it."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.engine import Engine, Query, Window
from metrics.events import KINDS
from metrics.lake.ingest import ingest, ingest_inbox, status
from metrics.lake.intake.refused import rejected_rows
from metrics.lake.ledger import Attempted, FileOutcome, Ledger
from metrics.lake.problems import NotStored
from metrics.lake.sources import SOURCE_FILE
from metrics.lake.tables import Lake
from metrics.lake.undo.forgetting import Forgotten, forget, in_force
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.metrics.engine.world import world
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.conftest import Store
from tests.metrics.lake.files import NOW, START, requests
from tests.metrics.lake.test_sources import hash_of, old_home, sources


@cache
def events() -> Mapping[str, pl.DataFrame]:
    """A few hundred events of every kind, over some days."""
    return {kind: rows.sort("ts").gather_every(max(1, rows.height // 300)) for kind, rows in world(seed=7).items()}


def written(folder: Path, kind: str, part: int, of: int = 3) -> Path:
    """Every so manieth event of a kind, in a file that says which kind it is."""
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / f"{kind}-{part}.parquet"
    events()[kind].gather_every(of, part).with_columns(event=pl.lit(kind)).write_parquet(path)
    return path


def undo(settings: Settings, what: Path | str) -> Forgotten:
    return forget(settings, str(what), now=lambda: NOW)


def assert_same(home: Path, other: Path) -> None:
    """Both homes hold the same events, and rollups that agree with them."""
    lake, wanted = Lake(home), Lake(other)
    for kind in KINDS:
        if not any(one.events(kind).snapshot.files for one in (lake, wanted)):
            continue
        found, expected = (stored_events(one, kind).sort("event_id") for one in (lake, wanted))
        assert_frame_equal(found, expected)
    assert_rollups_agree(lake)


def compacted(settings: Settings) -> None:
    small = settings.model_copy(update={"lake": LakeSettings(compact_files=2)})
    assert maintain(small, now=lambda: NOW).merged


@pytest.mark.parametrize("how", ["alone", "in a bundle", "merged"])
@pytest.mark.parametrize("kind", list(events()))
def test_the_home_is_as_one_that_never_saw_the_file(kind: str, how: str, tmp_path: Path) -> None:
    files = [written(tmp_path / "files", kind, part) for part in range(3)]
    home, never = (Settings(home=tmp_path / name) for name in ("home", "never"))
    batches = [files] if how == "in a bundle" else [[file] for file in files]
    stored = [outcome for batch in batches for outcome in ingest(batch, home, now=lambda: NOW).files]
    ingest([files[0], files[2]], never, now=lambda: NOW)
    if how == "merged":
        compacted(home)
    forgotten = undo(home, files[1])
    assert forgotten.events == stored[1].kinds == {kind: stored[1].stored}
    assert_same(home.home, never.home)


def test_two_kinds_in_a_file_go_together(tmp_path: Path) -> None:
    home, never = (Settings(home=tmp_path / name) for name in ("home", "never"))
    parts = [written(tmp_path, kind, 1) for kind in ("request", "llm_call", "health")]
    mixed = tmp_path / "mixed.parquet"
    pl.concat([pl.read_parquet(part) for part in parts], how="diagonal_relaxed").write_parquet(mixed)
    others = [written(tmp_path, kind, 0) for kind in ("request", "llm_call")]
    ingest([*others, mixed], home, now=lambda: NOW)
    ingest(others, never, now=lambda: NOW)
    assert set(undo(home, mixed).events) == {"request", "llm_call", "health"}
    assert_same(home.home, never.home)


def test_it_can_be_stored_and_forgotten_again_and_again(tmp_path: Path, settings: Settings, store: Store) -> None:
    path, other = tmp_path / "a.parquet", tmp_path / "b.parquet"
    requests(30).write_parquet(path)
    requests(30, first=100).write_parquet(other)
    store(other)
    for _ in range(3):
        (outcome,) = store(path)
        assert (outcome.status, outcome.stored) == ("stored", 30)
        assert stored_events(Lake(settings.home), "request").height == 60
        assert_rollups_agree(Lake(settings.home))
        undo(settings, path)
        assert stored_events(Lake(settings.home), "request").height == 30
        assert_rollups_agree(Lake(settings.home))


def test_events_that_other_files_had_too_come_back_from_them(tmp_path: Path, settings: Settings, store: Store) -> None:
    paths = [tmp_path / f"{name}.parquet" for name in "abcd"]
    for path, first in zip(paths, (0, 20, 30, 60), strict=True):
        requests(40, first=first).write_parquet(path)
    store(*paths)
    forgotten = undo(settings, paths[0])
    assert forgotten.returned == {"b.parquet": 20}
    assert not forgotten.lost
    lake = Lake(settings.home)
    assert sorted(stored_events(lake, "request")["event_id"]) == sorted(requests(80, first=20)["event_id"])
    assert sources(lake) == {hash_of(paths[1]): 40, hash_of(paths[2]): 10, hash_of(paths[3]): 30}
    assert_rollups_agree(lake)
    found = status(settings, now=NOW)
    assert found.files == {"stored": 3, "duplicate": 0, "rejected": 0, "forgotten": 1}
    totals = Ledger(settings.home).totals()
    assert (totals.read, totals.stored, totals.duplicates) == (120, 80, 40)


def test_a_file_that_brought_nothing_new_is_stored_once_what_had_brought_it_is_gone(
    tmp_path: Path, settings: Settings, store: Store
) -> None:
    first, within = tmp_path / "first.parquet", tmp_path / "within.parquet"
    requests(40).write_parquet(first)
    requests(10, first=5).write_parquet(within)
    assert [outcome.status for outcome in store(first, within)] == ["stored", "duplicate"]
    assert undo(settings, first).returned == {"within.parquet": 10}
    assert in_force(settings.home, "within.parquet").outcome.kinds == {"request": 10}
    undo(settings, within)
    assert stored_events(Lake(settings.home), "request").is_empty()


def test_what_shares_events_and_is_not_kept_is_told(tmp_path: Path, settings: Settings, store: Store) -> None:
    first, second = tmp_path / "a.parquet", tmp_path / "b.parquet"
    requests(40).write_parquet(first)
    requests(40, first=20).write_parquet(second)
    store(first, second)
    content = second.read_bytes()
    second.unlink()
    forgotten = undo(settings, first)
    assert [attempt.outcome.path.name for attempt in forgotten.lost] == ["b.parquet"]
    assert stored_events(Lake(settings.home), "request").height == 20
    second.write_bytes(content)
    undo(settings, second)
    store(second)
    assert stored_events(Lake(settings.home), "request").height == 40
    assert_rollups_agree(Lake(settings.home))


def test_files_at_other_times_are_not_read_again(tmp_path: Path, settings: Settings, store: Store) -> None:
    paths = [tmp_path / f"{name}.parquet" for name in "abc"]
    requests(10).write_parquet(paths[0])
    requests(10, first=2000).write_parquet(paths[1])
    requests(20, first=1995).write_parquet(paths[2])
    for path in paths:  # of files stored together, only the time of all is known
        store(path)
    assert not undo(settings, paths[0]).overlapping


def test_an_archived_file_is_found_and_can_be_stored_again(settings: Settings) -> None:
    inbox = settings.home / "inbox" / "gateway"
    inbox.mkdir(parents=True)
    requests(10).write_parquet(inbox / "a.parquet")
    ingest_inbox(settings, now=lambda: NOW, wait=False)
    forgotten = undo(settings, "a.parquet")
    assert forgotten.kept == settings.home / "archive" / NOW.date().isoformat() / "gateway" / "a.parquet"
    assert forgotten.kept
    (outcome,) = ingest([forgotten.kept], settings, now=lambda: NOW).files
    assert outcome.stored == 10


def test_a_dry_run_changes_nothing(tmp_path: Path, settings: Settings, store: Store) -> None:
    path = tmp_path / "a.parquet"
    requests(10).write_parquet(path)
    store(path)
    version = Lake(settings.home).data_version
    told = forget(settings, str(path), now=lambda: NOW, dry_run=True)
    assert (told.events, told.days) == ({"request": 10}, (START.date().isoformat(),))
    assert Lake(settings.home).data_version == version
    assert Ledger(settings.home).totals().files == {"stored": 1}


def test_a_file_is_meant_by_path_name_or_hash(tmp_path: Path, settings: Settings, store: Store) -> None:
    path, other = tmp_path / "a.parquet", tmp_path / "b.parquet"
    requests(10).write_parquet(path)
    requests(10, first=10).write_parquet(other)
    store(path, other)
    for said in (str(path), "a.parquet", hash_of(path), hash_of(path)[:8]):
        assert in_force(settings.home, said).hash == hash_of(path)
    for said in ("c.parquet", "ffffffff"):
        with pytest.raises(NotStored, match="promptpilot files"):
            in_force(settings.home, said)


def test_of_two_files_of_one_name_a_hash_says_which(tmp_path: Path, settings: Settings, store: Store) -> None:
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        requests(5, first=5 * number).write_parquet(tmp_path / str(number) / "a.parquet")
        store(tmp_path / str(number) / "a.parquet")
    with pytest.raises(NotStored, match="say which by its hash"):
        in_force(settings.home, "a.parquet")


def test_what_is_forgotten_cannot_be_forgotten_again(tmp_path: Path, settings: Settings, store: Store) -> None:
    path = tmp_path / "a.parquet"
    requests(10).write_parquet(path)
    store(path)
    undo(settings, path)
    with pytest.raises(NotStored, match="nothing of it is stored"):
        undo(settings, path)


def test_its_rejected_rows_go_with_it(tmp_path: Path, settings: Settings, store: Store) -> None:
    path = tmp_path / "a.parquet"
    requests(10, duration_ms=[-1.0] + [1.0] * 9).write_parquet(path)
    store(path)
    attempt = in_force(settings.home, str(path))
    assert rejected_rows(settings.home, attempt)
    undo(settings, path)
    assert rejected_rows(settings.home, attempt) is None
    assert not Ledger(settings.home).refused(10)
    (outcome,) = store(path)
    assert (outcome.stored, outcome.rejected) == (9, 1)


def test_a_home_without_sources_is_told_apart_by_names_until_it_was_merged(settings: Settings) -> None:
    old_home(settings.home)
    ledger_of_an_older_version(settings.home, "0123456789abcdef0123456789abcdef")
    assert undo(settings, "old.parquet").events == {"request": 20}
    assert stored_events(Lake(settings.home), "request").is_empty()


def test_what_an_older_version_merged_is_not_guessed_at(settings: Settings) -> None:
    old_home(settings.home, prefix="merged-0123456789abcdef0123456789abcdef")
    ledger_of_an_older_version(settings.home, "0123456789abcdef0123456789abcdef")
    with pytest.raises(NotStored, match="20 of its events were merged with others by an older version"):
        undo(settings, "old.parquet")
    assert stored_events(Lake(settings.home), "request").height == 20


def ledger_of_an_older_version(home: Path, hash: str) -> None:
    outcome = FileOutcome(Path("old.parquet"), "stored", read=20, stored=20, kinds={"request": 20})
    Ledger(home).add_all([Attempted(outcome, hash, NOW)])


def test_events_past_retention_are_told(tmp_path: Path, settings: Settings, store: Store) -> None:
    path = tmp_path / "a.parquet"
    requests(10, ts=[START - timedelta(days=day) for day in range(10)]).write_parquet(path)
    store(path)
    maintain(settings.model_copy(update={"lake": LakeSettings(retention_days=5)}), now=lambda: NOW)
    forgotten = undo(settings, path)
    assert (sum(forgotten.events.values()), forgotten.past) == (4, 6)
    assert_rollups_agree(Lake(settings.home))


def test_answers_say_so_at_once(tmp_path: Path, settings: Settings, store: Store) -> None:
    engine, window = Engine(settings), Window(start=START, end=NOW)
    path, other = tmp_path / "a.parquet", tmp_path / "b.parquet"
    requests(100).write_parquet(path)
    requests(50, first=100).write_parquet(other)
    store(path, other)
    asked = Query(metrics=("requests", "error_rate", "users_active", "response_time_p95"), window=window)
    version = engine.data_version()
    undo(settings, path)
    assert engine.data_version() != version
    for raw in (False, True):
        frame = engine.answer(asked.model_copy(update={"raw": raw})).frame
        assert frame["requests"][0] == 50
    assert SOURCE_FILE not in frame.columns
