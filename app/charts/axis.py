"""What charts over time share: the window on the axis, and the marks of what happened in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from app import theme, wording
from app.charts.drawing import OVERLAY_AXIS, Drawing
from app.charts.words import plain
from metrics.catalog import METRICS, Metric
from metrics.engine.buckets import DAY, HOUR, SECONDS
from metrics.engine.query import Grain, Window

MAXIMUM_MARKS = 24
MAXIMUM_SMALL_MARKS = 8
"""Changes marked at most: more of them hide the data they should explain."""
TIME_FORMATS: tuple[dict[str, Any], ...] = (
    {"dtickrange": [None, 60_000], "value": "%H:%M:%S"},
    {"dtickrange": [60_000, 86_399_999], "value": "%H:%M\n%d %b"},
    {"dtickrange": [86_400_000, "M1"], "value": "%d %b"},
    {"dtickrange": ["M1", None], "value": "%b %Y"},
)
"""How times are written, by the distance of two ticks in ms."""
_SHORT = timedelta(minutes=1)
"""What ends sooner is drawn as a line."""
_WALL = "%Y-%m-%dT%H:%M:%S"


@dataclass(frozen=True, slots=True)
class Limit:
    """A value that a series should stay under."""

    value: float
    label: str


@dataclass(frozen=True)
class TimeAxis:
    """The window a chart shows, what happened in it, and values to mark."""

    window: Window
    tz: str = "UTC"
    grain: Grain = Grain.AUTO
    changes: pl.DataFrame | None = None
    """`change` events: ts, ended_at, change_type, name, severity, description."""
    limit: Limit | None = None
    until: datetime | None = None
    """Up to when there can be events: now, or the end of a window in the past."""
    on_dark: bool = False
    """Whether the page is dark; Streamlit themes all but the colors that carry meaning."""
    metrics: Mapping[str, Metric] = field(default_factory=lambda: METRICS)
    """Every metric that a frame may hold, by name."""
    percentiles: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    """Percentiles to mark, such as `p95`, in ms."""

    @property
    def zone(self) -> ZoneInfo:
        """The viewer's time zone."""
        return ZoneInfo(self.tz)

    @property
    def hover_format(self) -> str:
        """How a bucket is named: by its day, or by its hour and minute too."""
        return "%a %d %b %Y" if SECONDS.get(self.grain, DAY) >= DAY else "%a %d %b %H:%M"

    def local(self, times: pl.Series) -> list[str | None]:
        """Instants as wall-clock times of the viewer's zone: Plotly knows no zones."""
        return times.dt.convert_time_zone(self.tz).dt.to_string(_WALL).to_list()

    def ends(self) -> list[str | None]:
        """Both ends of the window as wall-clock times."""
        return self.local(pl.Series([self.window.start, self.window.end], dtype=pl.Datetime("us", "UTC")))

    def span(self, start: datetime) -> list[str]:
        """Both ends of the bucket that begins at `start`, as ISO instants: what its mark means.

        Days and longer ones end by the clock on the wall of the viewer.
        """
        return [start.astimezone(self.zone).isoformat(), self._end(start).isoformat()]

    def columns(self, times: pl.Series) -> list[datetime]:
        """Every bucket from the first of these to the last: between two of them a cell would take the room of none."""
        known: set[datetime] = set(times.to_list())
        if not self._has_width:
            return sorted(known)
        columns, at, last = known.copy(), min(known, default=self.window.end), max(known, default=self.window.start)
        while at < last:
            columns.add(at)
            at = self._end(at)
        return sorted(columns)

    def around(self, first: datetime, last: datetime) -> list[datetime]:
        """Where the cells of these buckets begin and end, which lie around their times as bars do."""
        return [first - (self._end(first) - first) / 2, last + (self._end(last) - last) / 2]

    def places(self, columns: list[datetime]) -> list[str | None]:
        """Where the columns of a heat map are; one alone, which says no width, lies between its ends."""
        known = self.around(*columns, *columns) if len(columns) == 1 else columns
        return self.local(pl.Series(known, dtype=pl.Datetime("us", "UTC")))

    def is_filling(self, start: datetime) -> bool:
        """Whether the bucket that begins at `start` may still get events."""
        return self.until is not None and (self._end(start) if self._has_width else start) > self.until

    def is_so_far(self, name: str, start: datetime) -> bool:
        """Whether the value of a metric in that bucket is less than it will be."""
        return self.metrics[name].fills and self.is_filling(start)

    @property
    def _has_width(self) -> bool:
        return self.grain in SECONDS or self.grain is Grain.MONTH

    def _end(self, start: datetime) -> datetime:
        begin = start.astimezone(self.zone)
        width = SECONDS.get(self.grain, DAY)
        if self.grain is Grain.MONTH:
            return (begin.replace(day=1) + timedelta(days=32)).replace(day=1)
        if width > HOUR:
            return begin + timedelta(seconds=width)  # within one zone that is by its clock on the wall
        return (begin.astimezone(UTC) + timedelta(seconds=width)).astimezone(self.zone)


def drawing(axis: TimeAxis, height: int = theme.CHART_HEIGHT) -> Drawing:
    """An empty drawing over the window, with one hover for all series."""
    empty = Drawing(height)
    empty.layout["hovermode"] = "x unified"
    empty.x |= {
        "range": axis.ends(), "type": "date", "hoverformat": axis.hover_format, "tickformatstops": list(TIME_FORMATS),
    }  # fmt: skip
    if axis.grain is Grain.DAY:
        empty.by_day(axis.window.length)
    return empty


def show_all(drawn: Drawing, axis: TimeAxis, times: pl.Series) -> None:
    """Show what is drawn at all of these times, not the window alone: whole bars, days before and days to come."""
    del drawn.x["range"]
    drawn.x.pop("dtick", None)
    if axis.grain is Grain.DAY and times.len():
        known = times.to_list()
        drawn.by_day(max(known) - min(known))


def draw_limit(drawn: Drawing, axis: TimeAxis) -> None:
    """The objective, as a dashed line named in the legend: a label at the line would lie on the data."""
    if axis.limit is None:
        return
    stroke = theme.OBJECTIVE
    drawn.scatter(
        x=axis.ends(),
        y=[axis.limit.value] * 2,
        name=f"{axis.limit.label} {wording.quantity(axis.limit.value, 'ms')}",
        mode="lines",
        line={"color": stroke.color, "width": stroke.width, "dash": stroke.dash},
        hoverinfo="skip",
    )


def draw_changes(drawn: Drawing, axis: TimeAxis) -> None:
    """Deployments and other changes as thin lines, incidents and maintenance as spans, each with a mark to hover.

    Where there are too many, only incidents are marked, and of these the newest.
    """
    if axis.changes is None or axis.changes.is_empty():
        return
    most = MAXIMUM_MARKS if drawn.height >= theme.CHART_HEIGHT else MAXIMUM_SMALL_MARKS
    marks = axis.changes if axis.changes.height <= most else axis.changes.filter(pl.col("change_type") == "incident")
    marks = marks.sort("ts", descending=True).head(most)
    for kind, (color, symbol) in theme.CHANGES.items():
        happened = marks.filter(pl.col("change_type") == kind)
        if happened.is_empty():
            continue
        _draw_spans(drawn, axis, happened, color)
        drawn.scatter(
            x=axis.local(happened["ts"]),
            y=[1] * happened.height,
            yaxis="y9",
            mode="markers",
            marker={"symbol": symbol, "size": 7, "color": color},
            name=kind,
            showlegend=False,
            text=[_described(row) for row in happened.iter_rows(named=True)],
            hovertemplate="%{text}<extra></extra>",
            cliponaxis=False,
        )
        drawn.layout["yaxis9"] = OVERLAY_AXIS


def _draw_spans(drawn: Drawing, axis: TimeAxis, happened: pl.DataFrame, color: str) -> None:
    lasted = (happened["ended_at"] - happened["ts"]).to_list()
    for start, end, length in zip(axis.local(happened["ts"]), axis.local(happened["ended_at"]), lasted, strict=True):
        if length is None or length < _SHORT:
            line = {"color": color, "width": 1, "dash": "2px,3px"}
            drawn.shape(type="line", x0=start, x1=start, line=line, opacity=0.7)
        else:
            drawn.shape(
                type="rect", x0=start, x1=end, fillcolor=color, opacity=theme.SPAN[axis.on_dark], line={"width": 0}
            )


def _described(change: dict[str, Any]) -> str:
    words = (change["change_type"], change["name"], change["severity"], change["description"])
    return plain(" · ".join(wording.name(word, 90) for word in words if word))
