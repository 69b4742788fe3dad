"""`POST /v1/events`: events in our own columns, as JSON, a JSON object a line, or a stream of Arrow.

    {"event": "request", "ts": "2026-06-01T12:00:00Z", "endpoint": "/chat", "status_code": 200, "duration_ms": 182}

The answer is `{"taken": 1, "rejected": [{"index": …, "reason": …}]}`: 200 when anything was taken or nothing was wrong,
400 when nothing could be taken. 429 and 503 say after how many seconds the same is to be sent again.
"""

import json
from collections.abc import Sequence
from typing import Any, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from metrics.collect.arrow_stream import MEDIA_TYPE, is_arrow, rows_of
from metrics.collect.bodies import Bodies, Refused
from metrics.collect.kind_schema import schema
from metrics.collect.receipt import Event, Receipt, Rejected, Take, Unavailable
from metrics.lake.formats.json_values import holds_long_digits

PATH, SCHEMA_PATH = "/v1/events", "/v1/events/schema"
MOST_VALUES = 1_000_000
"""Values within one body of JSON: each is an object of Python, many times as large as its text may be."""


def routes(take: Take, bodies: Bodies) -> list[Route]:
    """What is answered, by path."""

    async def post(request: Request) -> Response:
        try:
            async with bodies.read(request) as body:
                return _answered(*await _taken(body, request.headers.get("content-type", ""), take))
        except Refused as refused:
            return _refusal(refused.status, refused.reason, refused.retry_after)
        except Unavailable as unavailable:
            return _refusal(unavailable.status, unavailable.reason, unavailable.retry_after)

    async def described(_request: Request) -> Response:
        return Response(orjson.dumps(schema()), media_type="application/schema+json")

    return [Route(PATH, post, methods=["POST"]), Route(SCHEMA_PATH, described, methods=["GET"])]


async def _taken(body: bytes, media_type: str, take: Take) -> tuple[Receipt, Sequence[Rejected]]:
    """The receipt, and what was no event at all, by its number in the body."""
    events, broken = _events(body, media_type)
    receipt = await take(events)
    if not broken:
        return receipt, receipt.rejected
    numbers = _numbers(len(events) + len(broken), {one.index for one in broken})
    rejected = [Rejected(numbers[one.index], one.reason) for one in receipt.rejected]
    return receipt, sorted((*broken, *rejected), key=lambda one: one.index)


def _numbers(count: int, without: set[int]) -> list[int]:
    return [number for number in range(count) if number not in without]


def _answered(receipt: Receipt, rejected: Sequence[Rejected]) -> Response:
    told = {"taken": receipt.taken, "rejected": [{"index": one.index, "reason": one.reason} for one in rejected]}
    return _json(told, 400 if rejected and not receipt.taken else 200)


def _refusal(status: int, reason: str, retry_after: float | None) -> Response:
    answer = _json({"error": reason}, status)
    if retry_after is not None:
        answer.headers["Retry-After"] = f"{max(1, round(retry_after))}"
    return answer


def _json(value: object, status: int) -> Response:
    return Response(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), status, media_type="application/json")


def _events(body: bytes, media_type: str) -> tuple[Sequence[Event], Sequence[Rejected]]:
    """The events of a body, and lines of it that are none. Raises Refused."""
    if media_type.partition(";")[0].strip().lower() == MEDIA_TYPE or is_arrow(body):
        return rows_of(body), ()
    if body.count(b",") + body.count(b"{") + body.count(b"[") > MOST_VALUES:
        raise Refused(413, f"the body holds more than {MOST_VALUES:,} values; send it in smaller parts")
    try:
        value = _value(body)
    except ValueError as error:
        return _by_line(body, error)
    # What is no object is told by its number, as everything else that is no event.
    return (cast("list[Event]", value) if isinstance(value, list) else [value]), ()


def _value(text: bytes) -> Any:
    """What a JSON text says, whole numbers exactly. Raises ValueError."""
    try:
        return json.loads(text) if holds_long_digits(text) else orjson.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _by_line(body: bytes, error: ValueError) -> tuple[Sequence[Event], Sequence[Rejected]]:
    lines = [line for line in body.split(b"\n") if line.strip()]
    if not lines:
        raise Refused(400, "the body is empty; expected events as JSON, one object a line, or a stream of Arrow")
    events: list[Event] = []
    broken: list[Rejected] = []
    for number, line in enumerate(lines):
        try:
            events.append(_value(line))
        except ValueError as problem:
            broken.append(Rejected(number, f"not JSON: {problem}"))
    if not events or len(lines) == 1:
        raise Refused(400, f"not JSON: {error}")
    return events, broken
