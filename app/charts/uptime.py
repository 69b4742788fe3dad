"""Uptime by component and day, as status pages draw it."""

import polars as pl

from app import theme, wording
from app.charts.axis import TIME_FORMATS, TimeAxis
from app.charts.drawing import Drawing
from app.charts.picture import Picture
from app.charts.words import label

_ROW = 30
_UNKNOWN = 0


def strips(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Rows of day bars: `component`, `time`, `uptime` in percent, null where nobody probed; `overall` of all days."""
    overall = frame.group_by("component").agg(pl.col("overall").first()).sort("overall", "component", nulls_last=True)
    components: list[str | None] = overall["component"].to_list()
    days = frame["time"].unique().sort()
    found = {(row[0], row[1]): row[2] for row in frame.select("component", "time", "uptime").iter_rows()}
    rows = [[found.get((component, day)) for day in days] for component in components]
    levels = [(theme.UNKNOWN, "not probed"), *((color, words) for _, color, words in reversed(theme.UPTIME_STEPS))]
    drawn = Drawing(80 + _ROW * max(len(components), 2))
    drawn.heatmap(
        x=axis.local(days),
        y=list(range(len(components))),
        z=[[_level(value) for value in row] for row in rows],
        zmin=-0.5,
        zmax=len(levels) - 0.5,
        colorscale=[
            (edge / len(levels), color) for index, (color, _) in enumerate(levels) for edge in (index, index + 1)
        ],
        showscale=False,
        xgap=2,
        ygap=8,
        text=[
            [f"{label(component, 60)}: {_words(value)}" for value in row]
            for component, row in zip(components, rows, strict=True)
        ],
        hovertemplate="%{text}<br>%{x|%a %d %b %Y}<extra></extra>",
    )  # fmt: skip
    for color, words in levels:
        drawn.scatter(
            x=[None], y=[None], mode="markers", marker={"symbol": "square", "size": 10, "color": color}, name=words,
            hoverinfo="skip",
        )  # fmt: skip
    drawn.x |= {
        "type": "date",
        "tickformatstops": list(TIME_FORMATS),
        "tickangle": 0,
        "showline": False,
        "fixedrange": True,
    }
    drawn.y |= {
        "tickmode": "array", "tickvals": list(range(len(components))), "autorange": "reversed", "showgrid": False,
        "rangemode": "normal",
        "ticktext": [
            f"{label(component, 24)}  <b>{wording.quantity(value, '%', 2)}</b>"
            for component, value in overall.iter_rows()
        ],
    }  # fmt: skip
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
