"""Bars over time."""

from dataclasses import dataclass

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis, draw_changes, drawing
from app.charts.drawing import Drawing
from app.charts.picture import Picture
from app.charts.words import label
from metrics.catalog import METRICS

MAXIMUM_PARTS = 6
OTHER = "(other)"


def stacked(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """One additive metric, stacked by the grouping column: the largest parts, the rest as one.

    A bar's `customdata` is a list of its part's own value; the rest has none.
    """
    (name,) = (column for column in frame.columns if column in METRICS)
    (group,) = (column for column in frame.columns if column not in ("time", name))
    metric = METRICS[name]
    parts = _parts(frame.drop_nulls(name), group, name)
    colors = theme.group_colors(part.label for part in parts)
    drawn = drawing(axis)
    for index, part in enumerate(parts):
        drawn.bar(
            x=axis.local(part.frame["time"]),
            y=part.frame[name].to_list(),
            name=label(part.label, 14),
            marker={"color": colors[part.label], "line": {"width": 0}, "pattern": _pattern(index)},
            **({} if part.is_rest else {"customdata": [[part.value]] * part.frame.height}),
            text=[wording.quantity(number, metric.unit, metric.decimals) for number in part.frame[name]],
            hovertemplate="%{text}",
        )
    draw_changes(drawn, axis)
    drawn.layout["barmode"] = "stack"
    _fit_bars(drawn)
    if metric.unit == "USD":
        drawn.y["tickprefix"] = "$"
    split = ", ".join(f"{part.label} {wording.quantity(part.total, metric.unit, metric.decimals)}" for part in parts)
    total = wording.quantity(sum(part.total for part in parts), metric.unit, metric.decimals)
    return Picture(drawn.figure(), f"{metric.title} by {group}, {total} in all: {split}.")


def growth(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Daily active users as a line over bars of new users; the day that is not over is a mark of its own."""
    drawn = drawing(axis)
    bars = frame.select("time", "users_new")
    drawn.bar(
        x=axis.local(bars["time"]),
        y=bars["users_new"].to_list(),
        name="New users",
        marker={"color": theme.ARRIVALS, "line": {"width": 0}},
        hovertemplate="%{y:,.0f}",
    )
    filling = [axis.is_filling(time) for time in frame["time"]]
    over, today = (
        frame.filter(~pl.Series(filling, dtype=pl.Boolean)),
        frame.filter(pl.Series(filling, dtype=pl.Boolean)),
    )
    line = {"color": theme.GROWTH.color, "width": theme.GROWTH.width}
    drawn.scatter(
        x=axis.local(over["time"]),
        y=over["dau"].to_list(),
        name="Daily active users",
        mode="lines+markers",
        marker={"size": 5},
        line=line,
        hovertemplate="%{y:,.0f}",
    )
    if not today["dau"].drop_nulls().is_empty():
        drawn.scatter(
            x=axis.local(today["time"]),
            y=today["dau"].to_list(),
            name="so far",
            mode="markers",
            marker={"size": 8, "symbol": "circle-open", "color": theme.GROWTH.color, "line": {"width": 2}},
            hovertemplate="%{y:,.0f}",
        )
    _fit_bars(drawn)
    active, arrived = frame["dau"].drop_nulls(), frame["users_new"].drop_nulls()
    span = f"{active.min():,.0f} to {active.max():,.0f}, last {active[-1]:,.0f}" if len(active) else "no data"
    return Picture(drawn.figure(), f"Daily active users: {span}. New users: {arrived.sum():,.0f} in all.")


def _fit_bars(drawn: Drawing) -> None:
    """Show bars whole: a day's bar begins before a window that begins at noon."""
    del drawn.x["range"]


@dataclass(frozen=True)
class _Part:
    label: str
    value: str | None
    frame: pl.DataFrame
    total: float
    is_rest: bool = False


def _parts(frame: pl.DataFrame, group: str, name: str) -> list[_Part]:
    """The largest groups, largest first, then what is left of all others."""
    sums = frame.group_by(group).agg(pl.col(name).sum()).sort(name, group, descending=[True, False])
    largest = sums.head(MAXIMUM_PARTS)
    parts = [
        _Part(wording.name(value), value, frame.filter(pl.col(group).eq_missing(pl.lit(value))).sort("time"), total)
        for value, total in largest.iter_rows()
    ]
    others = sums.slice(MAXIMUM_PARTS)
    if others.height:
        rest = frame.join(others.select(group), on=group, nulls_equal=True).group_by("time").agg(pl.col(name).sum())
        parts.append(_Part(OTHER, None, rest.sort("time"), float(others[name].sum()), is_rest=True))
    return parts


def _pattern(index: int) -> dict[str, str | float]:
    shape = theme.PATTERNS[index % len(theme.PATTERNS)]
    return {"shape": shape, "fillmode": "overlay", "fgcolor": theme.PATTERN_COLOR, "size": 6, "solidity": 0.16}
