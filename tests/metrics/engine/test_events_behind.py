"""The number of events behind each figure."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.catalog import METRICS
from metrics.engine import EVENTS, Engine, Filter, Grain, Query, Window
from metrics.settings import Settings
from tests.conftest import SIMULATED_END


@pytest.fixture(scope="module")
def lake(simulated_home: Path) -> Engine:
    return Engine(Settings(home=simulated_home))


def counted(engine: Engine, kind: str, window: Window, *by: str, where: pl.Expr | None = None) -> pl.DataFrame:
    """Events by group and 15 minutes, straight from the files."""
    within = (pl.col("ts") >= window.start) & (pl.col("ts") < window.end)
    events = pl.scan_parquet(engine.lake.events(kind).files()).filter(within)
    events = events if where is None else events.filter(where)
    keys = [pl.col("ts").dt.truncate("15m").alias("time"), *by]
    return events.group_by(keys).len().collect()


@pytest.mark.parametrize(
    ("metric", "kind", "by"),
    [
        ("error_rate", "request", "endpoint"),
        ("llm_latency_p95", "llm_call", "provider"),
        ("dependency_error_rate", "health", "component"),
    ],
)
@pytest.mark.parametrize("raw", [False, True], ids=["rollups", "events"])
def test_events_are_counted_by_bucket_and_group(
    lake: Engine, simulated_window: Window, metric: str, kind: str, by: str, raw: bool
) -> None:
    grain = Grain.MINUTES_15
    asked = Query(metrics=(metric,), window=simulated_window, by=(by,), grain=grain, with_events=True, raw=raw)
    found = lake.answer(asked).frame.select("time", by, len=pl.col(metric + EVENTS)).filter(pl.col("len") > 0)
    expected = counted(lake, kind, simulated_window, by).with_columns(pl.col("len").cast(pl.Int64))
    assert found.sort("time", by).equals(expected.select("time", by, "len").sort("time", by))


def test_events_are_those_that_pass_the_filters(lake: Engine, simulated_window: Window) -> None:
    chosen = Filter(dimension="provider", values=("openai",))
    query = Query(metrics=("error_rate",), window=simulated_window, filters=(chosen,), with_events=True)
    expected = counted(lake, "request", simulated_window, where=pl.col("provider") == "openai")["len"].sum()
    assert lake.answer(query).frame["error_rate" + EVENTS].item() == expected


def test_no_events_are_none(lake: Engine, simulated_window: Window) -> None:
    before = Window(start=simulated_window.start - timedelta(days=9), end=simulated_window.start - timedelta(days=8))
    frame = lake.answer(Query(metrics=("error_rate",), window=before, with_events=True)).frame
    assert frame.row(0, named=True) == {"error_rate": None, "error_rate__events": 0}


def test_a_kind_never_ingested_counts_none(tmp_path: Path) -> None:
    window = Window.last(timedelta(days=1), now=SIMULATED_END)
    frame = Engine(Settings(home=tmp_path)).answer(Query(metrics=("nps",), window=window, with_events=True)).frame
    assert frame.row(0, named=True) == {"nps": None, "nps__events": 0}


def test_they_come_beside_a_comparison(lake: Engine, simulated_window: Window) -> None:
    window = Window(start=simulated_window.start + timedelta(days=2), end=simulated_window.end)
    frame = lake.answer(Query(metrics=("error_rate",), window=window, compare=True, with_events=True)).frame
    assert set(frame.columns) == {"error_rate", "error_rate__previous", "error_rate__events"}


@pytest.mark.parametrize(
    ("metric", "judged"),
    [
        ("error_rate", True), ("response_time_p95", True), ("response_time_mean", True), ("csat", True),
        ("requests", False), ("requests_per_minute", False), ("uptime", False), ("memory_utilization", False),
        ("errors_total", False), ("cost", False),
    ],
)  # fmt: skip
def test_ratios_and_percentiles_are_judged_by_their_events(metric: str, judged: bool) -> None:
    assert METRICS[metric].is_judged_by_events is judged
