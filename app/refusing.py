"""Saying no: to a request, and to a socket before it is opened."""

from collections.abc import Mapping

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

POLICY_VIOLATION = 1008
"""Of RFC 6455: how a socket ends that may not be, and a handshake that cannot be answered with words."""

OTHER_SITE = "a page of another site may not send events; web.allowed_hosts lists those that may"


def in_json(status: int, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a program: why not."""
    return Response(orjson.dumps({"error": reason}), status, headers, media_type="application/json")


async def refuse(scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
    """Answer a request, or the handshake of a socket, with `answer`."""
    if scope["type"] != "websocket":
        await answer(scope, receive, send)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await WebSocket(scope, receive, send).send_denial_response(answer)
    else:
        await WebSocket(scope, receive, send).close(POLICY_VIOLATION)
