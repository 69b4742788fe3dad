"""How fast the collector takes events, and how long it is until they are in the lake.

Run as `python -m benchmarks.collector [--seconds 20] [--together 500] [--otlp]`. Collector and sidecar are processes of
their own; the collector is held to one core, and every event is on the disk before it is answered.
"""

import hashlib
import http.client
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import psutil
import typer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from metrics.lake.ingest import status
from metrics.settings import load_settings

SENDERS = 4
LONGEST_WAIT = 120.0


@dataclass(frozen=True)
class Measured:
    """What the collector did."""

    taken: int
    seconds: float
    cpu_seconds: float
    """Of the collector."""
    latencies: Sequence[float]
    """Seconds until each request was answered."""
    memory_mb: float
    lag_seconds: float
    """From the last answer until all events are in the lake."""

    def __str__(self) -> str:
        ordered = sorted(self.latencies)
        p50, p99 = (1000 * ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
        return (
            f"{self.taken / self.seconds:,.0f} events/s "
            f"({self.taken / self.cpu_seconds:,.0f} in a second of one core's work), "
            f"answered in {p50:.0f} ms (p99 {p99:.0f} ms), {self.memory_mb:.0f} MB, "
            f"all in the lake {self.lag_seconds:.1f} s after the last answer"
        )


def measure(home: Path, port: int, seconds: float, together: int, body: Callable[[str, int], bytes]) -> Measured:
    """Send as much as is taken for so long, so many events in one request. `body` makes one of that many.

    Its name, no two alike, is part of the events' identities.
    """
    environment = {
        **os.environ, "PROMPTPILOT_HOME": str(home), "PROMPTPILOT_COLLECT__PORT": str(port),
        "PROMPTPILOT_COLLECT__GRPC_PORT": str(port - 1),
    }  # fmt: skip
    home.mkdir(parents=True, exist_ok=True)
    with _running("app.sidecar", environment), _running("app.collector", environment) as process:
        _await(port)
        collector = psutil.Process(process.pid)
        collector.cpu_affinity(collector.cpu_affinity()[:1])
        before, began = collector.cpu_times(), time.monotonic()
        latencies: list[float] = []
        senders = [
            threading.Thread(target=_send, args=(port, number, began + seconds, together, body, latencies))
            for number in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        took = time.monotonic() - began
        after, memory = collector.cpu_times(), collector.memory_info().rss / 2**20
        taken = len(latencies) * together
        lag = _stored_after(home, taken)
    cpu = after.user + after.system - before.user - before.system
    return Measured(taken, took, cpu, latencies, memory, lag)


def _send(
    port: int,
    sender: int,
    until: float,
    together: int,
    body: Callable[[str, int], bytes],
    latencies: list[float],
) -> None:
    path, media_type = SENT[body]
    connection = http.client.HTTPConnection("127.0.0.1", port)
    number = 0
    while time.monotonic() < until:
        number += 1
        made = body(f"{sender}-{number}", together)
        began = time.monotonic()
        connection.request("POST", path, made, {"Content-Type": media_type})
        answer = connection.getresponse()
        told = answer.read()
        if answer.status == 200:
            assert b'"index"' not in told and (media_type == LINES or not told), told
            latencies.append(time.monotonic() - began)


def lines(name: str, together: int) -> bytes:
    """Requests, one a line."""
    now = datetime.now(UTC).isoformat()
    return b"\n".join(orjson.dumps(_event(f"{name}-{one}", now, one)) for one in range(together))


def spans(name: str, together: int) -> bytes:
    """Spans of OTLP: of each four, one is a call of a model and one of an HTTP server."""
    now = time.time_ns()
    made = [_span(name, one, now) for one in range(together)]
    service = KeyValue(key="service.name", value=AnyValue(string_value="shop"))
    within = ResourceSpans(resource=Resource(attributes=[service]), scope_spans=[ScopeSpans(spans=made)])
    return ExportTraceServiceRequest(resource_spans=[within]).SerializeToString()


LINES, PROTOBUF = "application/x-ndjson", "application/x-protobuf"
SENT: Mapping[Callable[[str, int], bytes], tuple[str, str]] = {
    lines: ("/v1/events", LINES),
    spans: ("/v1/traces", PROTOBUF),
}
"""Where each sort of body is sent, and as what."""


def _span(name: str, number: int, now: int) -> Span:
    said: Mapping[str, str | int] = (
        {"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 900, "gen_ai.usage.output_tokens": 80},
        {"http.request.method": "POST", "http.route": "/chat", "http.response.status_code": 200},
        {"db.system.name": "postgresql"},
        {"gen_ai.operation.name": "invoke_agent"},
    )[number % 4]
    values = {
        key: AnyValue(int_value=one) if isinstance(one, int) else AnyValue(string_value=one)
        for key, one in said.items()
    }
    return Span(
        trace_id=hashlib.md5(f"{name}-{number // 4}".encode(), usedforsecurity=False).digest(),
        span_id=(number + 1).to_bytes(8, "big"), name="step",
        kind=Span.SPAN_KIND_SERVER if number % 4 == 1 else Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=now - 10**8, end_time_unix_nano=now,
        attributes=[KeyValue(key=key, value=value) for key, value in values.items()],
    )  # fmt: skip


def _event(id: str, ts: str, number: int) -> dict[str, object]:
    return {
        "event": "request", "ts": ts, "event_id": id, "user_id": f"u{number % 300}", "session_id": f"s{number % 500}",
        "service": "api", "region": "eu-west-1", "environment": "prod", "feature": "chat", "endpoint": "/v1/chat",
        "method": "POST", "status_code": 200 if number % 50 else 500, "duration_ms": 40 + number % 400, "plan": "pro",
    }  # fmt: skip


def _stored_after(home: Path, count: int) -> float:
    """Seconds until so many events are in the lake."""
    settings, began = load_settings(home), time.monotonic()
    while time.monotonic() < began + LONGEST_WAIT:
        if sum(status(settings, now=datetime.now(UTC)).events.values()) >= count:
            return time.monotonic() - began
        time.sleep(0.05)
    raise AssertionError("events that were acknowledged are not in the lake")


def _await(port: int) -> None:
    until = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < until:
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).request("GET", "/healthz")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the collector did not come up")


@contextmanager
def _running(module: str, environment: dict[str, str]) -> Generator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-m", module], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def main(
    seconds: Annotated[float, typer.Option(help="How long events are sent.")] = 20,
    together: Annotated[int, typer.Option(help="Events in one request.")] = 500,
    port: Annotated[int, typer.Option(help="Port of the collector; gRPC has the one below.")] = 14318,
    otlp: Annotated[bool, typer.Option("--otlp", help="Send spans of OTLP.")] = False,
) -> None:
    """Print what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        print(measure(Path(folder) / "home", port, seconds, together, spans if otlp else lines))


if __name__ == "__main__":
    typer.run(main)
