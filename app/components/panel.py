"""A box with a title, a figure, and what must be said about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from app import pointing, theme, wording
from app.boards import Figure
from app.charts.axis import TimeAxis
from app.charts.drawing import Spec
from app.charts.parts import UNPRICED
from app.charts.picture import Picture
from app.components import address, lazy, leading, pointed
from app.components.boards import drawing
from app.components.failure import contained
from app.components.plot import plot
from app.export import file_name, safe_csv
from app.precedence import TILES
from app.queries.asking import Answer
from app.source import source
from app.state import View

REFRESH = "30s"
_TOOLS = {
    "displayModeBar": "hover", "modeBarButtons": [["toImage"]], "displaylogo": False, "scrollZoom": False,
    "doubleClick": "reset+autosize",
}  # fmt: skip
_OVER_TIME = {"modeBarButtons": [["select2d", "zoom2d"], ["toImage"]]}
"""What a drag over a chart over time does: choose the range of the page, or zoom."""
_IMAGE_SCALE = 2

RANGE = pointing.RANGE
"""Chosen by a click on a mark that is a span of time."""
_CLICK, _DRAG = "Click a part to see it alone.", "Drag over it to see that time alone."
_CLICKS = {RANGE: "Click a bar to see its time alone."}
_CLICK_NODE = "Click a name to see it alone."
_CLICK_ENTRY = "Click a name in the legend to see it alone, with Shift to hide it."

Ask = Callable[[View], Answer]
Draw = Callable[[pl.DataFrame, TimeAxis], Picture]


def chart(
    name: str,
    title: str,
    view: View,
    ask: Ask,
    draw: Draw,
    *,
    choose: str | Sequence[str] = (),
    named: str = "",
    height: int | None = None,
    later: int = 0,
    asked: View | None = None,
) -> None:
    """A figure that asks, draws itself and is refreshed on its own.

    `choose` is what a click on a mark means, which its `customdata` holds in the same order: the dimension by which it
    filters, `RANGE` where the range becomes that of the mark, or both. `named` is the dimension whose values the
    entries of its legend, or its nodes, stand for, where that is not the one it is asked by. A drag over a figure over
    time chooses the range. One that is drawn `later`, when it comes near the view, is about so many pixels high.
    `asked` is what it looks at where that is not what the page shows.
    """
    with st.container(border=True, key=f"panel-{name}", height="stretch", gap="xxsmall"):
        marks = tuple(filter(None, (choose,) if isinstance(choose, str) else choose))
        _chart(name, title, view, asked or view, ask, draw, marks, named, height, later)


@st.fragment(parallel=True, run_every=REFRESH)
def _chart(
    name: str,
    title: str,
    view: View,
    asked: View,
    ask: Ask,
    draw: Draw,
    marks: Sequence[str],
    named: str,
    height: int | None,
    later: int,
) -> None:
    with contained(title):
        if later and lazy.waits(name, later):
            return
        with st.skeleton(height=height or theme.CHART_HEIGHT):
            TILES.let_by()
            answer = ask(asked)
        if is_blank(answer):
            heading(title, answer, "", name)
            empty(answer)
            return
        picture = drawn(answer, draw)
        over_time = _is_over_time(picture.figure)
        by = answer.query.by if answer.query else ()
        dimension = pointing.named_by(picture.figure, (named,) if named else by)
        heading(
            title, answer, _help(picture.figure, marks, over_time, dimension), name, asked, drawing.FIGURES.get(draw)
        )
        key = f"chart-{name}"
        plot(
            replace(picture, figure=_answering(picture.figure, marks, view, height)),
            key,
            config={
                **_TOOLS,
                **(_OVER_TIME if over_time and not _on_phone() else {}),
                "toImageButtonOptions": _image(name, answer),
            },
            height=height or "content",
            on_select=(lambda: _show(_selection(key), marks, view)) if marks or over_time else "ignore",
            selection_mode=[*(["points"] if marks else []), *(["box"] if over_time else [])],
        )
        if dimension:
            pointed.hear(name, lambda said: _show({"points": [{"customdata": said}]}, (dimension,), view))


def drawn(answer: Answer, draw: Draw) -> Picture:
    """The picture of an answer, for the light of the page."""
    return draw(answer.frame, replace(answer.axis, on_dark=st.context.theme.type == "dark"))


def _selection(key: str) -> Mapping[str, Any]:
    return st.session_state[key]["selection"]


def _show(selection: Mapping[str, Any], marks: Sequence[str], view: View) -> None:
    """Show what was pointed at."""
    view_meant = pointing.meant(selection, marks, view)
    if view_meant is not None:
        address.show(view_meant)
        st.rerun()


def _help(figure: Spec, marks: Sequence[str], over_time: bool, dimension: str) -> str:
    """What can be pointed at."""
    of_marks = _CLICKS.get(marks[0], _CLICK) if marks else _DRAG if over_time else ""
    of_names = "" if not dimension else _CLICK_NODE if figure["data"][0]["type"] == "sankey" else _CLICK_ENTRY
    return f"{of_marks} {of_names}".strip()


def _answering(figure: Spec, marks: Sequence[str], view: View, height: int | None) -> Spec:
    """The figure, and that a drag over it chooses its time; what was dragged over is forgotten with another view.

    Streamlit tells nothing of clicks while a drag selects: where marks are clicked, a drag does so once that is chosen.
    """
    layout: dict[str, Any] = {"selectionrevision": repr(view), "selectdirection": "h"}
    if height:
        layout["height"] = height
    if _is_over_time(figure) and _on_phone():
        # A drag scrolls the page there.
        layout |= {"dragmode": "pan", "xaxis": {**figure["layout"]["xaxis"], "fixedrange": True}}
    elif _is_over_time(figure) and not marks:
        layout["dragmode"] = "select"
    if marks or _is_over_time(figure):
        drawn = figure["layout"]
        layout |= _answers(layout.get("dragmode", drawn["dragmode"]), drawn.get("hovermode"), marks)
    return {**figure, "layout": {**figure["layout"], **layout}}


def _answers(dragmode: str, hovermode: str | None, marks: Sequence[str]) -> Mapping[str, str]:
    """What Streamlit would set once the figure is drawn, and have it drawn anew for."""
    clicks = "event" if dragmode == "select" else "event+select" if marks else "none"
    return {"clickmode": clicks, "hovermode": hovermode or "closest"}


def _on_phone() -> bool:
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def _is_over_time(figure: Spec) -> bool:
    return figure["layout"]["xaxis"].get("type") == "date"


def heading(
    title: str, answer: Answer, help: str, name: str = "", view: View | None = None, figure: Figure | None = None
) -> None:
    """Title with the definition on hover, and at the right what must be said beside the figure, and its numbers.

    `name` is that of the figure where it is not that of the title. With what it looks at it leads on from there, onto
    boards as a `figure` of that kind.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", gap="small"):
        st.subheader(title, anchor=False, help=_definition(answer, help) or None, width="content")
        if not is_blank(answer):
            key = name or title.lower().replace(" ", "-")
            with st.container(
                horizontal=True, width="content", vertical_alignment="center", gap="xxsmall", key=f"tools-{key}"
            ):
                _numbers(key, answer)
                if view:
                    leading.menu(key, title, answer, view, figure)
        if answer.note:
            st.caption(wording.markdown(answer.note), width="content")
    if not is_blank(answer):
        _failures(answer)


def _failures(answer: Answer) -> None:
    """Which metrics of the home's own are not among what is shown, and why."""
    for name, why in answer.failed.items():
        if name in answer.frame.columns:
            st.caption(wording.markdown(wording.name(why, 300)))


def as_file(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame behind a figure with columns named as the catalog names them."""
    return frame.rename({UNPRICED: "unpriced_calls"}, strict=False)


def _numbers(name: str, answer: Answer) -> None:
    """The frame behind the figure as a file, written when it is asked for."""
    st.download_button(
        "CSV",
        partial(safe_csv, as_file(answer.frame)),
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
