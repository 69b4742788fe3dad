"""Whether the product can be used, and what it depends on."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from metrics.catalog.model import Additive, LastState, Metric, MinuteSlots, Quantile

OBSERVED, DOWN = MinuteSlots("slots_observed", "observed"), MinuteSlots("slots_down", "down")
_EXTERNAL = "(component LIKE 'dependency:%' OR component LIKE 'llm:%')"
_KNOWN = f"{_EXTERNAL} AND status <> 'unknown'"
PROBES = Additive("dependency_probes", "health", f"count(*) FILTER (WHERE {_KNOWN})")
FAILED_PROBES = Additive(
    "dependency_probes_failed", "health", f"count(*) FILTER (WHERE {_KNOWN} AND status <> 'healthy')"
)
PROBE_TIME = Quantile("dependency_response_time", "health", "response_time_ms", 0.5, rollup="", where=_EXTERNAL)
_TARGET = 99.9


def _left(target: float) -> str:
    allowed = f"(seconds / 60e0 * {100 - target!r} / 1e2)"
    return f"CASE WHEN slots_observed > 0 THEN 1e2 * (1e0 - slots_down / nullif({allowed}, 0)) END"


def _burn(target: float) -> str:
    return f"slots_down / nullif(slots_observed * {100 - target!r} / 1e2, 0)"


STATUSES = ("healthy", "degraded", "down")
"""Levels of `component_status`, the worst last."""

METRICS = (
    Metric(
        "component_status", "Component status", "state", "down",
        "Last status within 5 minutes before the end of the bucket: 0 healthy, 1 degraded, 2 down; of several "
        "components the worst. Older than that is unknown, which is no data and never healthy.",
        "component_status", (LastState("component_status"),), decimals=0, levels=STATUSES,
    ),
    Metric(
        "uptime", "Uptime", "%", "up",
        "100 × (observed − down) ÷ observed one-minute slots. A slot is down when a critical component is; a component "
        "without a probe keeps its last state for 5 minutes, then it is unknown.",
        "1e2 * (slots_observed - slots_down) / nullif(slots_observed, 0)", (OBSERVED, DOWN), decimals=3,
    ),
    Metric(
        "error_budget_left", "Error budget left", "%", "up",
        "100 × (1 − down minutes ÷ the minutes that `slo.availability_target` allows in the window); below 0 when more "
        "is spent than there was.",
        _left(_TARGET), (OBSERVED, DOWN),
    ),
    Metric(
        "burn_rate", "Burn rate", "×", "down",
        "Share of observed minutes that were down ÷ the share that `slo.availability_target` allows: at 1 the budget "
        "lasts exactly as long as it should.",
        _burn(_TARGET), (OBSERVED, DOWN), decimals=2,
    ),
    Metric(
        "dependency_response_time", "Dependency response time", "ms", "down",
        "Median response time of the probes of external dependencies and LLM providers.", "dependency_response_time",
        (PROBE_TIME,),
    ),
    Metric(
        "dependency_error_rate", "Dependency error rate", "%", "down",
        "100 × probes of external dependencies and LLM providers that were not healthy ÷ probes that found anything.",
        "1e2 * dependency_probes_failed / nullif(dependency_probes, 0)", (PROBES, FAILED_PROBES), decimals=2,
    ),
)  # fmt: skip


def with_target(metrics: Mapping[str, Metric], target: float) -> Iterator[Metric]:
    """The metrics that measure against the availability that was promised, in percent."""
    yield replace(metrics["error_budget_left"], formula=_left(target))
    yield replace(metrics["burn_rate"], formula=_burn(target))
