"""The web process: Streamlit's pages and our own routes, on one port.

Started by `uvicorn app.server:app`, as `promptpilot up` does; `streamlit run app/server.py` works too, and slower.
"""

import gc
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import streamlit as st
from pydantic import SecretStr
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from streamlit import config

from app import download, first_paint, login, page_times
from app.frontend import Frontend
from app.guard import token_of
from app.headers import SecurityHeaders
from app.hosts import HostCheck, Hosts, host_of
from app.lingering import let_files_linger
from app.passing import PageTimesPassing, Passing
from app.source import configuration
from app.streaming import Streaming
from app.wayfinding import Wayfinding
from metrics.settings import Settings

MAIN = Path(__file__).with_name("main.py")
HEALTH_PATH = "/healthz"
PRELOADED = ("metrics.engine", "app.charts", "app.components", "app.queries")
"""Packages and modules whose import is not to be part of the first visitor's waiting."""


async def health(_request: Request) -> JSONResponse:
    """200 as soon as pages can be served."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def settings() -> Settings:
    """The settings as they are now."""
    return configuration().load().settings


def hosts() -> Hosts:
    """The hosts that were named: in the settings, for the login, and as the address to listen on."""
    address: str = st.get_option("server.address") or ""
    known = settings()
    addresses = (known.alerts.public_url, login.redirect_address())
    named = (address.lower(), *map(host_of, addresses), *known.web.allowed_hosts)
    return Hosts(tuple(name for name in named if name))


@cache
def token() -> SecretStr | None:
    """What programs say that send events, as it was when the first of them came."""
    return token_of(os.environ)


def import_whole(name: str) -> None:
    """Import a module, or a package with all that is in it."""
    package = import_module(name)
    for module in walk_packages(getattr(package, "__path__", ()), f"{name}."):
        import_module(module.name)


@asynccontextmanager
async def preloaded(_app: st.App) -> AsyncGenerator[dict[str, object]]:
    """Import what the pages are made of before the first of them is asked for.

    What stays until the end is kept from the collector of garbage: Streamlit has it look at all there is, with every
    other thread waiting, after each run of a page or of a part of it.
    """
    gc.disable()  # nothing that is imported is garbage: to look through it again and again is an eighth of importing it
    for name in PRELOADED:
        try:
            import_whole(name)
        except ImportError:  # the page that needs it will say so, in its place
            logging.getLogger(__name__).exception("%s cannot be imported", name)
    gc.enable()
    gc.collect()
    gc.freeze()
    try:
        yield {}
    finally:
        gc.unfreeze()


def listen_as_told() -> None:
    """Let Streamlit know where it is reached: it reads these variables only when its own command starts it.

    It judges by them which pages may connect, and puts the port into the address that a login comes back to.
    """
    for option, kind in (("server.address", str), ("server.port", int)):
        told = os.environ.get(f"STREAMLIT_{option.replace('.', '_').upper()}")
        if told:
            config.set_option(option, kind(told))


logging.getLogger("uvicorn.access").disabled = True  # Streamlit turns it on again, whatever uvicorn was told

measured = PageTimesPassing(lambda: settings().collect, token, hosts)
app = st.App(
    str(MAIN),
    routes=[
        Route(HEALTH_PATH, health, methods=["GET"]),
        Route(login.PATH, login.begin, methods=["GET"]),
        Route(page_times.PATH, measured.receive, methods=["POST"]),
        Route(download.PATH, download.export, methods=["GET"]),
        Route(first_paint.PATH, first_paint.tiles, methods=["GET"]),
    ],
    middleware=[
        Middleware(SecurityHeaders),
        Middleware(HostCheck, hosts=hosts),
        Middleware(Passing, collect=lambda: settings().collect, token=token, hosts=hosts),
        Middleware(Wayfinding),
        Middleware(login.LoginCheck, access=lambda: settings().access),
        Middleware(Streaming, collect=lambda: settings().collect, token=token),
        Middleware(Frontend),
    ],
    lifespan=preloaded,
)
let_files_linger()
listen_as_told()
