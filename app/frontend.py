"""Streamlit's own frontend, sent from memory and announced early.

Streamlit reads about ninety small modules one by one from disk, and the browser learns of the large ones
(Plotly: 4.7 MB) only when the first chart arrives. Here the files are kept once they were asked for, and the
document says at its top what will be needed.
"""

import re
from collections.abc import Iterator
from mimetypes import guess_type
from pathlib import Path

import streamlit
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.navigation import ENTRIES

ROOT = Path(streamlit.__file__).parent / "static"
NEEDED = ("PlotlyChart", "Metric", "ButtonGroup", "Checkbox", "DownloadButton", "embed")
"""Modules of the elements that the pages begin with. One that a later Streamlit names otherwise is not announced."""
_IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
_FRESH = {"Cache-Control": "no-cache"}
_IMPORTED = re.compile(r'(?:from|import)\s*"\./([\w.-]+\.js)"')
_IMPORTS_END = 20_000
"""Characters from the beginning of a module within which all its imports stand."""


class Frontend:
    """Answers for the frontend's files and for the document around each page; all else goes on to Streamlit."""

    def __init__(self, app: ASGIApp, root: Path = ROOT) -> None:
        self._app = app
        self._files = {f"/{path.relative_to(root).as_posix()}": path for path in (root / "static").rglob("*.*")}
        self._read: dict[str, Response] = {}
        pages = {"/", *(f"/{entry.path.stem}" for entry in ENTRIES if not entry.default)}
        document = _announcing((root / "index.html").read_text(encoding="utf-8"), root / "static" / "js")
        self._documents = dict.fromkeys(pages, Response(document, headers=_FRESH, media_type="text/html"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        answer = self._answer(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        await (answer or self._app)(scope, receive, send)

    def _answer(self, path: str) -> Response | None:
        if path in self._files and path not in self._read:
            file = self._files[path]
            kind = guess_type(file.name)[0] or "application/octet-stream"
            self._read[path] = Response(file.read_bytes(), headers=_IMMUTABLE, media_type=kind)
        return self._read.get(path) or self._documents.get(path)


def _announcing(document: str, modules: Path) -> str:
    """The document with the modules that will be needed named in its head."""
    needed = dict.fromkeys(name for stem in NEEDED for path in modules.glob(f"{stem}.*.js") for name in _closure(path))
    absent = (name for name in needed if name not in document)
    links = (f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in absent)
    return document.replace("</head>", "\n".join([*links, *_ours(), "</head>"]), 1)


def _ours() -> Iterator[str]:
    """What our pages add to Streamlit's: their looks on paper and under the pointer."""
    here = Path(__file__)
    yield f"<style>{here.with_name('page.css').read_text(encoding='utf-8')}</style>"
    yield f"<script>{here.with_name('page.js').read_text(encoding='utf-8')}</script>"


def _closure(module: Path) -> Iterator[str]:
    """The module and all that it imports, by name."""
    seen, open_names = {module.name}, [module.name]
    while open_names:
        name = open_names.pop()
        yield name
        head = (module.parent / name).read_text(encoding="utf-8")[:_IMPORTS_END]
        fresh = [one for one in dict.fromkeys(_IMPORTED.findall(head)) if one not in seen]
        seen.update(fresh)
        open_names.extend(fresh)
