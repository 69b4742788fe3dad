"""Which names the pages answer to, and which pages may open their socket.

Another site can let its own name lead to this machine (DNS rebinding): a browser then takes what is here for that
site's, and hands it over. The name it asks by gives it away: it is the site's, and none of ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.refusing import refuse
from metrics.hosts import is_named

_WRONG_HOST = (
    "PromptPilot does not answer to this name. Expected localhost, the address it listens on, the host of "
    "alerts.public_url, or one that web.allowed_hosts in settings.yaml lists.\n"
)
_WRONG_ORIGIN = (
    "A page of another site may not connect. Expected one of this address, of alerts.public_url, or of a host that "
    "web.allowed_hosts in settings.yaml lists.\n"
)


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts that were named, in small letters: `dash.example.com`, `*.example.com`, `*`."""

    named: Sequence[str]

    def answers_to(self, host: str | None, reached: str = "") -> bool:
        """Whether a request may name `host` (with or without a port); `reached` is the address it came in at."""
        parts = _split(f"//{host or ''}")
        name = _name(parts) if parts and parts.netloc == host else ""
        return bool(name) and (is_loopback(name) or name == reached.lower() or is_named(name, self.named))

    def lets_in(self, origin: str | None, host: str | None) -> bool:
        """Whether a page of `origin` may open a socket at `host`; None is no page, but a program."""
        if origin is None:
            return True
        page = _split(origin)
        return page is not None and (page.netloc.lower() == (host or "").lower() or is_named(_name(page), self.named))


def host_of(address: str) -> str:
    """The host of an address such as `https://dash.example.com/pages`; empty where it has none."""
    return _name(_split(address))


class HostCheck:
    """Refuses requests by names that are not ours, and sockets of other sites' pages."""

    def __init__(self, app: ASGIApp, hosts: Callable[[], Hosts]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers, hosts = Headers(scope=scope), self._hosts()
        named = headers.getlist("host")
        reached, _ = scope.get("server") or ("", None)
        if len(named) != 1 or not hosts.answers_to(named[0], reached):
            await refuse(scope, receive, send, PlainTextResponse(_WRONG_HOST, 400))
        elif scope["type"] == "websocket" and not hosts.lets_in(headers.get("origin"), named[0]):
            await refuse(scope, receive, send, PlainTextResponse(_WRONG_ORIGIN, 403))
        else:
            await self._app(scope, receive, send)


def _split(address: str) -> SplitResult | None:
    """The parts of an address; None where it is none."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # reading it finds a port that is none
    except ValueError:
        return None
    return None if parts.username is not None or parts.password is not None else parts


def _name(parts: SplitResult | None) -> str:
    return ((parts and parts.hostname) or "").rstrip(".")


def is_loopback(name: str) -> bool:
    """Whether a host is this machine, as only this machine reaches it."""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
