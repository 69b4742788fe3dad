"""Percentiles from bins stay within their limits, at any q, grain and filter."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metrics.engine import Distribution, Engine, Filter, Grain, Query, Window
from metrics.settings import Settings
from tests.metrics.engine.compared import relative_error
from tests.metrics.engine.stored import store

PERCENTILES = tuple(f"response_time_p{q}" for q in (50, 75, 90, 95, 99))
WINDOW = Window.model_validate({"start": "2026-05-01T00:20:00Z", "end": "2026-05-02T23:40:00Z"})
MEDIAN_LIMIT, WORST_LIMIT = 0.001, 0.005
ASKED = {
    "whole": Query(metrics=PERCENTILES, window=WINDOW),
    "hours": Query(metrics=PERCENTILES, window=WINDOW, grain=Grain.HOUR),
    "days in Berlin": Query(metrics=PERCENTILES, window=WINDOW, grain=Grain.DAY, tz="Europe/Berlin"),
    "by endpoint": Query(metrics=PERCENTILES, window=WINDOW, grain=Grain.HOURS_6, by=("endpoint",)),
    "of one region": Query(
        metrics=PERCENTILES, window=WINDOW, grain=Grain.HOUR, filters=(Filter(dimension="region", values=("eu",)),)
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60,000 requests in two days, half of them fast and half slow, in four transactions."""
    generator, count = np.random.default_rng(5), 60_000
    slow = generator.random(count) < 0.5
    events = pl.DataFrame(
        {
            "ts": np.datetime64("2026-05-01T00:00", "us") + np.sort(generator.integers(0, 172_800_000_000, count)),
            "event_id": np.arange(count).astype(str),
            "endpoint": np.where(generator.random(count) < 0.8, "/chat", "/login"),
            "region": np.where(generator.random(count) < 0.7, "eu", "us"),
            "duration_ms": generator.lognormal(np.where(slow, 6.5, 3.2), 0.6),
        }
    ).with_columns(pl.col("ts").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
    home = tmp_path_factory.mktemp("percentiles")
    for part in range(4):
        store(home, "request", events.gather_every(4, part))
    return home


@pytest.mark.parametrize("asked", ASKED)
def test_bins_are_close_to_exact_percentiles(home: Path, asked: str) -> None:
    binned = Engine(Settings(home=home), exact_up_to=0).answer(ASKED[asked])
    exact = Engine(Settings(home=home)).answer(ASKED[asked])
    assert binned.source == "rollup request_duration"
    assert exact.source == "events"
    errors = [
        relative_error(got, value)
        for name in PERCENTILES
        for got, value in zip(binned.frame[name], exact.frame[name], strict=True)
    ]
    assert float(np.median(errors)) <= MEDIAN_LIMIT
    assert max(errors) <= WORST_LIMIT


def test_few_events_are_sorted_rather_than_binned(home: Path) -> None:
    assert Engine(Settings(home=home)).plan(ASKED["whole"]).source == "events"


@pytest.mark.parametrize("durations", [[0.0], [0.0, 0.0, 7.0], [1e300], [0.002], [5.0] * 1000, [None, 3.0], [None]])
def test_odd_durations_have_percentiles_too(tmp_path: Path, durations: list[float | None]) -> None:
    moments = [WINDOW.start.replace(hour=2)] * len(durations)
    events = {"ts": moments, "event_id": [str(n) for n in range(len(durations))], "duration_ms": durations}
    store(tmp_path, "request", pl.DataFrame(events, schema_overrides={"duration_ms": pl.Float64}))
    engine = Engine(Settings(home=tmp_path), exact_up_to=-1)
    known = [value for value in durations if value is not None]
    frame = engine.answer(Query(metrics=("response_time_p50", "response_time_max"), window=WINDOW)).frame
    expected = float(np.median(known)) if known else None
    assert frame["response_time_max"].item() == max(known, default=None)
    if expected is not None and expected < 1e50:
        assert relative_error(frame["response_time_p50"].item(), expected) <= WORST_LIMIT
    assert frame["response_time_p50"].item() is None or math.isfinite(frame["response_time_p50"].item())


def test_distribution_counts_every_timed_event_of_the_window(home: Path) -> None:
    engine = Engine(Settings(home=home))
    bars = engine.answer(Distribution(window=WINDOW))
    requests = engine.answer(Query(metrics=("requests",), window=WINDOW)).frame["requests"].item()
    assert bars["count"].sum() == requests
    assert bars.height <= 60
    assert bars["upper"].to_list()[:-1] == pytest.approx(bars["lower"].to_list()[1:])
