"""What OpenTelemetry's SDK sends to `promptpilot up`, as people run both, is what `promptpilot query` counts."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

from tests.patience import TIMEOUT
from tests.serving import free_collector_ports, free_port, running_up


@dataclass(frozen=True)
class Running:
    """The program, and where it listens."""

    home: Path
    pages: int
    http: int
    grpc: int


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    home, pages = tmp_path_factory.mktemp("live"), free_port()
    ports = free_collector_ports()
    with running_up(home, pages, ports) as (process, lines):
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if all(any(part in line for line in lines) for part in ("receives live events", "receives OTLP over gRPC")):
                break
        yield Running(
            home, pages, int(ports["PROMPTPILOT_COLLECT__PORT"]), int(ports["PROMPTPILOT_COLLECT__GRPC_PORT"])
        )


WAYS: Mapping[str, Callable[[Running], Any]] = {
    "http": lambda at: HttpExporter(f"http://127.0.0.1:{at.http}/v1/traces"),
    "grpc": lambda at: GrpcExporter(f"127.0.0.1:{at.grpc}", insecure=True),
    "pages": lambda at: HttpExporter(f"http://127.0.0.1:{at.pages}/v1/traces"),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_the_sdk_sends_is_counted_within_seconds(running: Running, way: str) -> None:
    provider = TracerProvider(resource=Resource.create({"service.name": way}))
    provider.add_span_processor(BatchSpanProcessor(WAYS[way](running)))
    call = {"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 3}
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("invoke_agent", attributes={"gen_ai.operation.name": "invoke_agent", **call}):
        for _ in range(2):
            tracer.start_span("chat gpt-4o", kind=SpanKind.CLIENT, attributes=call).end()
    provider.shutdown()
    assert counted(running.home, way) == {"llm_calls": 2, "input_tokens": 24, "output_tokens": 6}


def counted(home: Path, service: str) -> Mapping[str, int]:
    """What is said of the calls of a service, as soon as there are any."""
    metrics = ("llm_calls", "input_tokens", "output_tokens")
    command = (sys.executable, "-m", "app.cli", "query", *metrics, "--where", f"service={service}", "--last", "1h")
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        answer = subprocess.run(
            [*command, "--format", "json", "--home", str(home)], capture_output=True, text=True, env=os.environ
        )
        assert answer.returncode == 0, answer.stderr
        rows = json.loads(answer.stdout)
        if rows and rows[0]["llm_calls"]:
            return rows[0]
    raise AssertionError("nothing was counted")
