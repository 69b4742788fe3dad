"""Requests of OTLP in few words, and a fake of what keeps their events."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from metrics.collect.otlp.converting import said
from metrics.collect.receipt import NONE_READY, Event, Ready, Receipt, Rejected, Unavailable
from metrics.collect.receiving import received

START = 1_790_000_000_000_000_000
"""2026-09-21 14:13:20 UTC, in ns."""
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""No event is of a later time."""
TRACE = bytes.fromhex("0af7651916cd43dd8448eb211c80319c")


class Kept:
    """Takes events and remembers them; `refuses` is raised instead, events whose model it names are rejected."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.ready = 0
        """How many were to be stored as they are."""
        self.refuses: Exception | None = None
        self.rejects: str | None = None

    async def __call__(self, events: Sequence[Event], ready: Ready = NONE_READY) -> Receipt:
        if self.refuses is not None:
            raise self.refuses
        self.ready += sum(frame.height for frame in ready.values())
        events = [*events, *as_said(ready)]
        bad = [number for number, event in enumerate(events) if self.rejects and event.get("model") == self.rejects]
        self.events.extend(event for number, event in enumerate(events) if number not in bad)
        return Receipt(len(events) - len(bad), tuple(Rejected(number, "no such model") for number in bad))

    def of(self, kind: str) -> list[Event]:
        """The events of a kind."""
        return [event for event in self.events if event["event"] == kind]

    @property
    def kinds(self) -> list[str]:
        """The kinds of all events, in the letters' order."""
        return sorted(event["event"] for event in self.events)


def as_said(ready: Ready) -> list[Event]:
    """Events that are to be stored as they are, once it is sure that converted again they would be the same."""
    events = [event for kind, frame in ready.items() for event in said(kind, frame)]
    if events:
        again = received([events], LATEST)
        assert again.receipts == (Receipt(len(events)),)
        assert again.good.keys() == ready.keys()
        for kind, frame in ready.items():
            assert frame.write_ndjson() == again.good[kind].write_ndjson()
            assert frame.schema == again.good[kind].schema
    return events


def full(seconds: float = 2.5) -> Unavailable:
    return Unavailable(429, "the queue is full", seconds)


def value(said: Any) -> AnyValue:
    if isinstance(said, bool):
        return AnyValue(bool_value=said)
    if isinstance(said, int):
        return AnyValue(int_value=said)
    if isinstance(said, float):
        return AnyValue(double_value=said)
    if isinstance(said, bytes):
        return AnyValue(bytes_value=said)
    if isinstance(said, list):
        made = AnyValue()
        made.array_value.values.extend(map(value, said))  # pyright: ignore[reportUnknownArgumentType]
        return made
    if isinstance(said, dict):
        made = AnyValue()
        made.kvlist_value.values.extend(attributes(said))  # pyright: ignore[reportUnknownArgumentType]
        return made
    return AnyValue(string_value=said)


def attributes(said: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=name, value=value(one)) for name, one in said.items()]


def span(number: int, said: Mapping[str, Any] | None = None, *, parent: int = 0, **fields: Any) -> Span:
    """A span of one trace that takes half a second; `number` is its id."""
    made: dict[str, Any] = {
        "trace_id": TRACE, "span_id": number.to_bytes(8, "big"), "name": f"step {number}", "kind": 1,
        "start_time_unix_nano": START, "end_time_unix_nano": START + 500_000_000,
    }  # fmt: skip
    if parent:
        made["parent_span_id"] = parent.to_bytes(8, "big")
    return Span(**{**made, **fields}, attributes=attributes(said or {}))


def moment(name: str, said: Mapping[str, Any], ms: int = 0) -> Span.Event:
    return Span.Event(name=name, time_unix_nano=START + ms * 1_000_000, attributes=attributes(said))


def traces(*spans: Span, **resource: Any) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    one = request.resource_spans.add()
    one.resource.attributes.extend(attributes({name.replace("_", "."): said for name, said in resource.items()}))
    one.scope_spans.add().spans.extend(spans)
    return request


def record(number: int = 0, **fields: Any) -> LogRecord:
    """A record of a log, of a severity by number."""
    said: dict[str, Any] = {"severity_number": number, "time_unix_nano": START, **fields}
    return LogRecord(**said)


def logs(*records: LogRecord) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    scope.scope.name = "shop.cart"
    scope.log_records.extend(records)
    return request


def samples(
    points: Mapping[str, Sequence[tuple[float, Mapping[str, str]]]], **resource: Any
) -> ExportMetricsServiceRequest:
    """Gauges of one moment, by name their values with attributes."""
    request = ExportMetricsServiceRequest()
    one = request.resource_metrics.add()
    one.resource.attributes.extend(attributes({name.replace("_", "."): said for name, said in resource.items()}))
    for name, told in points.items():
        gauge = Gauge(
            data_points=[
                NumberDataPoint(time_unix_nano=START, as_double=number, attributes=attributes(said))
                for number, said in told
            ]
        )
        one.scope_metrics.add().metrics.append(Metric(name=name, gauge=gauge))
    return request
