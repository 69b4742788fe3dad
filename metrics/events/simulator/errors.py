"""Errors that are opened, and resolved after a while."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from metrics.events.simulator import incidents as sorts
from metrics.events.simulator.day import Day, frame, picked
from metrics.events.simulator.incidents import Incident
from metrics.events.simulator.requests import PATHS
from metrics.events.simulator.visits import MICROS_A_DAY, MICROS_A_MINUTE
from metrics.events.simulator.world import ENDPOINTS, REGIONS, Floats, Integers, drawn

ERRORS_A_REQUEST = 0.0011
"""Opened a request; as many events again resolve them."""
FEWEST_ERRORS = 3
FAILING_SHARE = 0.02
"""Errors opened for each request that an incident may strike."""
MEDIAN_REPAIR_MINUTES, REPAIR_SPREAD = 27.0, 0.9
SEVERITY_SHARES, BURST_SEVERITY_SHARES = (0.06, 0.44, 0.5), (0.4, 0.6, 0.0)
STILL_OPEN_MINUTES = 25
_SEVERITIES = ("critical", "error", "warning")
_TYPES = ("DatabaseTimeout", "ProviderError", "ValidationError", "QueueFull", "CacheMiss")
_MESSAGES = (
    "no connection to the database within 5 s", "the provider answered with 503", "the prompt has no text",
    "the queue of agent runs is full", "the cache gave no answer",
)  # fmt: skip
_COMPONENTS = ("database", "api_gateway", "api_gateway", "api_gateway", "cache")


@dataclass(frozen=True)
class _Errors:
    """Errors opened on one day; moments in µs since its midnight."""

    opened: Integers
    resolved: Integers
    severity: Integers
    what: Integers
    endpoint: Integers


def error_events(day: Day) -> pl.DataFrame:
    """`error` events: what is opened on a day, and what is resolved on it."""
    today = _opened(day)
    number = np.arange(len(today.opened))
    frames = [_events(day, day, today, number, today.opened, "open")]
    solved = np.flatnonzero(today.resolved < MICROS_A_DAY)
    frames.append(_events(day, day, today, solved, today.resolved[solved], "resolved"))
    eve = day.before()
    if eve:
        earlier = _opened(eve)
        solved = np.flatnonzero(earlier.resolved >= MICROS_A_DAY)
        frames.append(_events(day, eve, earlier, solved, earlier.resolved[solved] - MICROS_A_DAY, "resolved"))
    return pl.concat(_identified(day, frames)).sort("ts", maintain_order=True)


def _identified(day: Day, frames: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """Frames whose event ids tell opening and resolution apart."""
    suffixes = ("", "-r", "-e")
    return [one.with_columns(pl.col("event_id") + suffix) for one, suffix in zip(frames, suffixes, strict=False)]


def _events(day: Day, opened_on: Day, errors: _Errors, place: Integers, moment: Integers, status: str) -> pl.DataFrame:
    endpoint, what = errors.endpoint[place], errors.what[place]
    return frame(
        day, "error", moment,
        {
            "service": picked([one.service for one in ENDPOINTS], endpoint), "environment": "prod",
            "region": picked(tuple(REGIONS), place % len(REGIONS)),
            "feature": picked([one.feature for one in ENDPOINTS], endpoint),
            "error_id": f"e-{opened_on.ordinal}-" + pl.Series(place).cast(pl.String),
            "severity": picked(_SEVERITIES, errors.severity[place]),
            "status": status,
            "error_type": picked(_TYPES, what), "message": picked(_MESSAGES, what),
            "endpoint": picked(PATHS, endpoint),
            "component": picked(_COMPONENTS, what),
        },
    )  # fmt: skip


def _opened(day: Day) -> _Errors:
    """Errors of a day, which another day can draw again to resolve them."""
    rng = day.rng("error")
    opened = day.moments(max(day.volume * ERRORS_A_REQUEST, FEWEST_ERRORS), rng)
    severity = drawn(rng, SEVERITY_SHARES, len(opened))
    what = rng.integers(0, len(_TYPES), len(opened))
    endpoint = rng.integers(0, len(ENDPOINTS), len(opened))
    for incident in day.striking(sorts.ERROR_BURST, sorts.PROVIDER_OUTAGE, sorts.DATABASE_OUTAGE):
        more = _within(day, incident, rng)
        opened = np.concatenate([opened, more])
        severity = np.concatenate([severity, drawn(rng, BURST_SEVERITY_SHARES, len(more))])
        sort = 0 if incident.component == "database" else 1
        what = np.concatenate([what, np.full(len(more), sort)])
        path = incident.affects.get("endpoint", PATHS[0])
        endpoint = np.concatenate([endpoint, np.full(len(more), PATHS.index(path))])
    resolved = opened + _repairs(len(opened), rng)
    if day.is_last:
        # One that nobody has looked after yet.
        newest = int(np.argmax(opened))
        opened[newest] = day.moment(day.end) - STILL_OPEN_MINUTES * MICROS_A_MINUTE
        severity[newest], resolved[newest] = 0, 2 * MICROS_A_DAY
    return _Errors(opened, resolved, severity, what, endpoint)


def _within(day: Day, incident: Incident, rng: np.random.Generator) -> Integers:
    first, last = max(0, day.moment(incident.start)), min(MICROS_A_DAY, day.moment(incident.end))
    count = max(3, round(day.volume * (last - first) / MICROS_A_DAY * FAILING_SHARE))
    return rng.integers(first, last, count)


def _repairs(count: int, rng: np.random.Generator) -> Integers:
    """Times to repair in µs: lognormal, less than a day."""
    minutes: Floats = MEDIAN_REPAIR_MINUTES * np.exp(rng.normal(0, REPAIR_SPREAD, count))
    return (np.minimum(minutes, 1439) * MICROS_A_MINUTE).astype(np.int64)
