"""OTLP/JSON documents of traces and logs as rows, one a span or a record.

The shape is that of `ExportTraceServiceRequest`: resourceSpans → scopeSpans → spans, attributes as lists of
key and typed value; logs are resourceLogs → scopeLogs → logRecords. What has another shape than that is passed over,
not stumbled over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import orjson

Json = Mapping[str, Any]


def is_traces(document: object) -> bool:
    """Whether a JSON value is an OTLP trace document."""
    return isinstance(document, dict) and "resourceSpans" in document


def is_logs(document: object) -> bool:
    """Whether it is an OTLP document of logs."""
    return isinstance(document, dict) and "resourceLogs" in document


def is_metrics(document: object) -> bool:
    """Whether it is an OTLP document of metrics, which hold no events."""
    return isinstance(document, dict) and "resourceMetrics" in document


def spans(document: Json) -> Iterator[dict[str, Any]]:
    """One row a span: trace_id, span_id, parent_span_id, name, start and end in ns, status, attributes."""
    for resource in _list(document, "resourceSpans"):
        shared = _attributes(_object(resource, "resource"))
        for scope in _list(resource, "scopeSpans", "instrumentationLibrarySpans"):
            for span in _list(scope, "spans"):
                yield {
                    "trace_id": span.get("traceId"),
                    "span_id": span.get("spanId"),
                    "parent_span_id": span.get("parentSpanId"),
                    "name": span.get("name"),
                    "start_time_unix_nano": _nanoseconds(span.get("startTimeUnixNano")),
                    "end_time_unix_nano": _nanoseconds(span.get("endTimeUnixNano")),
                    "status": str(_object(span, "status").get("code", "0")),
                    "attributes": {**shared, **_kind(span), **_attributes(span)},
                }


_KINDS = {"2": "server", "3": "client", "4": "producer", "5": "consumer"}
"""Numbers of the kinds of a span that are more than a part of a program's own work."""


def _kind(span: Json) -> dict[str, str]:
    said = str(span.get("kind", ""))
    kind = _KINDS.get(said, said.removeprefix("SPAN_KIND_").lower())
    return {"span.kind": kind} if kind in _KINDS.values() else {}


_SEVERITIES = ((21, "critical"), (17, "error"), (13, "warning"), (9, "info"), (5, "debug"), (1, "trace"))
"""From which number on a record is how severe."""
_WORDS = {"fatal": "critical", "critical": "critical", "error": "error", "err": "error", "warn": "warning"}
"""The same by its text, where it has no number."""


def records(document: Json) -> Iterator[dict[str, Any]]:
    """One row a record of a log: trace_id, span, times in ns, severity (a word), body (text), attributes."""
    for resource in _list(document, "resourceLogs"):
        shared = _attributes(_object(resource, "resource"))
        for scope in _list(resource, "scopeLogs", "instrumentationLibraryLogs"):
            for record in _list(scope, "logRecords"):
                body = plain(record.get("body"))
                yield {
                    "trace_id": record.get("traceId"),
                    "span": record.get("spanId"),  # in which it was written: it is not the record's own identity
                    "time_unix_nano": _nanoseconds(record.get("timeUnixNano")) or None,
                    "observed_time_unix_nano": _nanoseconds(record.get("observedTimeUnixNano")),
                    "severity": _severity(record),
                    "logger": _object(scope, "scope").get("name"),
                    "body": None if body is None else text_of_value(body),
                    "attributes": {**shared, **_attributes(record)},
                }


def _severity(record: Json) -> str | None:
    said = str(record.get("severityNumber") or "")
    number = int(said) if said.isdigit() else 0
    words = str(record.get("severityText") or said.removeprefix("SEVERITY_NUMBER_")).lower().rstrip("234")
    return next((word for least, word in _SEVERITIES if number >= least), _WORDS.get(words, words or None))


def _list(document: Json, *names: str) -> Sequence[Json]:
    found = next((document[name] for name in names if isinstance(document.get(name), list)), [])
    return [item for item in found if isinstance(item, dict)]


def _object(holder: Json, name: str) -> Json:
    found = holder.get(name)
    return cast("Json", found) if isinstance(found, dict) else {}


def _attributes(holder: Json) -> dict[str, str]:
    return {key: text_of_value(value) for key, value in pairs(_list(holder, "attributes")).items() if value is not None}


def pairs(listed: object, depth: int = 0) -> dict[str, object]:
    """Attributes that are listed as `{"key": …, "value": …}`, by key; empty when that is not what they are."""
    items = cast("list[object]", listed) if isinstance(listed, list) else []
    found = [cast("Json", item) for item in items if isinstance(item, dict) and "key" in item]
    if len(found) < len(items):
        return {}
    return {str(item["key"]): plain(item.get("value"), depth) for item in found}


_TYPES = ("string", "bool", "int", "float", "double", "array", "kvlist", "bytes")
_TYPED = {name for kind in _TYPES for name in (f"{kind}Value", f"{kind}_value")}
"""Keys of an AnyValue, as OTLP/JSON and as tables of its protobuf form write them; Google Analytics has floats, too."""
_BESIDE = {"set_timestamp_micros"}
"""What may stand beside the value: when it was set."""
_DEEPEST = 32
"""Levels of arrays and maps within one another that are looked into."""


def is_typed(keys: Iterable[str]) -> bool:
    """Whether these are the keys of a value that is written by its type."""
    named = set(keys) - _BESIDE
    return bool(named) and named <= _TYPED


def plain(value: object, depth: int = 0) -> object:
    """What an AnyValue says; anything else is what it is."""
    if not isinstance(value, dict) or depth > _DEEPEST or not is_typed(cast("Json", value)):
        return value
    said = ((kind, one) for kind, one in cast("Json", value).items() if one is not None and kind in _TYPED)
    kind, inner = next(said, ("", None))
    within = cast("Json", inner).get("values") if isinstance(inner, dict) else None
    if kind.startswith("array") and isinstance(within, list):
        return [plain(item, depth + 1) for item in cast("list[object]", within)]
    return pairs(within, depth + 1) if kind.startswith("kvlist") else inner


def text_of_value(value: object) -> str:
    """A value as text; arrays and maps as JSON."""
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as error:
        return f"a value that cannot be shown: {error}"


def _nanoseconds(value: object) -> int | None:
    return int(value) if isinstance(value, str | int) and str(value).isdigit() else None
