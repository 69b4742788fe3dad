"""The exporters of OpenTelemetry's SDK, as people install them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

from metrics.collect.receipt import TakeReady
from tests.metrics.collect.otlp.requests import Kept
from tests.metrics.collect.otlp.serving import over_grpc, over_http

WAYS: dict[str, tuple[Callable[[TakeReady], AbstractContextManager[str]], Callable[[str], Any]]] = {
    "http": (over_http, lambda address: HttpExporter(f"{address}/v1/traces")),
    "http, gzip": (over_http, lambda address: HttpExporter(f"{address}/v1/traces", compression=Compression.Gzip)),
    "grpc": (over_grpc, lambda address: GrpcExporter(address, insecure=True)),
}


@pytest.fixture(params=WAYS.values(), ids=list(WAYS))
def provider(request: pytest.FixtureRequest, kept: Kept) -> Iterator[TracerProvider]:
    serve, exporter = request.param
    with serve(kept) as address:
        provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
        provider.add_span_processor(SimpleSpanProcessor(exporter(address)))
        yield provider
        provider.shutdown()


def test_a_trace_of_the_sdk_is_whole(provider: TracerProvider, kept: Kept) -> None:
    tracer = provider.get_tracer("test")
    request = {"http.request.method": "POST", "http.route": "/chat", "http.response.status_code": 500}
    call = {"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 3}
    with pytest.raises(KeyError), tracer.start_as_current_span("POST /chat", kind=SpanKind.SERVER, attributes=request):
        with tracer.start_as_current_span("chat gpt-4o", kind=SpanKind.CLIENT, attributes=call):
            pass
        raise KeyError("user")
    assert kept.kinds == ["error", "llm_call", "request"]
    (error,), (asked,), (answered,) = kept.of("error"), kept.of("llm_call"), kept.of("request")
    assert (answered["endpoint"], answered["status_code"], answered["service"]) == ("/chat", 500, "shop")
    assert (asked["input_tokens"], asked["output_tokens"], asked["status"]) == (12, 3, "ok")
    root = answered["attributes"]["span_id"]
    assert asked["attributes"]["parent_span_id"] == error["attributes"]["parent_span_id"] == root
    assert {event["trace_id"] for event in kept.events} == {answered["trace_id"]}
    assert (error["error_type"], error["message"]) == ("KeyError", "'user'")
