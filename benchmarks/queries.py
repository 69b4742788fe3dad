"""How long one `Query` takes over a month of events, asked again and again."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks.pages import Timing
from metrics.engine import DataFreshness, Engine, Filter, Grain, Journeys, Query, Retention, Window
from metrics.settings import load_settings

PERCENTILES = ("response_time_p50", "response_time_p95", "response_time_p99")


def questions(window: Window) -> dict[str, Query]:
    """What the pages ask, by what it is called in the table."""
    openai = Filter(dimension="provider", values=("openai",))
    region = Filter(dimension="region", values=("eu-west-1",))
    user = Filter(dimension="user_id", operator="contains", values=("-17",))
    return {
        "requests and error rate, 2 h": Query(metrics=("requests", "error_rate"), window=window, grain=Grain.AUTO),
        "requests and error rate, total": Query(metrics=("requests", "error_rate"), window=window),
        "error rate by endpoint, 12 h": Query(
            metrics=("error_rate",), by=("endpoint",), window=window, grain=Grain.HOURS_12
        ),
        "requests of one provider, 2 h": Query(
            metrics=("requests",), window=window, grain=Grain.AUTO, filters=(openai,)
        ),
        "P95, total": Query(metrics=("response_time_p95",), window=window),
        "P50, P95, P99, 2 h": Query(metrics=PERCENTILES, window=window, grain=Grain.AUTO),
        "P50, P95, P99 of one provider, 2 h": Query(
            metrics=PERCENTILES, window=window, grain=Grain.AUTO, filters=(openai,)
        ),
        "P95 by endpoint of one provider": Query(
            metrics=("response_time_p95",), by=("endpoint",), window=window, filters=(openai,)
        ),
        "daily active users": Query(metrics=("dau",), window=window, grain=Grain.DAY),
        "provider, region and user (events)": Query(
            metrics=("requests", "error_rate", *PERCENTILES),
            window=window,
            grain=Grain.AUTO,
            filters=(openai, region, user),
        ),
    }


def timings(home: Path, rounds: int = 7) -> Iterator[Timing]:
    """Each question, asked once unmeasured and then `rounds` times."""
    engine = Engine(load_settings(home))
    newest = engine.answer(DataFreshness()).last
    if newest is None:
        raise SystemExit(f"{home} holds no events; run the ingest benchmark first")
    for name, query in questions(Window.last(timedelta(days=30), newest)).items():
        engine.answer(query)
        yield Timing(name, tuple(_seconds(engine, query) for _ in range(rounds)))


def minutes(home: Path, rounds: int = 7) -> Iterator[Timing]:
    """What rules ask when they are tried on a month: every minute of it, once unmeasured and then `rounds` times."""
    engine = Engine(load_settings(home))
    newest = engine.answer(DataFreshness()).last
    if newest is None:
        raise SystemExit(f"{home} holds no events; run the ingest benchmark first")
    end = newest.replace(second=0, microsecond=0)
    window = Window(start=end - timedelta(days=30), end=end)
    by_endpoint = Query(metrics=("error_rate",), by=("endpoint",), window=window, grain=Grain.MINUTE, with_events=True)
    percentile = Query(metrics=("response_time_p95",), window=window, grain=Grain.MINUTE)
    asked = (("error rate by endpoint", by_endpoint, "≤ 0.5 s"), ("P95", percentile, "≤ 0.8 s"))
    for name, query, reach in asked:
        engine.answer(query)
        timing = tuple(_seconds(engine, query) for _ in range(rounds))
        yield Timing(f"every minute of a month: {name}", timing, reach)


def _seconds(engine: Engine, query: Query) -> float:
    started = time.perf_counter()
    engine.answer(query)
    return time.perf_counter() - started


def behavior(home: Path) -> Iterator[Timing]:
    """Journeys and cohorts over a month, each by an engine that has not been asked before."""
    newest = Engine(load_settings(home)).answer(DataFreshness()).last
    if newest is None:
        raise SystemExit(f"{home} holds no events; run the ingest benchmark first")
    window = Window.last(timedelta(days=30), newest)
    asked: dict[str, Callable[[Engine], object]] = {
        "journeys over a month": lambda engine: engine.answer(Journeys(window=window)),
        "retention over a month": lambda engine: engine.answer(Retention(window=window)),
    }
    for name, ask in asked.items():
        yield Timing(name, tuple(_asked_first(home, ask) for _ in range(3)), "≤ 1 s")


def _asked_first(home: Path, ask: Callable[[Engine], object]) -> float:
    engine = Engine(load_settings(home))
    started = time.perf_counter()
    ask(engine)
    return time.perf_counter() - started
