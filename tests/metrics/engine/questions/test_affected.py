"""Who is affected, beside plain sums over the events' files."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.catalog import METRICS
from metrics.engine import Affected, AffectedUsers, Engine, Filter, Window
from metrics.engine.bad_events import bad_events
from metrics.settings import Settings

BAD = pl.col("status_code") >= 500
OPENAI = Filter(dimension="provider", values=("openai",))


@pytest.fixture(scope="module")
def lake(simulated_home: Path) -> Engine:
    return Engine(Settings(home=simulated_home))


@pytest.fixture(scope="module")
def windows(lake: Engine, simulated_window: Window) -> tuple[Window, Window]:
    """The two hours with the greatest share of failed requests, and the six before the day's first."""
    hours = events(lake, "request", simulated_window).group_by(pl.col("ts").dt.truncate("2h")).agg(BAD.mean())
    worst = hours.filter(pl.col("ts") > simulated_window.start + timedelta(hours=8)).sort("status_code")["ts"][-1]
    window = Window(start=worst, end=worst + timedelta(hours=2))
    return window, Window(start=worst - timedelta(hours=6), end=worst)


def events(engine: Engine, kind: str, window: Window) -> pl.DataFrame:
    within = (pl.col("ts") >= window.start) & (pl.col("ts") < window.end)
    return pl.scan_parquet(engine.lake.events(kind).files()).filter(within).collect()


@pytest.mark.parametrize(
    ("metric", "kind", "bad"),
    [
        ("error_rate", "request", BAD),
        ("success_rate", "request", BAD),
        ("llm_error_rate", "llm_call", pl.col("status") != "ok"),
        ("prompts_failed", "prompt", (pl.col("action") == "executed") & (pl.col("outcome") == "failure")),
        ("pipeline_success_rate", "pipeline_run", pl.col("status") == "failure"),
    ],
)
def test_affected_are_the_users_of_bad_events(
    lake: Engine, windows: tuple[Window, Window], metric: str, kind: str, bad: pl.Expr
) -> None:
    found = events(lake, kind, windows[0]).filter(bad)
    users = found["user_id"].drop_nulls().n_unique() or None
    assert lake.answer(AffectedUsers(metric=metric, window=windows[0])) == Affected(users, found.height)


@pytest.mark.parametrize("metric", ["nps", "response_time_p95", "requests", "uptime", "cost"])
def test_nothing_is_said_to_be_affected_where_nothing_says_which_events_are_bad(
    lake: Engine, windows: tuple[Window, Window], metric: str
) -> None:
    assert lake.answer(AffectedUsers(metric=metric, window=windows[0])) == Affected(None, None)


def test_of_a_percentile_those_above_a_duration_are_affected(lake: Engine, windows: tuple[Window, Window]) -> None:
    found = events(lake, "request", windows[0]).filter(pl.col("duration_ms") > 400)
    users = found["user_id"].drop_nulls().n_unique() or None
    question = AffectedUsers(metric="response_time_p95", window=windows[0], above=400)
    assert lake.answer(question) == Affected(users, found.height)
    assert found.height > 0


def test_affected_pass_the_filters(lake: Engine, windows: tuple[Window, Window]) -> None:
    found = events(lake, "request", windows[0]).filter(BAD, pl.col("provider") == "openai")
    users = found["user_id"].drop_nulls().n_unique() or None
    question = AffectedUsers(metric="error_rate", window=windows[0], filters=(OPENAI,))
    assert lake.answer(question) == Affected(users, found.height)


def test_nobody_is_affected_where_there_is_no_event(windows: tuple[Window, Window], tmp_path: Path) -> None:
    question = AffectedUsers(metric="error_rate", window=windows[0])
    assert Engine(Settings(home=tmp_path)).answer(question) == Affected(None, 0)


@pytest.mark.parametrize("metric", METRICS)
def test_what_is_bad_is_a_condition_the_database_understands(
    lake: Engine, windows: tuple[Window, Window], metric: str
) -> None:
    every = sum(events(lake, kind, windows[0]).height for kind in METRICS[metric].kinds)
    bad = lake.answer(AffectedUsers(metric=metric, window=windows[0])).events
    assert (bad is None) == (not bad_events(METRICS[metric]))
    assert 0 <= (bad or 0) <= every
