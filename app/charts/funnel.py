"""How many get from one step to the next."""

from datetime import timedelta

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis
from app.charts.drawing import Drawing
from app.charts.picture import Picture
from app.charts.words import label

_ROW = 46


def steps(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """`step`, `users`, `conversion`, `overall`, `median_seconds`, from the first step down."""
    del axis
    rows = list(frame.iter_rows(named=True))
    drawn = Drawing(40 + _ROW * max(len(rows), 2))
    texts = [_words(row) for row in rows]
    drawn.bar(
        orientation="h",
        y=list(range(len(rows))),
        x=[row["users"] for row in rows],
        marker={"color": theme.PLAIN.color, "opacity": [0.9 - 0.5 * n / max(len(rows), 1) for n in range(len(rows))]},
        hovertext=texts,
        hovertemplate="%{hovertext}<extra></extra>",
    )
    drawn.without_legend()
    drawn.y |= {
        "tickmode": "array", "tickvals": list(range(len(rows))), "ticktext": [
            f"<b>{label(row['step'], 26)}</b><br>{_words(row, short=True)}" for row in rows
        ],
        "autorange": "reversed", "showgrid": False, "rangemode": "normal",
    }  # fmt: skip
    drawn.x |= {"showticklabels": False, "showline": False, "fixedrange": True}
    told = "; ".join(f"{wording.name(row['step'], 40)}: {text}" for row, text in zip(rows, texts, strict=True))
    return Picture(drawn.figure(), f"Funnel. {told or 'No steps'}.")


def _words(row: dict[str, object], short: bool = False) -> str:
    users, conversion, seconds = row["users"], row["conversion"], row["median_seconds"]
    parts = [f"{users:,} users"]
    if isinstance(conversion, float):
        parts.append(f"{conversion:.1f} %{'' if short else ' of the step before'}")
    if isinstance(row["overall"], float) and conversion is not None and not short:
        parts.append(f"{row['overall']:.1f} % of all")
    if isinstance(seconds, float):
        parts.append(f"after {wording.age(timedelta(seconds=seconds))}{'' if short else ' (median)'}")
    return " · ".join(parts)
