"""OTLP over gRPC."""

import asyncio
import gzip
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from metrics.collect.bodies import Bodies
from metrics.collect.otlp import PortTaken, serve_grpc
from metrics.collect.receipt import Unavailable
from tests.metrics.collect.otlp.requests import Kept, full, logs, record, samples, span, traces, value
from tests.metrics.collect.otlp.serving import over_grpc
from tests.patience import TIMEOUT

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LIMITS = [("grpc.max_send_message_length", -1)]


@pytest.fixture
def channel(kept: Kept) -> Iterator[grpc.Channel]:
    with over_grpc(kept) as address, grpc.insecure_channel(address, LIMITS) as channel:
        yield channel


def failure(call: Any, *arguments: Any, **more: Any) -> tuple[grpc.StatusCode, str, Status]:
    """How a call ended that must not succeed."""
    with pytest.raises(grpc.RpcError) as raised:
        call(*arguments, timeout=TIMEOUT, **more)
    told: Any = raised.value
    details = dict(told.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    return told.code(), told.details(), Status.FromString(details)


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip], ids=["plain", "gzip"])
def test_all_signals_are_taken(channel: grpc.Channel, kept: Kept, compression: Any) -> None:
    sent = {"timeout": 20, "compression": compression}
    answers = [
        TraceServiceStub(channel).Export(traces(span(1)), **sent),
        LogsServiceStub(channel).Export(logs(record(17, body=value("lost"))), **sent),
        MetricsServiceStub(channel).Export(samples({"system.cpu.load_average.1m": [(1, {})]}, host_name="h"), **sent),
    ]
    assert [answer.SerializeToString() for answer in answers] == [b"", b"", b""]
    assert kept.kinds == ["error", "resource", "span"]


def test_partial_success_is_told(channel: grpc.Channel, kept: Kept) -> None:
    kept.rejects = "gpt-4o"
    answer = TraceServiceStub(channel).Export(
        traces(span(1, {"gen_ai.request.model": "gpt-4o"}), span(2)), timeout=TIMEOUT
    )
    told = answer.partial_success
    assert (told.rejected_spans, told.error_message, kept.kinds) == (1, "no such model", ["span"])


@pytest.mark.parametrize(
    ("problem", "code"),
    [(full(), grpc.StatusCode.RESOURCE_EXHAUSTED), (Unavailable(503, "full", 4), grpc.StatusCode.UNAVAILABLE)],
    ids=["full queue", "full disk"],
)
def test_what_cannot_be_kept_now_is_to_be_sent_again_later(
    channel: grpc.Channel, kept: Kept, problem: Unavailable, code: grpc.StatusCode
) -> None:
    kept.refuses = problem
    found, words, status = failure(TraceServiceStub(channel).Export, traces(span(1)))
    again = RetryInfo()
    assert (found, words, status.code) == (code, problem.reason, code.value[0])
    assert status.details[0].Unpack(again)
    assert again.retry_delay.ToTimedelta().total_seconds() == problem.retry_after


def test_what_is_no_message_is_an_invalid_argument(channel: grpc.Channel, kept: Kept) -> None:
    code, words, status = failure(channel.unary_unary(EXPORT), b"\x0a\xff")
    assert (code, status.code, kept.events) == (grpc.StatusCode.INVALID_ARGUMENT, 3, [])
    assert "no ExportTraceServiceRequest in protobuf" in words


def test_what_is_too_large_is_refused_packed_or_not(channel: grpc.Channel) -> None:
    call = channel.unary_unary(EXPORT)
    assert failure(call, bytes(20 * 2**20))[0] == grpc.StatusCode.RESOURCE_EXHAUSTED
    found = failure(call, bytes(20 * 2**20), compression=grpc.Compression.Gzip)
    assert (found[0], len(gzip.compress(bytes(20 * 2**20))) < 2**20) == (grpc.StatusCode.RESOURCE_EXHAUSTED, True)


def test_only_who_has_the_token_is_heard(kept: Kept) -> None:
    with over_grpc(kept, "s3cret") as address, grpc.insecure_channel(address) as channel:
        export = TraceServiceStub(channel).Export
        for metadata in ((), (("authorization", "Bearer wrong"),), (("authorization", "s3cret"),)):
            assert failure(export, traces(span(1)), metadata=metadata)[0] == grpc.StatusCode.UNAUTHENTICATED
        assert kept.events == []
        export(traces(span(1)), metadata=(("authorization", "Bearer s3cret"),), timeout=TIMEOUT)
    assert kept.kinds == ["span"]


def test_an_address_that_is_taken_is_told(kept: Kept) -> None:
    with over_grpc(kept) as address, pytest.raises(PortTaken, match=f"nothing can listen at {address}"):
        asyncio.run(serve_grpc(kept, Bodies(), address))


def test_more_than_may_be_held_at_once_is_to_be_sent_again_later(kept: Kept) -> None:
    request = traces(span(1))
    bodies = Bodies(most_at_once=request.ByteSize())
    with over_grpc(kept, bodies=bodies) as address, grpc.insecure_channel(address) as channel:
        export = TraceServiceStub(channel).Export
        assert failure(export, traces(span(1), span(2)))[0] == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert kept.events == []
        for _ in range(2):  # what was answered is held no more
            export(request, timeout=TIMEOUT)
