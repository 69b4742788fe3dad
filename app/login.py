"""The way in, where a login is set up: without one that is good and listed, no request gets past this module.

Streamlit's own login (OpenID Connect, `[auth]` in `.streamlit/secrets.toml`) says who somebody is; its cookie is read
here for every request and for every message of a page's socket. `app.access` says what they may do.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st
from jinja2 import Environment
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.auth_util import (
    encode_provider_token,
    get_cookie_with_chunks,
    get_redirect_uri,
    get_secrets_auth_section,
    validate_auth_credentials,
)
from streamlit.errors import StreamlitAuthError, StreamlitSecretNotFoundError
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from app.access import Act, Role, Visitor, visitor
from app.navigation import BRAND, ENTRIES
from app.refusing import POLICY_VIOLATION, refuse
from metrics.settings import Access

PATH = "/login"
OPEN = frozenset({PATH, "/auth/login", "/auth/logout", "/oauth2callback", "/healthz", "/_stcore/health"})
"""What is answered to everybody: the way through the login, and whether the program is well."""
ACTS: Mapping[str, Act] = {"/_stcore/upload_file/": Act.UPLOAD}
"""Acts by how the path begins; all else is `Act.LOOK`."""
_WANTED, _WANTED_SECONDS = "promptpilot_wanted", 600
"""The cookie that keeps the page somebody came for, and how long."""
_PAGES = frozenset({"/", *(f"/{entry.path.stem}" for entry in ENTRIES)})
_TEMPLATE = Environment(autoescape=True).from_string(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))
_NOT_KEPT = {"Cache-Control": "no-store"}


class SecretsUnreadable(Exception):
    """There are secrets, and they cannot be read: whether a login is meant is not known."""


def providers() -> Mapping[str, str] | None:
    """The providers of the login by name, with the words for them; None where no login is set up.

    Raises:
        SecretsUnreadable: the file of the secrets is no TOML.
    """
    try:
        secrets = st.secrets.to_dict()
    except StreamlitSecretNotFoundError as error:
        if any(Path(file).exists() for file in st.get_option("secrets.files")):
            raise SecretsUnreadable from error
        return None
    if "auth" not in secrets:
        return None
    section = secrets["auth"]
    named = [name for name, value in section.items() if isinstance(value, dict) and "client_id" in value]
    return {name: f"Log in with {name.capitalize()}" for name in named} or {"default": "Log in"}


def redirect_address() -> str:
    """The address that the provider sends people back to; empty without a login."""
    return get_redirect_uri(get_secrets_auth_section()) or ""


async def begin(request: Request) -> Response:
    """Send somebody to the provider that the query names."""
    name = request.query_params.get("provider", "default")
    if name not in (providers() or {}):
        return PlainTextResponse("There is no such provider of a login.\n", 404)
    try:
        validate_auth_credentials(name)
    except StreamlitAuthError as error:
        return PlainTextResponse(f"The login is not set up completely: {' '.join(str(error).split())}\n", 503)
    query = urlencode({"provider": encode_provider_token(name)})
    return RedirectResponse(f"/auth/login?{query}", 303, _NOT_KEPT)


class LoginCheck:
    """Lets pass who is logged in and listed, with what their role allows; all others see a page that says why."""

    def __init__(self, app: ASGIApp, access: Callable[[], Access], now: Callable[[], datetime] | None = None) -> None:
        self._app = app
        self._access = access
        self._now = now or (lambda: datetime.now(UTC))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] not in {"http", "websocket"} or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        try:
            known = providers()
        except SecretsUnreadable:
            await refuse(scope, receive, send, PlainTextResponse(_UNREADABLE, 503))
            return
        if known is None:
            await self._app(scope, receive, send)
            return
        somebody = self._visitor(request)
        act = next((act for begin, act in ACTS.items() if scope["path"].startswith(begin)), Act.LOOK)
        if somebody.refusal(act):
            await refuse(scope, receive, send, _refused(request, somebody, act, known))
        elif wanted := _wanted(request):
            answer = RedirectResponse(wanted, 303, _NOT_KEPT)
            answer.delete_cookie(_WANTED)
            await answer(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, self._while_let_in(request, receive, send), send)
        else:
            await self._app(scope, receive, self._asking_again(somebody, send))

    def _visitor(self, request: HTTPConnection) -> Visitor:
        return visitor(user_of(request.cookies), self._access(), self._now())

    def _while_let_in(self, request: HTTPConnection, receive: Receive, send: Send) -> Receive:
        """Messages of a socket for as long as its login is good; then it is closed."""

        async def received() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and self._visitor(request).refusal(Act.LOOK):
                await send({"type": "websocket.close", "code": POLICY_VIOLATION})
                return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
            return message

        return received

    def _asking_again(self, somebody: Visitor, send: Send) -> Send:
        """Documents that the browser asks for again when the login ends: it then shows that it has."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and somebody.until:
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    left = (somebody.until - self._now()).total_seconds()
                    headers["Refresh"] = str(max(int(left) + 1, 1))
            await send(message)

        return sent


def user_of(cookies: Mapping[str, str]) -> Mapping[str, object]:
    """What a login told of a person, as the signed cookie has it; that nobody is logged in without a good one."""
    secret = get_cookie_secret()

    def signed(name: str) -> bytes | None:
        value = cookies.get(name)
        return decode_signed_value(secret, name, value.encode("latin-1", "replace")) if value else None

    try:
        found: object = json.loads(get_cookie_with_chunks(signed, USER_COOKIE_NAME) or b"{}") if secret else {}
    except ValueError:
        found = {}
    return {"is_logged_in": False, **found} if isinstance(found, dict) else {"is_logged_in": False}


def _refused(request: HTTPConnection, somebody: Visitor, act: Act, known: Mapping[str, str]) -> Response:
    """A page for a person, a sentence for a program."""
    status = 401 if somebody.must_log_in else 403
    is_page = request.scope["type"] == "http" and "text/html" in request.headers.get("accept", "")
    if not is_page or act is not Act.LOOK:
        return PlainTextResponse(f"{somebody.refusal(act)}\n", status, _NOT_KEPT)
    ways = {words: f"{PATH}?{urlencode({'provider': name})}" for name, words in known.items()}
    page = HTMLResponse(
        _TEMPLATE.render(
            somebody=somebody, has_ended=somebody.must_log_in and USER_COOKIE_NAME in request.cookies,
            ways=ways, setting=Role.VIEWER.setting, brand=BRAND.read_text(encoding="utf-8"),
        ),
        status,
        _NOT_KEPT,
    )  # fmt: skip
    path, query = request.scope["path"], request.url.query
    if somebody.must_log_in and path in _PAGES and (query or path != "/"):
        wanted = f"{path}?{query}" if query else path
        page.set_cookie(_WANTED, wanted, _WANTED_SECONDS, path="/", httponly=True, samesite="lax")
    return page


def _wanted(request: HTTPConnection) -> str:
    """The page somebody came for before they logged in, when they arrive at the first one; empty without."""
    if request.scope["type"] != "http" or request.scope["path"] != "/" or request.url.query:
        return ""
    path, mark, query = request.cookies.get(_WANTED, "").partition("?")
    return f"{path}{mark}{query}" if path in _PAGES else ""


_UNREADABLE = (
    "The file of the secrets (.streamlit/secrets.toml) cannot be read: whether a login is meant is not known, and "
    "nothing is shown. The log says what is wrong with it; put it right and start again.\n"
)
