"""OTLP over gRPC: the services of opentelemetry-proto, on a port of their own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any

import grpc
from google.protobuf.message import Message
from grpc import aio
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from metrics.collect.bodies import Bodies
from metrics.collect.otlp.content import Content
from metrics.collect.otlp.exporting import LOGS, METRICS, TRACES, Exporting, Signal, clock
from metrics.collect.otlp.messages import PROTOBUF
from metrics.collect.otlp.refusing import status_of
from metrics.collect.receipt import Refused, Rejecting, TakeReady, Unavailable, unheard

_SERVICES = (
    (TRACES, trace_service_pb2.DESCRIPTOR.services_by_name["TraceService"]),
    (LOGS, logs_service_pb2.DESCRIPTOR.services_by_name["LogsService"]),
    (METRICS, metrics_service_pb2.DESCRIPTOR.services_by_name["MetricsService"]),
)
_DETAILS = "grpc-status-details-bin"
_STREAMS = 256
"""Calls at a time of one connection."""


class PortTaken(Exception):
    """Nothing can listen at an address: another program does, or it is none of this machine's."""


@dataclass(frozen=True)
class Serving:
    """A server that listens."""

    server: aio.Server
    port: int


async def serve_grpc(
    take: TakeReady,
    bodies: Bodies,
    address: str,
    token: str | None = None,
    *,
    content: Content = "drop",
    rejecting: Rejecting = unheard,
    now: Callable[[], datetime] = clock,
) -> Serving:
    """Serve OTLP at an address, such as `127.0.0.1:4317` (port 0: a free one). Stop it by `server.stop(grace)`.

    With a `token`, callers have to send `authorization: Bearer <token>`.

    Raises:
        PortTaken: nothing can listen there.
    """
    server = aio.server(
        options=[
            ("grpc.max_receive_message_length", bodies.largest),
            ("grpc.max_concurrent_streams", _STREAMS),
            ("grpc.so_reuseport", 0),
        ],
        compression=grpc.Compression.NoCompression,
    )
    exporting = Exporting(take, content, now, rejecting)
    for signal, service in _SERVICES:
        handler = grpc.unary_unary_rpc_method_handler(
            _method(exporting, bodies, signal, token),
            request_deserializer=None,  # bytes: what is no message is refused with a reason, as over HTTP
            response_serializer=signal.response.SerializeToString,
        )
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, {"Export": handler}),))
    try:
        port = server.add_insecure_port(address)
    except RuntimeError as error:
        raise PortTaken(f"nothing can listen at {address}: {error}") from error
    await server.start()
    return Serving(server, port)


def _method(
    exporting: Exporting, bodies: Bodies, signal: Signal[Any], token: str | None
) -> Callable[[bytes, Any], Awaitable[Message]]:
    async def export(body: bytes, context: Any) -> Message:
        if token is not None and not _knows(context, token):
            await context.abort(
                grpc.StatusCode.UNAUTHENTICATED, "expected the metadata `authorization: Bearer <token>`"
            )
        try:
            with bodies.held(body):
                return await exporting.answered(signal, body, PROTOBUF)
        except (Refused, Unavailable) as problem:
            status = status_of(problem)
            await context.abort(
                _STATUS[status.code], status.message, trailing_metadata=((_DETAILS, status.SerializeToString()),)
            )
            raise AssertionError("a call goes on after its end") from problem

    return export


_STATUS = {code.value[0]: code for code in grpc.StatusCode}


def _knows(context: Any, token: str) -> bool:
    said = dict(context.invocation_metadata() or ()).get("authorization", "")
    sent = said if isinstance(said, bytes) else str(said).encode()
    return compare_digest(sent, f"Bearer {token}".encode())
