"""Sessions and journeys told by visits are those that events tell, however sessions are cut, split and stored."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.engine import Engine, Filter, Funnel, FunnelStep, Grain, Journeys, Query, UserFlows, Window
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.metrics.engine.questions.test_journeys import expected
from tests.metrics.engine.stored import store

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
METRICS = ("sessions", "session_duration_mean", "bounce_rate", "pages_per_session", "unique_page_views")
DAYS = 4
WINDOWS = {
    "whole days": Window(start=MONDAY, end=MONDAY + timedelta(days=DAYS)),
    "more than there is": Window(start=MONDAY - timedelta(days=3), end=MONDAY + timedelta(days=DAYS + 2)),
    "cut at both ends": Window(
        start=MONDAY + timedelta(hours=13, minutes=7, seconds=3), end=MONDAY + timedelta(days=2, hours=11, minutes=20)
    ),
    "within a day": Window(start=MONDAY + timedelta(hours=9), end=MONDAY + timedelta(hours=17)),
    "a midnight": Window(start=MONDAY + timedelta(hours=20), end=MONDAY + timedelta(days=1, hours=4)),
}
WAYS = (
    {"steps": 3},
    {"start": "/chat", "steps": 4},
    {"end": "/pay", "steps": 3},
    {"start": "/", "end": "/pay", "minimum_share": 5},
)


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    """Sessions of minutes or days, over midnights, with pauses; some of two users, of none, or without a name.

    What a session views at one moment is viewed by one user: nothing tells which of two was first.
    """
    dice = np.random.default_rng(11)
    pages = ["/", "/chat", "/chat", "/pay", "/docs", "", "odd\x1fpage", None]
    rows: list[dict[str, object]] = []
    for number in range(260):
        moment = MONDAY + timedelta(minutes=float(dice.uniform(0, 1440 * DAYS - 60)))
        users = [["ada", "bob", "eve", "zoe"][number % 4], None if number % 7 == 0 else f"u{number % 23}"]
        pause, user = 1.0, users[1]
        for _ in range(int(dice.integers(1, 14))):
            if pause:
                user = users[int(dice.random() < 0.1) if number % 5 == 0 else 1]
            rows.append(
                {
                    "ts": moment, "session_id": None if number % 9 == 0 else f"s{number}",
                    "user_id": user,
                    "page": pages[int(dice.integers(0, len(pages)))],
                    "action": [None, "page_view", "page_view", "click"][int(dice.integers(0, 4))],
                    "region": ["eu", "us"][number % 2],
                }
            )  # fmt: skip
            pause = [0, 1, 4, 30, 30.00001, 200][int(dice.choice(6, p=[0.1, 0.4, 0.3, 0.05, 0.05, 0.1]))]
            moment += timedelta(minutes=pause if number % 10 else pause * 4)
    named = [{**row, "event_id": f"i{index}"} for index, row in enumerate(rows)]
    frame = pl.DataFrame(named, schema_overrides={"ts": pl.Datetime("us", "UTC")}, infer_schema_length=None)
    return frame.filter(pl.col("ts") < MONDAY + timedelta(days=DAYS))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, events: pl.DataFrame) -> Path:
    """A home that holds them in three transactions, sessions spread over all of them, one moment in one."""
    home = tmp_path_factory.mktemp("visits")
    store_in_three(home, events)
    return home


def store_in_three(home: Path, events: pl.DataFrame) -> None:
    """Store events in three transactions, those of one moment in one."""
    for part in range(3):
        store(home, "interaction", events.filter(pl.col("ts").dt.epoch("s") % 7 % 3 == part))


@pytest.fixture(scope="module")
def untold(tmp_path_factory: pytest.TempPathFactory, events: pl.DataFrame) -> Path:
    """A home that holds them without visits."""
    home = tmp_path_factory.mktemp("untold")
    store(home, "interaction", events)
    rmtree(home / "rollups" / "interaction_visits")
    return home


def followed(flows: UserFlows) -> dict[tuple[int, str, str | None], tuple[int, int, float]]:
    rows = flows.links.iter_rows(named=True)
    return {(r["step"], r["source"], r["target"]): (r["users"], r["transitions"], r["share"]) for r in rows}


def asked(engine: Engine, window: Window, *, raw: bool = False, grain: Grain = Grain.NONE) -> pl.DataFrame:
    result = engine.answer(Query(metrics=METRICS, window=window, grain=grain, raw=raw))
    assert raw or result.source == ("rollup visits" if window.length >= timedelta(days=1) else "events")
    return result.frame


@pytest.mark.parametrize("span", WINDOWS)
@pytest.mark.parametrize("grain", [Grain.NONE, Grain.MINUTES_5, Grain.HOURS_3, Grain.DAY])
def test_sessions_of_visits_are_those_of_events(span: str, grain: Grain, home: Path) -> None:
    engine, window = Engine(Settings(home=home)), WINDOWS[span]
    told = asked(engine, window, grain=grain)
    assert told["sessions"].sum() > 0
    assert_frame_equal(told, asked(engine, window, grain=grain, raw=True))


@pytest.mark.parametrize("span", WINDOWS)
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_journeys_of_visits_are_those_followed_one_by_one(
    span: str, way: dict[str, object], home: Path, events: pl.DataFrame
) -> None:
    question = Journeys(window=WINDOWS[span], **way)  # pyright: ignore[reportArgumentType]
    wanted = expected(events, question)
    found = Engine(Settings(home=home)).answer(question)
    assert followed(found) == {link: pytest.approx(value) for link, value in wanted.items()}


@pytest.mark.parametrize("span", WINDOWS)
@pytest.mark.parametrize("pages", [("/", "/chat", "/pay"), ("/chat", "/chat"), ("odd\x1fpage", "/docs", "/chat", "")])
def test_a_funnel_of_visits_is_that_of_events(span: str, pages: tuple[str, ...], home: Path, untold: Path) -> None:
    question = Funnel(window=WINDOWS[span], steps=tuple(FunnelStep(page=page) for page in pages))
    found = Engine(Settings(home=home)).answer(question)
    assert_frame_equal(found, Engine(Settings(home=untold)).answer(question))
    assert found["users"][0] > 0


def test_merged_visits_say_the_same(home: Path, events: pl.DataFrame, tmp_path: Path) -> None:
    store_in_three(tmp_path, events)
    maintain(Settings(home=tmp_path, lake=LakeSettings(compact_files=2)), now=lambda: MONDAY + timedelta(days=DAYS))
    engine, before = Engine(Settings(home=tmp_path)), Engine(Settings(home=home))
    assert len(engine.lake.rollup("interaction_visits").snapshot.files) == 1
    for window in WINDOWS.values():
        assert_frame_equal(asked(engine, window), asked(before, window))
        question = Journeys(window=window)
        assert followed(engine.answer(question)) == followed(before.answer(question))
        assert engine.answer(question).journeys == before.answer(question).journeys


def test_a_filter_goes_to_the_events(home: Path) -> None:
    engine, window = Engine(Settings(home=home)), WINDOWS["whole days"]
    filters = (Filter(dimension="region", values=("eu",)),)
    result = engine.answer(Query(metrics=METRICS, window=window, filters=filters))
    assert result.source == "events"
    assert 0 < result.frame["sessions"][0] < asked(engine, window)["sessions"][0]


def test_days_stored_before_there_were_visits_are_read_from_events(events: pl.DataFrame, tmp_path: Path) -> None:
    early = pl.col("ts") < MONDAY + timedelta(days=2, hours=5)
    store(tmp_path, "interaction", events.filter(early))
    rmtree(tmp_path / "rollups" / "interaction_visits")
    window = WINDOWS["whole days"]
    question = Journeys(window=window)

    def engine() -> Engine:
        return Engine(Settings(home=tmp_path))

    old = engine().answer(Query(metrics=METRICS, window=window))
    assert old.source == "events"
    assert followed(engine().answer(question)) == expected(events.filter(early), question)

    store(tmp_path, "interaction", events.filter(~early))
    assert_frame_equal(asked(engine(), window), asked(engine(), window, raw=True))
    wanted = expected(events, question)
    assert followed(engine().answer(question)) == {link: pytest.approx(value) for link, value in wanted.items()}


def test_figures_of_one_window_are_counted_once(home: Path) -> None:
    engine, window = Engine(Settings(home=home)), WINDOWS["whole days"]
    day = engine.answer(Query(metrics=("sessions",), window=window, grain=Grain.DAY))
    hour = engine.answer(Query(metrics=("bounce_rate", "unique_page_views"), window=window, grain=Grain.HOUR))
    assert [statement.text for statement in day.statements] == [statement.text for statement in hour.statements]


def test_what_arrives_is_counted(events: pl.DataFrame, tmp_path: Path) -> None:
    engine, window = Engine(Settings(home=tmp_path)), WINDOWS["whole days"]
    for part in range(4):
        store(tmp_path, "interaction", events.gather_every(4, part))
        assert_frame_equal(asked(engine, window), asked(engine, window, raw=True))
