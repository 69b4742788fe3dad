"""A box with a title, a figure, and what must be said about it."""

from collections.abc import Callable

import polars as pl
import streamlit as st

from app import theme, wording
from app.charts.axis import TimeAxis
from app.charts.picture import Picture
from app.components.failure import contained
from app.queries import Answer
from app.source import source
from app.state import View
from metrics.catalog import catalog

REFRESH = "30s"
_TOOLS = {"displayModeBar": False, "displaylogo": False, "scrollZoom": False, "doubleClick": "reset+autosize"}

Ask = Callable[[View], Answer]
Draw = Callable[[pl.DataFrame, TimeAxis], Picture]


def chart(name: str, title: str, view: View, ask: Ask, draw: Draw, help: str = "", height: int = theme.CHART_HEIGHT) -> None:
    """A figure that asks, draws itself and is refreshed on its own."""
    with st.container(border=True, key=f"panel-{name}", height="stretch", gap="xxsmall"):
        _chart(name, title, view, ask, draw, help, height)


@st.fragment(parallel=True, run_every=REFRESH)
def _chart(name: str, title: str, view: View, ask: Ask, draw: Draw, help: str, height: int) -> None:
    with contained(title):
        with st.skeleton(height=height):
            answer = ask(view)
        heading(title, answer, help)
        if is_blank(answer):
            empty(answer)
            return
        picture = draw(answer.frame, answer.axis)
        st.plotly_chart(picture.figure, key=f"chart-{name}", alt=picture.alt, config=dict(_TOOLS))


def heading(title: str, answer: Answer, help: str) -> None:
    """Title with the definition on hover, and at the right what must be said beside the figure."""
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", gap="small"):
        st.subheader(title, anchor=False, help=_definition(answer, help) or None, width="content")
        if answer.note:
            st.caption(wording.markdown(answer.note), width="content")


def is_blank(answer: Answer) -> bool:
    """Whether there is nothing to draw."""
    return answer.is_empty or answer.needs is not None


def empty(answer: Answer) -> None:
    """Words instead of an empty box."""
    window = wording.between(answer.axis.window.start, answer.axis.window.end, answer.axis.zone)
    if answer.unfit:
        st.caption(f"Cannot be filtered by {' or '.join(sorted(map(wording.markdown, answer.unfit.values())))}: its events do not have it.")
    elif answer.needs:
        st.caption(f"No data yet: needs `{answer.needs}` events.")
    else:
        st.caption(f"No events between {window}.")


def _definition(answer: Answer, help: str) -> str:
    defined = catalog(source().settings)
    named = (defined[name] for name in answer.frame.columns if name in defined)
    definitions = [f"**{metric.title}**: {metric.doc}" for metric in named]
    window = wording.between(answer.axis.window.start, answer.axis.window.end, answer.axis.zone)
    return "\n\n".join(part for part in (help, *definitions, f"{window} {answer.axis.tz}") if part)
