"""Addresses that are nearly a page's, or no page's: they lead to the page that was meant, or to the first one.

Streamlit answers every address with the same document, and its script looks for the page: what it does not know ends
in a dialog over a page without our looks, or, below another page, in nothing at all.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import quote, urlencode

from starlette.datastructures import URL, Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.navigation import ENTRIES

MISSED = "missed"
"""The parameter by which the first page is told which address led nowhere."""
OURS = frozenset({"", "_stcore", "app", "auth", "component", "export", "first-paint", "healthz", "login", "media",
                  "metrics", "oauth2callback", "static", "v1"})  # fmt: skip
"""How addresses begin that are no pages, and answered all the same."""
_LONGEST = 60
_HTML = "text/html"


def _plain(name: str) -> str:
    """A name without what is easily written otherwise: capitals, blanks, hyphens."""
    return re.sub(r"[^a-z]", "", name.lower())


_PAGES: Mapping[str, str] = {
    _plain(name): "/" if entry.default else f"/{entry.path.stem}"
    for entry in ENTRIES
    for name in (entry.path.stem, entry.title)
}
"""Addresses of the pages by the names that they are known by."""


def meant(path: str) -> str | None:
    """The address of the page that a path means, itself or nearly; None where it means none."""
    if path in ("/", *_PAGES.values()):
        return path
    name = path.strip("/")
    return None if "/" in name else _PAGES.get(_plain(name))


def leads_nowhere(path: str) -> bool:
    """Whether nothing but the document of all pages is at a path; a name with an ending is a file's."""
    return path.split("/")[1] not in OURS and not PurePosixPath(path).suffix


class Wayfinding:
    """Leads to a page whoever asks for one; all else goes on. Programs are led by a page's name alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with another address, or pass on."""
        led_to = _led_to(scope) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else None
        await (RedirectResponse(led_to, 307) if led_to else self._app)(scope, receive, send)


def _led_to(scope: Scope) -> str | None:
    path: str = scope["path"]
    page = meant(path)
    if page is not None:
        return None if page == path else f"{page}?{URL(scope=scope).query}".removesuffix("?")
    if _HTML in Headers(scope=scope).get("accept", "") and leads_nowhere(path):
        return f"/?{urlencode({MISSED: path[:_LONGEST]}, quote_via=quote)}"
    return None
