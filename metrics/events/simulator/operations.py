"""What running the product leaves behind: errors, samples of hosts, probes, changes and security events."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from metrics.events.simulator import incidents as sorts
from metrics.events.simulator.day import MICROS_A_MINUTE, Day, frame, picked, user_names
from metrics.events.simulator.incidents import Incident
from metrics.events.simulator.traffic import Requests
from metrics.events.simulator.world import COMPONENTS, ENDPOINTS, HOSTS, REGIONS, Floats, Integers, drawn, hourly_shape

_SEVERITIES = ("critical", "error", "warning")
_TYPES = ("DatabaseTimeout", "ProviderError", "ValidationError", "QueueFull", "CacheMiss")
_MESSAGES = (
    "no connection to the database within 5 s", "the provider answered with 503", "the prompt has no text",
    "the queue of agent runs is full", "the cache gave no answer",
)  # fmt: skip
_ERROR_COMPONENTS = ("database", "api_gateway", "api_gateway", "api_gateway", "cache")


def error_events(day: Day, requests: Requests) -> pl.DataFrame:
    """`error` events: opened and, most of them, resolved after a lognormal time to repair."""
    rng = day.rng("error")
    opened = day.moments(max(len(requests.micros), 200) * 0.0012, rng)
    severity = drawn(rng, (0.06, 0.44, 0.5), len(opened))
    what = rng.integers(0, len(_TYPES), len(opened))
    for incident in day.striking(sorts.ERROR_BURST, sorts.PROVIDER_OUTAGE):
        inside = requests.micros[incident.strikes(requests.micros)]
        more = np.sort(rng.choice(inside, max(3, len(inside) // 300))) if len(inside) else inside
        opened = np.concatenate([opened, more])
        severity = np.concatenate([severity, np.where(rng.random(len(more)) < 0.4, 0, 1)])
        what = np.concatenate([what, np.full(len(more), 0 if incident.component == "database" else 1)])
    repair = (np.exp(rng.normal(3.3, 0.9, len(opened))) * MICROS_A_MINUTE).astype(np.int64)
    resolved = opened + repair
    end = round(day.end.timestamp() * 1e6)
    number = np.arange(len(opened))
    endpoint = rng.integers(0, len(ENDPOINTS), len(opened))
    if _is_last(day) and len(opened):
        # One that nobody has looked after yet.
        newest = int(np.argmax(opened))
        opened[newest], severity[newest], resolved[newest] = end - 25 * MICROS_A_MINUTE, 0, end + 1
    # Whatever would be repaired on another day stays that day's to tell: it says so on the opening event.
    told = resolved < min(end, day.midnight + 1440 * MICROS_A_MINUTE)
    micros = np.concatenate([opened, resolved[told]])
    rows = np.concatenate([number, number[told]])
    state = np.concatenate([np.zeros(len(number), dtype=np.int64), np.ones(int(told.sum()), dtype=np.int64)])
    later = (~told & (resolved <= end + 10**15))[rows] & (state == 0)
    known = later & (resolved[rows] < end)
    moment = pl.Series(resolved[rows]).cast(pl.Datetime("us", "UTC"))
    return frame(
        day, "error", micros,
        {
            "service": picked([one.service for one in ENDPOINTS], endpoint[rows]), "environment": "prod",
            "region": picked(tuple(REGIONS), rows % len(REGIONS)),
            "feature": picked([one.feature for one in ENDPOINTS], endpoint[rows]),
            "error_id": f"e-{day.number}-" + pl.Series(rows).cast(pl.String),
            "severity": picked(_SEVERITIES, severity[rows]),
            "status": picked(("open", "resolved"), state),
            "resolved_at": pl.select(pl.when(pl.Series(known)).then(moment)).to_series(),
            "error_type": picked(_TYPES, what[rows]), "message": picked(_MESSAGES, what[rows]),
            "endpoint": picked([one.path for one in ENDPOINTS], endpoint[rows]),
            "component": picked(_ERROR_COMPONENTS, what[rows]),
        },
    )  # fmt: skip


def resource_events(day: Day) -> pl.DataFrame:
    """`resource` events: a sample a minute of each host, following the load."""
    rng = day.rng("resource")
    minutes = np.repeat(day.minutes(), len(HOSTS))
    host = np.tile(np.arange(len(HOSTS)), len(minutes) // len(HOSTS))
    shape = hourly_shape()
    load = shape[((minutes - day.midnight) // MICROS_A_MINUTE).astype(np.int64)] / shape.max()
    cpu = np.clip(12 + 48 * load + rng.normal(0, 4, len(minutes)) + host * 2, 1, 99)
    total, used = 32_768.0, 9_000 + 5_000 * load + 1_500 * host + rng.normal(0, 200, len(minutes))
    for incident in day.striking(sorts.MEMORY_LEAK):
        at = incident.strikes(minutes) & (host == HOSTS.index(incident.affects["host"]))
        since = (minutes[at] - incident.start.timestamp() * 1e6) / (
            (incident.end - incident.start) / timedelta(microseconds=1)
        )
        used[at] += since * 16_000
    used = np.clip(used, 0, total - 100)
    disk = 180 + day.number * 1.4 + host * 20
    return frame(
        day, "resource", minutes + host * 500_000,
        {
            "host": picked(HOSTS, host), "environment": "prod", "region": "us-east-1",
            "cpu_percent": pl.Series(np.round(cpu, 2)), "cpu_cores": 8,
            "load_average": pl.Series(np.round(cpu / 100 * 8 * 1.1, 2)),
            "memory_used_mb": pl.Series(np.round(used, 1)), "memory_available_mb": pl.Series(np.round(total - used, 1)),
            "storage_used_gb": pl.Series(np.round(disk, 2)), "storage_available_gb": pl.Series(np.round(500 - disk, 2)),
            "active_connections": pl.Series(np.round(40 + 260 * load + rng.normal(0, 8, len(load))).astype(np.int64)),
        },
    )  # fmt: skip


def health_events(day: Day) -> pl.DataFrame:
    """`health` events: a probe a minute of each component."""
    rng = day.rng("health")
    minutes = np.repeat(day.minutes(), len(COMPONENTS))
    component = np.tile(np.arange(len(COMPONENTS)), len(minutes) // len(COMPONENTS))
    state = np.where(rng.random(len(minutes)) < 0.0004, 1, 0)
    time = _probe_times(component, rng)
    for incident in day.striking(
        sorts.ERROR_BURST, sorts.PROVIDER_OUTAGE, sorts.RATE_LIMITING, sorts.DEPENDENCY_DEGRADED
    ):
        at = incident.strikes(minutes) & (component == COMPONENTS.index(incident.component))
        down = incident.kind == sorts.PROVIDER_OUTAGE or (
            incident.kind == sorts.ERROR_BURST and incident.component == "database"
        )
        state[at] = 2 if down else 1
        time[at] *= 12
    return frame(
        day, "health", minutes + component * 250_000,
        {
            "component": picked(COMPONENTS, component), "environment": "prod",
            "status": picked(("healthy", "degraded", "down"), state),
            "response_time_ms": pl.Series(np.round(time, 2)),
            "status_code": picked(("200", "200", "503"), state).cast(pl.Int64),
        },
    )  # fmt: skip


def _probe_times(component: Integers, rng: np.random.Generator) -> Floats:
    median = np.array([12, 4, 1.5, *([180] * 5), 90, 60])[: len(COMPONENTS)]
    return median[component] * np.exp(rng.normal(0, 0.3, len(component)))


def change_events(day: Day) -> pl.DataFrame:
    """`change` events: deployments, configuration, maintenance, and every incident."""
    rng = day.rng("change")
    until = day.date + timedelta(days=1)
    rows: list[tuple[int, str, str, int | None, str, str | None, str]] = []
    if day.number % 2 == 0:
        at = day.midnight + round((9 + 8 * float(rng.random())) * 60) * MICROS_A_MINUTE
        version = f"2.{day.number}.0"
        rows.append((at, "deployment", f"release-{version}", None, "api_gateway", None, f"release {version}"))
    if day.date.weekday() == 6:
        at = day.midnight + 120 * MICROS_A_MINUTE
        rows.append(
            (at, "maintenance", "weekly-maintenance", at + 60 * MICROS_A_MINUTE, "database", None, "vacuum and backups")
        )
    for incident in day.incidents:
        if day.date <= incident.start < until:
            rows.extend(_told(incident))
    rows = [row for row in rows if day.start.timestamp() * 1e6 <= row[0] < day.end.timestamp() * 1e6]
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    ended = pl.Series(list(columns[3]), dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
    texts = {
        name: pl.Series(list(columns[place]), dtype=pl.String)
        for name, place in (("change_type", 1), ("name", 2), ("component", 4), ("severity", 5), ("description", 6))
    }
    return frame(
        day, "change", np.array(columns[0], dtype=np.int64), {**texts, "ended_at": ended, "environment": "prod"}
    )


def _told(incident: Incident) -> Sequence[tuple[int, str, str, int | None, str, str | None, str]]:
    start, end = (round(moment.timestamp() * 1e6) for moment in (incident.start, incident.end))
    told = (start, "incident", incident.name, end, incident.component, incident.severity, incident.cause)
    if incident.kind != sorts.LATENCY_REGRESSION:
        return [told]
    before = start - 2 * MICROS_A_MINUTE
    return [(before, "deployment", "release-2.14.0", None, incident.component, None, "release 2.14.0"), told]


def security_events(day: Day) -> pl.DataFrame:
    """`security` events: mostly failed logins."""
    rng = day.rng("security")
    micros = day.moments(max(day.per_day * 0.0006, 6), rng)
    count = len(micros)
    action = drawn(rng, (0.8, 0.15, 0.05), count)
    return frame(
        day, "security", micros,
        {
            "user_id": user_names(day.visitors(count, rng)), "environment": "prod", "service": "app",
            "action": picked(("login_failed", "token_rejected", "unauthorized_access"), action),
            "outcome": "blocked", "severity": picked(("info", "warning", "error"), action),
            "source_ip": "203.0.113." + pl.Series(rng.integers(1, 255, count)).cast(pl.String),
            "endpoint": "/api/v1/session",
        },
    )  # fmt: skip


def _is_last(day: Day) -> bool:
    return day.end <= day.date + timedelta(days=1)
