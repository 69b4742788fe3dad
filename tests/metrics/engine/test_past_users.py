"""What is kept of the days of months that are over is what events say, whatever comes later."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.engine import Engine, Grain, Query, Window, context
from metrics.engine.statement import CUT_DAYS, Statement
from metrics.lake.derived import FOLDER, MONTHS
from metrics.lake.repair.lacking import lack
from metrics.lake.shapes import VIEW
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.metrics.engine.stored import store

START, END = datetime(2025, 12, 19, 6, tzinfo=UTC), datetime(2026, 4, 9, 15, 20, tzinfo=UTC)
KINDS = ("request", "interaction", "prompt")
METRICS = ("dau", "wau", "mau", "stickiness")
ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata")
WINDOWS = (
    Window(start=START, end=END),
    Window(start=START + timedelta(days=20, hours=5), end=END - timedelta(days=13)),
)


def visits(kind: str, count: int, first: datetime = START, seed: int = 1) -> pl.DataFrame:
    """Events of a few users at any hour until the end, each with days on which nobody is there."""
    chance, hours = random.Random(f"{kind}{seed}"), (END - first) / timedelta(hours=1)
    rows = [
        {"ts": first + timedelta(hours=chance.random() * hours), "user_id": f"u{chance.randrange(9)}"}
        for _ in range(count)
    ]
    return pl.DataFrame(
        [{**row, "event_id": f"{kind}{seed}-{number}"} for number, row in enumerate(rows)],
        schema_overrides={"ts": pl.Datetime("us", "UTC")},
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for kind in KINDS:
        store(tmp_path, kind, visits(kind, 90))
    return tmp_path


@pytest.fixture
def asked_by_day(monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """Statements by day that were run."""
    run: list[Statement] = []
    rows_of = context.rows_of

    def told(statement: Statement) -> pl.DataFrame:
        run.extend([statement] if CUT_DAYS in statement.parameters else [])
        return rows_of(statement)

    monkeypatch.setattr(context, "rows_of", told)
    return run


def engine(home: Path) -> Engine:
    return Engine(Settings(home=home), cache_filters_from=0)


def questions(zones: Sequence[str] = ("Europe/Berlin",)) -> Sequence[Query]:
    return [
        Query(metrics=METRICS, window=window, grain=grain, tz=zone)
        for window in WINDOWS
        for grain in (Grain.DAY, Grain.MONTH)
        for zone in zones
    ]


def assert_told_as_by_events(queries: Sequence[Query], *engines: Engine) -> None:
    """By each of the engines in its turn."""
    for query in queries:
        told = engines[0].answer(query.model_copy(update={"raw": True}))
        for engine in engines:
            assert_frame_equal(engine.answer(query).frame, told.frame)


def test_days_of_months_that_are_over_are_told_as_by_events_at_first_later_and_after_a_start(home: Path) -> None:
    first = engine(home)
    assert_told_as_by_events(questions(ZONES), first, first, engine(home))


def months_of(statement: Statement) -> set[int]:
    """The months of days whose users a statement tells apart."""
    days = cast("Sequence[int]", statement.parameters[CUT_DAYS])
    return {datetime.fromtimestamp(day // 1_000_000, UTC).month for day in days}


def test_they_are_kept_for_all_and_other_windows_ask_about_their_ends_alone(
    home: Path, asked_by_day: list[Statement]
) -> None:
    first, second = (Query(metrics=("dau",), window=window, grain=Grain.DAY) for window in WINDOWS)
    engine(home).answer(first)
    assert [months_of(statement) for statement in asked_by_day] == [{12}, {1}, {2}, {3}, {4}]
    asked_by_day.clear()
    engine(home).answer(first)
    assert [months_of(statement) for statement in asked_by_day] == [{12}, {4}]
    asked_by_day.clear()
    engine(home).answer(second)
    assert [months_of(statement) for statement in asked_by_day] == [{1}, {3}]


@pytest.mark.parametrize("kind", ["request", "feedback"])
def test_what_comes_late_counts(home: Path, kind: str) -> None:
    one, queries = engine(home), questions()
    assert_told_as_by_events(queries, one)
    store(home, kind, visits(kind, 40, seed=2).with_columns(user_id=pl.format("late-{}", "user_id")))
    assert_told_as_by_events(queries, one, engine(home))


def test_compaction_retention_and_days_that_rollups_lack_change_nothing(home: Path) -> None:
    one, queries = engine(home), questions()
    for number in range(3):
        store(home, "request", visits("request", 20, seed=3 + number))
    assert_told_as_by_events(queries, one)
    maintain(Settings(home=home, lake=LakeSettings(compact_files=2)), now=lambda: END)
    assert_told_as_by_events(queries, one)
    lack(one.lake.rollup("interaction_users"), ["2026-02-11"])
    assert_told_as_by_events(queries, one)
    lack(one.lake.rollup("prompt_users"), ["2026-02-11", "2026-01-03"])
    lack(one.lake.rollup("request_users"), ["2026-02-11", "2026-03-30"])
    assert_told_as_by_events(queries, one, engine(home))


def test_where_the_home_keeps_nothing_they_are_known_to_one_engine(home: Path, asked_by_day: list[Statement]) -> None:
    (home / FOLDER).write_text("no folder")
    one = engine(home)
    assert_told_as_by_events(questions(), one)
    asked_by_day.clear()
    one.answer(Query(metrics=("dau",), window=WINDOWS[0], grain=Grain.DAY, tz="Europe/Berlin"))
    assert len(asked_by_day) == 2


def test_what_is_kept_and_cannot_be_read_is_made_anew(home: Path) -> None:
    queries = questions()
    assert_told_as_by_events(queries, engine(home))
    small = list((home / FOLDER).glob(f"{MONTHS}*.parquet"))
    assert small
    for path in small:
        path.write_bytes(b"PAR1")
    assert_told_as_by_events(queries, engine(home))


def test_where_files_do_not_say_of_which_days_they_are_nothing_is_kept(home: Path) -> None:
    one, queries = engine(home), questions()
    table = one.lake.rollup("request_users")
    by_day = [file for file in table.snapshot.files if file.partition[VIEW] == "day"]
    table.replace(by_day, [])
    table.replace([], [replace(file, min_ts=None, max_ts=None) for file in by_day])
    assert_told_as_by_events(queries, one)
    store(home, "request", visits("request", 40, seed=2).with_columns(user_id=pl.format("late-{}", "user_id")))
    assert_told_as_by_events(queries, one)
    assert not (home / FOLDER).exists()
