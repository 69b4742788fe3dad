"""Streamlit's own frontend, sent from memory and announced early.

Streamlit reads about ninety small modules one by one from disk, and the browser learns of the large ones
(Plotly: 4.7 MB) only when the first chart arrives. Here the files are kept once they were asked for, and the
document says at its top what will be needed. Plotly holds a browser for a second: it begins when the tiles are shown.
"""

import asyncio
import gzip
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from mimetypes import guess_type
from pathlib import Path
from threading import Lock

import brotli
import streamlit
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app import first_paint
from app.navigation import ENTRIES

ROOT = Path(streamlit.__file__).parent / "static"
NEEDED = ("PlotlyChart", "Metric", "Html", "ButtonGroup", "Checkbox", "DownloadButton", "BidiComponent")
"""Modules of the elements that the pages begin with. One that a later Streamlit names otherwise is not announced."""
NEEDED_BY: Mapping[str, Sequence[str]] = {
    "/behavior": ("Selectbox", "Slider"),
    "/cost": ("Selectbox",),
    "/explore": ("TextInput", "Multiselect", "Selectbox"),
}
"""Of elements that a page has above the fold beside those."""
DEFERRED = re.compile(r"PlotlyChart\.[\w-]+\.js")
"""The module that begins when the tiles are shown: evaluating it holds a browser for a second."""
DEFERRED_EXPORTS = frozenset({"PlotlyChart", "default"})
_WHOLE = "whole"
"""The query by which the deferred module itself is asked for."""
_TEMPLATE = b"template:{valType:`any`,editType:`calc`}"
_COMPARED = _TEMPLATE[:-1] + b",_compareAsJSON:!0}"
"""How Plotly learns whether a figure's template is another one. Streamlit hands it each figure twice, with templates
that are equal and not the same: by Plotly's own rule all is drawn a second time. A module with other words goes as is.
"""
_DEFERRING = """await globalThis.promptpilotTilesShown?.();
const whole = await import("./{name}?{whole}");
export const PlotlyChart = whole.PlotlyChart;
export default whole.default;
"""
ENCODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "br": partial(brotli.compress, quality=5),  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    "gzip": partial(gzip.compress, compresslevel=6),
}
"""How files go out, best first; each once, at a quality that the first visitor does not notice."""
_OFFERED = re.compile(r"([a-z*-]+)\s*(?:;\s*q\s*=\s*(\d(?:\.\d+)?))?")
_WORTHWHILE = 0.9
"""What is left of a file that is worth its unpacking; pictures and fonts are packed already."""
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
        pages = ("/", *(f"/{entry.path.stem}" for entry in ENTRIES if not entry.default))
        document, modules = (root / "index.html").read_text(encoding="utf-8"), root / "static" / "js"
        stems = {page: (*NEEDED, *NEEDED_BY.get(page, ())) for page in pages}
        announced = {stem: _announced(modules, stem) for stem in {*NEEDED}.union(*NEEDED_BY.values())}
        self._documents = {
            page: _announcing(document, page, (name for stem in stems[page] for name in announced[stem])).encode()
            for page in pages
        }
        self._answers: dict[tuple[str, bool, str], Response] = {}
        self._packing = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        path: str = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] != "GET" or not (path in self._files or path in self._documents):
            await self._app(scope, receive, send)
            return
        whole = scope["query_string"] == _WHOLE.encode()
        wanted = (path, whole and path in self._files, _encoding(Headers(scope=scope).get("accept-encoding", "")))
        answer = self._answers.get(wanted) or await asyncio.to_thread(self._answer, *wanted)
        await answer(scope, receive, send)

    def _answer(self, path: str, whole: bool, encoding: str) -> Response:
        with self._packing:  # once, whoever asks for it meanwhile
            wanted = (path, whole, encoding)
            if wanted not in self._answers:
                self._answers[wanted] = self._made(path, whole, encoding)
            return self._answers[wanted]

    def _made(self, path: str, whole: bool, encoding: str) -> Response:
        if path in self._documents:
            return _packed(self._documents[path], "text/html", _FRESH, encoding)
        file = self._files[path]
        content = file.read_bytes()
        if not whole and is_deferred(file):
            content = _DEFERRING.format(name=file.name, whole=_WHOLE).encode()
        elif whole:
            content = content.replace(_TEMPLATE, _COMPARED)
        return _packed(content, guess_type(file.name)[0] or "application/octet-stream", _IMMUTABLE, encoding)


def is_deferred(module: Path) -> bool:
    """Whether a module of the frontend begins later: one that gives other names than are known goes as it is."""
    if not DEFERRED.fullmatch(module.name):
        return False
    exported = re.search(r"export\{([^}]*)\};?\s*$", module.read_text(encoding="utf-8"))
    names: list[str] = exported[1].split(",") if exported else []
    return frozenset(name.split(" as ")[-1].strip() for name in names) == DEFERRED_EXPORTS


def _encoding(accepted: str) -> str:
    """The best encoding that a browser takes; empty for none."""
    taken = {name for name, weight in _OFFERED.findall(accepted.lower()) if not weight or float(weight) > 0}
    return next((name for name in ENCODINGS if name in taken), "")


def _packed(content: bytes, kind: str, headers: Mapping[str, str], encoding: str) -> Response:
    packed = ENCODINGS[encoding](content) if encoding else content
    if len(packed) > _WORTHWHILE * len(content):
        return Response(content, headers={**headers, "Vary": "Accept-Encoding"}, media_type=kind)
    named = {**headers, "Vary": "Accept-Encoding", "Content-Encoding": encoding}
    return Response(packed, headers=named, media_type=kind)


def _announced(modules: Path, stem: str) -> tuple[str, ...]:
    """What an element needs, by name: its module, all that this imports, and what begins later."""
    needed = dict.fromkeys(name for path in modules.glob(f"{stem}.*.js") for name in _closure(path))
    return (*needed, *(f"{name}?{_WHOLE}" for name in needed if is_deferred(modules / name)))


def _announcing(document: str, page: str, names: Iterable[str]) -> str:
    """The document with the modules that will be needed named in its head, those that begin later last.

    What asks for the first tiles stands before all: they are to come before megabytes of scripts.
    """
    needed = sorted(dict.fromkeys(names), key=lambda name: name.endswith(f"?{_WHOLE}"))
    absent = (name for name in needed if name not in document)
    links = (f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in absent)
    first = [_script("first_paint.js")] if (page.lstrip("/") or ENTRIES[0].path.stem) in first_paint.PAGES else []
    begun = document.replace("<head>", "\n".join(["<head>", *first]), 1)
    return begun.replace("</head>", "\n".join([*links, *_ours(), "</head>"]), 1)


def _ours() -> Iterator[str]:
    """What our pages add to Streamlit's: their looks before it starts, on paper and under the pointer."""
    yield f"<style>.first-paint {{ {first_paint.declarations()} }} {_beside('page.css')}</style>"
    yield _script("page.js")


def _script(name: str) -> str:
    return f"<script>{_beside(name)}</script>"


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


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
