"""The rows of tiles with which a page begins, and those further down."""

from collections.abc import Mapping
from types import MappingProxyType

import streamlit as st

from app import theme
from app.charts import sparkline
from app.components import lazy
from app.components.failure import contained
from app.precedence import TILES
from app.queries import tiles
from app.queries.tiles import Row, Tile
from app.state import View

REFRESH = "30s"
_HEIGHT = 90
"""Of a row, in pixels, as its place is kept."""


def first(view: View, page: str) -> None:
    """The rows with which `page` begins."""
    for one in tiles.FIRST[page]:
        _shown(view, one)


def row(
    view: View,
    metrics: tuple[str, ...],
    key: str = "kpis",
    *,
    later: bool = False,
    titles: Mapping[str, str] = MappingProxyType({}),
    prefix: str = "kpi",
) -> None:
    """A tile a metric: value, state, change against the period before and course.

    `later` when they come near the view. `titles` are those by which a page calls metrics otherwise, `prefix` is what
    the keys of the tiles begin with, where a page has a metric twice.
    """
    _shown(view, Row(metrics, key, titles=titles), prefix, key if later else "")


def _shown(view: View, one: Row, prefix: str = "kpi", later: str = "") -> None:
    with st.container(key=one.key):
        _row(view, one, prefix, later)


@st.fragment(parallel=True, run_every=REFRESH)
def _row(view: View, one: Row, prefix: str, later: str) -> None:
    with contained("The figures"):
        if later and lazy.waits(later, _HEIGHT):
            return
        with TILES.first():
            found = tiles.of_row(view, one)
            for column, tile in zip(st.columns(len(found)), found, strict=True):
                with column, st.container(border=True, key=f"{prefix}-{tile.name}", height="stretch"):
                    _tile(tile)


def _tile(tile: Tile) -> None:
    look = theme.LEVELS[tile.standing.level]
    badge = f" :{look.color}-badge[{look.icon} {tile.standing.words}]" if tile.standing.words else ""
    st.metric(
        f"{tile.title}{badge}",
        tile.value,
        # Streamlit draws an arrow for any text, and none for the number 0.
        0 if tile.change == tiles.UNCHANGED else tile.change,
        delta_color=tile.tone,
        delta_arrow="auto" if tile.is_change else "off",
        delta_description=tile.beside,
        help=tile.help,
    )
    if tile.course:
        # Streamlit would draw it with Vega, of which a browser makes more work than of all tiles together.
        st.html(sparkline.image(tile.course, theme.SPARKLINE))
