"""The routes and services of OTLP on loopback, each in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from metrics.collect.bodies import Bodies
from metrics.collect.otlp import Serving, routes, serve_grpc
from metrics.collect.receipt import TakeReady


@contextmanager
def served(app: ASGIApp) -> Generator[str]:
    """The address of an application that is served over HTTP."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


@contextmanager
def over_http(take: TakeReady, bodies: Bodies | None = None) -> Generator[str]:
    with served(Starlette(routes=routes(take, bodies or Bodies()))) as address:
        yield address


@contextmanager
def over_grpc(take: TakeReady, token: str | None = None, bodies: Bodies | None = None) -> Generator[str]:
    """The address at which OTLP is served over gRPC."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Callable[[], Awaitable[Any]]) -> Any:
        async def done() -> Any:
            return await work()

        return asyncio.run_coroutine_threadsafe(done(), loop).result(10)

    serving: Serving = run(lambda: serve_grpc(take, bodies or Bodies(), "127.0.0.1:0", token))
    try:
        yield f"127.0.0.1:{serving.port}"
    finally:
        run(lambda: serving.server.stop(None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
