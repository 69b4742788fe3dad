"""How many events are bad, by bucket and dimension."""

from pathlib import Path

import pytest

from metrics.engine import BadEventCounts, Engine, Window
from metrics.settings import Settings
from tests.alerts.product import Product, at


@pytest.fixture
def lake(tmp_path: Path) -> Engine:
    """Five minutes of two endpoints; of one, a fifth fails in the last two."""
    product = Product(tmp_path / "home")
    product.lives(0, 3, endpoints=2)
    product.lives(3, 5, {"/1": 20}, endpoints=2)
    return Engine(Settings(home=product.home))


WINDOW = Window(start=at(0), end=at(5))


def test_failures_are_counted_where_there_are_any(lake: Engine) -> None:
    found = lake.answer(BadEventCounts(metric="error_rate", window=WINDOW, by=("endpoint",)))
    assert found.rows() == [(at(3), "/1", 10), (at(4), "/1", 10)]


def test_of_a_percentile_those_are_bad_that_are_slower(lake: Engine) -> None:
    every = lake.answer(BadEventCounts(metric="response_time_p95", window=WINDOW, above=79.5))
    assert every.rows() == [(at(minute), 100) for minute in range(5)]
    assert lake.answer(BadEventCounts(metric="response_time_p95", window=WINDOW, above=80)).is_empty()


@pytest.mark.parametrize("metric", ["requests", "csat"])
def test_where_nothing_says_what_is_bad_or_nothing_was_ingested_there_is_no_row(lake: Engine, metric: str) -> None:
    found = lake.answer(BadEventCounts(metric=metric, window=WINDOW, by=("feature",)))
    assert (found.columns, found.height) == (["time", "feature", "bad"], 0)
