"""What is meant for the collector and comes in at the pages' port, passed on: for deployments that have one port.

The login of the pages is for people; programs say the collector's token. Where there is none, only this machine's
programs may send here, as there: a name that others reach the pages by is no way around it.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable

import httpx2
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app import page_times
from app.hosts import Hosts
from app.refusing import OTHER_SITE, in_json
from metrics.collect.bodies import LARGEST
from metrics.settings import Collect

BEGINS = "/v1/"
METRICS = "/metrics"
TIMEOUT_SECONDS = 30.0
PAGE_TIMES_SECONDS = 2.0
_THERE = frozenset(("content-type", "content-encoding", "content-length", "authorization", "accept"))
_BACK = frozenset(("content-type", "retry-after", "www-authenticate"))
"""Headers that are passed on, there and back."""
_LATER = {"Retry-After": "5"}
_OF_THIS_MACHINE = Hosts(())


class TooLarge(Exception):
    """A body that is larger than the collector takes."""


class Passing:
    """Passes requests on whose path begins with `/v1/`, and `/metrics`; others go their way."""

    def __init__(
        self,
        app: ASGIApp,
        collect: Callable[[], Collect],
        token: Callable[[], SecretStr | None],
        hosts: Callable[[], Hosts],
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """`transport` is for tests."""
        self._app, self._collect, self._token, self._hosts = app, collect, token, hosts
        # Nothing of the environment leads what is for this machine through somebody's proxy.
        self._client = httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False, transport=transport)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on to the collector, or to the pages."""
        if scope["type"] != "http" or not (scope["path"].startswith(BEGINS) or scope["path"] == METRICS):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        answer = self._refusal(request.headers) or await self._passed_on(request)
        await answer(scope, receive, send)

    def _refusal(self, headers: Headers) -> Response | None:
        host, said = headers.get("host"), headers.get("content-length", "")
        if not self._hosts().lets_in(headers.get("origin"), host):
            return in_json(403, OTHER_SITE)
        if self._token() is None and not _OF_THIS_MACHINE.answers_to(host):
            return in_json(403, "events are received here once there is a token: set PROMPTPILOT_COLLECT_TOKEN")
        if said.isdecimal() and int(said) > LARGEST:
            return _too_large()
        return None

    async def _passed_on(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name in _THERE}
        content = None if request.method in ("GET", "HEAD") else _limited(request)
        try:
            async with self._client.stream(
                request.method, self._address(request), headers=headers, content=content
            ) as answer:  # fmt: skip
                body = await answer.aread()
        except TooLarge:
            return _too_large()
        except httpx2.TimeoutException:
            return in_json(503, "the collector did not answer in time", _LATER)
        except httpx2.HTTPError:
            return in_json(503, "the collector cannot be reached", _LATER)
        back = {name: value for name, value in answer.headers.items() if name.lower() in _BACK}
        return Response(body, answer.status_code, back)

    def _address(self, request: Request) -> httpx2.URL:
        path = request.scope["path"] + (f"?{request.url.query}" if request.url.query else "")
        return httpx2.URL(f"http://{self._collect().place}{path}")


class PageTimesPassing:
    """Passes on how long a page took in a visitor's browser, to a collector that may be away: then it is forgotten.

    A route of the pages, behind the login. A browser that was told of a failure would show it to its visitor.
    """

    def __init__(
        self,
        collect: Callable[[], Collect],
        token: Callable[[], SecretStr | None],
        hosts: Callable[[], Hosts],
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """`transport` is for tests."""
        self._collect, self._token, self._hosts = collect, token, hosts
        self._client = httpx2.AsyncClient(timeout=PAGE_TIMES_SECONDS, trust_env=False, transport=transport)

    async def receive(self, request: Request) -> Response:
        """204, whether it was kept or not; 403 for pages of another site, 413 for what is too large."""
        origin = request.headers.get("origin")
        if origin is None or not self._hosts().lets_in(origin, request.headers.get("host")):
            return in_json(403, OTHER_SITE)
        told = await page_times.body(request)
        if told is None:
            return in_json(413, f"the body is larger than {page_times.LARGEST:,} bytes")
        collect, token = self._collect(), self._token()
        if collect.enabled:
            said = {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}
            with contextlib.suppress(httpx2.HTTPError):
                await self._client.post(f"http://{collect.place}{page_times.PATH}", content=told, headers=said)
        return Response(status_code=204)


async def _limited(request: Request) -> AsyncGenerator[bytes]:
    count = 0
    async for piece in request.stream():
        count += len(piece)
        if count > LARGEST:
            raise TooLarge
        yield piece


def _too_large() -> Response:
    return in_json(413, f"the body is larger than {LARGEST // 2**20} MiB; send it in smaller parts")
