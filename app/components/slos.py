"""What was promised, over the spans of the promise: uptime, error budget, burn rate."""

import streamlit as st

from app import theme
from app.components.failure import contained
from app.precedence import TILES
from app.queries import tiles
from app.queries.tiles import Tile
from app.state import View

REFRESH = "30s"


def row(view: View) -> None:
    """A tile for each figure of the objective."""
    with st.container(key="slos"):
        _row(view)


@st.fragment(parallel=True, run_every=REFRESH)
def _row(view: View) -> None:
    with contained("The objectives"), TILES.first():
        found = tiles.of_promises(view)
        for column, tile in zip(st.columns(len(found)), found, strict=True):
            with column, st.container(border=True, key=f"promise-{tile.name}-{tile.title}", height="stretch"):
                _tile(tile)


def _tile(tile: Tile) -> None:
    look = theme.LEVELS[tile.standing.level]
    st.metric(tile.title, tile.value, help=tile.help)
    if tile.standing.words:
        st.badge(tile.standing.words, icon=look.icon, color=look.color)  # pyright: ignore[reportArgumentType]
    if tile.beside:
        st.caption(tile.beside)
