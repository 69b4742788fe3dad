"""Where metrics are heading: a disk that fills, and what does not move."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from metrics.engine import Engine
from metrics.insights.ahead import HORIZON, Ahead, Limit, ahead
from metrics.settings import Settings
from tests.metrics.engine.stored import store

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 56
END = FIRST + timedelta(days=DAYS)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A host whose disk fills by half a percent a day, from 50 %, and whose memory is used as ever."""
    days = [FIRST + timedelta(days=n, hours=hour) for n in range(DAYS) for hour in (0, 12)]
    used = [50 + 0.5 * (n // 2) for n in range(len(days))]
    events = pl.DataFrame(
        {
            "ts": days,
            "event_id": [str(n) for n in range(len(days))],
            "host": ["one"] * len(days),
            "storage_used_gb": used,
            "storage_available_gb": [100 - one for one in used],
            "memory_used_mb": [400.0 + n % 4 for n in range(len(days))],
            "memory_available_mb": [600.0 - n % 4 for n in range(len(days))],
        }
    )
    home = tmp_path_factory.mktemp("hosts")
    store(home, "resource", events)
    return Engine(Settings(home=home))


def of(engine: Engine, *limits: Limit) -> tuple[Ahead, ...]:
    return ahead(engine, limits, END).found


def test_the_day_on_which_a_disk_is_full_is_named(engine: Engine) -> None:
    full, memory = of(engine, Limit("memory_utilization", 90.0), Limit("storage_utilization", 85.0))
    assert full.limit.metric == "storage_utilization"
    assert full.reached is not None
    assert abs(full.reached - date(2026, 5, 11)) <= timedelta(days=2)  # 50 % and 0.5 % a day: 85 % after 70 days
    assert full.reached_early is not None
    assert full.reached_early <= full.reached
    assert not full.is_beyond
    assert (memory.reached, memory.reached_early) == (None, None)


def test_what_is_beyond_its_limit_comes_first(engine: Engine) -> None:
    first, second = of(engine, Limit("storage_utilization", 85.0), Limit("memory_utilization", 10.0))
    assert (first.limit.metric, first.is_beyond) == ("memory_utilization", True)
    assert not second.is_beyond


def test_it_says_how_the_week_before_was_told(engine: Engine) -> None:
    (full,) = of(engine, Limit("storage_utilization"))
    assert full.reached is None
    assert full.to_naive is not None
    assert full.to_naive < 0.5
    assert full.held is not None
    assert full.frame["expected"].drop_nulls().len() == HORIZON


def test_what_there_is_nothing_of_is_left_out_with_the_reason(engine: Engine) -> None:
    found = ahead(engine, (Limit("cost"),), END)
    ((limit, why),) = found.left_out
    assert limit.metric == "cost"
    assert "needs `llm_call` events" in why
