"""Insights over four weeks that repeat, but for one hour in which an endpoint failed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from app import source
from app.navigation import PAGES_DIRECTORY
from app.source import Source
from metrics.engine import Engine
from metrics.settings import Settings
from tests.app.pages.conftest import MAIN
from tests.metrics.engine.stored import store
from tests.patience import TIMEOUT

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = 4 * 7 * 24
NOW = FIRST + timedelta(hours=HOURS)
BAD = NOW - timedelta(hours=10)
HOSTILE = "/b](http://evil) <img src=x>"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five requests an hour of each of two endpoints; in one hour all of the second fail."""
    rows = [
        (hour + timedelta(seconds=600 * number), endpoint, 500 if hour == BAD and endpoint == HOSTILE else 200)
        for hour in (FIRST + timedelta(hours=n) for n in range(HOURS))
        for endpoint in ("/a", HOSTILE)
        for number in range(5)
    ]
    events = pl.DataFrame(rows, schema=["ts", "endpoint", "status_code"], orient="row")
    made = tmp_path_factory.mktemp("insights")
    numbers = pl.int_range(pl.len()).cast(pl.String)
    store(made, "request", events.with_columns(event_id=numbers, duration_ms=pl.lit(100.0)))
    return made


@pytest.fixture
def page(home: Path) -> Iterator[AppTest]:
    settings = Settings(home=home)
    made = Source(Engine(settings), settings, now=lambda: NOW)
    source.connect_through(lambda: made)
    test = AppTest.from_file(MAIN, default_timeout=TIMEOUT).run()
    yield test.switch_page(str(PAGES_DIRECTORY / "insights.py")).run()
    source.connect_through(None)


def test_what_failed_is_listed_drawn_and_shown_as_text(page: AppTest) -> None:
    assert not page.exception
    assert not page.error, [error.value for error in page.error]
    (listed,) = [one.value for one in page.markdown if "**Error rate of" in one.value]
    assert "100\\.00 \\%\\, expected 0\\.00 \\%" in listed
    assert "\\<img" in listed
    assert "\\]\\(http" in listed
    when = [one.value for one in page.caption if "higher than usual" in one.value]
    assert any("the strangest of " in one.replace("\\", "") for one in when)
    drawn = [one.proto.alt for one in page.get("plotly_chart")]  # pyright: ignore[reportAttributeAccessIssue]
    assert any("1 of " in alt and "buckets were unusual" in alt for alt in drawn)


def test_what_explains_it_is_told_and_can_be_copied(page: AppTest) -> None:
    said = [one.value.replace("\\", "") for one in page.caption]
    assert any(
        one.startswith("Error rate: 0.00 % → 100.00 %") and "against the 60 minutes before" in one for one in said
    )
    (copied,) = [one.value for one in page.code if "Error rate" in one.value]
    assert copied.startswith("Error rate: 0.00 % → 100.00 %")


def test_where_metrics_are_heading_and_how_true_that_was_are_tables(page: AppTest) -> None:
    ahead, trust = (one.value for one in page.dataframe)
    assert "Response time P95" in set(ahead["Metric"])
    assert set(ahead["Limit"]) >= {"200 ms", "1.00 %"}
    assert next(iter(trust["What"])) == "Bands of forecasts"
    assert "needs `llm_call` events" in " ".join(one.value.replace("\\", "") for one in page.caption)
