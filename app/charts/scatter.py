"""Points in a plane."""

from math import log10

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis
from app.charts.drawing import Drawing
from app.charts.picture import Picture
from app.charts.words import label

MOST_POINTS = 2_000
_SMALLEST, _LARGEST = 4.0, 22.0
"""Diameters of points, in pixels."""
_SCALES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
"""From which tick on it is written with which letter."""


def efficiency(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """LLM calls by `tokens` and `cost`, both logarithmic; color and symbol by `provider`, size by `calls`.

    The `meta` of the points of a provider is a list of it.
    """
    del axis
    known = frame.filter(pl.col("tokens") > 0, pl.col("cost") > 0, pl.col("calls") > 0)
    points = known.sort("calls", descending=True).head(MOST_POINTS)
    sums = points.group_by("provider").agg(pl.col("calls").sum())
    providers: list[str | None] = sums.sort("calls", "provider", descending=[True, False])["provider"].to_list()
    colors = theme.group_colors(wording.name(provider) for provider in providers)
    most = float(points["calls"].max() or 1)  # pyright: ignore[reportArgumentType]
    drawn = Drawing(theme.TALL_CHART_HEIGHT)
    for index, provider in enumerate(providers):
        part = points.filter(pl.col("provider").eq_missing(pl.lit(provider)))
        drawn.scatter(
            x=part["tokens"].to_list(), y=part["cost"].to_list(), mode="markers", name=label(provider, 18),
            meta=[provider],
            marker={
                "color": colors[wording.name(provider)], "symbol": theme.SYMBOLS[index % len(theme.SYMBOLS)],
                "opacity": 0.55, "line": {"width": 0},
                "size": [_SMALLEST + (_LARGEST - _SMALLEST) * (calls / most) ** 0.5 for calls in part["calls"]],
            },
            text=[
                f"{label(model, 60)}<br>{wording.quantity(tokens, '', 0)} tokens, {wording.quantity(cost, 'USD', 4)}"
                f"<br>{calls:,} calls"
                for model, tokens, cost, calls in part.select("model", "tokens", "cost", "calls").iter_rows()
            ],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    drawn.x |= {
        "type": "log",
        "title": {"text": "tokens", "standoff": 4, "font": {"size": 11}},
        **_decades(points["tokens"]),
    }
    drawn.y |= {"type": "log", "rangemode": "normal", **_decades(points["cost"], "$")}
    drawn.x["showgrid"], drawn.x["gridcolor"] = True, theme.GRID
    left_out = int(frame["calls"].sum()) - int(points["calls"].sum())
    words = f" {left_out:,} calls without tokens or cost, or in the smallest points, are left out." if left_out else ""
    return Picture(
        drawn.figure(),
        f"LLM calls by tokens and cost: {int(points['calls'].sum()):,} calls of {len(providers)} providers.{words}",
    )


def _plain(tick: float) -> str:
    scale, letter = next(((scale, letter) for scale, letter in _SCALES if tick >= scale), (1.0, ""))
    return f"{tick / scale:.0f}{letter}" if tick >= 1 else f"{tick:.10f}".rstrip("0")


def _decades(values: pl.Series, prefix: str = "") -> dict[str, object]:
    """Ticks at powers of ten."""
    if values.is_empty():
        return {}
    low, high = (log10(float(value)) for value in (values.min(), values.max()))  # pyright: ignore[reportArgumentType]
    ticks = [10.0**power for power in range(int(low // 1), int(high // 1) + 2)]
    return {"tickmode": "array", "tickvals": ticks, "ticktext": [prefix + _plain(tick) for tick in ticks]}
