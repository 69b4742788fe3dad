"""Requests of OTLP in protobuf as rows: the same that a file of OTLP/JSON has (`metrics.events.rows.otlp`)."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl
import pyarrow as pa
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from metrics.collect.otlp.content import LONGEST_KEY, MESSAGE, Content, is_content, is_event_of_content, kept, kept_of
from metrics.events.conversion import LONGEST_ATTRIBUTE
from metrics.events.rows.otlp import Moment, kind_of, record_row, severity, span_rows, text_of_value
from metrics.events.rows.parting import MOST_ATTRIBUTES

Row = dict[str, Any]

_TEXTS = (
    "trace_id",
    "span_id",
    "parent_span_id",
    "name",
    "status",
    "status_message",
    "event_name",
    "event_id",
    "error_id",
)
_TIMES = ("start_time_unix_nano", "end_time_unix_nano", "first_token_time_unix_nano")
OF_SPANS = pl.Schema({**dict.fromkeys(_TEXTS, pl.String()), **dict.fromkeys(_TIMES, pl.Int64())})
"""Columns of the rows of spans; beside them `attributes`, a map of texts."""
OF_RECORDS = pl.Schema(
    {
        **dict.fromkeys(
            ("trace_id", "parent_span_id", "event_name", "error_id", "severity", "logger", "body"), pl.String()
        ),
        **dict.fromkeys(("time_unix_nano", "observed_time_unix_nano"), pl.Int64()),
    }
)
"""Columns of the rows of logs; beside them `attributes`."""
_LATEST = 2**63 - 1
_MOST_MOMENTS = 1024
"""Events of a span that are looked at."""
_DEEPEST = 16
"""Levels of arrays and maps within one another that are shown."""
_MOST_ITEMS = 1024
"""Items of such a value that are shown."""


def rows_of_spans(request: ExportTraceServiceRequest, content: Content) -> Iterator[Row]:
    """The rows of the spans of a request."""
    for resource in request.resource_spans:
        shared = attributes_of(resource.resource.attributes, content)
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield from span_rows(_span(span, shared, content), _moments(span, content))


def _span(span: Span, shared: Mapping[str, str], content: Content) -> Row:
    status = span.status
    return {
        "trace_id": span.trace_id.hex() or None,
        "span_id": span.span_id.hex() or None,
        "parent_span_id": span.parent_span_id.hex() or None,
        "name": _short(span.name),
        "status": str(status.code),
        "status_message": _short(status.message) or None,
        "start_time_unix_nano": _time(span.start_time_unix_nano),
        "end_time_unix_nano": _time(span.end_time_unix_nano),
        "attributes": {**shared, **kind_of(str(span.kind)), **attributes_of(span.attributes, content)},
    }


def _moments(span: Span, content: Content) -> Iterator[Moment]:
    for event in span.events[:_MOST_MOMENTS]:
        yield event.name, _time(event.time_unix_nano), attributes_of(event.attributes, content)


def rows_of_records(request: ExportLogsServiceRequest, content: Content) -> Iterator[Row]:
    """The rows of the records of a request."""
    for resource in request.resource_logs:
        shared = attributes_of(resource.resource.attributes, content)
        for scope in resource.scope_logs:
            for record in scope.log_records:
                yield _record(record, scope.scope.name, shared, content)


def _record(record: LogRecord, logger: str, shared: Mapping[str, str], content: Content) -> Row:
    row = {
        "trace_id": record.trace_id.hex() or None,
        "parent_span_id": record.span_id.hex() or None,
        "time_unix_nano": _time(record.time_unix_nano),
        "observed_time_unix_nano": _time(record.observed_time_unix_nano),
        "severity": severity(str(record.severity_number or ""), record.severity_text),
        "logger": _short(logger) or None,
        "body": None,
        "attributes": {**shared, **attributes_of(record.attributes, content)},
    }
    row = record_row(row, _short(record.event_name) or None)
    body = _text(record.body)
    if is_event_of_content(row.get("event_name")):
        body = None if body is None else kept(body, content)
        own = row["attributes"]
        said = {name: kept(own[name], content) for name in own if name in MESSAGE and not is_content(name)}
        row["attributes"] = {**own, **said}
    return {**row, "body": body}


def attributes_of(pairs: Iterable[KeyValue], content: Content) -> dict[str, str]:
    """Attributes as texts, without what has no value; of content, what is to be kept."""
    found: dict[str, str] = {}
    for pair in pairs:
        text = _text(pair.value)
        if text is not None:
            name = pair.key[:LONGEST_KEY]
            found[name] = kept_of(name, text, content)
            if len(found) >= MOST_ATTRIBUTES:
                break
    return found


def _text(value: AnyValue) -> str | None:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return _short(value.string_value)
    if kind is None:
        return None
    return _short(text_of_value(_plain(value)))


def _plain(value: AnyValue, depth: int = 0) -> object:
    kind = value.WhichOneof("value")
    if kind is None or depth > _DEEPEST:
        return None
    if kind == "array_value":
        return [_plain(item, depth + 1) for item in value.array_value.values[:_MOST_ITEMS]]
    if kind == "kvlist_value":
        return {pair.key: _plain(pair.value, depth + 1) for pair in value.kvlist_value.values[:_MOST_ITEMS]}
    if kind == "bytes_value":
        return b64encode(value.bytes_value[:LONGEST_ATTRIBUTE]).decode()
    return getattr(value, kind)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_ATTRIBUTE else text[:LONGEST_ATTRIBUTE]


def _time(nanoseconds: int) -> int | None:
    return min(nanoseconds, _LATEST) or None


def framed(rows: Iterable[Row], schema: pl.Schema) -> pl.DataFrame:
    """Rows as a frame of these columns and `attributes`."""
    listed = list(rows)
    columns = [pl.Series(name, [row.get(name) for row in listed], dtype) for name, dtype in schema.items()]
    offsets, keys, texts = [0], list[str](), list[str]()
    for row in listed:
        keys.extend(row["attributes"])
        texts.extend(row["attributes"].values())
        offsets.append(len(keys))
    maps = pa.MapArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.array(keys, pa.large_string()), pa.array(texts, pa.large_string())
    )
    return pl.DataFrame([*columns, pl.Series("attributes", maps)])
