"""What explains a change, and who is affected, beside plain sums over the events' files."""

import itertools
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.catalog import METRICS
from metrics.engine import (
    Affected,
    AffectedUsers,
    Contribution,
    Contributions,
    DimensionMismatch,
    Engine,
    Filter,
    Window,
)
from metrics.engine.bad_events import bad_events
from metrics.engine.questions.contributions import TELLING
from metrics.settings import Settings
from tests.metrics.engine.stored import store

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


Sums = dict[str | None, float]


def events(engine: Engine, kind: str, window: Window) -> pl.DataFrame:
    within = (pl.col("ts") >= window.start) & (pl.col("ts") < window.end)
    return pl.scan_parquet(engine.lake.events(kind).files()).filter(within).collect()


def a_second(frame: pl.DataFrame, window: Window, dimension: str, amount: pl.Expr) -> Sums:
    summed = frame.group_by(pl.col(dimension).cast(pl.String)).agg(amount.cast(pl.Float64).sum().alias("n"))
    return {value: n / window.length.total_seconds() for value, n in summed.iter_rows()}


def contributions(
    metric: str,
    windows: tuple[Window, Window],
    filters: tuple[Filter, ...] = (),
    dimensions: tuple[str, ...] | None = None,
    limit: int = 3,
) -> Contributions:
    window, baseline = windows
    return Contributions(
        metric=metric, window=window, baseline=baseline, filters=filters, dimensions=dimensions, limit=limit
    )


def told(
    dimension: str, now: Sums, before: Sums, everything: pl.DataFrame, *, worse: bool = True
) -> list[tuple[float, Contribution]]:
    """The most telling value of one dimension, and by how much it exceeds its share of the events."""
    parts = {value: now.get(value, 0.0) - before.get(value, 0.0) for value in {*now, *before}}
    total = sum(parts.values())
    if total == 0 or (worse and total < 0):
        return []
    counts = dict(everything.group_by(pl.col(dimension).cast(pl.String)).len().iter_rows())
    found = [
        (100 * part / total - 100 * counts.get(value, 0) / everything.height, value, 100 * part / total)
        for value, part in parts.items()
    ]
    excess, value, percent = max(found, key=lambda one: one[0])
    return [(excess, Contribution(dimension, value, min(percent, 100.0)))] if excess > TELLING else []


def ranked(found: Iterable[list[tuple[float, Contribution]]]) -> list[Contribution]:
    """The most telling first."""
    return [one for _, one in sorted(itertools.chain(*found), key=lambda one: -one[0])]


def same(got: tuple[Contribution, ...], wanted: list[Contribution]) -> bool:
    assert wanted
    assert [(one.dimension, one.value) for one in got] == [(one.dimension, one.value) for one in wanted]
    return [one.percent for one in got] == pytest.approx([one.percent for one in wanted])


DIMENSIONS = ("endpoint", "provider", "model", "region", "feature", "service", "status_code")


@pytest.mark.parametrize("filters", [(), (OPENAI,)], ids=["all", "of one provider"])
def test_of_an_error_rate_it_is_the_share_of_the_additional_failures(
    lake: Engine, windows: tuple[Window, Window], filters: tuple[Filter, ...]
) -> None:
    passing = pl.col("provider") == "openai" if filters else pl.lit(True)
    frames = [events(lake, "request", window).filter(passing) for window in windows]
    wanted = ranked(
        told(name, a_second(frames[0], windows[0], name, BAD), a_second(frames[1], windows[1], name, BAD), frames[0])
        for name in DIMENSIONS
    )
    assert same(lake.answer(contributions("error_rate", windows, filters=filters)), wanted[:3])
    assert same(lake.answer(contributions("success_rate", windows, filters=filters)), wanted[:3])


@pytest.mark.parametrize("metric", ["requests", "requests_per_minute"])
def test_of_a_count_it_is_the_share_of_the_difference(
    lake: Engine, windows: tuple[Window, Window], metric: str
) -> None:
    frames = [events(lake, "request", window) for window in windows]
    every = pl.col("ts").is_not_null()
    wanted = ranked(
        told(
            name,
            a_second(frames[0], windows[0], name, every),
            a_second(frames[1], windows[1], name, every),
            frames[0],
            worse=False,
        )
        for name in ("endpoint", "region")
    )
    assert same(lake.answer(contributions(metric, windows, dimensions=("endpoint", "region"))), wanted)


def test_of_a_percentile_it_is_the_share_of_what_lies_above_the_baselines(
    lake: Engine, windows: tuple[Window, Window]
) -> None:
    now, before = (events(lake, "request", window) for window in windows)
    usual = before["duration_ms"].quantile(0.95, "linear")
    slow = now.filter(pl.col("duration_ms") > usual)
    wanted = ranked(
        told(name, a_second(slow, windows[0], name, pl.col("ts").is_not_null()), {}, now) for name in DIMENSIONS
    )
    assert same(lake.answer(contributions("response_time_p95", windows, limit=20)), wanted)


def test_of_a_mean_it_is_the_share_of_the_excess_over_the_mean_before(
    lake: Engine, windows: tuple[Window, Window]
) -> None:
    now, before = (events(lake, "request", window) for window in windows)
    excess = pl.col("duration_ms") - before["duration_ms"].mean()
    wanted = told("endpoint", a_second(now, windows[0], "endpoint", excess), {}, now)
    got = lake.answer(contributions("response_time_mean", windows, dimensions=("endpoint",)))
    assert same(got, ranked([wanted]))


def test_a_cause_is_found_whatever_the_traffic(tmp_path: Path, simulated_window: Window) -> None:
    """Twice the requests in half the time, and failures of one provider only."""
    start, minute = simulated_window.start, timedelta(minutes=1)
    rows = [
        (start + n * minute / 10, "openai" if n % 2 else "mistral", 500 if n % 50 == 0 else 200) for n in range(600)
    ]
    rows += [(start + 60 * minute + n * minute / 20, "openai" if n % 2 else None, 200 if n % 2 else 503)
             for n in range(600)]  # fmt: skip
    columns = {name: [row[index] for row in rows] for index, name in enumerate(("ts", "provider", "status_code"))}
    store(tmp_path, "request", pl.DataFrame({**columns, "event_id": [str(n) for n in range(len(rows))]}))
    engine = Engine(Settings(home=tmp_path))
    window = Window(start=start + 60 * minute, end=start + 90 * minute)
    baseline = Window(start=start, end=start + 60 * minute)
    found = engine.answer(contributions("error_rate", (window, baseline), dimensions=("provider", "region")))
    assert found == (Contribution("provider", None, 100.0),)
    assert engine.answer(contributions("error_rate", (baseline, window))) == ()


@pytest.mark.parametrize("metric", ["uptime", "users_active", "errors_total", "response_time_max", "cost_saved"])
def test_what_does_not_add_up_is_not_explained(lake: Engine, windows: tuple[Window, Window], metric: str) -> None:
    assert lake.answer(contributions(metric, windows)) == ()


def test_a_dimension_that_the_metric_does_not_have_is_refused(lake: Engine, windows: tuple[Window, Window]) -> None:
    with pytest.raises(DimensionMismatch):
        lake.answer(contributions("error_rate", windows, dimensions=("host",)))


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
