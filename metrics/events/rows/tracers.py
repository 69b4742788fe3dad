"""Spans as Jaeger and Zipkin write them in JSON, as rows of the same form as those of OTLP.

Jaeger: {"data": [{"traceID": …, "spans": […], "processes": {"p1": {"serviceName": …}}}]}, as its API and its page give
Zipkin: {"traceId": …, "id": …, "timestamp": …, "duration": …, "tags": {…}, "localEndpoint": {…}}, one a span (v2)
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from metrics.events.rows.otlp import text_of_value

Json = Mapping[str, Any]
_ERROR, _FINE = "2", "0"
"""OpenTelemetry's codes of a status."""


def is_jaeger(document: Json) -> bool:
    """Whether it is a trace of Jaeger, or a page of them."""
    return any(True for _ in _traces(document))


def jaeger_spans(document: Json) -> Iterator[dict[str, Any]]:
    """A row a span of a trace, or of a page of traces."""
    for trace in _traces(document):
        processes = _object(trace, "processes")
        for span in _objects(trace, "spans"):
            process = _object(processes, str(span.get("processID"))) or _object(span, "process")
            attributes = {**_tags(process), **_tags(span)}
            if name := process.get("serviceName"):
                attributes["service.name"] = str(name)
            is_error = attributes.get("error", "").lower() == "true" or attributes.get("otel.status_code") == "ERROR"
            parents = [one for one in _objects(span, "references") if one.get("refType", "CHILD_OF") == "CHILD_OF"]
            parent = parents[0].get("spanID") if parents else span.get("parentSpanID")
            yield _row(
                span.get("traceID"), span.get("spanID"), parent, span.get("operationName"), span.get("startTime"),
                span.get("duration"), _ERROR if is_error else _FINE, attributes,
            )  # fmt: skip


def is_zipkin(document: Json) -> bool:
    """Whether it is a span of Zipkin."""
    return document.keys() >= {"traceId", "id", "localEndpoint"}


def zipkin_span(span: Json) -> dict[str, Any]:
    """The row of a span."""
    attributes = {key: text_of_value(value) for key, value in _object(span, "tags").items() if value is not None}
    if name := _object(span, "localEndpoint").get("serviceName"):
        attributes["service.name"] = str(name)
    if kind := span.get("kind"):
        attributes["span.kind"] = str(kind).lower()
    status = _ERROR if "error" in attributes else _FINE
    return _row(
        span.get("traceId"), span.get("id"), span.get("parentId"), span.get("name"), span.get("timestamp"),
        span.get("duration"), status, attributes,
    )  # fmt: skip


def _row(
    trace: object, span: object, parent: object, name: object, start: object, took: object, status: str,
    attributes: dict[str, str],
) -> dict[str, Any]:  # fmt: skip
    """Of a span whose times are in microseconds."""
    begun, lasted = _whole(start), _whole(took)
    return {
        "trace_id": trace,
        "span_id": span,
        "parent_span_id": parent,
        "name": name,
        "start_time_unix_nano": None if begun is None else begun * 1000,
        "end_time_unix_nano": None if begun is None or lasted is None else (begun + lasted) * 1000,
        "status": status,
        "attributes": attributes,
    }


def _traces(document: Json) -> Iterator[Json]:
    for trace in (document, *_objects(document, "data")):
        if isinstance(trace.get("spans"), list) and isinstance(trace.get("processes"), dict):
            yield trace


def _tags(holder: Json) -> dict[str, str]:
    return {
        str(one["key"]): text_of_value(one.get("value"))
        for one in _objects(holder, "tags")
        if "key" in one and one.get("value") is not None
    }


def _objects(holder: Json, name: str) -> list[Json]:
    found = holder.get(name)
    return [item for item in cast("list[Any]", found) if isinstance(item, dict)] if isinstance(found, list) else []


def _object(holder: Json, name: str) -> Json:
    found = holder.get(name)
    return cast("Json", found) if isinstance(found, dict) else {}


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None
