"""What is meant by what somebody points at in a figure: a stretch of time, a value of a dimension, or both."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.charts.drawing import Spec
from app.state import View, instant
from metrics.engine import Window

RANGE = "range"
"""Meant by two values of a mark: the ends of its time, as ISO instants."""
_MINUTE = timedelta(minutes=1)


def meant(selection: Mapping[str, Any], marks: Sequence[str], view: View) -> View | None:
    """The view to show after a drag over a figure or a click on one of its marks; None where nothing is meant.

    `selection` is what Streamlit tells of a chart: `box` of drags, whose `x` are times by the clock on the wall, and
    `points` of clicks. A mark's `customdata` holds what each of `marks` means in turn: a value for a dimension, two for
    `RANGE`. What has none, such as the rest that is drawn as one, means nothing.
    """
    dragged = _dragged(selection.get("box", ()), view.zone)
    if dragged is not None:
        return replace(view, range=dragged)
    points = selection.get("points", ())
    said: Sequence[str | None] = (points[0].get("customdata") or ()) if points else ()
    if not marks or len(said) != sum(2 if mark == RANGE else 1 for mark in marks):
        return None
    values = iter(said)
    for mark in marks:
        view = _within(view, values) if mark == RANGE else view.filtered_by(mark, next(values))
    return view


def named_by(figure: Spec, by: Sequence[str]) -> str:
    """The dimension that entries of a legend, or nodes of a stream, filter by; empty where none stands for a value.

    What is shown `by` one dimension names its values: the `meta` of a trace, or the `customdata` of a node.
    """
    names_values = any(trace.get("meta") or trace["type"] == "sankey" for trace in figure["data"])
    return by[0] if names_values and len(by) == 1 else ""


def _within(view: View, values: Iterator[str | None]) -> View:
    start, end = (datetime.fromisoformat(next(values) or "") for _ in range(2))
    return replace(view, range=Window(start=start, end=end))


def _dragged(boxes: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> Window | None:
    """The time under a drag, in whole minutes; a click that slipped is one, too."""
    if not boxes:
        return None
    try:
        first, last = sorted(instant(str(end), zone) for end in boxes[0]["x"])
    except (KeyError, ValueError, OverflowError):
        return None
    start = first.replace(second=0, microsecond=0)
    end = last.replace(second=0, microsecond=0)
    return Window(start=start, end=end if end == last and end > start else end + _MINUTE)
