"""Live numbers are the lake's."""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from metrics.catalog import METRICS
from metrics.collect.live_window import Asked, LiveWindow, NotLive
from metrics.collect.receiving import received
from metrics.collect.taking import Taker
from metrics.collect.wal import Log
from metrics.engine import Engine
from metrics.engine.problems import DimensionMismatch, EngineError, UnknownName
from metrics.engine.query import Filter, Grain, Query, Window
from metrics.lake.ingest import ingest_inbox
from metrics.settings import Collect, Settings
from tests.metrics.collect.made import NOW, call, request

START, END = NOW - timedelta(seconds=60), NOW


def some(count: int) -> Sequence[dict[str, Any]]:
    """Requests, calls and probes of a little more than a minute, a few of which are sent again."""
    rng = random.Random(7)
    made: list[dict[str, Any]] = []
    for number in range(count):
        ts = (NOW - timedelta(seconds=rng.uniform(-2, 70))).isoformat()
        user = {"user_id": f"u{rng.randrange(20)}"} if rng.random() < 0.8 else {}
        status = rng.choice([200, 200, 200, 404, 500])
        served = request(number, endpoint=rng.choice(["/a", "/b"]), status_code=status, region=rng.choice(["eu", "us"]))
        made.append({**served, "ts": ts, "duration_ms": rng.lognormvariate(4, 1), **user})
        called = call(provider=rng.choice(["openai", "anthropic"]), status=rng.choice(["ok", "ok", "error"]), **user)
        made.append({**called, "ts": ts, "event_id": f"c{number}", "output_tokens": rng.randrange(900)})
        made.append({
            "event": "health", "ts": ts, "event_id": f"h{number}", "component": rng.choice(["api", "llm:openai"]),
            "status": rng.choice(["healthy", "down"]), "response_time_ms": rng.uniform(1, 90),
        })  # fmt: skip
    return [*made, *made[:30]]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[LiveWindow, Engine]:
    """The same events live and in the lake, by the way that they take."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    window = LiveWindow(settings, START)
    taker = Taker(Log(settings.home), lambda: NOW, heard=lambda good, _: void(window.hear(good, NOW)))
    events = some(300)

    async def send() -> None:
        for start in range(0, len(events), 100):
            await taker.take(events[start : start + 100])

    asyncio.run(send())
    taker.end()
    ingest_inbox(settings, now=lambda: NOW, wait=False)
    return window, Engine(settings)


def void(_: object) -> None:
    """Nothing."""


def is_live(window: LiveWindow, metric: str, by: str | None = None) -> bool:
    try:
        window.check(Asked((metric,), by=by))
    except EngineError:
        return False
    return True


def close(value: float | None) -> object:
    return value if value is None else pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("by", [None, "provider", "endpoint", "component", "region"])
@pytest.mark.parametrize("filtered", [False, True])
def test_live_is_what_the_lake_says_later(both: tuple[LiveWindow, Engine], by: str | None, filtered: bool) -> None:
    window, engine = both
    where = {"region": ("eu", None)} if filtered else {}
    names = tuple(
        name for name in METRICS if is_live(window, name, by) and (not filtered or is_live(window, name, "region"))
    )
    assert len(names) > 3
    filters = tuple(Filter(dimension=name, values=values) for name, values in where.items())
    for name in names:
        query = Query(
            metrics=(name,), by=(by,) if by else (), window=Window(start=START, end=END), filters=filters
        )  # fmt: skip
        told = engine.answer(query).frame.to_dicts()
        live = window.answer(Asked((name,), 60, by, where), END).values
        expected = [{name: close(row[name]), **({"by": row[by]} if by else {})} for row in told]
        assert list(live) == expected, name


def test_a_course_is_the_chart_of_it(both: tuple[LiveWindow, Engine]) -> None:
    window, engine = both
    names = ("requests_per_second", "error_rate", "response_time_p95", "tokens", "cost")
    span = Window(start=END - timedelta(minutes=5), end=END)
    told = engine.answer(Query(metrics=names, window=span, grain=Grain.SECONDS_5)).frame
    course = window.course(Asked(names, 300), END)
    expected = {
        int(row.pop("time").timestamp()): {name: close(value) for name, value in row.items()} for row in told.to_dicts()
    }
    assert course == expected
    assert sum(one["error_rate"] is not None for one in course.values()) >= 12


def window_of(tmp_path: Path, **more: Any) -> LiveWindow:
    return LiveWindow(Settings(home=tmp_path, collect=Collect(live_minutes=2)), NOW, **more)


def hear(window: LiveWindow, events: Sequence[dict[str, Any]], now: datetime) -> int:
    return sum(len(frame) for frame in window.hear(received([events], now).good, now).values())


def count(window: LiveWindow, now: datetime, seconds: int = 120) -> float | None:
    (row,) = window.answer(Asked(("requests",), seconds), now).values
    return row["requests"]


def test_what_is_sent_again_counts_once(tmp_path: Path) -> None:
    window, later = window_of(tmp_path), NOW + timedelta(seconds=61)
    assert hear(window, [request(1), request(2)], NOW) == 2
    assert hear(window, [request(2), request(3), request(3)], later) == 1
    assert count(window, later) == 3


def test_what_is_older_than_the_window_is_forgotten(tmp_path: Path) -> None:
    window = window_of(tmp_path)
    for minute in range(5):
        now = NOW + timedelta(minutes=minute)
        hear(window, [request(minute, ts=now.isoformat())], now)
    now = NOW + timedelta(minutes=4, seconds=1)
    assert count(window, now) == 2
    assert count(window, now, 3600) == 3  # its slice is not over yet
    assert window.answer(Asked(("requests",), 120), now).since == now - timedelta(minutes=2)


def test_where_more_arrives_than_is_kept_the_oldest_go_and_the_answer_says_since_when_it_is_whole(
    tmp_path: Path,
) -> None:
    window = window_of(tmp_path, most_rows=80)
    for second in range(30):
        now = NOW + timedelta(seconds=second)
        hear(window, [request(second * 10 + one, ts=now.isoformat()) for one in range(10)], now)
    now = NOW + timedelta(seconds=30)
    live = window.answer(Asked(("requests",), 120), now)
    assert live.values == ({"requests": 80},)
    assert live.since == NOW + timedelta(seconds=22)


def test_a_component_is_as_its_newest_probe_says(tmp_path: Path) -> None:
    window = window_of(tmp_path)
    probe = {"event": "health", "component": "api"}
    events = [
        {**probe, "ts": (NOW - timedelta(seconds=age)).isoformat(), "status": status}
        for age, status in ((3, "healthy"), (1, "down"), (2, "healthy"), (301, "degraded"))
    ]
    hear(window, [*events, {**events[3], "component": "old"}], NOW)
    assert window.states(NOW) == [{"component": "api", "status": "down", "at": NOW - timedelta(seconds=1)}]


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        (Asked(("request",)), UnknownName, "Did you mean requests"),
        (Asked(("dau",)), NotLive, "dau needs more than the last minutes; those that are live: .*error_rate"),
        (Asked(("requests",), by="provdier"), UnknownName, "Did you mean provider"),
        (
            Asked(("requests",), by="component"),
            DimensionMismatch,
            "requests cannot be grouped or filtered by component",
        ),
        (Asked(("cost",), where={"endpoint": ("/a",)}), DimensionMismatch, "by endpoint"),
    ],
)
def test_what_cannot_be_live_is_said(tmp_path: Path, asked: Asked, error: type[EngineError], says: str) -> None:
    with pytest.raises(error, match=says):
        window_of(tmp_path).answer(asked, NOW)
