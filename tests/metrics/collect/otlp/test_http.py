"""OTLP over HTTP: forms, compressions, answers."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
import zstandard
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.testclient import TestClient

from metrics.collect.receipt import Unavailable
from tests.metrics.collect.otlp.conftest import PROTOBUF
from tests.metrics.collect.otlp.requests import Kept, full, span, traces

Send = Callable[..., Any]
CALL = {"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5}
DOCUMENT = {
    "resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
        "scopeSpans": [{
            "scope": {},
            "spans": [{
                "traceId": "0AF7651916CD43DD8448EB211C80319C", "spanId": "00f067aa0ba902b7",
                "parentSpanId": "00f067aa0ba902b6", "name": "chat", "kind": 3, "unheardOf": {"of": []},
                "startTimeUnixNano": "1790000000000000000", "endTimeUnixNano": "1790000000500000000",
                "attributes": [
                    {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}},
                    {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "10"}},
                    {"key": "gen_ai.usage.output_tokens", "value": {"intValue": 5}},
                ],
                "status": {"code": 1},
            }],
        }],
    }]
}  # fmt: skip


def test_spans_in_protobuf_are_kept_before_they_are_acknowledged(send: Send, kept: Kept) -> None:
    answer = send(traces(span(1, CALL), span(2), service_name="shop"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
    assert ExportTraceServiceResponse.FromString(answer.content) == ExportTraceServiceResponse()
    assert kept.kinds == ["llm_call", "span"]


def test_spans_in_json_have_ids_in_hexadecimal_and_large_numbers_as_texts(client: TestClient, kept: Kept) -> None:
    answer = client.post("/v1/traces", json=DOCUMENT)
    assert (answer.status_code, answer.headers["content-type"], answer.json()) == (200, "application/json", {})
    (call,) = kept.of("llm_call")
    assert call["event_id"] == "0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7"
    assert (call["input_tokens"], call["output_tokens"], call["duration_ms"]) == (10, 5, 500)
    assert (call["service"], call["attributes"]["parent_span_id"]) == ("shop", "00f067aa0ba902b6")


def in_two_members(body: bytes) -> bytes:
    return gzip.compress(body[:9]) + gzip.compress(body[9:])


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress), ("GZIP", gzip.compress), ("zstd", zstandard.compress), ("identity", bytes),
        ("gzip", in_two_members),
    ],
    ids=["gzip", "GZIP", "zstd", "identity", "two members of gzip"],
)  # fmt: skip
def test_bodies_may_be_packed(client: TestClient, kept: Kept, encoding: str, packed: Callable[[bytes], bytes]) -> None:
    body = packed(traces(span(1)).SerializeToString())
    answer = client.post("/v1/traces", content=body, headers={**PROTOBUF, "content-encoding": encoding})
    assert (answer.status_code, kept.kinds) == (200, ["span"])


def test_a_request_without_anything_is_a_success(client: TestClient, kept: Kept) -> None:
    for signal in ("traces", "logs", "metrics"):
        answer = client.post(f"/v1/{signal}", content=b"", headers=PROTOBUF)
        assert (answer.status_code, answer.content, kept.events) == (200, b"", [])


def test_spans_that_are_rejected_are_told_by_number_and_reason(send: Send, kept: Kept) -> None:
    kept.rejects = "gpt-4o"
    answer = send(traces(span(1, CALL), span(2), span(3, span_id=b""), span(4, start_time_unix_nano=0)))
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, told.rejected_spans, kept.kinds) == (200, 3, ["span"])
    for reason in ("no such model", "no span of a trace", "ts is missing"):
        assert reason in told.error_message


def test_partial_success_in_json_is_in_json(client: TestClient, kept: Kept) -> None:
    kept.rejects = "gpt-4o"
    answer = client.post("/v1/traces", json=DOCUMENT)
    assert answer.json() == {"partialSuccess": {"rejectedSpans": "1", "errorMessage": "no such model"}}


@pytest.mark.parametrize(
    ("problem", "status", "retry", "code"),
    [(full(), 429, "3", 8), (Unavailable(503, "the disk is full", 0.2), 503, "1", 14)],
    ids=["full queue", "full disk"],
)
def test_what_cannot_be_kept_now_is_to_be_sent_again_later(
    send: Send, kept: Kept, problem: Unavailable, status: int, retry: str, code: int
) -> None:
    kept.refuses = problem
    answer = send(traces(span(1)))
    assert (answer.status_code, answer.headers["retry-after"]) == (status, retry)
    said = Status.FromString(answer.content)
    assert (said.code, said.message) == (code, problem.reason)
    again = RetryInfo()
    detail: AnyMessage = said.details[0]
    assert detail.Unpack(again)
    assert again.retry_delay.ToTimedelta().total_seconds() == problem.retry_after


def test_a_fault_of_the_keeper_is_no_fault_of_the_sender(
    send: Send, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    kept.refuses = OSError("broken")
    assert send(traces(span(1))).status_code == 503
    assert "1 events could not be kept" in caplog.text
    kept.refuses = None
    assert (send(traces(span(1))).status_code, kept.kinds) == (200, ["span"])


@pytest.mark.parametrize(
    ("body", "headers", "status", "reason"),
    [
        (b"x", {"content-type": "text/plain"}, 415, "expected application/x-protobuf or application/json"),
        (b"x", {}, 415, "Content-Type is ''"),
        (b"x", {**PROTOBUF, "content-encoding": "br"}, 415, "expected gzip, zstd or none"),
        (b"x", {**PROTOBUF, "content-encoding": "gzip"}, 400, "the body is not gzip"),
        (b"x", {**PROTOBUF, "content-encoding": "zstd"}, 400, "the body is not zstd"),
        (gzip.compress(b"x" * 99, mtime=0)[:-9], {**PROTOBUF, "content-encoding": "gzip"}, 400, "ends too early"),
        (gzip.compress(b"", mtime=0) * 65, {**PROTOBUF, "content-encoding": "gzip"}, 400, "more than 64 members"),
        (b"\x0a\xff", PROTOBUF, 400, "no ExportTraceServiceRequest in protobuf"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_with_a_reason(
    client: TestClient, kept: Kept, body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    answer = client.post("/v1/traces", content=body, headers=headers)
    said = Status.FromString(answer.content)
    assert (answer.status_code, said.code, kept.events) == (status, 3, [])
    assert reason in said.message


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "no ExportTraceServiceRequest in JSON"),
        (b"[]", "expected an object"),
        (b'{"resourceSpans": 5}', "no ExportTraceServiceRequest in JSON"),
        (b'{"resourceSpans": [5]}', "no ExportTraceServiceRequest in JSON"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}', "traceId is 'xyz'; expected hex"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": 5}]}]}]}', "traceId is '5'; expected hex"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "soon"}]}]}]}', "in JSON"),
        (b'{"a":' * 80 + b"1" + b"}" * 80, "more than 64 levels"),
    ],
)
def test_json_of_another_form_is_refused_in_json(client: TestClient, body: bytes, reason: str) -> None:
    answer = client.post("/v1/traces", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert reason in answer.json()["message"]


def test_only_posts_are_answered(client: TestClient) -> None:
    assert client.get("/v1/traces").status_code == 405
