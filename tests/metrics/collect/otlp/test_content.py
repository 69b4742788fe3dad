"""Prompts and completions are not kept unless somebody says so, whoever wrote the spans."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from metrics.collect.otlp import Content, routes
from metrics.collect.otlp.content import is_content
from tests.metrics.collect.otlp.conftest import PROTOBUF
from tests.metrics.collect.otlp.requests import Kept, attributes, logs, moment, record, span, traces, value

SECRET = "the launch is on friday"
ATTRIBUTES = {
    "OpenTelemetry": (
        "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions",
        "gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "gen_ai.retrieval.query.text",
        "gen_ai.retrieval.documents", "gen_ai.evaluation.explanation",
    ),
    "OpenTelemetry, older": ("gen_ai.prompt", "gen_ai.completion", "gen_ai.event.content"),
    "OpenLLMetry": (
        "gen_ai.prompt.0.content", "gen_ai.prompt.1.tool_calls.0.arguments", "gen_ai.completion.0.content",
        "traceloop.entity.input", "traceloop.entity.output", "traceloop.prompt.template", "llm.prompts.0.content",
        "llm.completions.0.content", "llm.request.functions.0.description", "traceloop.prompt.template_variables",
        "gen_ai.completion.0.tool_calls.0.arguments",
    ),
    "OpenInference": (
        "input.value", "output.value", "llm.input_messages.0.message.content",
        "llm.input_messages.0.message.contents.0.message_content.text",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments", "llm.prompts",
        "llm.prompt_template.template", "llm.prompt_template.variables", "llm.tools.0.tool.json_schema",
        "llm.function_call", "llm.invocation_parameters", "retrieval.documents.0.document.content",
        "embedding.embeddings.0.embedding.text", "reranker.query", "document.content", "tool.parameters",
        "llm.choices.0.completion.text",
    ),
    "Vercel's AI SDK": (
        "ai.prompt", "ai.prompt.messages", "ai.prompt.tools", "ai.response.text", "ai.response.object",
        "ai.response.toolCalls", "ai.response.reasoning", "ai.toolCall.args", "ai.toolCall.result", "ai.value",
        "ai.values", "ai.embedding", "ai.embeddings", "ai.schema", "ai.result.text", "ai.result.object",
    ),
    "Langfuse": (
        "langfuse.observation.input", "langfuse.observation.output", "langfuse.trace.input", "langfuse.trace.output",
    ),
    "Logfire and Pydantic AI": (
        "all_messages_events", "pydantic_ai.all_messages", "final_result", "events", "request_data", "response_data",
        "tool_arguments", "tool_response", "model_request_parameters", "system_instructions", "logfire.msg", "prompt",
    ),
    "others": (
        "mlflow.spanInputs", "mlflow.spanOutputs", "lmnr.span.input", "braintrust.input_json", "agentops.entity.output",
        "haystack.component.input", "input", "output", "messages", "my.own.prompt", "agent_system_prompt",
    ),
}  # fmt: skip
EVENTS = {
    "gen_ai.user.message": "content", "gen_ai.choice": "message", "gen_ai.content.prompt": "gen_ai.prompt",
    "gen_ai.content.completion": "gen_ai.completion",
    "gen_ai.client.inference.operation.details": "gen_ai.input.messages",
    "gen_ai.evaluation.result": "gen_ai.evaluation.explanation",
}  # fmt: skip
"""Events that hold content, within spans and in logs, and the attribute in which they do."""
PLAIN = (
    "gen_ai.prompt.name", "gen_ai.prompt.version", "gen_ai.usage.input_tokens", "gen_ai.output.type",
    "gen_ai.usage.details.input", "gen_ai.prompt.0.role", "gen_ai.completion.0.finish_reason", "llm.model_name",
    "llm.token_count.prompt", "llm.token_count.completion", "llm.token_count.prompt_details.cache_read",
    "langfuse.observation.prompt.name", "langfuse.observation.cost_details.input", "ai.response.finishReason",
    "ai.response.model", "ai.response.id", "ai.usage.promptTokens", "ai.model.id", "http.route", "url.path",
    "db.query.text", "openinference.span.kind", "embedding.model_name", "reranker.model_name", "service.name",
    "gen_ai.response.model", "gen_ai.tool.name", "tool.name", "exception.message", "ai.toolCall.name",
)  # fmt: skip
CALL = {"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 1}


@contextmanager
def sending(content: Content | None) -> Generator[tuple[Kept, Callable[..., None]]]:
    """What was kept, and a way to send spans and records to routes that keep content so."""
    kept = Kept()
    made = routes(kept) if content is None else routes(kept, content=content)
    with TestClient(Starlette(routes=made)) as client:

        def send(request: Any, signal: str = "traces") -> None:
            answer = client.post(f"/v1/{signal}", content=request.SerializeToString(), headers=PROTOBUF)
            assert (answer.status_code, answer.content) == (200, b"")

        yield kept, send


def said(kept: Kept) -> str:
    return json.dumps(kept.events, default=str)


def everything(send: Callable[..., None], names: tuple[str, ...]) -> None:
    """Content in attributes of resources, calls, other spans and events within them, and of records of logs."""
    secrets = dict.fromkeys(names, SECRET)
    nested = {name: {"parts": [SECRET]} for name in names}
    call, step = span(1, {**CALL, **secrets}), span(2, nested)
    step.events.append(moment("exception", {"exception.type": "KeyError", **secrets}))
    send(traces(call, step))
    resource = traces(span(3))
    resource.resource_spans[0].resource.attributes.extend(attributes(secrets))
    send(resource)
    send(logs(record(17, attributes=attributes(secrets))), "logs")


@pytest.mark.parametrize("names", ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_content_is_dropped_where_nobody_says_to_keep_it(names: tuple[str, ...]) -> None:
    with sending(None) as (kept, send):
        everything(send, names)
    assert {"span", "error"} <= set(kept.kinds)
    assert len(kept.events) == 5
    assert SECRET not in said(kept)
    assert not {name for event in kept.events for name in event.get("attributes", {})} & set(names)


@pytest.mark.parametrize("names", ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_of_content_a_fingerprint_is_kept_that_equal_texts_share(names: tuple[str, ...]) -> None:
    with sending("hash") as (kept, send):
        everything(send, names)
    assert SECRET not in said(kept)
    hashes = [
        event["attributes"][name] for event in kept.events for name in names if name in event.get("attributes", {})
    ]
    plain = [one for one in hashes if hashes.count(one) > len(names)]
    assert all(one.startswith("sha256:") for one in hashes)
    assert (len(hashes), len(set(hashes)), len(set(plain))) == (5 * len(names), 2, 1)


@pytest.mark.parametrize("names", ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_content_is_kept_where_somebody_says_so(names: tuple[str, ...]) -> None:
    with sending("keep") as (kept, send):
        everything(send, names)
    assert said(kept).count(SECRET) >= 5 * len(names)


@pytest.mark.parametrize(("name", "attribute"), EVENTS.items(), ids=EVENTS)
def test_events_within_spans_and_in_logs_tell_no_content(name: str, attribute: str) -> None:
    with sending(None) as (kept, send):
        call = span(1, CALL)
        call.events.append(moment(name, {attribute: SECRET}))
        send(traces(call))
        for number in (9, 17):
            told = {"body": value({"content": SECRET}), "attributes": attributes({attribute: SECRET})}
            send(logs(record(number, event_name=name, **told)), "logs")
            older = record(number, body=value({"message": {"content": SECRET}}))
            older.attributes.extend(attributes({"event.name": name}))
            send(logs(older), "logs")
    assert "llm_call" in kept.kinds
    assert SECRET not in said(kept)


def test_what_an_evaluator_explained_is_no_comment_but_what_a_user_wrote_is() -> None:
    told = moment("gen_ai.evaluation.result", {"gen_ai.evaluation.explanation": SECRET})
    wrote = moment("user.feedback", {"feedback.comment": "too slow", "feedback.rating": 2})
    with sending(None) as (kept, send):
        judged = span(1)
        judged.events.extend([told, wrote])
        send(traces(judged))
    assert [event.get("comment") for event in kept.of("feedback")] == [None, "too slow"]


def test_a_run_around_calls_is_known_by_content_that_is_not_kept() -> None:
    with sending(None) as (kept, send):
        send(traces(span(1, {**CALL, "pydantic_ai.all_messages": SECRET})))
    assert kept.kinds == ["span"]
    assert SECRET not in said(kept)


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_no_content_stays(name: str) -> None:
    assert not is_content(name)


@given(st.text())
def test_any_name_is_content_or_not(name: str) -> None:
    assert is_content(name) in (True, False)
