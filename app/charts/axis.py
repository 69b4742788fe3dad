"""What charts over time share: the window on the axis, the marks on it, the looks around it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import polars as pl

from app import theme, wording
from app.charts.words import plain
from metrics.engine.query import Grain, Window

MAXIMUM_MARKS = 60
_NOT_A_SPAN = timedelta(minutes=1)
_MARKS_AXIS = "y9"


@dataclass(frozen=True, slots=True)
class Limit:
    """A value that a series should stay under."""

    value: float
    label: str


@dataclass(frozen=True)
class TimeAxis:
    """The window a chart shows, and what happened in it."""

    window: Window
    tz: str = "UTC"
    grain: Grain = Grain.AUTO
    changes: pl.DataFrame | None = None
    """`change` events: ts, ended_at, change_type, name, severity, description."""
    limit: Limit | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The viewer's time zone."""
        return ZoneInfo(self.tz)

    def local(self, times: pl.Series) -> list[datetime]:
        """Instants as wall-clock times of the zone: Plotly knows no zones."""
        return times.dt.convert_time_zone(self.tz).dt.replace_time_zone(None).to_list()

    def wall(self, moment: datetime) -> datetime:
        """One instant as wall-clock time of the zone."""
        return moment.astimezone(self.zone).replace(tzinfo=None)


def figure(axis: TimeAxis, height: int = theme.CHART_HEIGHT) -> go.Figure:
    """An empty figure over the window: quiet grid, one hover for all series, zoom kept over refreshes."""
    drawn = blank(height)
    drawn.update_layout(hovermode="x unified")
    drawn.update_xaxes(range=[axis.wall(axis.window.start), axis.wall(axis.window.end)], type="date", hoverformat="%a %d %b %H:%M")
    return drawn


def blank(height: int) -> go.Figure:
    """An empty figure in the house's looks."""
    drawn = go.Figure()
    drawn.update_layout(
        height=height,
        margin={"l": 8, "r": 12, "t": 30, "b": 8, "pad": 0},
        legend={"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom", "title": {"text": ""}},
        paper_bgcolor=theme.TRANSPARENT,
        plot_bgcolor=theme.TRANSPARENT,
        uirevision="kept",
        dragmode="zoom",
        bargap=0.18,
        showlegend=True,
    )
    drawn.update_xaxes(showgrid=False, automargin=True, nticks=7, linecolor=theme.GRID, showline=True, title_text="")
    drawn.update_yaxes(
        gridcolor=theme.GRID, automargin=True, nticks=5, zeroline=False, rangemode="tozero", fixedrange=True, title_text=""
    )
    return drawn


def draw_limit(drawn: go.Figure, axis: TimeAxis) -> None:
    """The objective, as a dashed line with its name."""
    if axis.limit is None:
        return
    stroke = theme.OBJECTIVE
    drawn.add_hline(
        y=axis.limit.value,
        line={"color": stroke.color, "width": stroke.width, "dash": stroke.dash},
        annotation={
            "text": f"{axis.limit.label} {wording.quantity(axis.limit.value, 'ms')}",
            "font": {"color": stroke.color, "size": 11},
            "yanchor": "bottom",
            "xanchor": "right",
            "x": 1,
        },
    )


def draw_changes(drawn: go.Figure, axis: TimeAxis) -> None:
    """Deployments and other changes as thin lines, incidents and maintenance as spans, each with a mark to hover."""
    if axis.changes is None or axis.changes.is_empty():
        return
    marks = axis.changes.sort("ts", descending=True).head(MAXIMUM_MARKS)
    for kind, (color, symbol) in theme.CHANGES.items():
        happened = marks.filter(pl.col("change_type") == kind)
        if happened.is_empty():
            continue
        for start, end in zip(axis.local(happened["ts"]), axis.local(happened["ended_at"]), strict=True):
            _draw_span(drawn, start, end, color)
        drawn.add_scatter(
            x=axis.local(happened["ts"]),
            y=[1] * happened.height,
            yaxis=_MARKS_AXIS,
            mode="markers",
            marker={"symbol": symbol, "size": 8, "color": color},
            name=kind,
            showlegend=False,
            text=[_described(row) for row in happened.iter_rows(named=True)],
            hovertemplate="%{text}<extra></extra>",
            cliponaxis=False,
        )
    drawn.update_layout(yaxis9={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True})


def _draw_span(drawn: go.Figure, start: datetime, end: datetime | None, color: str) -> None:
    if end is None or end - start < _NOT_A_SPAN:
        drawn.add_shape(
            type="line", x0=start, x1=start, y0=0, y1=1, yref="paper", layer="below",
            line={"color": color, "width": 1, "dash": "2px,3px"}, opacity=0.7,
        )  # fmt: skip
        return
    drawn.add_shape(
        type="rect", x0=start, x1=end, y0=0, y1=1, yref="paper", layer="below",
        fillcolor=color, opacity=0.08, line={"width": 0},
    )  # fmt: skip


def _described(change: dict[str, str | None]) -> str:
    words = (change["change_type"], change["name"], change["severity"], change["description"])
    return plain(" · ".join(wording.name(word, 90) for word in words if word))
