"""What goes wrong, when, and why: planted so that what is found can be held against what was there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

LATENCY_REGRESSION, ERROR_BURST, PROVIDER_OUTAGE = "latency_regression", "error_burst", "provider_outage"
RATE_LIMITING, COST_SPIKE, TRAFFIC_ANOMALY, MEMORY_LEAK = (
    "rate_limiting",
    "cost_spike",
    "traffic_anomaly",
    "memory_leak",
)
DEPENDENCY_DEGRADED = "dependency_degraded"


@dataclass(frozen=True)
class Incident:
    """One thing that goes wrong."""

    kind: str
    name: str
    start: datetime
    end: datetime
    cause: str
    component: str
    metric: str
    """The metric in which it shows most."""
    severity: str = "error"
    affects: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values of dimensions it is limited to."""

    def strikes(self, micros: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which moments (µs since 1970) lie within it."""
        return (micros >= _micros(self.start)) & (micros < _micros(self.end))


@dataclass(frozen=True, slots=True)
class _Sort:
    kind: str
    hours: float
    cause: str
    component: str
    metric: str
    severity: str
    affects: Mapping[str, str]


_SORTS: Sequence[_Sort] = (
    _Sort(LATENCY_REGRESSION, 5, "release 2.14.0 reads prompts without an index", "api_gateway", "response_time_p95",
          "error", {"service": "gateway"}),
    _Sort(PROVIDER_OUTAGE, 1.5, "the provider's API answers with 503", "llm:anthropic", "llm_error_rate", "critical",
          {"provider": "anthropic"}),
    _Sort(RATE_LIMITING, 2, "the provider's limit of tokens a minute is reached", "llm:openai", "llm_rate_limited_rate",
          "warning", {"provider": "openai"}),
    _Sort(COST_SPIKE, 6, "a batch job was pointed at the production key", "agents", "cost", "warning",
          {"feature": "agents"}),
    _Sort(MEMORY_LEAK, 14, "a cache of embeddings is never emptied", "agents-1", "memory_utilization", "warning",
          {"host": "agents-1"}),
    _Sort(TRAFFIC_ANOMALY, 2, "a crawler asks for every search result", "api_gateway", "requests_per_second", "warning",
          {"endpoint": "/api/v1/search"}),
    _Sort(ERROR_BURST, 1, "the database runs out of connections", "database", "error_rate", "critical",
          {"endpoint": "/api/v1/completions"}),
)  # fmt: skip


def plan(start: datetime, end: datetime, rng: np.random.Generator) -> tuple[Incident, ...]:
    """The incidents of a span: one of each sort in a week, the latest of them within the last day."""
    planned = [
        _incident(
            ERROR_BURST, end - timedelta(hours=6), timedelta(minutes=40), "a bad feature flag", "api_gateway",
            "error_rate", "critical", {"endpoint": "/api/v1/chat"}, number=0,
        ),
        _incident(
            DEPENDENCY_DEGRADED, end - timedelta(minutes=35), timedelta(minutes=36), "the payment provider is slow",
            "dependency:payments", "dependency_response_time", "warning", {}, number=0,
        ),
    ]  # fmt: skip
    last = end - timedelta(hours=12)
    room = (last - start) / timedelta(hours=1)
    rounds = max(1, round(room / (24 * 7))) if room > 30 else 0
    places = rounds * len(_SORTS)
    for place in range(places):
        sort = _SORTS[place % len(_SORTS)]
        slot = room / places
        length = min(sort.hours, slot * 0.6)
        begin = start + timedelta(hours=slot * (place + 0.15 + 0.2 * float(rng.random())))
        begin = begin.replace(second=0, microsecond=0)
        planned.append(
            _incident(
                sort.kind,
                begin,
                timedelta(minutes=max(10, round(length * 60))),
                sort.cause,
                sort.component,
                sort.metric,
                sort.severity,
                sort.affects,
                number=place // len(_SORTS) + 1,
            )
        )
    if not places and room > 4:
        sort = _SORTS[0]
        planned.append(
            _incident(
                sort.kind,
                start + timedelta(hours=room / 2),
                timedelta(hours=1.5),
                sort.cause,
                sort.component,
                sort.metric,
                sort.severity,
                sort.affects,
                number=1,
            )
        )
    return tuple(sorted(planned, key=lambda incident: incident.start))


def _incident(
    kind: str, start: datetime, length: timedelta, cause: str, component: str, metric: str, severity: str,
    affects: Mapping[str, str], *, number: int,
) -> Incident:  # fmt: skip
    name = f"{kind.replace('_', '-')}-{number}"
    return Incident(kind, name, start, start + length, cause, component, metric, severity, affects)


def _micros(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
