"""Bars over time."""

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis, draw_changes, figure
from app.charts.picture import Picture
from app.charts.words import label
from metrics.catalog import METRICS

MAXIMUM_PARTS = 6
OTHER = "(other)"


def stacked(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """One additive metric, stacked by the grouping column: the largest parts, the rest as one."""
    (name,) = (column for column in frame.columns if column in METRICS)
    (group,) = (column for column in frame.columns if column not in ("time", name))
    metric = METRICS[name]
    parts = _with_rest(frame, group, name)
    sums = parts.group_by(group).agg(pl.col(name).sum()).sort(name, group, descending=[True, False])
    order: list[str] = sums[group].to_list()
    colors = theme.group_colors(order)
    drawn = figure(axis)
    for index, value in enumerate(order):
        part = parts.filter(pl.col(group) == value).sort("time")
        drawn.add_bar(
            x=axis.local(part["time"]),
            y=part[name].to_list(),
            name=label(value, 18),
            marker={
                "color": colors[value],
                "line": {"width": 0},
                "pattern": {"shape": theme.PATTERNS[index % len(theme.PATTERNS)], "size": 5, "solidity": 0.12},
            },
            customdata=[value] * part.height,
            text=[wording.quantity(number, metric.unit, metric.decimals) for number in part[name]],
            textposition="none",
            hovertemplate="%{text}",
            xperiodalignment="start",
            offset=None,
        )
    draw_changes(drawn, axis)
    drawn.update_layout(barmode="stack", clickmode="event+select")
    drawn.update_yaxes(tickprefix="$" if metric.unit == "USD" else "", selector={"anchor": "x"})
    total = wording.quantity(sums[name].sum(), metric.unit, metric.decimals)
    split = ", ".join(f"{wording.name(key)} {wording.quantity(amount, metric.unit, metric.decimals)}" for key, amount in sums.iter_rows())
    return Picture(drawn, f"{metric.title} by {group}, {total} in all: {split}.")


def growth(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Daily active users as a line over bars of new users."""
    drawn = figure(axis)
    times = axis.local(frame["time"])
    drawn.add_bar(
        x=times, y=frame["users_new"].to_list(), name="New users", marker={"color": theme.ARRIVALS, "line": {"width": 0}},
        hovertemplate="%{y:,.0f}",
    )  # fmt: skip
    drawn.add_scatter(
        x=times,
        y=frame["dau"].to_list(),
        name="Daily active users",
        mode="lines+markers",
        marker={"size": 5},
        connectgaps=False,
        line={"color": theme.GROWTH.color, "width": theme.GROWTH.width},
        hovertemplate="%{y:,.0f}",
    )
    active, arrived = frame["dau"].drop_nulls(), frame["users_new"].drop_nulls()
    span = f"{active.min():,} to {active.max():,}, last {active[-1]:,}" if len(active) else "no data"
    drawn.update_xaxes(range=None, autorange=True, hoverformat="%a %d %b %Y")
    return Picture(drawn, f"Daily active users: {span}. New users: {int(arrived.sum()):,} in all.")


def _with_rest(frame: pl.DataFrame, group: str, name: str) -> pl.DataFrame:
    named = frame.with_columns(
        pl.col(group).map_elements(wording.name, return_dtype=pl.String, skip_nulls=False).alias(group)
    ).drop_nulls(name)
    largest = named.group_by(group).agg(pl.col(name).sum()).sort(name, descending=True)[group].head(MAXIMUM_PARTS).to_list()
    rest = pl.when(pl.col(group).is_in(largest)).then(pl.col(group)).otherwise(pl.lit(OTHER)).alias(group)
    return named.with_columns(rest).group_by("time", group).agg(pl.col(name).sum()).sort("time")
