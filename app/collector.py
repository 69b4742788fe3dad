"""The process beside the pages that receives live events and keeps them until the sidecar has stored them.

Run as `python -m app.collector` by the supervisor, for the home that the environment names.
"""

import asyncio
import contextlib
import errno
import logging
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app import ending
from app.demo.playing import Playing
from app.exposition import MEDIA_TYPE, exposition, families
from app.guard import Guard, token_of
from app.hosts import Hosts, is_loopback
from app.page_times import PageTimes
from app.standby import alone
from app.terminal import VisibleFormatter
from metrics.collect import events, minutes, otlp
from metrics.collect.bodies import Bodies
from metrics.collect.live_window import LiveWindow
from metrics.collect.stream import Stream
from metrics.collect.taking import Taker
from metrics.collect.wal import Log
from metrics.lake.private import OWNER_ONLY_MASK, make_private
from metrics.secrets import SecretsError
from metrics.settings import Collect, Settings, load_settings

NAME = "collector"
HEALTH_PATH, READY_PATH, METRICS_PATH = "/healthz", "/readyz", "/metrics"
PORT_SECONDS = 10.0
"""How often a port is tried that another program has."""
GRACE_SECONDS = 5
"""How long requests may go on after SIGTERM; less than the supervisor's grace."""
LOG = logging.getLogger("promptpilot.collector")
L = TypeVar("L")


@dataclass
class Receiving:
    """What comes in, whichever way."""

    taker: Taker
    bodies: Bodies = field(default_factory=Bodies)
    rejected: int = 0
    """Events that were not taken."""

    def reject(self, count: int) -> None:
        """So many more were not taken."""
        self.rejected += count


def application(
    settings: Settings, receiving: Receiving, token: SecretStr | None, more: Sequence[BaseRoute] = ()
) -> Starlette:
    """All that is answered over HTTP, `more` included."""
    taker, bodies, content = receiving.taker, receiving.bodies, settings.collect.content
    pages = PageTimes(settings.home, _now)

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    async def ready(_request: Request) -> JSONResponse:
        told = {"status": taker.trouble or "ok", "waiting": taker.waiting}
        return JSONResponse(told, 503 if taker.trouble else 200, headers={"Cache-Control": "no-store"})

    def numbers(_request: Request) -> Response:
        told = families(settings.home, taker, receiving.rejected, pages, _now())
        return Response(exposition(told), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})

    hosts = Hosts((settings.collect.address.lower(), *settings.web.allowed_hosts))
    return Starlette(
        routes=[
            Route(HEALTH_PATH, health, methods=["GET"]),
            Route(READY_PATH, ready, methods=["GET"]),
            Route(METRICS_PATH, numbers, methods=["GET"]),
            *events.routes(taker.take, bodies, receiving.reject),
            pages.route(),
            *otlp.routes(taker.take, bodies, content=content, rejecting=receiving.reject),
            *more,
        ],
        middleware=[Middleware(Guard, token=token, hosts=hosts, open_paths=(HEALTH_PATH, READY_PATH))],
    )


def main() -> None:
    """Work until SIGTERM or Ctrl-C; what was sent until then is answered."""
    written = logging.StreamHandler(sys.stdout)
    written.setFormatter(VisibleFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[written])
    settings = load_settings()
    os.umask(OWNER_ONLY_MASK)
    make_private(settings.home)
    stop = threading.Event()
    with ending.heard(stop.set), alone(settings.home, stop, NAME) as is_alone:
        if is_alone:
            _work(settings, stop)


def _work(settings: Settings, stop: threading.Event) -> None:
    try:
        token = token_of(os.environ)
    except SecretsError as error:
        LOG.error("no live events are received: %s", error)
        stop.wait()
        return
    if token is None and not is_loopback(settings.collect.address):
        LOG.error(
            "collect.address is %s, where others reach it, and there is no token: no live events are received. Set "
            "PROMPTPILOT_COLLECT_TOKEN, or a loopback address",
            settings.collect.address,
        )
        stop.wait()
        return
    stream = Stream(LiveWindow(settings, _now()), _now)
    taker = Taker(Log(settings.home), _now, heard=stream.hear)
    try:
        asyncio.run(_listen(settings, taker, stream, token, stop))
    finally:
        taker.end()


def _now() -> datetime:
    return datetime.now(UTC)


async def _listen(
    settings: Settings, taker: Taker, stream: Stream, token: SecretStr | None, stop: threading.Event
) -> None:
    ended = _in_this_loop(stop)
    receiving = Receiving(taker)
    demo = Playing(settings, stream, lambda: bool(taker.taken), _now)
    beside = [asyncio.create_task(minutes.look(settings, taker.take)), asyncio.create_task(demo.play())]
    await asyncio.gather(
        _http(application(settings, receiving, token, [stream.route(), demo.route()]), settings.collect, ended),
        _grpc(settings.collect, receiving, token, ended),
    )
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)


async def _http(app: Starlette, collect: Collect, ended: asyncio.Event) -> None:
    """Answer on a port until the end."""

    async def listens() -> socket.socket:
        return _bound(collect.address, collect.port)

    listener = await _once_free(listens, collect.address, collect.port, "collect.port", ended)
    if listener is None:
        return
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False, ws="websockets-sansio",
    )  # fmt: skip
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    LOG.info("receives live events at http://%s:%d", collect.address, collect.port)
    await ended.wait()
    server.should_exit = True
    await serving


async def _grpc(collect: Collect, receiving: Receiving, token: SecretStr | None, ended: asyncio.Event) -> None:
    """Answer OTLP over gRPC on a port of its own until the end."""
    address, port = collect.address, collect.grpc_port
    at = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"

    async def listens() -> otlp.Serving:
        _bound(address, port).close()  # it says why it cannot be had; gRPC does not
        said = None if token is None else token.get_secret_value()
        return await otlp.serve_grpc(
            receiving.taker.take, receiving.bodies, at, said, content=collect.content, rejecting=receiving.reject
        )

    serving = await _once_free(listens, address, port, "collect.grpc_port", ended)
    if serving is None:
        return
    LOG.info("receives OTLP over gRPC at %s", at)
    await ended.wait()
    await serving.server.stop(GRACE_SECONDS)


def _in_this_loop(stop: threading.Event) -> asyncio.Event:
    """An event of the running loop that is set when `stop` is."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def wait() -> None:
        stop.wait()
        with contextlib.suppress(RuntimeError):  # the loop is over by itself
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, name="ending of the loop", daemon=True).start()
    return ended


class _Server(uvicorn.Server):
    """Leaves signals to this process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


async def _once_free(
    listens: Callable[[], Awaitable[L]], address: str, port: int, setting: str, ended: asyncio.Event
) -> L | None:
    """What listens, None at the end. A port that another program has is said once, and taken as soon as it is free."""
    said = ""
    while not ended.is_set():
        try:
            return await listens()
        except (OSError, otlp.PortTaken) as error:
            why = _why(error)
            if why != said:
                LOG.error(
                    "port %d on %s %s: no live events are received there; %s names another", port, address, why, setting
                )
            said = why
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), PORT_SECONDS)
    return None


def _why(error: OSError | otlp.PortTaken) -> str:
    if isinstance(error, otlp.PortTaken) or error.errno == errno.EADDRINUSE:
        return "is in use"
    return f"cannot be used ({error.strerror})"


def _bound(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


if __name__ == "__main__":
    main()
