"""A home may be older than a rollup: what the rollup does not know is read from events, nothing is counted twice."""

from collections.abc import Mapping, Set
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from shutil import rmtree

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.engine import Engine, Grain, Query, Window
from metrics.engine.coverage import stretches_but
from metrics.lake.rollups import ROLLUPS
from metrics.lake.tables import DATE
from metrics.settings import Settings
from tests.metrics.engine.stored import store

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 4
WINDOWS = {
    "all of it": Window(start=MONDAY, end=MONDAY + timedelta(days=DAYS)),
    "and more": Window(start=MONDAY - timedelta(days=30), end=MONDAY + timedelta(days=DAYS + 1)),
    "cut": Window(start=MONDAY + timedelta(hours=3, minutes=7), end=MONDAY + timedelta(days=3, hours=22, seconds=1)),
    "one day": Window(start=MONDAY + timedelta(days=3), end=MONDAY + timedelta(days=4)),
}
EVENTS = pl.DataFrame(
    {
        "ts": [MONDAY + timedelta(minutes=17 * number) for number in range(DAYS * 24 * 60 // 17)],
        "event_id": [f"i{number}" for number in range(DAYS * 24 * 60 // 17)],
        "page": [["/", "/chat", "/pay", None][number % 4] for number in range(DAYS * 24 * 60 // 17)],
        "feature": [["search", None][number % 2] for number in range(DAYS * 24 * 60 // 17)],
    }
)
METRICS = ("page_views",)


def on_day(*days: int) -> pl.Expr:
    """Events of those days."""
    return pl.col("ts").dt.day().is_in([MONDAY.day + day for day in days])


def answers(home: Path, window: Window, by: tuple[str, ...], grain: Grain) -> tuple[pl.DataFrame, pl.DataFrame, str]:
    """What is answered, what events say, and where the answer is from."""
    engine = Engine(Settings(home=home))
    query = Query(metrics=METRICS, window=window, by=by, grain=grain)
    found = engine.answer(query)
    return found.frame, engine.answer(query.model_copy(update={"raw": True})).frame, found.source


def days_read(home: Path, window: Window) -> set[str]:
    """Days whose events are read for an answer."""
    statements = Engine(Settings(home=home)).plan(Query(metrics=METRICS, window=window)).statements
    files = [file for one in statements for relation in one.relations for file in relation.files]
    return {file.split(f"{DATE}=")[1][:10] for file in files if f"{DATE}=" in file}


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    """The first two days were stored before the rollup came."""
    store(tmp_path, "interaction", EVENTS.filter(on_day(0, 1)))
    rmtree(tmp_path / "rollups" / "interaction_counts")
    store(tmp_path, "interaction", EVENTS.filter(on_day(2, 3)))
    return tmp_path


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("by", [(), ("page",)])
@pytest.mark.parametrize("grain", [Grain.NONE, Grain.HOURS_3, Grain.DAY])
def test_days_before_the_rollup_are_read_from_events(
    old_home: Path, window: str, by: tuple[str, ...], grain: Grain
) -> None:
    found, wanted, source = answers(old_home, WINDOWS[window], by, grain)
    assert_frame_equal(found, wanted)
    assert found["page_views"].sum() > 0
    assert source == "rollup interaction_counts"


def test_only_the_days_before_the_rollup_are(old_home: Path) -> None:
    assert days_read(old_home, WINDOWS["all of it"]) == {"2026-03-02", "2026-03-03"}
    assert days_read(old_home, WINDOWS["one day"]) == set()


@pytest.mark.parametrize("window", WINDOWS)
def test_a_day_that_is_just_being_stored_is_read_from_events(tmp_path: Path, window: str) -> None:
    store(tmp_path, "interaction", EVENTS.filter(on_day(0, 1, 2)))
    half = pl.col("event_id").str.ends_with("1")
    store(tmp_path, "interaction", EVENTS.filter(on_day(3) & half))
    kept = tmp_path / "kept"
    (tmp_path / "rollups").rename(kept)
    store(tmp_path, "interaction", EVENTS.filter(on_day(3) & ~half))
    rmtree(tmp_path / "rollups")
    kept.rename(tmp_path / "rollups")
    found, wanted, _ = answers(tmp_path, WINDOWS[window], ("page",), Grain.NONE)
    assert_frame_equal(found, wanted)
    assert days_read(tmp_path, WINDOWS[window]) >= {"2026-03-05"}


def test_a_home_without_the_rollup_is_answered_from_events(tmp_path: Path) -> None:
    store(tmp_path, "interaction", EVENTS)
    rmtree(tmp_path / "rollups")
    found, wanted, source = answers(tmp_path, WINDOWS["and more"], (), Grain.NONE)
    assert_frame_equal(found, wanted)
    assert source == "events"


def test_every_witness_counts_the_events_of_its_kind() -> None:
    for rollup in ROLLUPS.values():
        if rollup.witness:
            witness = ROLLUPS[rollup.witness]
            assert (witness.kind, witness.views[0].dimensions) == (rollup.kind, ())


def day_by_day(stored: Mapping[str, int], window: Window, unknown: Set[str]) -> list[tuple[datetime, datetime, int]]:
    """Start, end and events of what lies between unknown days."""
    found: list[tuple[datetime, datetime, int]] = []
    midnight = window.start.replace(hour=0, minute=0, second=0, microsecond=0)
    while midnight < window.end:
        start, end = max(midnight, window.start), min(midnight + timedelta(days=1), window.end)
        day = midnight.date().isoformat()
        if day not in unknown:
            begun, _, rows = found.pop() if found and found[-1][1] == start else (start, start, 0)
            found.append((begun, end, rows + stored.get(day, 0)))
        midnight += timedelta(days=1)
    return found


@pytest.mark.parametrize("seed", range(200))
def test_what_lies_between_unknown_days_is_what_a_look_at_each_day_finds(seed: int) -> None:
    chance = Random(seed)

    def some(most: int) -> list[str]:
        days = chance.sample(range(-2, 12), chance.randint(0, most))
        return [(MONDAY + timedelta(days=day)).date().isoformat() for day in days]

    moments = [MONDAY + timedelta(hours=12 * half, microseconds=off) for half in range(20) for off in (-1, 0, 1)]
    start, end = sorted(chance.sample(moments, 2))
    window, stored, unknown = Window(start=start, end=end), {day: chance.randint(1, 9) for day in some(9)}, {*some(6)}
    found = [(one.window.start, one.window.end, one.events) for one in stretches_but(stored, window, unknown)]
    assert found == day_by_day(stored, window, unknown)


def test_a_window_of_all_time_is_looked_through_where_there_is_something_alone() -> None:
    ever = Window(start=datetime(1, 1, 1, tzinfo=UTC), end=datetime(9999, 12, 31, tzinfo=UTC))
    found = stretches_but({"2026-03-02": 3, "2026-03-04": 4, "2026-03-05": 5}, ever, {"2026-03-04"})
    assert [one.events for one in found] == [3, 5]
    assert [one.window for one in found] == [
        Window(start=ever.start, end=MONDAY + timedelta(days=2)),
        Window(start=MONDAY + timedelta(days=3), end=ever.end),
    ]
