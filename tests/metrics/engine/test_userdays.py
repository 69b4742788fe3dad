"""Users' days are merged over all kinds once, and what is asked of them is what the rollups and events say."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from shutil import copytree

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.engine import Engine, Filter, Grain, Query, Retention, Window, userdays
from metrics.lake.derived import FOLDER
from metrics.lake.repair.lacking import lack
from metrics.lake.shapes import VIEW
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.conftest import made_once
from tests.metrics.engine.stored import store

START = datetime(2026, 3, 4, tzinfo=UTC)
WINDOW = Window(start=START, end=START + timedelta(days=4))
METRICS = ("dau", "wau", "users_active", "users_new", "users_total", "retention_d1", "stickiness")
Merges = list[int]


@pytest.fixture
def merges(monkeypatch: pytest.MonkeyPatch) -> Merges:
    """Rows written by each merge."""
    written: Merges = []
    write = userdays.write_parquet

    def counted(*arguments: object) -> int:
        written.append(write(*arguments))  # pyright: ignore[reportArgumentType]
        return written[-1]

    monkeypatch.setattr(userdays, "write_parquet", counted)
    return written


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(Settings(home=tmp_path), cache_filters_from=0)


def visited(home: Path, kind: str, *visits: tuple[str, float], region: str | None = None) -> None:
    """Stores events of users, each at an hour after the start."""
    rows = [
        {"ts": START + timedelta(hours=hour), "user_id": user, "region": region, "event_id": f"{kind}{user}{hour}"}
        for user, hour in visits
    ]
    types = {"ts": pl.Datetime("us", "UTC"), "region": pl.String}
    store(home, kind, pl.DataFrame(rows, schema_overrides=types))


@pytest.fixture
def seen(tmp_path: Path) -> Callable[..., None]:
    """Stores events of users in the engine's home."""
    return partial(visited, tmp_path)


def asked(engine: Engine, raw: bool = False, grain: Grain = Grain.DAY, *filters: Filter) -> list[dict[str, object]]:
    query = Query(metrics=METRICS, window=WINDOW, grain=grain, raw=raw, filters=filters)
    return engine.answer(query).frame.to_dicts()


def everybody(seen: Callable[..., None]) -> None:
    seen("request", ("ada", 1), ("ada", 25), ("bob", 5))
    seen("interaction", ("ada", 2), ("ada", 26), ("bob", 30), ("", 3), region="eu")
    seen("feedback", ("eve", 70), ("ada", 71), ("bob", 71.5), region="eu")


def test_merged_days_answer_as_events_do(engine: Engine, seen: Callable[..., None], merges: Merges) -> None:
    everybody(seen)
    for grain in (Grain.NONE, Grain.HOURS_6, Grain.DAY):
        assert asked(engine, grain=grain) == asked(engine, raw=True, grain=grain)
    assert asked(engine)[0]["users_active"] == 3
    # Three kinds tell of ten pairs of a user and a day, of which eight are different: "" is a user, too.
    assert merges == [8]


@pytest.mark.parametrize("grain", [Grain.NONE, Grain.MINUTES_15])
@pytest.mark.parametrize("hours", [(0.5, 2.25), (24, 48), (20, 71.25)])
def test_days_tell_who_is_new_in_spans_of_any_ends(
    engine: Engine, seen: Callable[..., None], hours: tuple[float, float], grain: Grain
) -> None:
    everybody(seen)
    start, end = (START + timedelta(hours=hour) for hour in hours)
    query = Query(metrics=("users_new", "users_total"), window=Window(start=start, end=end), grain=grain)
    found, told = engine.answer(query), engine.answer(query.model_copy(update={"raw": True}))
    assert (found.source, told.source) == ("rollup users", "events")
    assert_frame_equal(found.frame, told.frame)


@pytest.fixture
def many(shared_directory: Path, tmp_path: Path) -> Path:
    """A home of events of three kinds on all days."""

    def make(home: Path) -> None:
        everybody(partial(visited, home))
        for kind in ("request", "interaction", "feedback"):
            visited(home, kind, *((f"{kind}{hour}", hour) for hour in (0.5, 30, 50, 80)))

    return copytree(made_once(shared_directory / "users of all days", make), tmp_path, dirs_exist_ok=True)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("grain", [Grain.NONE, Grain.HOURS_6, Grain.DAY])
@pytest.mark.parametrize("days", [(0,), (1,), (3,), (0, 2)])
@pytest.mark.parametrize("kind", ["request", "interaction", "feedback"])
def test_kinds_of_which_other_days_are_known_are_read_apart(
    engine: Engine, kind: str, days: tuple[int, ...], grain: Grain
) -> None:
    lack(engine.lake.rollup(f"{kind}_users"), [(START + timedelta(days=day)).date().isoformat() for day in days])
    assert asked(engine, grain=grain) == asked(engine, raw=True, grain=grain)


def test_a_filter_has_days_of_its_own(engine: Engine, seen: Callable[..., None]) -> None:
    everybody(seen)
    eu = Filter(dimension="region", values=("eu",))
    assert asked(engine, False, Grain.DAY, eu) == asked(engine, True, Grain.DAY, eu) != asked(engine)


def test_what_arrives_is_put_beside_what_is_merged(engine: Engine, seen: Callable[..., None], merges: Merges) -> None:
    everybody(seen)
    asked(engine)
    for number in range(12):
        seen("prompt", (f"new{number}", 40 + number), ("ada", 40 + number))
        assert asked(engine) == asked(engine, raw=True)
    assert merges[:3] == [8, 2, 2]
    assert len(engine.context.user_days._scratch.files()) < 12 + 4  # pyright: ignore[reportPrivateUsage]


def over_months(seen: Callable[..., None]) -> Window:
    """Users of three months, each with ada and one of its own; gives the days of the second."""
    for days, user in ((0, "march"), (30, "april"), (61, "may")):
        seen("request", ("ada", 24 * days), (user, 24 * days + 1))
        seen("feedback", ("ada", 24 * days + 2))
    return Window(start=START + timedelta(days=30), end=START + timedelta(days=31))


def active(engine: Engine, window: Window, raw: bool = False) -> int:
    """How many users there were in a window."""
    query = Query(metrics=("users_active",), window=window, grain=Grain.NONE, raw=raw)
    return engine.answer(query).frame["users_active"].item()


def test_a_question_merges_the_months_it_asks_about_and_one_that_is_over_is_kept_for_all(
    engine: Engine, seen: Callable[..., None], merges: Merges, tmp_path: Path
) -> None:
    april = over_months(seen)
    assert active(engine, april) == 2
    assert merges == [2]
    everything = Window(start=START, end=START + timedelta(days=90))
    assert active(engine, everything) == active(engine, everything, raw=True) == 4
    assert merges == [2, 2, 2]
    another = Engine(engine.settings, cache_filters_from=0)
    assert active(another, everything) == 4
    # The newest month is not over: each engine has its own.
    assert merges == [2, 2, 2, 2]
    assert len(list((tmp_path / FOLDER).glob("*.parquet"))) == 2


def test_what_comes_late_is_put_beside_a_month_that_is_kept(
    engine: Engine, seen: Callable[..., None], merges: Merges
) -> None:
    april = over_months(seen)
    assert active(engine, april) == 2
    seen("prompt", ("late", 24 * 30 + 5), ("ada", 24 * 30 + 5), ("else", 24 * 61))
    assert active(engine, april) == active(engine, april, raw=True) == 3
    assert merges == [2, 2]


def test_what_was_made_of_files_that_are_gone_goes_after_the_grace(
    engine: Engine, seen: Callable[..., None], tmp_path: Path
) -> None:
    april = over_months(seen)
    seen("request", ("bob", 24 * 30))
    assert active(engine, april) == 3
    kept = set((tmp_path / FOLDER).iterdir())
    settings = Settings(home=tmp_path, lake=LakeSettings(compact_files=2, vacuum_grace_hours=1))
    maintain(settings, now=lambda: datetime.now(UTC))
    assert set((tmp_path / FOLDER).iterdir()) == kept
    assert active(engine, april) == active(engine, april, raw=True) == 3
    made_anew = set((tmp_path / FOLDER).iterdir()) - kept
    assert len(made_anew) == len(kept) == 2
    maintain(settings, now=lambda: datetime.now(UTC) + timedelta(hours=2))
    assert set((tmp_path / FOLDER).iterdir()) == made_anew


def test_months_that_are_over_are_merged_for_one_engine_where_the_home_cannot_keep_them(
    engine: Engine, seen: Callable[..., None], merges: Merges, tmp_path: Path
) -> None:
    april = over_months(seen)
    (tmp_path / FOLDER).write_text("no folder")
    assert active(engine, april) == active(engine, april) == 2
    assert merges == [2]


def test_compaction_and_retention_change_what_is_merged(
    engine: Engine, seen: Callable[..., None], tmp_path: Path
) -> None:
    everybody(seen)
    for number in range(3):
        seen("request", (f"later{number}", 80 + number))
    before = asked(engine)
    settings = Settings(home=tmp_path, lake=LakeSettings(compact_files=2, retention_days=3))
    maintain(settings, now=lambda: START + timedelta(days=4, hours=1))
    after = asked(engine)
    assert after == asked(engine, raw=True)
    assert before[0]["dau"] == 3
    assert after[0]["dau"] is None


def test_days_are_read_as_they_are_where_there_is_no_room(
    engine: Engine, seen: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody(seen)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    expected = asked(engine)
    engine = Engine(engine.settings, cache_filters_from=0)
    monkeypatch.setattr(userdays, "write_parquet", full)
    assert asked(engine) == expected


def test_views_not_asked_about_for_long_are_forgotten(
    engine: Engine, seen: Callable[..., None], merges: Merges, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody(seen)
    monkeypatch.setattr(userdays, "KEPT", 1)
    eu = Filter(dimension="region", values=("eu",))
    wanted = asked(engine), asked(engine, False, Grain.DAY, eu)
    assert (asked(engine), asked(engine, False, Grain.DAY, eu)) == wanted
    assert len(merges) == 4


def test_cohorts_are_found_in_merged_days(engine: Engine, seen: Callable[..., None], merges: Merges) -> None:
    everybody(seen)
    asked(engine)
    merged = engine.answer(Retention(window=WINDOW, most=2))
    assert len(merges) == 1
    assert merged.equals(Engine(engine.settings).answer(Retention(window=WINDOW, most=2)))


def test_days_of_all_kinds_are_merged_together_whichever_view_is_smaller(
    engine: Engine, seen: Callable[..., None], merges: Merges
) -> None:
    seen("request", *((f"u{user}", 1) for user in range(40)), region="eu")
    seen("prompt", ("u1", 2))
    seen("interaction", ("u1", 3), ("u2", 50), region="us")
    table = engine.lake.rollup("prompt_users")
    by_day = [file for file in table.snapshot.files if file.partition[VIEW] == "day"]
    table.replace(by_day, [])
    table.replace([], [replace(file, size=1000 * file.size) for file in by_day])
    assert asked(engine) == asked(engine, raw=True)
    assert merges == [41]
