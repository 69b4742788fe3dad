"""The stream of live numbers at the pages' port: a socket that is passed on to the collector's.

It is for whoever may see the pages: names, other sites' pages and the login are looked at before (`app.hosts`,
`app.login`), the login again with every message of a reader. So one who says nothing for a while is let go: readers
say that they are there (`{"still": true}`), and a login that has ended is found.
"""

import asyncio
import contextlib
from collections.abc import Callable

from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from app.demo import STREAM_PATH
from metrics.collect.stream import PATH
from metrics.collect.subscribing import LONGEST_MESSAGE
from metrics.settings import Collect

SILENT_SECONDS = 60.0
UNREACHABLE, GOING_AWAY = 1013, 1001
"""Of RFC 6455: try again later; and the end of a reader who says nothing."""
_OPEN_SECONDS = 5.0


class Streaming:
    """Passes on the sockets of live numbers, real ones and the demo's; everything else goes its way."""

    def __init__(
        self,
        app: ASGIApp,
        collect: Callable[[], Collect],
        token: Callable[[], SecretStr | None],
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self._app, self._collect, self._token, self._silent_seconds = app, collect, token, silent_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on to the collector, or to the pages."""
        if scope["type"] != "websocket" or scope["path"] not in (PATH, STREAM_PATH):
            await self._app(scope, receive, send)
            return
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        token = self._token()
        said = {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}
        try:
            async with connect(
                f"ws://{self._collect().place}{scope['path']}",
                additional_headers=said, proxy=None, open_timeout=_OPEN_SECONDS, max_size=None, compression=None,
            ) as collector:  # fmt: skip
                try:
                    await self._passed(socket, collector)
                finally:
                    collector.transport.abort()  # whoever is cancelled waits for no farewell
        except (OSError, WebSocketException, TimeoutError):
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(UNREACHABLE, "the collector cannot be reached")

    async def _passed(self, socket: WebSocket, collector: ClientConnection) -> None:
        there = asyncio.create_task(self._there(socket, collector))
        back = asyncio.create_task(self._back(socket, collector))
        done, others = await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        for task in (*done, *others):
            with contextlib.suppress(WebSocketDisconnect, ConnectionClosed, asyncio.CancelledError, RuntimeError):
                await task
        if back in done:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(UNREACHABLE, "the collector has ended")

    async def _there(self, socket: WebSocket, collector: ClientConnection) -> None:
        while True:
            try:
                text = await asyncio.wait_for(socket.receive_text(), self._silent_seconds)
            except TimeoutError:
                await socket.close(GOING_AWAY, "nothing was said for a while")
                return
            await collector.send(text[: LONGEST_MESSAGE + 1])

    async def _back(self, socket: WebSocket, collector: ClientConnection) -> None:
        async for message in collector:
            await socket.send_text(message if isinstance(message, str) else message.decode())
