"""Uptime by component and day, as status pages draw it."""

import polars as pl

from app import theme, wording
from app.charts.axis import TIME_FORMATS, TimeAxis
from app.charts.cells import Cell, touch
from app.charts.picture import Picture
from app.charts.rows import Rows
from app.charts.words import label, plain

_THICKNESS = 20
_UNKNOWN = 0


def strips(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Rows of day bars: `component`, `time`, `uptime` in percent, null where nobody probed; `overall` of all days.

    The `customdata` of a day's point are its component and the ends of the day.
    """
    overall = frame.group_by("component").agg(pl.col("overall").first()).sort("overall", "component", nulls_last=True)
    components: list[str | None] = overall["component"].to_list()
    days = frame["time"].unique().sort()
    found = {(row[0], row[1]): row[2] for row in frame.select("component", "time", "uptime").iter_rows()}
    values = [[found.get((component, day)) for day in days] for component in components]
    levels = [(theme.UNKNOWN, "not probed"), *((color, words) for _, color, words in reversed(theme.UPTIME_STEPS))]
    rows = Rows(len(components), _THICKNESS, head=40)
    drawn = rows.drawing
    drawn.heatmap(
        x=axis.local(days),
        y0=rows.middles[0] if components else 0,
        dy=1,
        z=[[_level(value) for value in row] for row in values],
        zmin=-0.5,
        zmax=len(levels) - 0.5,
        colorscale=[
            (edge / len(levels), color) for index, (color, _) in enumerate(levels) for edge in (index, index + 1)
        ],
        showscale=False,
        xgap=1,
        ygap=rows.gap,
        text=[[theme.UPTIME_MARKS.get(_level(value), "") for value in row] for row in values],
        texttemplate="%{text}",
        textfont={"size": 10},
        hoverinfo="skip",
    )
    for color, words in levels:
        drawn.scatter(
            x=[None], y=[None], mode="markers", marker={"symbol": "square", "size": 10, "color": color}, name=words,
            hoverinfo="skip",
        )  # fmt: skip
    touch(
        drawn,
        [
            Cell(day, rows.middles[place], f"{label(component, 60)}: {_words(value)}", (component, *axis.span(day)))
            for place, (component, row) in enumerate(zip(components, values, strict=True))
            for day, value in zip(days, row, strict=True)
        ],
        axis,
        "<br>%{x|%a %d %b %Y}",
    )
    drawn.x |= {
        "type": "date", "tickformatstops": list(TIME_FORMATS), "tickangle": 0, "showticklabels": True, "nticks": 5,
    }  # fmt: skip
    rows.write(
        [label(component, 34) for component in components],
        [f"<b>{plain(wording.quantity(value, '%', 2))}</b>" for value in overall["overall"]],
    )
    told = ", ".join(
        f"{wording.name(name, 40)} {wording.quantity(value, '%', 3)}" for name, value in overall.iter_rows()
    )
    return Picture(drawn.figure(), f"Uptime by component over {len(days)} days: {told or 'no data'}.")


def _words(value: float | None) -> str:
    return "not probed" if value is None else wording.quantity(value, "%", 3)


def _level(value: float | None) -> int:
    if value is None:
        return _UNKNOWN
    steps = theme.UPTIME_STEPS
    return next(len(steps) - index for index, (least, _, _) in enumerate(steps) if value >= least)
