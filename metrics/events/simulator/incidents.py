"""What goes wrong, when, and why: planted so that what is found can be held against what was there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

LATENCY_REGRESSION, ERROR_BURST, PROVIDER_OUTAGE = "latency_regression", "error_burst", "provider_outage"
RATE_LIMITING, COST_SPIKE, TRAFFIC_ANOMALY, MEMORY_LEAK = (
    "rate_limiting",
    "cost_spike",
    "traffic_anomaly",
    "memory_leak",
)
DEPENDENCY_DEGRADED = "dependency_degraded"
OUTAGE, ERRORS_EVERYWHERE, SLOWDOWN = "outage", "errors_everywhere", "slowdown"
DATABASE_OUTAGE, SILENCE, REGION_OUTAGE, USER_SPEND = "database_outage", "silence", "region_outage", "user_spend"
SHORT_HOURS = 18
BAD_RELEASE = "2.14.0"
"""The version whose deployment a latency regression follows."""


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


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of incident, before it is known when."""

    kind: str
    hours: float
    cause: str
    component: str
    metric: str
    severity: str
    affects: Mapping[str, str]


_SORTS: Sequence[Sort] = (
    Sort(LATENCY_REGRESSION, 5, f"release {BAD_RELEASE} reads prompts without an index", "api_gateway",
          "response_time_p95", "error", {"service": "gateway"}),
    Sort(PROVIDER_OUTAGE, 1.5, "the provider's API answers with 503", "llm:anthropic", "llm_error_rate", "critical",
          {"provider": "anthropic"}),
    Sort(RATE_LIMITING, 2, "the provider's limit of tokens a minute is reached", "llm:openai", "llm_rate_limited_rate",
          "warning", {"provider": "openai"}),
    Sort(COST_SPIKE, 6, "a batch job was pointed at the production key", "agents", "cost", "warning",
          {"feature": "agents"}),
    Sort(MEMORY_LEAK, 14, "a cache of embeddings is never emptied", "agents-1", "memory_utilization", "warning",
          {"host": "agents-1"}),
    Sort(TRAFFIC_ANOMALY, 2, "a crawler asks for every search result", "api_gateway", "requests_per_second", "warning",
          {"endpoint": "/api/v1/search"}),
    Sort(ERROR_BURST, 1, "the database runs out of connections", "database", "error_rate", "critical",
          {"endpoint": "/api/v1/completions"}),
)  # fmt: skip
_HOURLY: Sequence[Sort] = (
    Sort(ERRORS_EVERYWHERE, 0.25, "one of five servers has no disk left", "api_gateway", "error_rate", "critical", {}),
    Sort(PROVIDER_OUTAGE, 0.25, "the provider's API answers with 503", "llm:openai", "llm_error_rate", "critical",
          {"provider": "openai"}),
    Sort(SLOWDOWN, 0.25, "a lock that everybody waits for", "database", "response_time_p95", "error", {}),
    Sort(RATE_LIMITING, 0.25, "the provider's limit of tokens a minute is reached", "llm:anthropic",
          "llm_rate_limited_rate", "warning", {"provider": "anthropic"}),
    Sort(ERROR_BURST, 0.25, "the database runs out of connections", "database", "error_rate", "critical",
          {"endpoint": "/api/v1/chat"}),
    Sort(DEPENDENCY_DEGRADED, 0.25, "the payment provider is slow", "dependency:payments",
          "dependency_response_time", "warning", {"component": "dependency:payments"}),
)  # fmt: skip


def plan(start: datetime, end: datetime, rng: np.random.Generator) -> tuple[Incident, ...]:
    """The incidents of a span in order of time: one of each sort a week, and two in the last day.

    Spans too short for all sorts get a latency regression only, before what happens in any last day.
    """
    last = end - timedelta(hours=12)
    hours = (last - start) / timedelta(hours=1)
    weeks = max(1, round(hours / (24 * 7)))
    if hours > SHORT_HOURS:
        sorts = [_SORTS[place] for _ in range(weeks) for place in rng.permutation(len(_SORTS))]
    else:
        sorts = [_SORTS[0]] if hours > 0 else []
    slot = hours / max(len(sorts), 1)
    planned = list(_last_day(end))
    for place, sort in enumerate(sorts):
        begin = start + timedelta(hours=slot * (place + 0.15 + 0.2 * float(rng.random())))
        length = timedelta(minutes=max(10, round(min(sort.hours, slot * 0.6) * 60)))
        planned.append(planted(sort, begin.replace(second=0, microsecond=0), length, place // len(_SORTS) + 1))
    return tuple(sorted(planned, key=lambda incident: incident.start))


def hourly(start: datetime, end: datetime, rng: np.random.Generator) -> tuple[Incident, ...]:
    """A short one in every hour of a span, in order of time: for who looks on while it happens."""
    count = (end - start) // timedelta(hours=1)
    sorts = [_HOURLY[place] for _ in range(-(-count // len(_HOURLY))) for place in rng.permutation(len(_HOURLY))]
    found: list[Incident] = []
    for place, sort in enumerate(sorts[:count]):
        begin = start + timedelta(hours=place, minutes=int(rng.integers(15, 40)))
        found.append(planted(sort, begin, timedelta(minutes=int(rng.integers(10, 16))), place + 1))
    return tuple(found)


def _last_day(end: datetime) -> Sequence[Incident]:
    """What a newcomer sees at first: a burst of errors that is over, and something that is not."""
    burst = Sort(ERROR_BURST, 0.7, "a bad feature flag", "api_gateway", "error_rate", "critical",
                  {"endpoint": "/api/v1/chat"})  # fmt: skip
    slow = Sort(DEPENDENCY_DEGRADED, 0.6, "the payment provider is slow", "dependency:payments",
                 "dependency_response_time", "warning", {"component": "dependency:payments"})  # fmt: skip
    return (
        planted(burst, end - timedelta(hours=6), timedelta(minutes=40), 0),
        planted(slow, end - timedelta(minutes=35), timedelta(minutes=35), 0),
    )


def planted(sort: Sort, start: datetime, length: timedelta, number: int) -> Incident:
    """The incident of a sort that happens then."""
    return Incident(
        sort.kind, f"{sort.kind.replace('_', '-')}-{number}", start, start + length, sort.cause, sort.component,
        sort.metric, sort.severity, sort.affects,
    )  # fmt: skip
