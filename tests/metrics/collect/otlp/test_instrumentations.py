"""Instrumentations of the `openai` client, as people install them, against a provider on loopback."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import openai
import polars as pl
import pytest
from openai.resources import Embeddings
from openai.resources.chat.completions import Completions
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openai import OpenAIInstrumentor as OpenLlmetry
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor as OpenTelemetry
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from metrics.lake.ingest import ingest
from metrics.lake.tables import Lake
from metrics.settings import Settings
from tests.metrics.collect.otlp.provider import ANSWER, LIMITED, MODEL, provider
from tests.metrics.collect.otlp.requests import Kept
from tests.metrics.collect.otlp.serving import over_http, served

QUESTION = "the question that nobody may keep"
pytestmark = pytest.mark.filterwarnings("ignore:Support for class-based `config`:DeprecationWarning")
"""What OpenLLMetry's own code does."""
WRAPPED = ((openai.OpenAI, "request"), (Completions, "create"), (Embeddings, "create"))
INSTRUMENTATIONS: Mapping[str, Any] = {
    "OpenTelemetry": OpenTelemetry, "OpenInference": OpenInference, "OpenLLMetry": OpenLlmetry,
}  # fmt: skip
SILENT_OF_CACHES = "OpenTelemetry"
SILENT_OF_FIRST_TOKENS = "OpenTelemetry"
AGENTS: Mapping[str, Mapping[str, Any]] = {
    "OpenTelemetry": {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 240},
    "OpenInference": {"openinference.span.kind": "AGENT", "llm.token_count.prompt": 240},
    "OpenLLMetry": {"traceloop.span.kind": "agent", "gen_ai.usage.input_tokens": 240},
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(provider) as address:
        yield f"{address}/v1"


@pytest.fixture
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=address, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(params=INSTRUMENTATIONS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def traced(name: str, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Iterator[TracerProvider]:
    for place, method in WRAPPED:  # not each of them lets go of the client
        monkeypatch.setattr(place, method, getattr(place, method))
    monkeypatch.setenv("TRACELOOP_METRICS_ENABLED", "false")
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    with over_http(kept) as collector:
        tracing = TracerProvider()
        tracing.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{collector}/v1/traces")))
        instrumentation = INSTRUMENTATIONS[name]()
        instrumentation.instrument(tracer_provider=tracing)
        yield tracing
        instrumentation.uninstrument()
        tracing.shutdown()


def ask(client: openai.OpenAI, **more: Any) -> Any:
    asked: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": QUESTION}], **more}
    return cast("Any", client.chat.completions).create(**asked)


def test_a_call_has_its_tokens_and_nothing_of_what_was_said(
    client: openai.OpenAI, traced: TracerProvider, kept: Kept, name: str
) -> None:
    assert ask(client).choices[0].message.content == ANSWER
    (call,) = kept.events
    expected = {
        "event": "llm_call", "model": MODEL, "input_tokens": 120, "output_tokens": 30, "status": "ok",
        "finish_reason": "stop", "cached_input_tokens": None if name == SILENT_OF_CACHES else 100,
    }  # fmt: skip
    assert {column: call.get(column) for column in expected} == expected
    assert "openai" in call["provider"].lower()
    assert QUESTION not in str(call)
    assert ANSWER not in str(call)


def test_a_streamed_call_has_its_tokens_and_the_time_of_the_first(
    client: openai.OpenAI, traced: TracerProvider, kept: Kept, name: str
) -> None:
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    assert len(chunks) > 2
    (call,) = kept.of("llm_call")
    assert (call["input_tokens"], call["output_tokens"], call["status"]) == (120, 30, "ok")
    if name != SILENT_OF_FIRST_TOKENS:
        assert 0 < call["time_to_first_token_ms"] <= call["duration_ms"]
    assert QUESTION not in str(kept.events)
    assert ANSWER not in str(kept.events)


def test_a_call_that_failed_is_one(client: openai.OpenAI, traced: TracerProvider, kept: Kept) -> None:
    with pytest.raises(openai.RateLimitError):
        ask(client, model=LIMITED)
    (call,) = kept.of("llm_call")
    assert (call["model"], call["status"]) == (LIMITED, "rate_limited")
    assert {error["error_type"].rpartition(".")[2] for error in kept.of("error")} <= {"RateLimitError"}


def test_an_embedding_is_a_call(client: openai.OpenAI, traced: TracerProvider, kept: Kept) -> None:
    client.embeddings.create(model="text-embedding-3-small", input=QUESTION)
    (call,) = kept.events
    assert (call["event"], call["model"], call["input_tokens"]) == ("llm_call", "text-embedding-3-small", 7)
    assert QUESTION not in str(call)


def test_the_tokens_of_an_agents_run_count_once(
    client: openai.OpenAI, traced: TracerProvider, kept: Kept, name: str
) -> None:
    with traced.get_tracer("agent").start_as_current_span("run", attributes=AGENTS[name]):
        ask(client)
        ask(client)
    assert kept.kinds == ["llm_call", "llm_call", "span"]
    assert sum(event.get("input_tokens", 0) for event in kept.events) == 240
    (run,) = kept.of("span")
    assert {call["attributes"]["parent_span_id"] for call in kept.of("llm_call")} == {run["attributes"]["span_id"]}


def test_calls_cost_what_they_cost_once_they_are_stored(
    client: openai.OpenAI, traced: TracerProvider, kept: Kept, name: str, tmp_path: Path
) -> None:
    ask(client)
    ask(client)
    path = tmp_path / "events.ndjson"
    path.write_text("".join(f"{json.dumps(event, default=str)}\n" for event in kept.events), encoding="utf-8")
    settings = Settings(home=tmp_path / "home")
    report = ingest([path], settings, now=lambda: datetime.now(UTC))
    assert (report.read, report.stored) == (2, 2)
    stored = pl.read_parquet(Lake(settings.home).events("llm_call").files())
    cached = 0 if name == SILENT_OF_CACHES else 100
    cost = ((120 - cached) * 0.15 + cached * 0.075 + 30 * 0.60) / 1e6
    assert stored["cost_usd"].to_list() == [pytest.approx(cost)] * 2
    assert set(stored["event_id"]) == {event["event_id"] for event in kept.events}
