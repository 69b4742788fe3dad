"""A whole in parts, as a ring."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import ceil, cos, pi, sin

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis
from app.charts.drawing import Drawing
from app.charts.parts import UNPRICED, Part, pattern, sums_of
from app.charts.picture import Picture
from app.charts.words import label, plain

_HOLE = 0.6
_MIDDLE = (1 + _HOLE) / 2
_SMALLEST_LABEL = 0.06
"""Share of the whole under which a part has room for its percentage on hover only."""
_EDGES = 120
"""Edges of a full ring."""
_TOUCH = 24
"""Diameter, in pixels, of the unseen points by which a part is hovered and clicked."""


def parts(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """One additive metric by a grouping column: the largest parts, the rest as one, the total in the middle.

    The `customdata` of a part's points, and the `meta` of its area, which the legend names, is a list of its own value;
    the rest has none. The ring is drawn of areas and points, because Streamlit hears of clicks on points, and not of
    those on a pie.
    """
    (name,) = (column for column in frame.columns if column in axis.metrics)
    (group,) = (column for column in frame.columns if column not in (name, UNPRICED))
    metric = axis.metrics[name]
    found = [part for part in sums_of(frame.drop_nulls(name), group, name) if part.total > 0]
    colors = theme.group_colors(part.label for part in found)
    total = sum(part.total for part in found)
    whole = wording.quantity(total, metric.unit, metric.decimals)
    words = [wording.quantity(part.total, metric.unit, metric.decimals) for part in found]
    ends = list(pairwise(accumulate((part.total / total for part in found), initial=0.0)))
    drawn = Drawing()
    for index, (part, text, (start, end)) in enumerate(zip(found, words, ends, strict=True)):
        _draw_part(drawn, part, f"{label(part.label, 18)} {plain(text)}", start, end, colors[part.label], index)
    if not found:
        _draw_area(drawn, 0, 1, fillcolor=theme.UNKNOWN, showlegend=False)
    _draw_percentages(drawn, ends, [colors[part.label] for part in found])
    drawn.layout["annotations"] = [
        {"text": f"<b>{plain(whole)}</b>", "x": 0, "y": 0, "showarrow": False, "font": {"size": 14, "color": theme.INK}}
    ]
    drawn.layout["legend"] |= {"orientation": "v", "x": 1.02, "xanchor": "left", "y": 0.5, "yanchor": "middle"}
    drawn.layout["margin"] |= {"t": 8, "l": 4, "b": 8}
    span = {"visible": False, "range": [-1.01, 1.01], "fixedrange": True, "constrain": "domain"}
    drawn.x |= span
    drawn.y |= {**span, "scaleanchor": "x", "rangemode": "normal"}
    shares = ", ".join(
        f"{part.label} {text} ({_percent(end - start, 1)})"
        for part, text, (start, end) in zip(found, words, ends, strict=True)
    )
    return Picture(drawn.figure(), f"{metric.title} by {group}, {whole} in all: {shares or 'no data'}.")


def _draw_part(drawn: Drawing, part: Part, title: str, start: float, end: float, color: str, index: int) -> None:
    _draw_area(
        drawn, start, end, name=title, legendgroup=str(index), fillcolor=color, fillpattern=pattern(index),
        **part.named,
    )  # fmt: skip
    turns = [(first + second) / 2 for first, second in pairwise(_turns(start, end))]
    drawn.scatter(
        x=[_MIDDLE * sin(turn) for turn in turns],
        y=[_MIDDLE * cos(turn) for turn in turns],
        mode="markers",
        marker={"size": _TOUCH, "opacity": 0, "color": color},
        name=title,
        legendgroup=str(index),
        showlegend=False,
        **({} if part.is_rest else {"customdata": [[part.value]] * len(turns)}),
        hovertemplate=f"{title}, {_percent(end - start, 1)}<extra></extra>",
    )


def _draw_area(drawn: Drawing, start: float, end: float, **looks: object) -> None:
    """The part of the ring between two shares of the whole, clockwise from the top."""
    turns = _turns(start, end)
    edge = [(radius, turn) for radius, way in ((1.0, turns), (_HOLE, turns[::-1])) for turn in way]
    drawn.scatter(
        x=[radius * sin(turn) for radius, turn in edge],
        y=[radius * cos(turn) for radius, turn in edge],
        mode="lines",
        fill="toself",
        line={"width": 0},
        hoverinfo="skip",
        **looks,
    )


def _draw_percentages(drawn: Drawing, ends: Sequence[tuple[float, float]], colors: Sequence[str]) -> None:
    large = [(*span, color) for span, color in zip(ends, colors, strict=True) if span[1] - span[0] >= _SMALLEST_LABEL]
    middles = [pi * (start + end) for start, end, _ in large]
    drawn.scatter(
        x=[_MIDDLE * sin(turn) for turn in middles],
        y=[_MIDDLE * cos(turn) for turn in middles],
        mode="text",
        text=[f"<b>{_percent(end - start)}</b>" for start, end, _ in large],
        textfont={"size": 10, "color": [theme.writing_on(color) for *_, color in large]},
        showlegend=False,
        hoverinfo="skip",
    )


def _turns(start: float, end: float) -> list[float]:
    steps = max(1, ceil(_EDGES * (end - start)))
    return [2 * pi * (start + (end - start) * step / steps) for step in range(steps + 1)]


def _percent(share: float, decimals: int = 0) -> str:
    return f"{100 * share:.{decimals}f} %"
