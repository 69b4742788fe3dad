"""Headers that keep what is sent from being used in ways it is not meant for."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SENT = {
    # A page of another site that frames ours could lead a click to a button of ours.
    "Content-Security-Policy": "frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
    # What is sent as text is not to be taken for a script, nor embedded elsewhere.
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Filters stand in the address, and with them names of users.
    "Referrer-Policy": "same-origin",
}


class SecurityHeaders:
    """Adds `SENT` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and add to what comes back."""

        async def added(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                headers = MutableHeaders(scope=message)
                for name, value in SENT.items():
                    headers.append(name, value)
            await send(message)

        await self._app(scope, receive, added if scope["type"] in {"http", "websocket"} else send)
