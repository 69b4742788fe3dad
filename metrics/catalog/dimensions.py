"""What numbers can be grouped and filtered by."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from metrics.catalog.model import Dimension, Metric, kinds_of
from metrics.events import KINDS
from metrics.events.entries import nearest

ATTRIBUTE_PREFIX = "attributes."

_TITLES = {
    "service": "Service", "region": "Region", "environment": "Environment", "feature": "Feature",
    "endpoint": "Endpoint", "method": "Method", "status_code": "Status code", "provider": "Provider", "model": "Model",
    "operation": "Operation", "status": "Status", "severity": "Severity", "error_type": "Error type",
    "component": "Component", "host": "Host", "page": "Page", "action": "Action", "device": "Device", "name": "Name",
    "outcome": "Outcome", "sentiment": "Sentiment", "change_type": "Change type", "cost_source": "Cost source",
    "finish_reason": "Finish reason", "cache_hit": "Cache hit", "source_ip": "Source IP", "prompt_id": "Prompt",
    "pipeline_id": "Pipeline", "request_id": "Request", "trace_id": "Trace", "user_id": "User", "session_id": "Session",
}  # fmt: skip


def _dimension(name: str, title: str) -> Dimension:
    having = tuple(kind for kind in KINDS.values() if name in kind.by_name)
    return Dimension(name, title, having[0].by_name[name].doc, tuple(kind.name for kind in having))


DIMENSIONS = {name: _dimension(name, title) for name, title in _TITLES.items()}
"""Every dimension by name; beside them `attributes.<key>`, any column no schema knows."""
DIMENSION_SCHEMA: dict[str, Any] = {
    "anyOf": [{"enum": list(DIMENSIONS)}, {"type": "string", "pattern": f"^{re.escape(ATTRIBUTE_PREFIX)}.+"}]
}
"""What a JSON Schema says of a dimension's name."""


def dimensions_of(metric: Metric) -> Collection[str]:
    """The dimensions by which a metric can be grouped and filtered, beside attributes."""
    measured = [
        {*getattr(measure, "without", ()), *(name for kind in kinds_of(measure) for name in KINDS[kind].by_name)}
        for measure in metric.measures
    ]
    return [name for name in DIMENSIONS if all(name in having for having in measured)]


def misfits(name: str, metric: Metric) -> Iterator[str]:
    """Why a metric cannot be grouped or filtered by a name; nothing where it can."""
    if name.removeprefix(ATTRIBUTE_PREFIX) and name.startswith(ATTRIBUTE_PREFIX):
        return
    known = dimensions_of(metric)
    if name not in DIMENSIONS:
        yield f"{name!r} is no dimension{nearest(name, known)}"
    elif name not in known:
        kinds = " and ".join(metric.kinds)
        yield f"{metric.name} is made of {kinds} events, which have no {name}; they have {', '.join(known)}"
