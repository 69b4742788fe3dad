"""What is spent: stacked over time against the period before, and what a difference is made of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from app import theme, wording
from app.charts import filling
from app.charts.axis import TimeAxis, draw_changes, drawing, show_all
from app.charts.parts import OTHER, Part, pattern
from app.charts.picture import Picture
from app.charts.rows import Rows
from app.charts.words import label, plain

BEFORE, IS_REST = "__before", "__rest"
"""Columns: what all came to in the same bucket of the period before; whether a row is the rest of all others."""
_THICKNESS = 10


def by_time(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Cost by day or week, stacked by the grouping column, the rest last, and a line of the period before.

    A bar's `customdata` are the ends of its day or week, by which the page's range is set; the `meta` of the bars of a
    part is a list of its own value, and the rest has none.
    """
    (group,) = (column for column in frame.columns if column not in ("time", "cost", BEFORE, IS_REST))
    parts = _parts(frame, group)
    colors = theme.group_colors(part.label for part in parts)
    totals = dict(frame.group_by("time").agg(pl.col("cost").sum()).iter_rows())
    drawn = drawing(axis, theme.TALL_CHART_HEIGHT)
    for index, part in enumerate(parts):
        drawn.bar(
            x=axis.local(part.frame["time"]),
            y=part.frame["cost"].to_list(),
            name=label(part.label, 18),
            marker={
                "color": theme.QUIET if part.is_rest else colors[part.label],
                "line": {"width": 0},
                "pattern": pattern(index),
                "opacity": filling.opacity(part.frame["time"], axis, "cost"),
            },
            customdata=[axis.span(time) for time in part.frame["time"]],
            **part.named,
            text=[_said(part.label, row, totals, axis) for row in part.frame.iter_rows(named=True)],
            hovertemplate="%{text}<extra></extra>",
        )
    before = frame.select("time", BEFORE).unique("time", maintain_order=True)
    has_before = before[BEFORE].drop_nulls().len() > 0
    if has_before:
        drawn.scatter(
            x=axis.local(before["time"]), y=before[BEFORE].to_list(), name="period before", mode="lines",
            line={"color": theme.PLAIN.color, "width": 1.5, "dash": theme.PREVIOUS_DASH},
            text=[f"period before {wording.quantity(value, 'USD', 2)}" for value in before[BEFORE]],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    draw_changes(drawn, axis)
    # With one hover for all series a click would be on the nearest of them, and that may be the line.
    drawn.layout |= {"barmode": "stack", "hovermode": "closest"}
    drawn.y["tickprefix"] = "$"
    show_all(drawn, axis, frame["time"])
    listed = ", ".join(f"{part.label} {wording.quantity(part.total, 'USD', 2)}" for part in parts)
    total = wording.quantity(sum(part.total for part in parts), "USD", 2)
    earlier = f" Period before: {wording.quantity(float(before[BEFORE].sum()), 'USD', 2)}." if has_before else ""
    return Picture(drawn.figure(), f"Cost by {group} over time, {total} in all: {listed}.{earlier}")


def differences(frame: pl.DataFrame) -> Picture:
    """Parts of a difference as bars to both sides, in the order given: `part` and `difference` in USD."""
    names: Sequence[str] = frame["part"].to_list()
    values: Sequence[float] = frame["difference"].to_list()
    words = [signed(value) for value in values]
    rows = Rows(len(names), _THICKNESS)
    rows.drawing.bar(
        orientation="h",
        y=rows.middles,
        x=[abs(value) for value in values],
        width=rows.width,
        marker={
            "color": [theme.DEARER if value > 0 else theme.CHEAPER for value in values],
            "pattern": {
                "shape": ["" if value > 0 else "/" for value in values], "fillmode": "overlay",
                "fgcolor": theme.PATTERN_COLOR, "size": 6,
            },
            "line": {"width": 0},
        },
        hovertext=[f"{label(name, 90)}: {plain(text)}" for name, text in zip(names, words, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
    )  # fmt: skip
    rows.drawing.layout["showlegend"] = False
    rows.drawing.x["range"] = [0, max((abs(value) for value in values), default=0.0) or 1]
    rows.write([label(name, 34) for name in names], [plain(text) for text in words])
    listed = ", ".join(f"{name} {text}" for name, text in zip(names, words, strict=True))
    return Picture(rows.drawing.figure(), f"What the difference is made of: {listed or 'nothing'}.")


def signed(value: float) -> str:
    """A difference of money, with its sign."""
    text = wording.quantity(abs(value), "USD", 2)
    return f"+{text}" if value > 0 else f"−{text}" if value < 0 else text


def _parts(frame: pl.DataFrame, group: str) -> list[Part]:
    """The largest first, the rest last."""
    found: list[Part] = []
    for (value, is_rest), rows in frame.group_by(group, IS_REST, maintain_order=True):
        total = float(rows["cost"].sum())
        name = OTHER if is_rest else wording.name(value)  # pyright: ignore[reportArgumentType]
        found.append(Part(name, value, rows.drop_nulls("cost").sort("time"), total, bool(is_rest)))  # pyright: ignore[reportArgumentType]
    return sorted(
        (one for one in found if one.total or not one.is_rest), key=lambda one: (one.is_rest, -one.total, one.label)
    )


def _said(part: str, row: Mapping[str, Any], totals: Mapping[datetime, float], axis: TimeAxis) -> str:
    """A part of a bar, what it is a part of, and what there was before."""
    so_far = f" {filling.SO_FAR}" if axis.is_so_far("cost", row["time"]) else ""
    when = row["time"].astimezone(axis.zone)
    before = f"<br>period before: {wording.quantity(row[BEFORE], 'USD', 2)}" if row[BEFORE] is not None else ""
    cost, total = (wording.quantity(value, "USD", 2) for value in (row["cost"], totals[row["time"]]))
    return f"{when:{axis.hover_format}}<br>{label(part, 40)}: {cost} of {total}{so_far}{before}"
