"""One figure of a board: a chart, tiles or a table; or why it cannot be shown."""

from collections.abc import Sequence

import streamlit as st

from app import theme, wording
from app.boards import Figure, Item
from app.components import kpis, lazy, panel, question
from app.components.boards import drawing
from app.components.failure import contained
from app.queries import boards
from app.state import View
from metrics.catalog import DIMENSIONS
from metrics.events.entries import Problem


def figure(name: str, item: Item, view: View, wrong: Sequence[Problem] = (), *, later: bool = False) -> None:
    """An item in its box; `name` is one of the page's own. `later` when it comes near the view."""
    if wrong:
        _wrong(name, item, wrong)
        return
    title, own = title_of(item), boards.view_of(item, view)
    if item.figure is Figure.NUMBER:
        _numbers(name, item, own, later=later)
    elif item.figure is Figure.TABLE:
        with st.container(border=True, key=f"panel-{name}", height="stretch", gap="xsmall"):
            _table(name, title, item, own, later)
    else:
        panel.chart(
            name, title, view, boards.answer(item), drawing.draw(item), choose=drawing.choose(item), asked=own,
            later=theme.CHART_HEIGHT if later else 0, height=theme.CHART_HEIGHT if item.figure is Figure.LINE else None,
        )  # fmt: skip


def title_of(item: Item) -> str:
    """What stands above an item, as Markdown: its title, or the names of its metrics and dimensions."""
    if item.title:
        return wording.markdown(wording.name(item.title, 120))
    known = boards.metrics()
    names = ", ".join(known[name].title if name in known else wording.name(name, 40) for name in item.metrics)
    groups = " and ".join(DIMENSIONS[name].title.lower() if name in DIMENSIONS else name for name in item.by)
    return wording.markdown(f"{names} by {groups}" if groups else names)


def _wrong(name: str, item: Item, wrong: Sequence[Problem]) -> None:
    with st.container(border=True, key=f"panel-{name}", height="stretch", gap="xsmall"):
        st.subheader(title_of(item), anchor=False)
        for problem in wrong:
            st.caption(f":material/warning: {wording.markdown(wording.name(str(problem), 300))}")


def _numbers(name: str, item: Item, own: View, *, later: bool) -> None:
    alone = item.metrics[0] if len(item.metrics) == 1 else ""
    if item.title and not alone:
        st.caption(f"**{title_of(item)}**")
    titles = {alone: title_of(item)} if alone and item.title else {}
    kpis.row(own, item.metrics, key=f"tiles-{name}", prefix=f"kpi-{name}", later=later, titles=titles)


@st.fragment(parallel=True, run_every=panel.REFRESH)
def _table(name: str, title: str, item: Item, own: View, later: bool) -> None:
    with contained(title):
        if later and lazy.waits(name, theme.CHART_HEIGHT):
            return
        found = boards.answer(item)(own)
        panel.heading(title, found, "", name, own, Figure.TABLE)
        if panel.is_blank(found):
            panel.empty(found)
        else:
            question.table(found, own, f"table-{name}", title)
