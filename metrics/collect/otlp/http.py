"""OTLP over HTTP: `/v1/traces`, `/v1/logs`, `/v1/metrics`, in protobuf and JSON, as its specification says.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from math import ceil

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from metrics.collect.otlp.bodies import JSON, LARGEST, PROTOBUF, too_large
from metrics.collect.otlp.content import Content
from metrics.collect.otlp.exporting import SIGNALS, Exporting, Signal
from metrics.collect.otlp.refusing import Refused, status_of
from metrics.collect.receipt import Take, Unavailable


def _clock() -> datetime:
    return datetime.now(UTC)


def routes(take: Take, *, content: Content = "drop", now: Callable[[], datetime] = _clock) -> list[Route]:
    """The routes of OTLP. Who may send is for those to say who mount them."""
    exporting = Exporting(take, content, now)
    return [
        Route(f"/v1/{signal.name}", partial(_export, exporting=exporting, signal=signal), methods=["POST"])
        for signal in SIGNALS
    ]


async def _export(request: Request, exporting: Exporting, signal: Signal[Message]) -> Response:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = JSON if content_type == JSON else PROTOBUF
    try:
        if content_type not in (PROTOBUF, JSON):
            raise Refused(415, f"Content-Type is {content_type[:80]!r}; expected {PROTOBUF} or {JSON}")
        body = await _body(request)
        answer = await exporting.answered(signal, body, request.headers.get("content-encoding", ""), content_type)
    except Refused as problem:
        return _answer(status_of(problem), form, problem.status)
    except Unavailable as problem:
        again = {"Retry-After": str(max(1, ceil(problem.retry_after)))}
        return _answer(status_of(problem), form, problem.status, again)
    except ClientDisconnect:
        return Response(status_code=400)
    return _answer(answer, form, 200)


async def _body(request: Request) -> bytes:
    """What is sent, up to the limit.

    Raises:
        Refused: it is more, or says so.
    """
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > LARGEST:
        raise too_large()
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST:
            raise too_large()
        parts.append(part)
    return b"".join(parts)


def _answer(message: Message, form: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    text = MessageToJson(message, indent=None) if form == JSON else message.SerializeToString()
    return Response(text, status, headers, media_type=form)
