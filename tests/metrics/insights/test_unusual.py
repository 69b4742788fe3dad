"""What is unusual in a product whose weeks repeat, but for what is planted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.engine import Engine, Window
from metrics.engine.query import Filter
from metrics.insights.unusual import Place, Watched, unusual
from metrics.settings import Settings
from tests.metrics.engine.stored import store

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = 4 * 7 * 24
END = MONDAY + timedelta(hours=HOURS)
BAD = MONDAY + timedelta(weeks=3, hours=34)
LAST_DAY = Window(start=END - timedelta(days=1), end=END)
LAST_WEEK = Window(start=END - timedelta(days=7), end=END)
WATCHED = (Watched("requests"), Watched("error_rate", "endpoint"))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Ten requests an hour of each of two endpoints, of which one in forty fails; in one hour half of those to /b."""
    rows = [
        (MONDAY + timedelta(hours=hour, seconds=300 * number), endpoint, _status(hour, number, endpoint))
        for hour in range(HOURS)
        for endpoint in ("/a", "/b")
        for number in range(10)
    ]
    events = pl.DataFrame(rows, schema=["ts", "endpoint", "status_code"], orient="row")
    numbers = pl.int_range(pl.len()).cast(pl.String)
    home = tmp_path_factory.mktemp("product")
    store(home, "request", events.with_columns(event_id=numbers, duration_ms=pl.lit(100.0)))
    return Engine(Settings(home=home))


def _status(hour: int, number: int, endpoint: str) -> int:
    if MONDAY + timedelta(hours=hour) == BAD and endpoint == "/b":
        return 500 if number % 2 else 200
    return 500 if number == 0 and hour % 4 == (endpoint == "/b") else 200


def test_what_failed_is_found_where_it_failed(engine: Engine) -> None:
    found = unusual(engine, LAST_WEEK, watched=WATCHED)
    assert found.looked_at == 4
    assert [one.place for one in found.found] == [Place("error_rate", "endpoint", "/b")]
    (one,) = found.found
    assert (one.start, one.end, one.kind) == (BAD, BAD + timedelta(hours=1), "high")
    assert (one.seen, one.rank, one.events) == (50.0, 1, 10)
    assert one.expected < 5
    assert not one.goes_on


def test_what_was_before_the_window_is_not_told(engine: Engine) -> None:
    assert unusual(engine, LAST_DAY, watched=WATCHED).found == ()


def test_what_has_not_ended_goes_on(engine: Engine) -> None:
    until = Window(start=BAD - timedelta(hours=2), end=BAD + timedelta(hours=1))
    (one,) = unusual(engine, until, watched=WATCHED).found
    assert one.goes_on


def test_a_dimension_that_is_filtered_by_is_not_looked_through(engine: Engine) -> None:
    only = Filter(dimension="endpoint", values=("/b",))
    found = unusual(engine, LAST_WEEK, (only,), watched=WATCHED)
    assert found.looked_at == 2
    assert [one.place for one in found.found] == [Place("error_rate")]


def test_one_failure_of_a_few_requests_is_chance(engine: Engine, tmp_path: Path) -> None:
    hours = [MONDAY + timedelta(hours=n) for n in range(HOURS)]
    failed = [500 if hour == BAD else 200 for hour in hours]
    events = pl.DataFrame({"ts": hours, "event_id": [str(n) for n in range(HOURS)], "status_code": failed})
    store(tmp_path, "request", events.with_columns(duration_ms=pl.lit(100.0)))
    assert unusual(Engine(Settings(home=tmp_path)), LAST_WEEK, watched=(Watched("error_rate"),)).found == ()


def test_hours_like_any_other_between_two_strange_ones_do_not_say_the_contrary(tmp_path: Path) -> None:
    strange = {BAD, BAD + timedelta(hours=1), BAD + timedelta(hours=6)}
    rows = [
        (hour + timedelta(seconds=60 * number), 500 if hour in strange and number % 2 else 200)
        for hour in (MONDAY + timedelta(hours=hour) for hour in range(HOURS))
        for number in range(40)
    ]
    events = pl.DataFrame(rows, schema=["ts", "status_code"], orient="row")
    store(tmp_path, "request", events.with_columns(event_id=pl.int_range(pl.len()).cast(pl.String)))
    (one,) = unusual(Engine(Settings(home=tmp_path)), LAST_WEEK, watched=(Watched("error_rate"),)).found
    assert (one.start, one.end, one.kind) == (BAD, BAD + timedelta(hours=7), "high")
    assert (one.seen, one.events) == (50.0, 120)
    assert one.clearest == Window(start=BAD, end=BAD + timedelta(hours=2))


def test_what_cannot_be_judged_is_named_with_the_reason(engine: Engine) -> None:
    early = Window(start=MONDAY, end=MONDAY + timedelta(days=2))
    found = unusual(engine, early, watched=(Watched("requests"), Watched("cost")))
    assert found.looked_at == 0
    assert found.a_week is None
    reasons = dict(found.left_out)
    assert "it needs 2 days more" in reasons[Place("requests")]
    assert "needs `llm_call` events" in reasons[Place("cost")]
