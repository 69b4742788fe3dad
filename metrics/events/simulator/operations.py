"""What running the product leaves behind: samples of hosts, probes, changes and security events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from metrics.events.simulator import incidents as sorts
from metrics.events.simulator.day import Day, frame, micros, picked, visitors
from metrics.events.simulator.incidents import Incident
from metrics.events.simulator.world import COMPONENTS, HOSTS, Floats, Integers, drawn

CORES, MEMORY_MB, STORAGE_GB = 8, 32_768.0, 1_000.0
LEAKED_MB = 16_000.0
CHANGES_EVERY_DAYS = 2
DAY = timedelta(days=1)


def resource_events(day: Day) -> pl.DataFrame:
    """`resource` events: a sample a minute of each host, following the load."""
    rng = day.rng("resource")
    minute = np.repeat(day.minutes(), len(HOSTS))
    host = np.tile(np.arange(len(HOSTS)), 1440)
    load = np.repeat(day.load(), len(HOSTS))
    used = 9_000 + 5_000 * load + 1_500 * host + rng.normal(0, 200, len(minute))
    for incident in day.striking(sorts.TRAFFIC_ANOMALY, sorts.LATENCY_REGRESSION):
        load = load + day.struck(incident, minute) * 0.25
    for incident in day.striking(sorts.MEMORY_LEAK):
        first, last = day.moment(incident.start), day.moment(incident.end)
        at = day.struck(incident, minute) & (host == HOSTS.index(incident.affects["host"]))
        used[at] += (minute[at] - first) / (last - first) * LEAKED_MB
    used = np.clip(used, 0, MEMORY_MB - 100)
    cpu = np.clip(12 + 44 * load + rng.normal(0, 3, len(minute)) + host * 2, 1, 99)
    # A year fills half of what is free, then old files are cleared away.
    stored = 320 + (day.ordinal % 365) + minute / minute.max() + host * 20
    connections = np.round(40 + 260 * load + rng.normal(0, 8, len(load)))
    return frame(
        day, "resource", minute + host * 500_000,
        {
            "service": picked(("gateway", "gateway", "agents", "database"), host),
            "host": picked(HOSTS, host), "environment": "prod", "region": "us-east-1",
            "cpu_percent": np.round(cpu, 2), "cpu_cores": CORES,
            "load_average": np.round(cpu / 100 * CORES * 1.1, 2),
            "memory_used_mb": np.round(used, 1), "memory_available_mb": np.round(MEMORY_MB - used, 1),
            "storage_used_gb": np.round(stored, 2), "storage_available_gb": np.round(STORAGE_GB - stored, 2),
            "active_connections": np.maximum(connections, 0).astype(np.int64),
        },
    )  # fmt: skip


def health_events(day: Day) -> pl.DataFrame:
    """`health` events: a probe a minute of each component."""
    rng = day.rng("health")
    minute = np.repeat(day.minutes(), len(COMPONENTS))
    component = np.tile(np.arange(len(COMPONENTS)), 1440)
    state = drawn(rng, (0.9996, 0.0004), len(minute))
    time = _probe_times(component, rng)
    for incident in day.striking(
        sorts.ERROR_BURST,
        sorts.PROVIDER_OUTAGE,
        sorts.RATE_LIMITING,
        sorts.LATENCY_REGRESSION,
        sorts.DEPENDENCY_DEGRADED,
        sorts.OUTAGE,
        sorts.DATABASE_OUTAGE,
        sorts.SLOWDOWN,
    ):
        at = day.struck(incident, minute) & (component == COMPONENTS.index(incident.component))
        state[at] = 2 if _takes_down(incident) else 1
        time[at] *= 12
    return frame(
        day, "health", minute + component * 250_000,
        {
            "component": picked(COMPONENTS, component), "environment": "prod",
            "status": picked(("healthy", "degraded", "down"), state),
            "response_time_ms": np.round(time, 2),
            "status_code": np.array([200, 200, 503])[state],
            "message": picked((None, "slower than usual", "no answer"), state),
        },
    )  # fmt: skip


def _takes_down(incident: Incident) -> bool:
    if incident.kind == sorts.SLOWDOWN:
        return False
    return incident.kind in (sorts.PROVIDER_OUTAGE, sorts.OUTAGE) or incident.component == "database"


def _probe_times(component: Integers, rng: np.random.Generator) -> Floats:
    median = np.array([12, 4, 1.5, *([180] * 5), 90, 60])
    return median[component] * np.exp(rng.normal(0, 0.3, len(component)))


@dataclass(frozen=True, slots=True)
class _Change:
    at: datetime
    change_type: str
    name: str
    component: str
    description: str
    ended_at: datetime | None = None
    severity: str | None = None
    version: str | None = None


_CHANGE_TEXTS = ("change_type", "name", "component", "description", "severity", "version")


def change_events(day: Day) -> pl.DataFrame:
    """`change` events: deployments, configuration, maintenance, and every incident."""
    changes = sorted(_changes(day), key=lambda change: change.at)
    texts = {name: pl.Series([getattr(change, name) for change in changes], dtype=pl.String) for name in _CHANGE_TEXTS}
    ended = pl.Series([change.ended_at for change in changes], dtype=pl.Datetime("us", "UTC"))
    moment = np.array([micros(change.at) - day.midnight for change in changes], dtype=np.int64)
    return frame(day, "change", moment, {**texts, "ended_at": ended, "environment": "prod"})


def _changes(day: Day) -> Sequence[_Change]:
    rng = day.rng("change")
    made: list[_Change] = []
    office_hours = day.date + timedelta(minutes=round(60 * (9 + 8 * float(rng.random()))))
    if day.number % CHANGES_EVERY_DAYS == 0:
        version = f"3.{day.number // CHANGES_EVERY_DAYS}.0"
        made.append(_deployment(office_hours, version))
    elif float(rng.random()) < 0.4:
        made.append(_Change(office_hours, "config", "rate-limits", "api_gateway", "limits of requests a minute raised"))
    if day.date.weekday() == 6:
        at = day.date + timedelta(hours=2)
        made.append(
            _Change(at, "maintenance", "weekly-maintenance", "database", "vacuum and backups", at + timedelta(hours=1))
        )
    for incident in day.incidents:
        if day.date <= incident.start < day.date + DAY:
            if incident.kind == sorts.LATENCY_REGRESSION:
                before = max(day.date, incident.start - timedelta(minutes=2))
                made.append(_deployment(before, sorts.BAD_RELEASE))
            made.append(_declared(incident, day.end))
    return made


def _deployment(at: datetime, version: str) -> _Change:
    return _Change(at, "deployment", f"release-{version}", "api_gateway", f"release {version}", version=version)


def _declared(incident: Incident, now: datetime) -> _Change:
    """The `change` event of an incident; what still goes on when the simulation ends has no end."""
    ended = incident.end if incident.end < now else None
    return _Change(
        incident.start, "incident", incident.name, incident.component, incident.cause, ended, incident.severity
    )


def security_events(day: Day) -> pl.DataFrame:
    """`security` events: mostly failed logins."""
    rng = day.rng("security")
    moment, visit = day.visits.moments(max(round(day.volume * 0.0006), 6), rng)
    count = len(moment)
    action = drawn(rng, (0.8, 0.15, 0.05), count)
    return frame(
        day, "security", moment,
        {
            **visitors(day.visits, visit), "environment": "prod", "service": "app",
            "action": picked(("login_failed", "token_rejected", "unauthorized_access"), action),
            "outcome": "blocked", "severity": picked(("info", "warning", "error"), action),
            "source_ip": "203.0.113." + pl.Series(rng.integers(1, 255, count)).cast(pl.String),
            "endpoint": "/api/v1/session",
            "description": picked(
                ("wrong password", "the token has expired", "the role does not allow it"), action
            ),
        },
    )  # fmt: skip
