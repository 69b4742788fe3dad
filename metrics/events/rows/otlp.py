"""OTLP/JSON documents of traces and logs as rows, one a span, an event within it that counts, or a record.

The shape is that of `ExportTraceServiceRequest`: resourceSpans → scopeSpans → spans, attributes as lists of
key and typed value; logs are resourceLogs → scopeLogs → logRecords. What has another shape than that is passed over,
not stumbled over. What is received by OTLP's own protocols has rows of the same form (`span_rows`, `record_row`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
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
    """The rows of all spans, as `span_rows` gives them."""
    for resource in _list(document, "resourceSpans"):
        shared = _attributes(_object(resource, "resource"))
        for scope in _list(resource, "scopeSpans", "instrumentationLibrarySpans"):
            for span in _list(scope, "spans"):
                status, own = _object(span, "status"), _attributes(span)
                row = {
                    "trace_id": span.get("traceId"),
                    "span_id": span.get("spanId"),
                    "parent_span_id": span.get("parentSpanId"),
                    "name": span.get("name"),
                    "start_time_unix_nano": _nanoseconds(span.get("startTimeUnixNano")),
                    "end_time_unix_nano": _nanoseconds(span.get("endTimeUnixNano")),
                    "status": str(status.get("code", "0")),
                    "attributes": {**shared, **kind_of(str(span.get("kind", ""))), **own},
                }
                if message := status.get("message"):
                    row["status_message"] = message
                yield from span_rows(row, _moments(span))


def _moments(span: Json) -> Iterator["Moment"]:
    for event in _list(span, "events"):
        yield str(event.get("name")), _nanoseconds(event.get("timeUnixNano")), _attributes(event)


Moment = tuple[str, int | None, Mapping[str, str]]
"""An event within a span: its name, its time in ns and its attributes."""
EXCEPTION = "exception"
_COUNTING = frozenset(
    (EXCEPTION, "gen_ai.evaluation.result", "gen_ai.user.feedback", "gen_ai.feedback", "user.feedback", "user_feedback")
)
"""Names of the events within a span that are events of ours."""
_FIRST_TOKENS = frozenset(
    (
        "First Token Stream Event",
        "ai.stream.firstChunk",
        "gen_ai.content.completion.chunk",
        "llm.content.completion.chunk",
    )
)
"""Names of the events of which the first tells when the first token came: OpenInference's, Vercel's, OpenLLMetry's."""
_FAILED = ("2", "STATUS_CODE_ERROR")
"""Codes of the status of a span that failed: what it failed of, an exception within it may tell alone."""
_TO_FIRST_TOKEN = ("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk")
"""The same as attributes of Vercel's spans, in milliseconds."""


def span_rows(row: dict[str, Any], moments: Iterable[Moment]) -> Iterator[dict[str, Any]]:
    """A row for a span, and one for each event within it that counts: an exception, a judgment, a user's feedback.

    A span has trace_id, span_id, parent_span_id, name, start and end in ns, status (code), perhaps status_message and
    first_token_time_unix_nano, and attributes, its resource's among them. An event within it has that span as its
    parent, its attributes on top of those of the span, event_name, and an event_id made of the span's and its place.
    """
    first = _first_token(row)
    failure: str | None = None
    told: list[dict[str, Any]] = []
    for place, (name, time, attributes) in enumerate(moments):
        if first is None and name in _FIRST_TOKENS:
            first = time
        if name in _COUNTING:
            failure = failure or (attributes.get("exception.type") if row["status"] in _FAILED else None)
            told.append(_within(row, place, name, time, attributes))
    if first is not None:
        row = {**row, "first_token_time_unix_nano": first}
    if failure is not None and "error.type" not in row["attributes"]:
        row = {**row, "attributes": {**row["attributes"], "exception.type": failure}}
    yield row
    yield from told


def _within(row: Json, place: int, name: str, time: int | None, attributes: Mapping[str, str]) -> dict[str, Any]:
    """The row of an event within a span."""
    trace, span, every = row["trace_id"], row["span_id"], {**row["attributes"], **attributes}
    return {
        "trace_id": trace,
        "parent_span_id": span,
        "name": row["name"],
        "event_name": name,
        "event_id": f"{trace}-{span}-{place}" if trace and span else None,
        "error_id": error_id(trace, every) if name == EXCEPTION else None,
        "start_time_unix_nano": time or row["start_time_unix_nano"],
        "attributes": every,
    }


def _first_token(row: Json) -> int | None:
    said = next((row["attributes"][name] for name in _TO_FIRST_TOKEN if name in row["attributes"]), None)
    start = row["start_time_unix_nano"]
    try:
        return None if said is None or start is None else start + int(float(said) * 1e6)
    except (ValueError, OverflowError):
        return None


def error_id(trace: str | None, attributes: Mapping[str, str]) -> str | None:
    """What the records of one exception have in common: every span that it leaves, and often a log, tells of it.

    It is the exception of that class and those words within a trace; without a trace there is nothing in common.
    """
    kind, words = attributes.get("exception.type"), attributes.get("exception.message")
    if not trace or kind is None:
        return None
    told = f"{kind}\x1f{words or ''}".encode("utf-8", "replace")
    return f"{trace}-{blake2b(told, digest_size=8).hexdigest()}"


_KINDS = {"1": "internal", "2": "server", "3": "client", "4": "producer", "5": "consumer"}
"""Kinds of a span by their numbers."""


def kind_of(said: str) -> dict[str, str]:
    """The attribute that tells the kind of a span, by its number or its name; none where it is not said."""
    kind = _KINDS.get(said, said.removeprefix("SPAN_KIND_").lower())
    return {"span.kind": kind} if kind in _KINDS.values() else {}


_SEVERITIES = ((21, "critical"), (17, "error"), (13, "warning"), (9, "info"), (5, "debug"), (1, "trace"))
"""From which number on a record is how severe."""
_WORDS = {"fatal": "critical", "critical": "critical", "error": "error", "err": "error", "warn": "warning"}
"""The same by its text, where it has no number."""


def records(document: Json) -> Iterator[dict[str, Any]]:
    """The rows of all records of logs, as `record_row` gives them."""
    for resource in _list(document, "resourceLogs"):
        shared = _attributes(_object(resource, "resource"))
        for scope in _list(resource, "scopeLogs", "instrumentationLibraryLogs"):
            for record in _list(scope, "logRecords"):
                body = plain(record.get("body"))
                row = {
                    "trace_id": record.get("traceId"),
                    "parent_span_id": record.get("spanId"),  # in which it was written: not its own identity
                    "time_unix_nano": _nanoseconds(record.get("timeUnixNano")) or None,
                    "observed_time_unix_nano": _nanoseconds(record.get("observedTimeUnixNano")),
                    "severity": severity(
                        str(record.get("severityNumber") or ""), str(record.get("severityText") or "")
                    ),
                    "logger": _object(scope, "scope").get("name"),
                    "body": None if body is None else text_of_value(body),
                    "attributes": {**shared, **_attributes(record)},
                }
                yield record_row(row, record.get("eventName"))


def record_row(row: dict[str, Any], event_name: str | None) -> dict[str, Any]:
    """A record of a log: trace_id, parent_span_id, times in ns, severity (a word), body (text), attributes.

    Where the record is an event with a name, event_name; where it tells of an exception within a trace, error_id.
    """
    named = {
        "event_name": event_name or row["attributes"].get("event.name"),
        "error_id": error_id(row["trace_id"], row["attributes"]),
    }
    return {**row, **{name: said for name, said in named.items() if said is not None}}


def severity(said: str, text: str) -> str | None:
    """The word for how severe a record is, from its number (or that number's name) and its text."""
    number = int(said) if said.isdigit() else 0
    words = (text or said.removeprefix("SEVERITY_NUMBER_")).lower().rstrip("234")
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
