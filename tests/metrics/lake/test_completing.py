"""Upkeep puts into rollups what the home is older than, and is right wherever it is cut off."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from shutil import rmtree

import polars as pl
import pytest

from metrics.engine import Engine, Grain, Query, Window
from metrics.lake.repair.lacking import lack, lacking
from metrics.lake.tables import Lake, Table
from metrics.lake.upkeep import completing
from metrics.lake.upkeep.maintenance import Maintained, maintain
from metrics.settings import Settings
from tests.metrics.engine.stored import store
from tests.metrics.lake.aged import EVENTS, FAMILIES, FIRST, LATER, NOON, days_before, days_of, make_old
from tests.metrics.lake.agreement import assert_rollups_agree


def upkeep(home: Path, **options: object) -> Maintained:
    """Upkeep long after the last event; nothing is merged."""
    return maintain(Settings(home=home), now=lambda: NOON, **options)  # pyright: ignore[reportArgumentType]


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    make_old(tmp_path)
    return tmp_path


def test_upkeep_completes_what_a_home_is_older_than(old_home: Path) -> None:
    assert upkeep(old_home).completed == days_before() > 10
    assert_rollups_agree(Lake(old_home))
    assert upkeep(old_home).completed == 0


def test_a_home_that_always_had_them_is_left_alone(tmp_path: Path) -> None:
    for kind, events in EVENTS.items():
        store(tmp_path, kind, events)
    assert upkeep(tmp_path).completed == 0


def test_the_newest_days_come_first_and_only_so_many_at_a_time(old_home: Path) -> None:
    told: list[str] = []

    def tell(what: str, number: int, of: int) -> None:
        assert (number, of) == (len(told) + 1, days_before() - done)
        told.append(what.rsplit(" ", 1)[1])

    done = 0
    assert upkeep(old_home, most_completed=1, told=tell).completed == 1
    done, told = 1, []
    assert upkeep(old_home, told=tell).completed == days_before() - 1
    assert told == sorted(told, reverse=True)


@pytest.mark.parametrize("batch_rows", [1_000, 4_000_000])
def test_batches_make_no_difference(old_home: Path, batch_rows: int) -> None:
    settings = Settings.model_validate({"home": old_home, "ingest": {"batch_rows": batch_rows}})
    maintain(settings, now=lambda: NOON)
    assert_rollups_agree(Lake(old_home))


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_day_counts_as_known_once_every_view_knows_it(
    old_home: Path, family: completing.Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = 0
    replace = Table.replace

    def killed_after(number: int) -> Callable[..., None]:
        def replaced(table: Table, *arguments: object, **named: object) -> None:
            nonlocal commits
            if commits == number:
                raise Killed
            commits += 1
            replace(table, *arguments, **named)  # pyright: ignore[reportArgumentType]

        return replaced

    monkeypatch.setattr(completing, "families", lambda: iter([family]))
    for number in range(len(family.views)):
        commits = 0
        monkeypatch.setattr(Table, "replace", killed_after(number))
        with pytest.raises(Killed):
            upkeep(old_home)
        _assert_answers_are_those_of_events(old_home, family.kind)
    monkeypatch.setattr(Table, "replace", replace)
    assert upkeep(old_home).completed == days_of(EVENTS[family.kind].filter(pl.col("ts") < NOON))
    _assert_answers_are_those_of_events(old_home, family.kind)


ASKED = {
    "request": ("requests", "response_time_p95"),
    "llm_call": ("cost", "llm_latency_p95"),
    "interaction": ("page_views", "sessions"),
    "prompt": ("prompts_executed",),
    "web_vital": ("web_vital_good",),
}


def _assert_answers_are_those_of_events(home: Path, kind: str) -> None:
    window = Window(start=FIRST, end=NOON + timedelta(days=1))
    engine = Engine(Settings(home=home), exact_up_to=0, minutes_from=0)
    for grain, by in ((Grain.NONE, ()), (Grain.DAY, ()), (Grain.MINUTE, ())):
        start = NOON - timedelta(hours=18) if grain is Grain.MINUTE else window.start
        query = Query(metrics=ASKED[kind], window=Window(start=start, end=window.end), grain=grain, by=by)
        found, wanted = engine.answer(query).frame, engine.answer(query.model_copy(update={"raw": True})).frame
        for name in ASKED[kind]:
            near = 0.006 if "_p95" in name else 1e-9
            off = ((found[name] - wanted[name]).abs() / wanted[name].abs()).drop_nans().max()
            assert off is None or off <= near, (name, grain)  # pyright: ignore[reportOperatorIssue]
            assert found[name].null_count() == wanted[name].null_count()


def test_a_day_partly_known_is_put_in_anew(tmp_path: Path) -> None:
    events = EVENTS["interaction"]
    store(tmp_path, "interaction", events.gather_every(2))
    lake = Lake(tmp_path)
    for rollup in LATER:
        rmtree(lake.rollup(rollup.name).root, ignore_errors=True)
    store(tmp_path, "interaction", events.gather_every(2, 1))
    assert upkeep(tmp_path).completed == days_of(events)
    assert_rollups_agree(Lake(tmp_path))


def test_a_day_that_a_rollup_lacks_and_no_event_is_of_any_more_is_known_to_be_empty(tmp_path: Path) -> None:
    store(tmp_path, "request", EVENTS["request"])
    table = Lake(tmp_path).rollup("request_users")
    lack(table, ["2020-01-01"])
    assert upkeep(tmp_path).completed == 1
    assert lacking(table) == frozenset()
