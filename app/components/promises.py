"""What the pages promise of themselves, held against what was measured."""

import streamlit as st

from app import theme, wording
from app.components.failure import contained
from app.page_times import STEPS
from app.queries import promises
from app.state import View
from app.theme import Level

REFRESH = "30s"
_TITLES = {"navigation": "title", "kpis": "figures", "first_figure": "first chart", "all_figures": "all charts"}


def panel(view: View) -> None:
    """A tile a promise, and how long each page takes."""
    with st.container(border=True, key="promises", gap="small"):
        _panel(view)


@st.fragment(parallel=True, run_every=REFRESH)
def _panel(view: View) -> None:
    with contained("The promises"):
        st.subheader("Promises", anchor=False, help="What these pages promise of themselves, and what was measured.")
        kept = promises.promises(view)
        for column, one in zip(st.columns(len(kept)), kept, strict=True):
            with column, st.container(key=f"kept-{one.name}"):
                st.metric(
                    f"{one.title}, {one.promise}", wording.quantity(one.value, one.unit, one.decimals), help=one.doc
                )
                level = Level.NO_DATA if one.is_kept is None else Level.OK if one.is_kept else Level.WARNING
                words = {Level.NO_DATA: "no data", Level.OK: "kept", Level.WARNING: "not kept"}[level]
                look = theme.LEVELS[level]
                st.badge(words, icon=look.icon, color=look.color)  # pyright: ignore[reportArgumentType]
                st.caption(one.basis)
        _pages()


def _pages() -> None:
    found = promises.by_page()
    if found.is_empty():
        return
    with st.expander("How long each page takes, in seconds"):
        columns = {
            f"{step} {word}": st.column_config.NumberColumn(f"{_TITLES[step]}, {word}", format="%.2f")
            for step in STEPS
            for word in ("median", "P95")
        }
        st.dataframe(
            found, hide_index=True, height="content", row_height=theme.ROW_HEIGHT, column_config=columns,
            alt=f"How long {found.height} pages take, the slowest first",
        )  # fmt: skip
