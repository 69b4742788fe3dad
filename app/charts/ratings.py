"""Shares of a rating, and scores in their bands."""

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis
from app.charts.drawing import Drawing
from app.charts.parts import pattern
from app.charts.picture import Picture
from app.charts.rows import Rows
from app.charts.words import label

MOST_ROWS = 12
_THICKNESS = 20
_SMALLEST_LABEL = 5
"""Share in percent under which a part has no room for its figure."""


def bands(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """A group column, the shares `good`, `needs_improvement`, `poor` in percent, and `p75` as text: a bar a group."""
    del axis
    (group,) = (name for name in frame.columns if name not in ("good", "needs_improvement", "poor", "p75"))
    rows = frame.drop_nulls("good").head(MOST_ROWS)
    places = Rows(rows.height, _THICKNESS, head=36)
    for column, color, shape in theme.RATINGS:
        places.drawing.bar(
            orientation="h", y=places.middles, x=rows[column].fill_null(0).to_list(), width=places.width,
            name=column.replace("_", " "),
            marker={"color": color, "line": {"width": 0}, "pattern": {**pattern(0), "shape": shape}},
            text=[f"{value:.0f} %" if value and value >= _SMALLEST_LABEL else "" for value in rows[column]],
            textposition="inside", insidetextanchor="middle", textangle=0,
            insidetextfont={"size": 11, "color": theme.writing_on(color)},
            hovertext=[
                f"{label(name, 60)}: {wording.quantity(value, '%')} {column.replace('_', ' ')}"
                for name, value in rows.select(group, column).iter_rows()
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )  # fmt: skip
    # A figure that would have to shrink to fit is left to the hover.
    places.drawing.layout |= {"barmode": "stack", "uniformtext": {"minsize": 10, "mode": "hide"}}
    places.drawing.x["range"] = [0, 100]
    places.write(
        [label(name, 34) for name in rows[group]],
        [f"P75 <b>{label(p75, 14)}</b>" if p75 else "" for p75 in rows["p75"]],
    )
    told = "; ".join(
        f"{wording.name(row[group], 40)} {wording.quantity(row['good'], '%', 0)} good, "
        f"{wording.quantity(row['poor'], '%', 0)} poor{_p75_words(row['p75'])}"
        for row in rows.iter_rows(named=True)
    )
    return Picture(places.drawing.figure(), f"Ratings by {group}. {told or 'No data'}.")


def scores(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Quality scores: `lower` and `upper` edge in points, `count`; colored and named by their band."""
    del axis
    total = int(frame["count"].sum())
    drawn = Drawing()
    shares: list[str] = []
    for index, (name, least, color) in enumerate(theme.SCORE_BANDS):
        most = theme.SCORE_BANDS[index - 1][1] if index else 101
        part = frame.filter(pl.col("lower") >= least, pl.col("lower") < most)
        share = wording.quantity(100 * int(part["count"].sum()) / total if total else None, "%", 0)
        shares.append(f"{name} {share}")
        drawn.bar(
            x=((part["lower"] + part["upper"]) / 2).to_list(), y=part["count"].to_list(),
            width=(part["upper"] - part["lower"]).to_list(), name=shares[-1],
            marker={"color": color, "opacity": 0.8, "line": {"width": 0}, "pattern": pattern(index)},
            text=[f"{low:.0f} to {high:.0f}: {number:,}" for low, high, number in part.iter_rows()],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    drawn.layout |= {"bargap": 0.04, "barmode": "overlay"}
    drawn.layout["margin"]["r"] = 14
    drawn.x |= {"range": [0, 100], "tickvals": [0, 25, 50, 75, 90, 100], "tickmode": "array", "fixedrange": True}
    drawn.x["ticklabeloverflow"] = "allow"
    return Picture(drawn.figure(), f"Distribution of {total:,} quality scores, 0 to 100 points: {', '.join(shares)}.")


def _p75_words(p75: str | None) -> str:
    return f", 75th percentile {wording.name(p75, 14)}" if p75 else ""
