"""The tiles of a page before the page: written as HTML, and asked for by the first lines of its document.

Until Streamlit's own tiles stand there, a browser has to load and start a megabyte of scripts, open a socket and
have a session made. `first_paint.js` shows these meanwhile: the same `Tile`s, of the same answers, which the page then
finds already given.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, Template
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from streamlit import config

from app import answers, theme
from app.charts import sparkline
from app.precedence import TILES
from app.queries.tiles import FIRST, UNCHANGED, Row, Tile, of_promises, of_row
from app.report.markup import inline
from app.source import source
from app.state import View, parse_query
from metrics.engine import DataFreshness

PATH = "/first-paint/{page}"
_LOG = logging.getLogger(__name__)
_NOT_KEPT = {"Cache-Control": "no-store"}
_COLORS = (
    "backgroundColor",
    "textColor",
    "borderColor",
    *(f"{name}TextColor" for name in ("green", "orange", "red", "gray")),
)


def _of_rows(rows: Sequence[Row], view: View) -> Iterable[Sequence[Tile]]:
    return (of_row(view, row) for row in rows)


_ROWS: Mapping[str, Callable[[View], Iterable[Sequence[Tile]]]] = {
    **{page: partial(_of_rows, rows) for page, rows in FIRST.items()},
    "health": lambda view: (of_promises(view),),
}
PAGES = frozenset(_ROWS)
"""The pages that begin with tiles."""


async def tiles(request: Request) -> Response:
    """The tiles of a page over the range and filters in the query, as HTML.

    204 where there is nothing to show before the page: no such page, no event yet, or a question that failed, of which
    the page itself will speak.
    """
    page = request.path_params["page"]
    html = await run_in_threadpool(_written, page, request.url.query) if page in PAGES else ""
    return HTMLResponse(html, headers=_NOT_KEPT) if html else Response(status_code=204, headers=_NOT_KEPT)


def _written(page: str, query: str) -> str:
    view = parse_query(query, source().settings.timezone).view
    try:
        if answers.ask(DataFreshness()).last is None:
            return ""
        with TILES.first():
            return _template().render(rows=list(_ROWS[page](view)), below=page not in FIRST, looks=theme.LEVELS)
    except Exception:  # the page itself will say what failed, in its place
        _LOG.exception("the first tiles of %s could not be written", page)
        return ""


def declarations() -> str:
    """The theme of the page before there is one, as declarations of CSS; each color for a light and for a dark page."""
    chosen = {name: [config.get_option(f"theme.{base}.{name}") for base in ("light", "dark")] for name in _COLORS}
    colors = "".join(f"--{name}: light-dark({light}, {dark}); " for name, (light, dark) in chosen.items())
    return f"{colors}--font: {config.get_option('theme.font')};"


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(markdown=_markdown, direction=_direction, line=_line)
    return environment.from_string(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))


def _markdown(text: str) -> Markup:
    return Markup(inline(text))


def _line(corners: str) -> Markup:
    return Markup(sparkline.image(corners, theme.SPARKLINE))


def _direction(tile: Tile) -> str:
    """Where a change points, and how that is judged: `up good`; empty where it points nowhere."""
    if not tile.is_change or tile.change in (None, UNCHANGED):
        return ""
    falls = not tile.change.startswith("+")
    judged = "" if tile.tone == "off" else "bad" if falls == (tile.tone == "normal") else "good"
    return f"{'down' if falls else 'up'} {judged}".strip()
