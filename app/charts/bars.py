"""Bars over time."""

import polars as pl

from app import theme, wording
from app.charts import filling
from app.charts.axis import TimeAxis, draw_changes, drawing, show_all
from app.charts.parts import UNPRICED, Part, parts_of, pattern, sums_of
from app.charts.picture import Picture
from app.charts.rows import Rows
from app.charts.words import label, plain


def stacked(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """One additive metric, stacked by the grouping column: the largest parts, the rest as one.

    A bar's `customdata`, and the `meta` of them all, is a list of their part's own value; the rest has none.
    """
    (name,) = (column for column in frame.columns if column in axis.metrics)
    (group,) = (column for column in frame.columns if column not in ("time", name))
    metric = axis.metrics[name]
    parts = parts_of(frame.drop_nulls(name), group, name)
    colors = theme.group_colors(part.label for part in parts)
    drawn = drawing(axis)
    for index, part in enumerate(parts):
        drawn.bar(
            x=axis.local(part.frame["time"]),
            y=part.frame[name].to_list(),
            name=label(part.label, 14),
            marker={
                "color": colors[part.label],
                "line": {"width": 0},
                "pattern": pattern(index),
                "opacity": filling.opacity(part.frame["time"], axis, name),
            },
            **({} if part.is_rest else {"customdata": [[part.value]] * part.frame.height}),
            **part.named,
            text=_said(part.frame, axis, name),
            hovertemplate=f"%{{x|{axis.hover_format}}}<br>{label(part.label, 40)}: %{{text}}<extra></extra>",
        )
    draw_changes(drawn, axis)
    # With one hover for all series a click would be on the first of them, whichever was under the pointer.
    drawn.layout["hovermode"] = "closest"
    drawn.layout["barmode"] = "stack"
    show_all(drawn, axis, frame["time"])
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
        marker={
            "color": theme.ARRIVALS,
            "line": {"width": 0},
            "opacity": filling.opacity(bars["time"], axis, "users_new"),
        },
        text=_said(bars, axis, "users_new"),
        hovertemplate="%{text}",
    )
    over, today = filling.parted(frame, axis, "dau")
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
    filling.ring(drawn, today, axis, "dau", filling.SO_FAR, theme.GROWTH.color)
    show_all(drawn, axis, frame["time"])
    active, arrived = frame["dau"].drop_nulls(), frame["users_new"].drop_nulls()
    span = f"{active.min():,.0f} to {active.max():,.0f}, last {active[-1]:,.0f}" if len(active) else "no data"
    return Picture(drawn.figure(), f"Daily active users: {span}. New users: {arrived.sum():,.0f} in all.")


def _said(frame: pl.DataFrame, axis: TimeAxis, name: str) -> list[str]:
    """The value of each bar."""
    return [filling.said(value, time, axis, name) for time, value in frame.select("time", name).iter_rows()]


def several(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Metrics of one unit that add up, stacked: a color and a pattern each."""
    names = [column for column in frame.columns if column in axis.metrics]
    drawn = drawing(axis)
    for index, (name, stroke) in enumerate(zip(names, theme.SERIES, strict=False)):
        metric = axis.metrics[name]
        drawn.bar(
            x=axis.local(frame["time"]), y=frame[name].to_list(), name=metric.title,
            marker={
                "color": stroke.color, "line": {"width": 0}, "pattern": pattern(index),
                "opacity": filling.opacity(frame["time"], axis, name),
            },
            text=_said(frame, axis, name),
            hovertemplate="%{text}",
        )  # fmt: skip
    drawn.layout["barmode"] = "stack"
    show_all(drawn, axis, frame["time"])
    sums = ", ".join(f"{axis.metrics[name].title} {float(frame[name].sum()):,.0f}" for name in names)
    return Picture(drawn.figure(), f"By time, in all: {sums}.")


MOST_RANKED = 12
_ADDITIVE = ("USD", "tokens", "calls", "requests", "events", "views", "errors", "prompts", "h")
"""Units of sums."""
_THICKNESS = 10
"""Height of a bar, in pixels."""


def ranked(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """One metric by a grouping column: a bar each, the largest on top; the rest as one where it can be added up.

    Where it is a cost, null is one that is not known: a row without a bar, below all others; of the others, the calls
    whose cost is not known (`UNPRICED`, where there is such a column) are counted beside it.
    """
    (name,) = (column for column in frame.columns if column in axis.metrics)
    (group,) = (column for column in frame.columns if column not in (name, UNPRICED))
    metric = axis.metrics[name]
    known = frame.drop_nulls(name)
    # Shares and means of what is left cannot be added up.
    known = known if metric.unit in _ADDITIVE else known.sort(name, descending=True).head(MOST_RANKED)
    parts = sums_of(known, group, name, MOST_RANKED)
    lacking = dict(frame.select(group, UNPRICED).iter_rows()) if UNPRICED in frame.columns else {}
    words = [
        wording.quantity(part.total, metric.unit, metric.decimals)
        + (f", {wording.unpriced(lacking[part.value])}" if not part.is_rest and lacking.get(part.value) else "")
        for part in parts
    ]
    unknown: list[str | None] = frame.filter(pl.col(name).is_null())[group].to_list() if metric.unit == "USD" else []
    for value in unknown[: MOST_RANKED - len(parts)]:
        parts.append(Part(wording.name(value), None, frame.clear(), 0.0, is_rest=True))
        words.append(wording.NO_PRICE)
    rows = Rows(len(parts), _THICKNESS)
    rows.drawing.bar(
        orientation="h",
        y=rows.middles,
        x=[part.total for part in parts],
        width=rows.width,
        marker={
            "color": [theme.QUIET if part.is_rest else theme.PLAIN.color for part in parts],
            "opacity": 0.8,
            "line": {"width": 0},
        },
        customdata=[[] if part.is_rest else [part.value] for part in parts],
        hovertext=[f"{label(part.label, 90)}: {text}" for part, text in zip(parts, words, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    rows.drawing.layout["showlegend"] = False
    rows.drawing.x["range"] = [0, max((part.total for part in parts), default=0.0) or 1]
    rows.write([label(part.label, 34) for part in parts], [plain(text) for text in words])
    listed = ", ".join(f"{part.label} {text}" for part, text in zip(parts, words, strict=True))
    return Picture(rows.drawing.figure(), f"{metric.title} by {group}, largest first: {listed or 'no data'}.")
