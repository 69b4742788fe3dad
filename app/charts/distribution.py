"""How durations are spread."""

from math import log10

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis
from app.charts.drawing import OVERLAY_AXIS, Drawing
from app.charts.picture import Picture

_TICKS = tuple(factor * 10**power for power in range(-3, 8) for factor in (1, 3))
_SMALLEST_MS = 0.0005
_MARKS_AXIS = "y2"


def histogram(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Events by duration on a logarithmic axis, with the percentiles and the objective of `axis` as lines.

    `frame`: `lower` and `upper` edge in ms, `count`. The horizontal axis is the logarithm itself, because Plotly
    cannot give a bar its width on a logarithmic axis.
    """
    total = int(frame["count"].sum())
    bars = frame.with_columns(pl.col("lower", "upper").clip(lower_bound=_SMALLEST_MS).log10().name.suffix("_log"))
    drawn = Drawing()
    drawn.bar(
        x=((bars["lower_log"] + bars["upper_log"]) / 2).to_list(),
        y=bars["count"].to_list(),
        width=(bars["upper_log"] - bars["lower_log"]).to_list(),
        marker={"color": theme.PLAIN.color, "opacity": 0.75, "line": {"width": 0}},
        text=[
            f"{wording.quantity(lower, 'ms')} – {wording.quantity(upper, 'ms')}<br>"
            f"{count:,} requests, {wording.quantity(100 * count / total, '%', 2)}"
            for lower, upper, count in frame.select("lower", "upper", "count").iter_rows()
        ],
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )
    for name, value in axis.percentiles.items():
        _draw_mark(drawn, value, name.upper(), theme.PERCENTILES[name])
    if axis.limit:
        _draw_mark(drawn, axis.limit.value, axis.limit.label, theme.OBJECTIVE)
    drawn.layout |= {"bargap": 0, "yaxis2": OVERLAY_AXIS}
    drawn.x |= {"tickmode": "array", "tickvals": [log10(tick) for tick in _TICKS]}
    drawn.x["ticktext"] = [_tick(tick) for tick in _TICKS]
    words = ", ".join(f"{name.upper()} {wording.quantity(value, 'ms')}" for name, value in axis.percentiles.items())
    return Picture(drawn.figure(), f"Distribution of {total:,} response times. {words}.")


def _draw_mark(drawn: Drawing, value: float | None, title: str, stroke: theme.Stroke) -> None:
    """A vertical line, named in the legend: labels at the lines would collide."""
    if value is None or value <= 0:
        return
    words = f"{title} {wording.quantity(value, 'ms')}"
    drawn.scatter(
        x=[log10(value)] * 2,
        y=[0, 1],
        yaxis=_MARKS_AXIS,
        mode="lines",
        name=words,
        line={"color": stroke.color, "width": stroke.width, "dash": stroke.dash},
        hovertemplate=f"{words}<extra></extra>",
    )


def _tick(milliseconds: float) -> str:
    units = ((60_000, "min"), (1_000, "s"), (1, "ms"), (0.001, "µs"))
    size, unit = next((size, unit) for size, unit in units if milliseconds >= size)
    return f"{milliseconds / size:.3g} {unit}"
