"""Ids are looked up by day: found as if all were looked through, at a cost that knows nothing of other days."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.lake.identity import identities, runs
from metrics.lake.identity.identities import LARGE_RUN, LOOKED_THROUGH, MOST_RUNS, Identities
from metrics.lake.identity.runs import HASHING, number_of
from metrics.lake.staging import Staging
from metrics.lake.tables import Lake
from tests.metrics.engine.stored import complete

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KIND = "request"


def events(ids: Mapping[str, datetime]) -> pl.DataFrame:
    """Requests with those ids and times."""
    schema = {"event_id": pl.String, "ts": pl.Datetime("us", "UTC")}
    rows = pl.DataFrame({"event_id": list(ids), "ts": list(ids.values())}, schema=schema)
    return complete(KIND, rows)


def stored(home: Path, *batches: Mapping[str, datetime]) -> int:
    """Store one file of some batches; how many of its events are new."""
    transaction = uuid4().hex
    staging = Staging(home, transaction, "abc")
    for batch in batches:
        staging.add(KIND, events(batch))
    kinds = list(staging.finish())
    for kind in kinds:
        if kind.events:
            Lake(home).events(KIND).commit(kind.events, transaction)
    Identities(Lake(home).events(KIND)).merge()
    return sum(kind.stored for kind in kinds)


def folder(home: Path) -> Path:
    return Lake(home).events(KIND).root / "_identities" / HASHING


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind is too large to be looked through from the first event on."""
    monkeypatch.setattr(identities, "LOOKED_THROUGH", 0)


def moments() -> st.SearchStrategy[dict[str, datetime]]:
    """Ids `0` to `60`, each at its own time within some weeks: the same id always has the same time."""
    return st.sets(st.integers(0, 60), max_size=25).map(
        lambda ids: {str(one): NOON + timedelta(hours=17 * one) for one in ids}
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.lists(moments(), min_size=1, max_size=3), min_size=1, max_size=6), most=st.integers(1, 4))
@pytest.mark.usefixtures("large")
def test_by_day_the_same_events_are_known_as_by_looking_through_all(
    files: list[list[dict[str, datetime]]],
    most: int,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(identities, "MOST_RUNS", most)
    home = tmp_path_factory.mktemp("home")
    known: set[str] = set()
    for file in files:
        ids = {one for batch in file for one in batch}
        assert stored(home, *file) == len(ids - known)
        known |= ids


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    ("apart", "new"),
    [(timedelta(hours=14), 0), (timedelta(days=-1), 0), (timedelta(days=1), 0), (timedelta(days=3), 1)],
)
def test_in_a_large_kind_an_id_names_an_event_on_its_day_and_the_days_beside_it(
    tmp_path: Path, apart: timedelta, new: int
) -> None:
    stored(tmp_path, {"a": NOON})
    assert stored(tmp_path, {"a": NOON + apart}) == new


def test_in_a_small_kind_an_id_names_one_event_whatever_its_time(tmp_path: Path) -> None:
    stored(tmp_path, {"a": NOON})
    stored(tmp_path, {"b": NOON + timedelta(days=3)})
    assert stored(tmp_path, {"a": NOON + timedelta(days=300), "b": NOON, "c": NOON}) == 1


def _all_of_one_hash(batch: runs.Hashed, _: runs.Hashes) -> pl.Series:
    return pl.Series([True] * len(batch.hashes))


@pytest.mark.usefixtures("large")
def test_two_ids_of_one_hash_are_two_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(tmp_path, {"a": NOON})
    monkeypatch.setattr(runs.Hashed, "among", _all_of_one_hash)
    table = Lake(tmp_path).events(KIND)
    both = events({"a": NOON, "b": NOON})
    assert Identities(table).known(both, runs.hashed(both), "other").to_list() == [True, False]


def fill(home: Path, days: range, ids_a_day: int) -> None:
    """Runs of ids that are in no file, as of so many days ingested."""
    chance = np.random.default_rng(1)
    folder(home).mkdir(parents=True, exist_ok=True)
    (folder(home) / "days.json").write_text("[]", encoding="utf-8")
    first = number_of(NOON.date())
    for day in days:
        hashes = np.sort(chance.integers(0, 2**63, ids_a_day, dtype=np.uint64))
        runs.write(folder(home) / runs.name_with_span([first + day], "filled"), {first + day: hashes})


@pytest.mark.usefixtures("large")
def test_only_runs_of_the_days_touched_and_beside_them_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, range(-200, 200), 10)
    seen: list[str] = []
    monkeypatch.setattr(identities, "opened", _recording(seen))
    table = Lake(tmp_path).events(KIND)
    three = events({"a": NOON, "b": NOON + timedelta(days=50)})
    Identities(table).known(three, runs.hashed(three), "new")
    assert {name[:10] for name in seen} == {
        "2026-03-01", "2026-03-02", "2026-03-03", "2026-04-20", "2026-04-21", "2026-04-22",
    }  # fmt: skip


def _recording(seen: list[str]) -> Callable[[Path], runs.Run]:
    def opened(path: Path) -> runs.Run:
        seen.append(path.name)
        return runs.opened(path)

    return opened


def test_a_year_of_small_days_is_few_files(tmp_path: Path) -> None:
    table = Lake(tmp_path).events(KIND)
    folder(tmp_path).mkdir(parents=True)
    first = number_of(NOON.date())
    for day in range(400):
        Identities(table).remember([{first + day: np.array([day], dtype=np.uint64)}], f"{day:x}")
        Identities(table).merge()
    files = list(folder(tmp_path).glob("*.npy"))
    assert len(files) <= MOST_RUNS
    assert sum(runs.opened(path).size for path in files) == 400


def test_large_runs_are_merged_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "LARGE_RUN", 100)
    fill(tmp_path, range(40), 120)
    before = {path.name for path in folder(tmp_path).glob("*.npy")}
    Identities(Lake(tmp_path).events(KIND)).merge()
    assert {path.name for path in folder(tmp_path).glob("*.npy")} == before
    fill(tmp_path, range(40, 60), 30)
    Identities(Lake(tmp_path).events(KIND)).merge()
    sizes = [runs.opened(path).size for path in folder(tmp_path).glob("*.npy")]
    assert sum(sizes) == 40 * 120 + 20 * 30
    assert max(sizes) <= 130
    assert LARGE_RUN > LOOKED_THROUGH


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A home of six days whose ids were stored otherwise."""
    for day in range(6):
        stored(tmp_path, {f"{day}-{number}": NOON + timedelta(days=10 * day) for number in range(5)})
    root = folder(tmp_path).parent
    folder(tmp_path).rename(root / "older")
    return tmp_path


def lacking(home: Path) -> list[str]:
    return json.loads((folder(home) / "days.json").read_text(encoding="utf-8"))


@pytest.mark.usefixtures("large")
def test_an_older_home_has_its_days_hashed_anew_when_they_are_touched(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    scan = pl.scan_parquet

    def scanned(paths: object, **named: object) -> pl.LazyFrame:
        read.append(paths)
        return scan(paths, **named)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(pl, "scan_parquet", scanned)
    Identities(Lake(older).events(KIND)).complete()
    assert read == []
    assert [path.name for path in folder(older).parent.iterdir()] == [HASHING]
    assert len(lacking(older)) == 6
    assert stored(older, {"2-3": NOON + timedelta(days=20), "new": NOON + timedelta(days=20)}) == 1
    assert len(lacking(older)) == 5
    assert all(stored(older, {f"{day}-4": NOON + timedelta(days=10 * day)}) == 0 for day in range(6))
    assert lacking(older) == []


def test_of_an_older_home_that_is_small_all_days_are_looked_through(older: Path) -> None:
    Identities(Lake(older).events(KIND)).complete()
    assert stored(older, {"2-3": NOON + timedelta(days=400)}) == 0


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("before", ["write", "_lack"])
def test_killed_while_a_day_is_hashed_anew_it_is_done_again(
    older: Path, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Identities(Lake(older).events(KIND)).complete()

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as cut, pytest.raises(Killed):
        cut.setattr(*((identities, "write") if before == "write" else (Identities, "_lack")), killed)
        stored(older, {"2-3": NOON + timedelta(days=20)})
    Identities(Lake(older).events(KIND)).complete()
    assert stored(older, {"2-3": NOON + timedelta(days=20)}) == 0


def test_ids_of_days_that_were_dropped_are_forgotten(tmp_path: Path) -> None:
    fill(tmp_path, range(30), 3)
    Identities(Lake(tmp_path).events(KIND)).forget_before((NOON + timedelta(days=20)).date())
    assert len(list(folder(tmp_path).glob("*.npy"))) == 10


def _shuffled(hashes: Iterator[int]) -> runs.Hashes:
    return np.array([*hashes], dtype=np.uint64)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 50)), max_size=60))
def test_a_run_gives_back_its_segments(pairs: list[tuple[int, int]]) -> None:
    days = np.array([20_000 + day for day, _ in pairs], dtype=np.int32)
    batch = runs.Hashed(_shuffled(one for _, one in pairs), days)
    wanted = {day: sorted(one for other, one in pairs if 20_000 + other == day) for day in sorted({*days.tolist()})}
    assert {day: hashes.tolist() for day, hashes in batch.segments.items()} == wanted
    assert batch.repeat == (len({one for _, one in pairs}) < len(pairs))
    assert batch.ordered.tolist() == sorted(one for _, one in pairs)
