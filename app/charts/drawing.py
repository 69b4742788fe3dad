"""A figure under construction: plain dictionaries, from the first trace to the browser.

Plotly's own figures check and copy everything at each call, which costs more than all queries of a page together. The
tests check finished figures instead.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import md5
from typing import Any

import orjson

from app import theme

Spec = dict[str, Any]
"""A part of a Plotly figure, in Plotly's words."""

_NO_TITLE: Spec = {"text": "", "standoff": 0, "font": {"size": 1}}
"""Plotly keeps room for a title that is empty."""
_TICKS = 6
"""Of a horizontal axis, about."""
_LINE, _LEGEND, _DIGIT = 16, 46, 7
"""Of what is written, in pixels: heights of a line and of a legend of one, width of a digit."""
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

    def figure(self) -> Spec:
        """The finished figure: its `data` and `layout`."""
        margin = {**self.layout["margin"], **self._room()}
        layout = {**self.layout, "margin": margin, "height": self.height, "xaxis": self.x, "yaxis": self.y}
        layout["datarevision"] = _fingerprint(self.traces, layout)
        return {"data": self.traces, "layout": layout}

    def _room(self) -> Mapping[str, int]:
        """Room at once for what is written around the marks: where Plotly finds too little, it draws twice."""
        margin, legend = self.layout["margin"], self.layout["legend"]
        room: dict[str, int] = {}
        if self.layout["showlegend"] and any(map(_is_named, self.traces)) and legend["orientation"] == "h":
            room["t"] = max(margin["t"], _LEGEND)
        if _is_written(self.x):
            side = "t" if self.x.get("side") == "top" else "b"
            room[side] = max(margin[side], _LINE * (2 if self._has_hours() else 1) + 10)
        # Names are left to Plotly: beside room for long ones, a legend on a phone would be a name a line.
        if _is_written(self.y) and "ticktext" not in self.y:
            room["l"] = max(margin["l"], round(self._written()) + 6)
        return room

    def _written(self) -> float:
        """About how long the numbers along the vertical axis are."""
        ends = len(self.y.get("tickprefix", "")) + len(self.y.get("ticksuffix", ""))
        return _DIGIT * (_digits(self._highest()) + ends)

    def _highest(self) -> float:
        """About the highest value along the vertical axis, or what lies above it."""
        tops = [max(_numbers(trace.get("y", ())), default=0.0) for trace in self.traces if "yaxis" not in trace]
        return sum(tops) if self.layout.get("barmode") == "stack" else max(tops, default=0.0)

    def _has_hours(self) -> bool:
        """Whether a second line below the hours says the day."""
        if self.x.get("type") != "date" or "range" not in self.x:
            return False
        start, end = (datetime.fromisoformat(place) for place in self.x["range"])
        return end - start < _TICKS * timedelta(days=1)


def _numbers(values: Iterable[Any]) -> Iterator[float]:
    return (value for value in values if isinstance(value, int | float))


def _digits(highest: float) -> int:
    """Characters of the longest number at an axis: from ten thousand on it is written as 10k."""
    return 5 if 950 <= highest < 10_000 else 4


def _is_named(trace: Spec) -> bool:
    return trace["type"] in ("scatter", "bar") and trace.get("showlegend", True)


def _is_written(axis: Spec) -> bool:
    return axis.get("visible", True) and axis.get("showticklabels", True)


def _fingerprint(traces: Sequence[Spec], layout: Spec) -> str:
    """What differs where anything drawn does.

    Streamlit hands every figure to Plotly twice. With this it is drawn once: Plotly does not look into lists, and takes
    them for new ones without.
    """
    return md5(orjson.dumps((traces, layout), default=str), usedforsecurity=False).hexdigest()
