"""A box with a title, a figure, and what must be said about it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import polars as pl
import streamlit as st

from app import theme, wording
from app.charts.axis import TimeAxis
from app.charts.picture import Picture
from app.components import address
from app.components.failure import contained
from app.export import file_name, safe_csv
from app.queries.asking import Answer
from app.source import source
from app.state import View

REFRESH = "30s"
_TOOLS = {
    "displayModeBar": "hover", "modeBarButtons": [["toImage"]], "displaylogo": False, "scrollZoom": False,
    "doubleClick": "reset+autosize",
}  # fmt: skip
_IMAGE_SCALE = 2

Ask = Callable[[View], Answer]
Draw = Callable[[pl.DataFrame, TimeAxis], Picture]


def chart(
    name: str, title: str, view: View, ask: Ask, draw: Draw, *, choose: str = "", height: int | None = None
) -> None:
    """A figure that asks, draws itself and is refreshed on its own.

    `choose` is the dimension by which a click on a mark filters.
    """
    with st.container(border=True, key=f"panel-{name}", height="stretch", gap="xxsmall"):
        _chart(name, title, view, ask, draw, choose, height)


@st.fragment(parallel=True, run_every=REFRESH)
def _chart(name: str, title: str, view: View, ask: Ask, draw: Draw, choose: str, height: int | None) -> None:
    with contained(title):
        with st.skeleton(height=height or theme.CHART_HEIGHT):
            answer = ask(view)
        heading(title, answer, "Click a part to see it alone." if choose else "", name)
        if is_blank(answer):
            empty(answer)
            return
        picture = draw(answer.frame, replace(answer.axis, on_dark=st.context.theme.type == "dark"))
        key = f"chart-{name}"
        st.plotly_chart(
            picture.figure,
            key=key,
            alt=picture.alt,
            config={**_TOOLS, "toImageButtonOptions": _image(name, answer)},
            height=height or "content",
            on_select=(lambda: _choose(key, choose, view)) if choose else "ignore",
            selection_mode="points",
        )


def _choose(key: str, dimension: str, view: View) -> None:
    """Filter by the mark that was clicked; the rest that is drawn as one is no value to filter by."""
    points = st.session_state[key]["selection"]["points"]
    value = points[0].get("customdata") if points else None
    if value:
        address.show(view.filtered_by(dimension, value[0]))
        st.rerun()


def heading(title: str, answer: Answer, help: str, name: str = "") -> None:
    """Title with the definition on hover, and at the right what must be said beside the figure, and its numbers.

    `name` is that of the figure where it is not that of the title.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", gap="small"):
        st.subheader(title, anchor=False, help=_definition(answer, help) or None, width="content")
        if not is_blank(answer):
            _numbers(name or title.lower().replace(" ", "-"), answer)
        if answer.note:
            st.caption(wording.markdown(answer.note), width="content")
    if not is_blank(answer):
        _failures(answer)


def _failures(answer: Answer) -> None:
    """Which metrics of the home's own are not among what is shown, and why."""
    for name, why in answer.failed.items():
        if name in answer.frame.columns:
            st.caption(wording.markdown(wording.name(why, 300)))


def _numbers(name: str, answer: Answer) -> None:
    """The frame behind the figure as a file, written when it is asked for."""
    st.download_button(
        "CSV",
        partial(safe_csv, answer.frame),
        f"{_file_name(name, answer)}.csv",
        "text/csv",
        key=f"csv-{name}",
        type="tertiary",
        on_click="ignore",
    )


def _image(name: str, answer: Answer) -> dict[str, str | int]:
    return {"format": "png", "filename": _file_name(name, answer), "scale": _IMAGE_SCALE}


def _file_name(name: str, answer: Answer) -> str:
    window = answer.axis.window
    return file_name(name, window.start.astimezone(answer.axis.zone), window.end.astimezone(answer.axis.zone))


def is_blank(answer: Answer) -> bool:
    """Whether there is nothing to draw."""
    return answer.is_empty or answer.needs is not None


def empty(answer: Answer) -> None:
    """Words instead of an empty box."""
    window = wording.between(answer.axis.window.start, answer.axis.window.end, answer.axis.zone)
    if answer.unfit:
        names = " or ".join(sorted(map(wording.markdown, set(answer.unfit.values()))))
        st.caption(f"Cannot be filtered by {names}: its events do not have it.")
    elif answer.failed.keys() & set(answer.frame.columns):
        _failures(answer)
    elif answer.needs:
        st.caption(f"No data yet: needs `{answer.needs}` events.")
    else:
        st.caption(f"Nothing to draw: no event from {window} has what this needs.")


def _definition(answer: Answer, help: str) -> str:
    defined = source().engine.metrics
    named = (defined[name] for name in answer.frame.columns if name in defined)
    definitions = [f"**{metric.title}**: {metric.doc}" for metric in named]
    window = wording.between(answer.axis.window.start, answer.axis.window.end, answer.axis.zone)
    return "\n\n".join(part for part in (help, *definitions, f"{window} {answer.axis.tz}") if part)
