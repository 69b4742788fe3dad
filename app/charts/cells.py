"""Cells of a grid that can be pointed at: Streamlit hears of clicks on points, and not of those on a heat map."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from app.charts.axis import TimeAxis
from app.charts.drawing import Drawing

_TOUCH = 22
"""Diameter, in pixels, of the unseen points: the nearest to the pointer is meant where they overlap."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell."""

    time: datetime
    place: float
    """On the vertical axis."""
    text: str
    """Shown on hover, as Plotly reads it."""
    means: Sequence[str | None]
    """What a click on it says, in the order in which the figure names it."""


def _edges(cells: Sequence[Cell], axis: TimeAxis) -> list[str | None]:
    """Where the first and the last cells end, which lie around their times: points would be given room beside them."""
    if not cells:
        return axis.ends()
    times = [cell.time for cell in cells]
    return axis.local(pl.Series(axis.around(min(times), max(times)), dtype=pl.Datetime("us", "UTC")))


def touch(drawn: Drawing, cells: Sequence[Cell], axis: TimeAxis, when: str) -> None:
    """Put an unseen point on each cell, by which it is hovered and clicked; `when` is how its time is written."""
    drawn.scatter(
        x=axis.local(pl.Series([cell.time for cell in cells], dtype=pl.Datetime("us", "UTC"))),
        y=[cell.place for cell in cells],
        mode="markers",
        marker={"size": _TOUCH, "opacity": 0, "symbol": "square"},
        showlegend=False,
        text=[cell.text for cell in cells],
        customdata=[list(cell.means) for cell in cells],
        hovertemplate=f"%{{text}}{when}<extra></extra>",
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
    )
    drawn.layout["hovermode"] = "closest"
    drawn.x["range"] = _edges(cells, axis)
