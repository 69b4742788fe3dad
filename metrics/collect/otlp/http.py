"""OTLP over HTTP: `/v1/traces`, `/v1/logs`, `/v1/metrics`, in protobuf and JSON, as its specification says.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from math import ceil

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from metrics.collect.bodies import Bodies
from metrics.collect.otlp.content import Content
from metrics.collect.otlp.exporting import SIGNALS, Exporting, Signal, clock
from metrics.collect.otlp.messages import JSON, PROTOBUF
from metrics.collect.otlp.refusing import status_of
from metrics.collect.receipt import Refused, Rejecting, TakeReady, Unavailable, unheard


def routes(
    take: TakeReady,
    bodies: Bodies,
    *,
    content: Content = "drop",
    rejecting: Rejecting = unheard,
    now: Callable[[], datetime] = clock,
) -> list[Route]:
    """The routes of OTLP. Who may send is for those to say who mount them."""
    exporting = Exporting(take, content, now, rejecting)
    return [
        Route(
            f"/v1/{signal.name}", partial(_export, bodies=bodies, exporting=exporting, signal=signal), methods=["POST"]
        )
        for signal in SIGNALS
    ]


async def _export(request: Request, bodies: Bodies, exporting: Exporting, signal: Signal[Message]) -> Response:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = JSON if content_type == JSON else PROTOBUF
    try:
        if content_type not in (PROTOBUF, JSON):
            raise Refused(415, f"Content-Type is {content_type[:80]!r}; expected {PROTOBUF} or {JSON}")
        async with bodies.read(request) as body:
            answer = await exporting.answered(signal, body, content_type)
    except Refused as problem:
        return _answer(status_of(problem), form, problem.status)
    except Unavailable as problem:
        again = {"Retry-After": str(max(1, ceil(problem.retry_after)))}
        return _answer(status_of(problem), form, problem.status, again)
    return _answer(answer, form, 200)


def _answer(message: Message, form: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    text = MessageToJson(message, indent=None) if form == JSON else message.SerializeToString()
    return Response(text, status, headers, media_type=form)
