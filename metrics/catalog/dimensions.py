"""What numbers can be grouped and filtered by."""

from metrics.catalog.model import Dimension
from metrics.events import KINDS

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
