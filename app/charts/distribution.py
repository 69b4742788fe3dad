"""How durations are spread."""

from math import log10

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis, blank
from app.charts.picture import Picture

BARS_PER_DECADE = 14
_TICKS = tuple(factor * 10**power for power in range(-1, 7) for factor in (1, 3))
_QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


def histogram(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Events by duration on a logarithmic axis, with percentiles and the objective.

    `frame`: `lower` and `upper` edge in ms, `count`. Fine bins are merged into bars of equal width.
    """
    bars = _bars(frame)
    total = int(bars["count"].sum())
    marks = {name: _quantile(frame, share) for name, share in _QUANTILES.items()}
    drawn = blank(theme.CHART_HEIGHT)
    drawn.add_bar(
        x=bars["middle"].to_list(),
        y=bars["count"].to_list(),
        width=1 / BARS_PER_DECADE,
        marker={"color": theme.PLAIN.color, "opacity": 0.75, "line": {"width": 0}},
        text=[
            f"{wording.quantity(lower, 'ms')} – {wording.quantity(upper, 'ms')}<br>{count:,} requests, {100 * count / total:.1f} %"
            for lower, upper, count in bars.select("lower", "upper", "count").iter_rows()
        ],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )
    for name, mark in marks.items():
        stroke = theme.PERCENTILES[name]
        _draw_mark(drawn, mark, f"{name.upper()} {wording.quantity(mark, 'ms')}", stroke)
    if axis.limit:
        _draw_mark(drawn, axis.limit.value, f"{axis.limit.label} {wording.quantity(axis.limit.value, 'ms')}", theme.OBJECTIVE)
    low, high = (bars["middle"].min(), bars["middle"].max()) if total else (0, 3)
    drawn.update_layout(bargap=0.04, showlegend=True)
    drawn.update_xaxes(
        tickmode="array",
        tickvals=[log10(tick) for tick in _TICKS],
        ticktext=[wording.quantity(tick, "ms").replace(".0 ", " ").replace(".00 ", " ") for tick in _TICKS],
        range=[low - 0.1, high + 0.1],
    )
    words = ", ".join(f"{name.upper()} {wording.quantity(mark, 'ms')}" for name, mark in marks.items())
    return Picture(drawn, f"Distribution of {total:,} response times: {words}.")


def _draw_mark(drawn: "object", value: float | None, words: str, stroke: theme.Stroke) -> None:
    """A vertical line, named in the legend: labels at the line would collide."""
    if value is None or value <= 0:
        return
    place = log10(value)
    drawn.add_scatter(  # pyright: ignore[reportAttributeAccessIssue]
        x=[place, place],
        y=[0, 1],
        yaxis="y2",
        mode="lines",
        name=words,
        line={"color": stroke.color, "width": stroke.width, "dash": stroke.dash},
        hovertemplate=f"{words}<extra></extra>",
    )
    drawn.update_layout(yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True})  # pyright: ignore[reportAttributeAccessIssue]


def _bars(frame: pl.DataFrame) -> pl.DataFrame:
    """Bins merged into bars of equal width on the logarithmic axis; a bin goes where its middle lies."""
    middle = ((pl.col("lower").clip(lower_bound=0.05) * pl.col("upper").clip(lower_bound=0.05)).sqrt()).log10()
    slot = (middle * BARS_PER_DECADE).floor().cast(pl.Int64).alias("slot")
    merged = frame.with_columns(slot).group_by("slot").agg(pl.col("count").sum()).sort("slot")
    width = 1 / BARS_PER_DECADE
    return merged.with_columns(
        middle=(pl.col("slot") + 0.5) * width,
        lower=pl.lit(10.0).pow(pl.col("slot") * width),
        upper=pl.lit(10.0).pow((pl.col("slot") + 1) * width),
    )


def _quantile(frame: pl.DataFrame, share: float) -> float | None:
    """The value below which `share` of the events lie, interpolated within its bin."""
    ordered = frame.sort("lower").with_columns(until=pl.col("count").cum_sum())
    total = int(ordered["count"].sum())
    reached = ordered.filter(pl.col("until") >= share * total).head(1) if total else ordered.clear()
    if reached.is_empty():
        return None
    lower, upper, count, until = reached.select("lower", "upper", "count", "until").row(0)
    return lower + (upper - lower) * (share * total - (until - count)) / count
