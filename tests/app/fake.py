"""An engine of made-up numbers, for what a real lake cannot show on demand: failures, hostile names, no data.

Frames have exactly the shapes of `metrics.engine.Engine`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from math import cos, pi, sin
from typing import Any

import polars as pl

from app.source import Source
from metrics.catalog import METRICS, Metric
from metrics.engine import (
    Changes,
    ComponentStatus,
    DataFreshness,
    DimensionMismatch,
    DimensionValues,
    Distribution,
    Freshness,
    Grain,
    KindFreshness,
    OpenErrors,
    Query,
    Question,
    Result,
    Window,
)  # fmt: skip
from metrics.events import KINDS
from metrics.settings import Settings

NOW = datetime(2026, 3, 4, 12, 0, 20, tzinfo=UTC)
TIME = pl.Datetime("us", "UTC")
WIDTHS = {
    Grain.MINUTE: timedelta(minutes=1),
    Grain.MINUTES_5: timedelta(minutes=5),
    Grain.MINUTES_15: timedelta(minutes=15),
    Grain.MINUTES_30: timedelta(minutes=30),
    Grain.HOUR: timedelta(hours=1),
    Grain.HOURS_3: timedelta(hours=3),
    Grain.HOURS_6: timedelta(hours=6),
    Grain.HOURS_12: timedelta(hours=12),
    Grain.DAY: timedelta(days=1),
    Grain.WEEK: timedelta(days=7),
}
VALUES: dict[str, Sequence[str | None]] = {
    "endpoint": (
        "/v1/chat/completions", "/v1/prompts", "/v1/pipelines/run", "/v1/embeddings", "/login", "/v1/analytics",
        "/v1/files", "/health", "/v1/agents/execute", None,
    ),
    "provider": ("openai", "anthropic", "google", "mistral", None),
    "host": ("web-1", "web-2", "worker-1"),
}  # fmt: skip
BASE = {
    "uptime": 99.93, "requests": 9_000.0, "requests_per_second": 13.9, "response_time_p50": 84.0,
    "response_time_p95": 188.0, "response_time_p99": 420.0, "error_rate": 0.62, "cost": 41.7, "unpriced_calls": 12.0,
    "dau": 4200.0, "users_new": 160.0, "cpu_usage": 46.0, "memory_utilization": 63.0, "active_connections": 210.0,
    "users_active": 4600.0,
}  # fmt: skip
_serial = count()


@dataclass
class FakeEngine:
    """Believable numbers for any query."""

    kinds: Sequence[str] = ("request", "llm_call", "error", "health", "change", "resource")
    newest: datetime | None = NOW - timedelta(seconds=12)
    history: timedelta = timedelta(days=60)
    """Age of the oldest event."""
    values: dict[str, Sequence[str | None]] = field(default_factory=lambda: dict(VALUES))
    empty: bool = False
    broken: frozenset[str] = frozenset()
    """Metrics for which a query raises."""
    version: str = field(default_factory=lambda: f"fake-{next(_serial)}")
    metrics: Mapping[str, Metric] = field(default_factory=lambda: METRICS)
    asked: list[Query] = field(default_factory=list[Query])

    def answer(self, question: Question[Any]) -> Any:
        """Its answer to the questions that the pages ask of it."""
        match question:
            case Query():
                return self._result(question)
            case Distribution():
                return self._distribution()
            case DimensionValues():
                return self._dimension_values(question)
            case OpenErrors():
                return self._open_errors(question)
            case ComponentStatus():
                return self._component_status()
            case Changes():
                return self._changes(question.window)
            case DataFreshness():
                return self._freshness()
            case _:
                raise NotImplementedError(f"no made-up answer to {type(question).__name__}")

    def _result(self, query: Query) -> Result:
        """A wave a day, a little different by group."""
        self.asked.append(query)
        for name in query.metrics:
            for dimension in (*query.by, *(one.dimension for one in query.filters)):
                if not any(dimension in KINDS[kind].by_name for kind in METRICS[name].kinds):
                    raise DimensionMismatch(name, dimension, METRICS[name].kinds)
        if self.broken & set(query.metrics):
            raise RuntimeError("the disk is <b>gone</b> [x](http://example.invalid)")
        grain = _auto(query.window) if query.grain is Grain.AUTO else query.grain
        groups = [()] if not query.by else [(value,) for value in self._values(query)]
        times = [None] if grain is Grain.NONE else _grid(query.window, WIDTHS[grain])
        rows = [self._row(query, time, group, index) for index, group in enumerate(groups) for time in times]
        schema: dict[str, pl.DataType] = {} if grain is Grain.NONE else {"time": TIME}
        schema |= {name: pl.String() for name in query.by}
        schema |= {name: pl.Float64() for metric in query.metrics for name in _columns(metric, query.compare)}
        missing = {
            name: METRICS[name].kinds[0] for name in query.metrics if not set(METRICS[name].kinds) & set(self.kinds)
        }
        return Result(query, grain, pl.DataFrame(rows, schema=schema, orient="row"), "fake", (), missing)

    def _distribution(self) -> pl.DataFrame:
        """Something like a log-normal distribution."""
        edges = [10 * 1.06**step for step in range(0 if self.empty else 96)]
        counts = [int(9000 * 2.718 ** (-((step - 38) ** 2) / 260)) for step in range(len(edges))]
        return pl.DataFrame(
            {"lower": edges, "upper": [edge * 1.06 for edge in edges], "count": counts},
            schema={"lower": pl.Float64, "upper": pl.Float64, "count": pl.Int64},
        )

    def _dimension_values(self, question: DimensionValues) -> list[str | None]:
        """The values that contain `search`."""
        values = self.values.get(question.dimension, ())
        return [value for value in values if question.search in (value or "")][: question.limit]

    def _open_errors(self, question: OpenErrors) -> pl.DataFrame:
        """Four errors."""
        rows = [
            _error(7, "critical", "ProviderOutage", "openai answers 503 to every call", "/v1/chat/completions", 412),
            _error(120, "error", "TimeoutError", "Timed out after 30 s", "/v1/embeddings", 31),
            _error(300, "warning", "RateLimited", "*429* <script>alert(1)</script>", "/v1/prompts", 8),
            _error(540, "warning", "SlowQuery", None, None, 1),
        ]
        schema = {
            "opened_at": TIME, "severity": pl.String, "error_type": pl.String, "message": pl.String,
            "endpoint": pl.String, "component": pl.String, "error_id": pl.String, "events": pl.Int64,
        }  # fmt: skip
        return pl.DataFrame([] if self.empty else rows[: question.limit], schema=schema, orient="row")

    def _component_status(self) -> pl.DataFrame:
        """One component down, one fine."""
        rows = [
            ("llm:openai", "down", NOW - timedelta(minutes=9), NOW, None),
            ("cache", "degraded", NOW - timedelta(minutes=3), NOW, 310.0),
            ("database", "healthy", NOW - timedelta(days=3), NOW, 4.0),
        ]
        schema = {
            "component": pl.String,
            "status": pl.String,
            "since": TIME,
            "last_probe": TIME,
            "response_time_ms": pl.Float64,
        }
        return pl.DataFrame([] if self.empty else rows, schema=schema, orient="row")

    def _changes(self, window: Window) -> pl.DataFrame:
        """A deployment and an incident in the middle."""
        middle = window.start + window.length * 0.6
        rows = [
            (window.start + window.length * 0.3, None, "deployment", "api 4.2", None, "New router"),
            (middle, middle + window.length * 0.05, "incident", "openai outage", "critical", "Provider answered 503"),
        ]
        schema = {
            "ts": TIME,
            "ended_at": TIME,
            "change_type": pl.String,
            "name": pl.String,
            "severity": pl.String,
            "description": pl.String,
        }
        return pl.DataFrame([] if self.empty else rows, schema=schema, orient="row")

    def _freshness(self) -> Freshness:
        """A month of rows a kind."""
        first = self.newest - self.history if self.newest else None
        return Freshness({kind: KindFreshness(1000, first, self.newest) for kind in self.kinds if first})

    def data_version(self) -> str:
        """Its own, so that no two fakes share cached answers."""
        return self.version

    def _values(self, query: Query) -> Sequence[str | None]:
        listed = self.values.get(query.by[0], ())
        chosen = [one.values for one in query.filters if one.dimension == query.by[0] and one.operator == "in"]
        return [value for value in listed if all(value in values for values in chosen)]

    def _row(
        self, query: Query, time: datetime | None, group: tuple[str | None, ...], index: int
    ) -> tuple[object, ...]:
        numbers = [
            self._number(metric, time, index, column.endswith("__previous"), len(query.by))
            for metric in query.metrics
            for column in _columns(metric, query.compare)
        ]
        return (*([] if time is None else [time]), *group, *numbers)

    def _number(self, metric: str, time: datetime | None, index: int, previous: bool, by: int) -> float | None:
        if self.empty or not set(METRICS[metric].kinds) & set(self.kinds):
            return None
        base = BASE[metric] * (1 if not by else 1.6 / (1 + index)) * (0.94 if previous else 1)
        if time is None:
            return base
        if (self.newest and time > self.newest) or (time.hour == 3 and time.minute in (15, 30)):
            return None
        phase = 2 * pi * (time.hour + time.minute / 60) / 24
        wave = 1 - 0.35 * cos(phase) + 0.06 * sin(17 * phase + index) + 0.03 * sin(61 * phase)
        if metric == "uptime":
            return 100.0 if wave < 1.3 else 99.6
        if metric == "error_rate":
            return (
                0.0
                if wave < 0.8
                else base * (wave + (9 if time.hour == 7 and index == 0 else 3.2 * (sin(11 * phase + index) > 0.9)))
            )
        return base * wave


def _error(
    minutes: int, severity: str, error_type: str, message: str | None, endpoint: str | None, events: int
) -> tuple[object, ...]:
    opened = NOW - timedelta(minutes=minutes)
    return opened, severity, error_type, message, endpoint, "database", f"error-{minutes}", events


def _columns(metric: str, compare: bool) -> tuple[str, ...]:
    return (metric, f"{metric}__previous") if compare else (metric,)


def _auto(window: Window) -> Grain:
    return next((grain for grain, width in WIDTHS.items() if window.length <= 400 * width), Grain.WEEK)


def _grid(window: Window, width: timedelta) -> list[datetime]:
    origin = datetime(2020, 1, 6, tzinfo=UTC)
    first = origin + (window.start - origin) // width * width
    return [first + step * width for step in range(-((first - window.end) // width))]


def fake_source(
    engine: FakeEngine | None = None, now: Callable[[], datetime] = lambda: NOW, **settings: object
) -> Callable[[], Source]:
    """A way to connect to one fake engine."""
    made = Source(engine or FakeEngine(), Settings(**settings), False, now)  # pyright: ignore[reportArgumentType]
    return lambda: made
