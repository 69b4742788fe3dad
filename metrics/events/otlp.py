"""OTLP/JSON trace documents as rows, one a span.

The shape is that of `ExportTraceServiceRequest`: resourceSpans → scopeSpans → spans, attributes as lists of
key and typed value.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

Json = Mapping[str, Any]


def is_traces(document: object) -> bool:
    """Whether a JSON value is an OTLP trace document."""
    return isinstance(document, dict) and "resourceSpans" in document


def is_other_signal(document: object) -> bool:
    """Whether it is an OTLP document of logs or metrics, which hold no spans."""
    return isinstance(document, dict) and ("resourceLogs" in document or "resourceMetrics" in document)


def spans(document: Json) -> Iterator[dict[str, Any]]:
    """One row a span: trace_id, span_id, parent_span_id, name, start and end in ns, status, attributes."""
    for resource in _list(document, "resourceSpans"):
        shared = _attributes(resource.get("resource") or {})
        for scope in _list(resource, "scopeSpans", "instrumentationLibrarySpans"):
            for span in _list(scope, "spans"):
                yield {
                    "trace_id": span.get("traceId"),
                    "span_id": span.get("spanId"),
                    "parent_span_id": span.get("parentSpanId"),
                    "name": span.get("name"),
                    "start_time_unix_nano": _nanoseconds(span.get("startTimeUnixNano")),
                    "end_time_unix_nano": _nanoseconds(span.get("endTimeUnixNano")),
                    "status": str((span.get("status") or {}).get("code", "0")),
                    "attributes": {**shared, **_attributes(span)},
                }


def _list(document: Json, *names: str) -> Sequence[Json]:
    found = next((document[name] for name in names if isinstance(document.get(name), list)), [])
    return [item for item in found if isinstance(item, dict)]


def _attributes(holder: Json) -> dict[str, str]:
    return {str(item.get("key")): _text(item.get("value") or {}) for item in _list(holder, "attributes")}


def _text(value: Json) -> str:
    """An AnyValue as text; arrays and maps as JSON."""
    inner = next(iter(value.values()), None)
    if isinstance(inner, str):
        return inner
    if isinstance(inner, bool) or inner is None:
        return str(inner).lower()
    return str(inner) if isinstance(inner, int | float) else orjson.dumps(inner).decode()


def _nanoseconds(value: object) -> int | None:
    return int(value) if isinstance(value, str | int) and str(value).isdigit() else None
