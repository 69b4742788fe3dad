"""A small world of events with everything that makes numbers go wrong.

Two spans with months between them, one over the spring change of European clocks (and the autumn one of
Lord Howe), one over the autumn change; moments on hours and midnights and a microsecond before them;
nulls and empty text in every dimension; durations of 0 and of days; errors over their life; probes with
gaps. Deterministic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.events.schema import ATTRIBUTES
from tests.metrics.engine.stored import complete

SPRING = datetime(2026, 3, 26, tzinfo=UTC), datetime(2026, 4, 6, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 23, tzinfo=UTC), datetime(2026, 10, 28, tzinfo=UTC)
PROBED = datetime(2026, 3, 28, 21, 57, tzinfo=UTC), datetime(2026, 3, 29, 7, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TIMESTAMP = pl.Datetime("us", "UTC")

Values = Sequence[object]
DIMENSIONS: Mapping[str, Values] = {
    "user_id": [*(f"u{n}" for n in range(30)), None, None, ""],
    "session_id": ["s1", "s2", None],
    "service": ["api", "worker", None],
    "region": ["eu", "us", "Ü-Ost", "", None],
    "environment": ["prod", "prod", "staging", None],
    "feature": ["chat", "search", "it's", None],
    "attributes": [{"team": "red"}, {"team": "blue", "plan": "free"}, {}, None],
}
"""Values of what every event may have."""
TRAFFIC: Mapping[str, Values] = {
    "endpoint": ["/v1/chat", "/v1/prompts", "/login", "", None],
    "method": ["GET", "POST", None],
    "provider": ["openai", "anthropic", None],
    "model": ["small", "large", None],
}


@dataclass(frozen=True)
class Dice:
    """Random values."""

    generator: np.random.Generator

    def of(self, values: Values, count: int) -> list[object]:
        """`count` of the values."""
        return [values[index] for index in self.generator.integers(0, len(values), count)]

    def maps(self, values: Values, count: int) -> pl.Series:
        """`count` of the values, which are maps of text: made once each, for making one takes long."""
        return pl.Series(values, dtype=ATTRIBUTES).gather(self.generator.integers(0, len(values), count))

    def moments(self, count: int) -> list[datetime]:
        """Moments of both spans; one in five lies on an hour, or a microsecond before it."""
        drawn: list[datetime] = []
        for index in range(count):
            start, end = AUTUMN if index % 4 == 0 else SPRING
            moment = start + timedelta(microseconds=int(self.generator.integers(0, (end - start) // MICROSECOND)))
            whole = moment.replace(minute=0, second=0, microsecond=0)
            edges = {0: whole, 1: whole - MICROSECOND}
            drawn.append(edges.get(index % 10, moment))
        return drawn

    def durations(self, count: int) -> list[float | None]:
        """Milliseconds, log-normal; some 0, some of days, some unknown."""
        drawn: NDArray[np.float64] = self.generator.lognormal(5, 1.2, count)
        odd = {0: 0.0, 1: 3.5e8, 2: None}
        return [odd.get(index % 40, float(value)) for index, value in enumerate(drawn)]

    def whole(self, low: int, high: int, count: int, *, unknown_every: int = 7) -> list[int | None]:
        """Whole numbers; some unknown."""
        drawn = self.generator.integers(low, high, count)
        return [None if index % unknown_every == 3 else int(value) for index, value in enumerate(drawn)]

    def numbers(self, low: float, high: float, count: int, *, unknown_every: int = 9) -> list[float | None]:
        """Fractions; some unknown."""
        drawn = self.generator.uniform(low, high, count)
        return [None if index % unknown_every == 5 else float(value) for index, value in enumerate(drawn)]


def world(seed: int = 1) -> dict[str, pl.DataFrame]:
    """Events by kind, each with all columns of its kind."""
    dice = Dice(np.random.default_rng(seed))
    return {
        "request": _requests(dice, 4000),
        "llm_call": _llm_calls(dice, 2500),
        "interaction": _interactions(dice, 700),
        "prompt": _prompts(dice, 900),
        "pipeline_run": _runs(dice, 400),
        "web_vital": _vitals(dice, 900),
        "feedback": _feedback(dice, 240),
        "error": _errors(dice, 160),
        "resource": _resources(dice),
        "health": _probes(dice),
        "change": _changes(dice, 60),
        "security": _security(dice, 120),
    }


def _events(dice: Dice, kind: str, count: int, choices: Mapping[str, Values], **columns: Values) -> pl.DataFrame:
    drawn: dict[str, Values | pl.Series] = {
        name: dice.maps(values, count) if name == "attributes" else dice.of(values, count)
        for name, values in {**DIMENSIONS, **choices}.items()
    }
    moments = {"ts": dice.moments(count), "event_id": [f"{kind}-{n}" for n in range(count)]}
    every = {**drawn, **moments, **columns}
    schema = {name: dtype for name, dtype in complete(kind, _nothing()).schema.items() if name in every}
    return complete(kind, pl.DataFrame(every, schema=schema))


def _nothing() -> pl.DataFrame:
    return pl.DataFrame({"ts": []}, schema={"ts": TIMESTAMP})


def _requests(dice: Dice, count: int) -> pl.DataFrame:
    statuses = {"status_code": [200, 200, 200, 204, 301, 399, 400, 404, 499, 500, 503, 599, None]}
    return _events(dice, "request", count, {**TRAFFIC, **statuses}, duration_ms=dice.durations(count))


def _llm_calls(dice: Dice, count: int) -> pl.DataFrame:
    statuses = ["ok", "ok", "ok", "error", "rate_limited", "timeout", None]
    choices = {
        "provider": TRAFFIC["provider"],
        "model": TRAFFIC["model"],
        "status": statuses,
        "cache_hit": [True, False, None],
        "prompt_id": ["p1", "p2", None],
    }
    return _events(
        dice, "llm_call", count, {**choices, "operation": ["chat", "embeddings", None]},
        duration_ms=dice.durations(count), time_to_first_token_ms=dice.numbers(1, 400, count),
        input_tokens=dice.whole(0, 9000, count, unknown_every=4), output_tokens=dice.whole(0, 900, count),
        cost_usd=dice.numbers(0, 0.4, count, unknown_every=6),
        cached_input_tokens=dice.whole(0, 500, count, unknown_every=5),
        cache_savings_usd=dice.numbers(0, 0.1, count, unknown_every=4),
    )  # fmt: skip


def _interactions(dice: Dice, count: int) -> pl.DataFrame:
    """Visits of pages, each followed by another event of the same session or user soon, or half an hour later."""
    choices: dict[str, Values] = {
        "session_id": [*(f"s{n}" for n in range(120)), *[None] * 80],
        "page": ["/", "/chat", "/prompts", "", None],
        "action": ["page_view", "page_view", "click", "submit", None],
        "device": ["desktop", "mobile", None],
    }
    first = _events(dice, "interaction", count, choices)
    pauses = [
        timedelta(0),
        MICROSECOND,
        timedelta(minutes=12),
        timedelta(minutes=30),
        timedelta(minutes=30) + MICROSECOND,
    ]
    later = first.sample(fraction=1, seed=1).with_columns(
        ts=pl.col("ts") + pl.Series(dice.of(pauses, count), dtype=pl.Duration("us")),
        event_id=pl.col("event_id") + "-later",
        page=pl.Series(dice.of(choices["page"], count), dtype=pl.String),
        action=pl.Series(dice.of(choices["action"], count), dtype=pl.String),
    )
    return pl.concat([first, later])


def _prompts(dice: Dice, count: int) -> pl.DataFrame:
    choices = {
        "prompt_id": [*(f"p{n}" for n in range(60)), ""],
        "action": ["created", "edited", "executed", "executed", "executed", "deleted", None],
        "outcome": ["success", "success", "failure", None],
        "version": [1, 2, None],
    }
    scores = [None if n % 3 == 0 else round(score) for n, score in enumerate(dice.generator.uniform(0, 101, count))]
    edges = {1: 90, 2: 75, 4: 50, 5: 100, 7: 0}
    scored = [edges.get(n, score) for n, score in enumerate(scores)]
    return _events(
        dice, "prompt", count, choices, length_chars=dice.whole(0, 5000, count),
        quality_score=[None if score is None else min(float(score), 100.0) for score in scored],
    )  # fmt: skip


def _runs(dice: Dice, count: int) -> pl.DataFrame:
    choices = {
        "pipeline_id": [*(f"l{n}" for n in range(25)), ""],
        "status": ["success", "success", "failure", "cancelled", "running", None],
    }
    return _events(dice, "pipeline_run", count, choices, duration_ms=dice.durations(count))


def _vitals(dice: Dice, count: int) -> pl.DataFrame:
    limits = [2500.0, 4000.0, 200.0, 500.0, 100.0, 300.0, 0.1, 0.25, 1800.0, 3000.0, 800.0, 0.0]
    drawn = [float(value) for value in dice.generator.lognormal(5, 2.5, count)]
    choices = {
        "name": ["lcp", "fid", "cls", "fcp", "ttfb", "inp"], "page": ["/", "/chat", None],
        "device": ["desktop", "mobile", None],
    }  # fmt: skip
    values = [limits[n % len(limits)] if n % 5 == 0 else value for n, value in enumerate(drawn)]
    return _events(dice, "web_vital", count, choices, value=values)


def _feedback(dice: Dice, count: int) -> pl.DataFrame:
    choices = {
        "nps_score": [*range(11), None, None], "csat_score": [1, 2, 3, 4, 5, None],
        "sentiment": ["positive", "neutral", "negative", None], "prompt_id": ["p1", None],
    }  # fmt: skip
    return _events(dice, "feedback", count, choices)


def _errors(dice: Dice, count: int) -> pl.DataFrame:
    """Errors of one to three events; resolved by an event, by `resolved_at`, or not; some without an identity."""
    choices = {"severity": ["critical", "error", "warning", "info", None], "endpoint": TRAFFIC["endpoint"]}
    first = _events(dice, "error", count, {**choices, "component": ["api", "database", None], "status": ["open", None]})
    lasting = [timedelta(minutes=int(minutes)) for minutes in dice.generator.integers(0, 6000, count)]
    ends = [moment + length for moment, length in zip(first["ts"], lasting, strict=True)]
    known = pl.Series("resolved_at", [end if n % 3 == 0 else None for n, end in enumerate(ends)], dtype=TIMESTAMP)
    named = pl.Series("error_id", [None if n % 11 == 0 else f"e{n}" for n in range(count)])
    first = first.with_columns(known, named)
    repeated = first[::2].with_columns(
        ts=pl.col("ts") + pl.duration(minutes=31), event_id=pl.col("event_id") + "-again", severity=pl.lit("info")
    )
    ended = first.with_columns(
        ts=pl.Series(ends, dtype=TIMESTAMP), event_id=pl.col("event_id") + "-end", status=pl.lit("resolved"),
        resolved_at=pl.lit(None, TIMESTAMP),
    )[1::3]  # fmt: skip
    return pl.concat([first, repeated, ended])


def _resources(dice: Dice) -> pl.DataFrame:
    """Samples of three hosts every 37 minutes in spring, one host silent for a day; some gauges missing at times."""
    steps = [SPRING[0] + n * timedelta(minutes=37) for n in range(int((SPRING[1] - SPRING[0]) / timedelta(minutes=37)))]
    silent = SPRING[0] + timedelta(days=2), SPRING[0] + timedelta(days=3)
    sampled = [
        (moment + offset * timedelta(minutes=3), host)
        for moment in steps
        for offset, host in enumerate(("web-1", "web-2", "worker"))
        if host != "worker" or not silent[0] <= moment < silent[1]
    ]
    count = len(sampled)
    columns = {
        "ts": [moment for moment, _ in sampled], "host": [host for _, host in sampled],
        "region": ["us" if host == "web-2" else "eu" for _, host in sampled],
        "event_id": [f"resource-{n}" for n in range(count)],
        "cpu_percent": dice.numbers(0, 100, count), "cpu_cores": [8] * count, "load_average": dice.numbers(0, 9, count),
        "memory_used_mb": dice.numbers(100, 900, count), "memory_available_mb": dice.numbers(100, 900, count),
        "storage_used_gb": dice.numbers(1, 90, count), "storage_available_gb": [None] * count,
        "active_connections": dice.whole(0, 50, count),
    }  # fmt: skip
    return complete("resource", pl.DataFrame(columns))


def _probes(dice: Dice) -> pl.DataFrame:
    """Three components about once a minute, with silences of up to a quarter of an hour, over a change of clocks."""
    rows: list[tuple[datetime, str, object]] = []
    for component in ("api_gateway", "database", "dependency:mail"):
        moment, state = PROBED[0], "healthy"
        while moment < PROBED[1]:
            rows.append((moment, component, state))
            pause = 15 * 60 if dice.generator.random() < 0.05 else int(dice.generator.integers(5, 95))
            moment += timedelta(seconds=pause)
            if dice.generator.random() < 0.25:
                state = str(dice.of(["healthy", "healthy", "healthy", "degraded", "down", "unknown"], 1)[0])
    columns = {
        "ts": [row[0] for row in rows], "component": [row[1] for row in rows], "status": [row[2] for row in rows],
        "event_id": [f"health-{n}" for n in range(len(rows))], "region": dice.of(["eu", None], len(rows)),
    }  # fmt: skip
    return complete("health", pl.DataFrame(columns))


def _changes(dice: Dice, count: int) -> pl.DataFrame:
    choices: dict[str, Values] = {
        "change_type": ["deployment", "config", "maintenance", "incident"], "name": ["release", "limits", None],
        "component": ["api", "database", None],
    }  # fmt: skip
    return _events(dice, "change", count, choices)


def _security(dice: Dice, count: int) -> pl.DataFrame:
    choices: dict[str, Values] = {
        "action": ["login_failed", "unauthorized_access"], "outcome": ["allowed", "blocked", None],
        "source_ip": ["203.0.113.1", "203.0.113.2", None],
    }  # fmt: skip
    return _events(dice, "security", count, choices)
