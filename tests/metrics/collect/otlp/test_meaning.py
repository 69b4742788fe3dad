"""What spans, logs and metrics become."""

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from tests.metrics.collect.otlp.requests import (
    START,
    TRACE,
    Kept,
    attributes,
    logs,
    moment,
    record,
    samples,
    span,
    traces,
    value,
)

Send = Callable[..., Any]
BEGUN = "2026-09-21T14:13:20.000000+00:00"
TOKENS = {"input_tokens": 1200, "output_tokens": 80}
CALLS = {
    "current names of OpenTelemetry": {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 1200, "gen_ai.usage.output_tokens": 80},
    "old names of OpenTelemetry": {
        "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.prompt_tokens": 1200,
        "gen_ai.usage.completion_tokens": 80},
    "OpenInference": {
        "openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.provider": "openai",
        "llm.token_count.prompt": 1200, "llm.token_count.completion": 80},
    "OpenLLMetry": {
        "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o", "llm.request.type": "chat",
        "gen_ai.usage.input_tokens": 1200, "gen_ai.usage.output_tokens": 80, "llm.usage.total_tokens": 1280},
    "Vercel's AI SDK": {
        "ai.operationId": "ai.streamText.doStream", "operation.name": "ai.streamText.doStream",
        "ai.model.id": "gpt-4o", "ai.model.provider": "openai", "ai.usage.promptTokens": 1200,
        "ai.usage.completionTokens": 80},
    "Langfuse": {
        "langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o",
        "langfuse.observation.usage_details": '{"input": 1200, "output": 80}'},
    "Logfire": {
        "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o",
        "operation.cost": 0.25, "gen_ai.usage.input_tokens": 1200, "gen_ai.usage.output_tokens": 80},
}  # fmt: skip
AROUND = {
    "an agent of OpenTelemetry": {"gen_ai.operation.name": "invoke_agent"},
    "a tool of OpenTelemetry": {"gen_ai.operation.name": "execute_tool"},
    "a chain of OpenInference": {"openinference.span.kind": "CHAIN"},
    "an agent of OpenInference": {"openinference.span.kind": "AGENT"},
    "a workflow of OpenLLMetry": {"traceloop.span.kind": "workflow"},
    "a call of Vercel's with steps": {"ai.operationId": "ai.streamText"},
    "an agent of Langfuse": {"langfuse.observation.type": "agent"},
    "a run of Pydantic AI": {"pydantic_ai.all_messages": "[]"},
}


@pytest.mark.parametrize("said", CALLS.values(), ids=CALLS)
def test_an_inference_is_a_call_under_the_names_of_any_tracer(send: Send, kept: Kept, said: dict[str, Any]) -> None:
    send(traces(span(2, said, parent=1, kind=3), service_name="shop"))
    (call,) = kept.events
    expected = {
        "event": "llm_call", "model": "gpt-4o", "status": "ok", "duration_ms": 500, "ts": BEGUN, "service": "shop",
        "trace_id": TRACE.hex(), "event_id": f"{TRACE.hex()}-{2:016x}", **TOKENS,
    }  # fmt: skip
    assert {name: call[name] for name in expected} == expected
    assert (call["attributes"]["span_id"], call["attributes"]["parent_span_id"]) == (f"{2:016x}", f"{1:016x}")


@pytest.mark.parametrize("said", AROUND.values(), ids=AROUND)
def test_a_span_around_calls_is_a_step_though_it_repeats_their_tokens(
    send: Send, kept: Kept, said: dict[str, Any]
) -> None:
    send(traces(span(1, {**CALLS["current names of OpenTelemetry"], **said}), span(2, CALLS["OpenLLMetry"], parent=1)))
    assert kept.kinds == ["llm_call", "span"]
    assert "input_tokens" not in kept.of("span")[0]


def test_an_embedding_is_a_call(send: Send, kept: Kept) -> None:
    said = {
        "gen_ai.operation.name": "embeddings", "gen_ai.request.model": "text-embedding-3-small",
        "gen_ai.usage.input_tokens": 7,
    }  # fmt: skip
    send(traces(span(1, said)))
    assert [(one["event"], one["operation"], one["input_tokens"]) for one in kept.events] == [
        ("llm_call", "embeddings", 7)
    ]


def test_a_cost_that_came_with_a_call_stays_and_none_is_made_up_before_it_is_stored(send: Send, kept: Kept) -> None:
    send(traces(span(1, CALLS["Logfire"]), span(2, CALLS["OpenInference"])))
    costs = {call["attributes"]["span_id"]: call.get("cost_usd") for call in kept.events}
    assert costs == {f"{1:016x}": 0.25, f"{2:016x}": None}
    assert not any("cost_source" in call for call in kept.events)


def test_steps_of_a_framework_that_repeat_the_route_of_a_request_are_no_requests(send: Send, kept: Kept) -> None:
    route = {"http.route": "/users/:id"}  # as instrumentations of Express and its router say it
    send(traces(
        span(1, {"http.request.method": "GET", **route}, kind=2),
        span(2, {"express.type": "request_handler", **route}, kind=1, parent=1),
        span(3, {"router.type": "middleware", **route}, kind=1, parent=1),
    ))  # fmt: skip
    assert (len(kept.of("request")), len(kept.of("span"))) == (1, 2)


def test_a_request_answered_is_known_by_its_route_before_its_path(send: Send, kept: Kept) -> None:
    said = {
        "http.request.method": "GET", "url.path": "/users/7", "http.route": "/users/{id}",
        "http.response.status_code": 503,
    }  # fmt: skip
    send(traces(span(1, said, kind=2), span(2, said, kind=3, parent=1)))
    (request,), (asked,) = kept.of("request"), kept.of("span")
    expected = {"endpoint": "/users/{id}", "method": "GET", "status_code": 503, "duration_ms": 500}
    assert {name: request[name] for name in expected} == expected
    assert asked["span_kind"] == "client"


def test_what_is_no_other_kind_is_a_step_of_its_trace(send: Send, kept: Kept) -> None:
    status = Status(code=Status.STATUS_CODE_ERROR, message="no rows")
    send(traces(span(3, {"db.system": "postgresql"}, parent=1, kind=3, status=status), service_name="shop"))
    (step,) = kept.events
    expected = {
        "event": "span", "name": "step 3", "span_kind": "client", "status": "error", "status_message": "no rows",
        "service": "shop", "duration_ms": 500, "trace_id": TRACE.hex(), "event_id": f"{TRACE.hex()}-{3:016x}",
    }  # fmt: skip
    assert {name: step[name] for name in expected} == expected
    assert (step["attributes"]["parent_span_id"], step["attributes"]["db.system"]) == (f"{1:016x}", "postgresql")


def test_an_exception_is_an_error_within_its_span(send: Send, kept: Kept) -> None:
    failed = span(4, {"http.route": "/pay", "http.request.method": "POST"}, kind=2)
    failed.events.append(moment("a note", {}))
    failed.events.append(moment("exception", {"exception.type": "KeyError", "exception.message": "'id'"}, 20))
    send(traces(failed))
    (error,) = kept.of("error")
    expected = {
        "event_id": f"{TRACE.hex()}-{4:016x}-1", "severity": "error", "status": "open", "error_type": "KeyError",
        "message": "'id'", "endpoint": "/pay", "trace_id": TRACE.hex(),
    }  # fmt: skip
    assert {name: error[name] for name in expected} == expected
    assert (error["attributes"]["parent_span_id"], "span_id" in error["attributes"]) == (f"{4:016x}", False)


def test_a_batch_that_is_sent_again_has_the_same_identities(send: Send, kept: Kept) -> None:
    failed = span(4)
    failed.events.append(moment("exception", {"exception.type": "KeyError"}))
    failure = record(severity_text="ERROR")
    for _ in range(2):
        send(traces(failed, span(5, CALLS["OpenInference"])))
        send(logs(failure), "logs")
    ids = [event["event_id"] for event in kept.events]
    assert len(ids) == 8
    assert sorted(ids[:4]) == sorted(ids[4:])
    assert len(set(ids)) == 4


def test_records_of_logs_are_errors_from_error_on(send: Send, kept: Kept) -> None:
    said = attributes({"exception.type": "KeyError", "exception.message": "'id'"})
    records = [
        record(17, body=value("lost"), trace_id=TRACE, span_id=b"\0" * 7 + b"\4"),
        record(21, body=value({"code": 7}), attributes=said),
        record(13, body=value("a warning")),
        record(time_unix_nano=0, observed_time_unix_nano=START, severity_text="FATAL", body=value("no number")),
    ]  # fmt: skip
    assert send(logs(*records), "logs").content == b""
    found = [(one["severity"], one["message"], one.get("error_type")) for one in kept.of("error")]
    assert found == [("error", "lost", None), ("critical", "'id'", "KeyError"), ("critical", "no number", None)]
    assert (len(kept.events), kept.events[0]["component"]) == (3, "shop.cart")
    assert kept.events[0]["attributes"]["parent_span_id"] == f"{4:016x}"


def test_judgments_and_feedback_come_as_events_of_logs_too(send: Send, kept: Kept) -> None:
    score = {"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.value": 0.75}
    named = record(
        event_name="gen_ai.evaluation.result",
        attributes=attributes({**score, "gen_ai.prompt.name": "greet"}),
    )  # fmt: skip
    liked = record(attributes=attributes({"event.name": "user.feedback", "feedback.value": "thumbs_up"}))
    send(logs(named, liked), "logs")
    assert [(one["prompt_id"], one["quality_score"]) for one in kept.of("prompt")] == [("greet", 75)]
    assert [one["sentiment"] for one in kept.of("feedback")] == ["positive"]


def test_what_hosts_and_processes_say_of_themselves_are_samples(send: Send, kept: Kept) -> None:
    states = ("state", "cpu.mode")
    points = {
        "system.cpu.utilization": [
            (0.5, {"cpu": "0", states[0]: "idle"}), (0.5, {"cpu": "0", states[0]: "user"}),
            (0.9, {"cpu": "1", states[0]: "idle"}), (0.1, {"cpu": "1", states[0]: "user"}),
        ],
        "system.memory.usage": [(6e9, {"system.memory.state": "used"}), (2e9, {"system.memory.state": "free"})],
        "system.filesystem.usage": [(30e9, {"system.filesystem.state": "used"})],
        "process.cpu.utilization": [(0.2, {states[1]: "user"}), (0.05, {states[1]: "system"})],
        "process.memory.usage": [(256e6, {})],
        "http.server.request.duration": [(1.0, {})],
    }  # fmt: skip
    assert send(samples(points, host_name="web-1", service_name="shop"), "metrics").content == b""
    host, process = sorted(kept.of("resource"), key=lambda one: one["host"])
    assert {name: host[name] for name in ("host", "cpu_percent", "memory_used_mb", "memory_available_mb")} == {
        "host": "web-1", "cpu_percent": pytest.approx(30), "memory_used_mb": 6000, "memory_available_mb": 2000,
    }  # fmt: skip
    assert (host["storage_used_gb"], host["ts"]) == (30, BEGUN)
    assert (process["host"], process["memory_used_mb"], process["cpu_percent"]) == (
        "web-1/shop",
        256,
        pytest.approx(25),
    )


def test_a_host_without_a_name_is_told(send: Send, kept: Kept) -> None:
    answer = send(samples({"system.cpu.load_average.1m": [(1.0, {})]}), "metrics")
    assert b"host is missing" in answer.content
    assert kept.events == []


def test_what_is_plain_is_stored_as_it_is_and_what_may_mean_more_is_converted_once_more(send: Send, kept: Kept) -> None:
    request = {"http.request.method": "POST", "http.route": "/chat", "http.response.status_code": 200}
    send(traces(span(1, next(iter(CALLS.values()))), span(2, request, kind=2), span(3)))
    assert (len(kept.events), kept.ready) == (3, 3)
    send(traces(span(4, {"region": "eu", "shelf": "x"})))
    assert (len(kept.events), kept.ready) == (4, 3)
    assert kept.events[-1]["attributes"].items() >= {"region": "eu", "shelf": "x"}.items()
