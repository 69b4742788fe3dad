"""A figure under construction: plain dictionaries, made into a Plotly figure once, at the end.

Plotly's own `add_…` and `update_…` methods check and copy everything at each call, which costs more than all queries
of a page together. The tests check finished figures instead.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import plotly.graph_objects as go

from app import theme

Spec = dict[str, Any]
"""A part of a Plotly figure, in Plotly's words."""

_NO_TITLE: Spec = {"text": "", "standoff": 0, "font": {"size": 1}}
"""Plotly keeps room for a title that is empty."""
_TICKS = 6
"""Of a horizontal axis, about."""
OVERLAY_AXIS: Spec = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
"""A vertical axis from bottom to top, for lines and marks that have no value."""


def _layout() -> Spec:
    return {
        "margin": {"l": 4, "r": 10, "t": 34, "b": 4, "pad": 0},
        "legend": {
            "orientation": "h", "x": 0, "y": 1.03, "xanchor": "left", "yanchor": "bottom", "traceorder": "normal",
            "itemwidth": 30, "font": {"size": 11}, "bgcolor": theme.TRANSPARENT,
        },
        "plot_bgcolor": theme.TRANSPARENT,
        "uirevision": "kept",
        "dragmode": "zoom",
        "bargap": 0.18,
        "showlegend": True,
        "shapes": [],
    }  # fmt: skip


def _horizontal() -> Spec:
    return {
        "showgrid": False, "automargin": True, "nticks": _TICKS, "linecolor": theme.GRID, "showline": True, "ticks": "",
        "title": _NO_TITLE,
    }  # fmt: skip


def _vertical() -> Spec:
    return {
        "gridcolor": theme.GRID, "automargin": True, "nticks": 5, "zeroline": False, "rangemode": "tozero",
        "separatethousands": True,
        "fixedrange": True, "title": _NO_TITLE,
    }  # fmt: skip


@dataclass
class Drawing:
    """Traces, axes and layout in the looks of the house: quiet grid, legend above, zoom kept over refreshes."""

    height: int = theme.CHART_HEIGHT
    traces: list[Spec] = field(default_factory=list[Spec])
    x: Spec = field(default_factory=_horizontal)
    y: Spec = field(default_factory=_vertical)
    layout: Spec = field(default_factory=_layout)

    def scatter(self, **trace: Any) -> None:
        """Add a line or points. A bucket without data is a gap."""
        self.traces.append({"type": "scatter", "connectgaps": False, **trace})

    def bar(self, **trace: Any) -> None:
        """Add bars."""
        self.traces.append({"type": "bar", "textposition": "none", **trace})

    def heatmap(self, **trace: Any) -> None:
        """Add a grid of cells."""
        self.traces.append({"type": "heatmap", **trace})

    def shape(self, **shape: Any) -> None:
        """Add a line or a span behind the data, from bottom to top."""
        self.layout["shapes"].append({"y0": 0, "y1": 1, "yref": "paper", "layer": "below", **shape})

    def without_legend(self) -> None:
        """Take the legend away, and the room it would have had."""
        self.layout |= {"showlegend": False, "margin": {**self.layout["margin"], "t": 14}}

    def by_day(self, length: timedelta) -> None:
        """Write days, not hours, below so long a time of which each day has one value: few would be told by noons."""
        if length <= timedelta(days=_TICKS):
            self.x["dtick"] = timedelta(days=1) / timedelta(milliseconds=1)

    def figure(self) -> go.Figure:
        """The finished figure."""
        layout = {**self.layout, "height": self.height, "xaxis": self.x, "yaxis": self.y}
        return go.Figure({"data": self.traces, "layout": layout}, _validate=False)
