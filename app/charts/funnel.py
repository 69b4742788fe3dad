"""How many get from one step to the next."""

from datetime import timedelta

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis
from app.charts.picture import Picture
from app.charts.rows import Rows
from app.charts.words import label, plain

_THICKNESS = 22


def steps(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """`step`, `users`, `conversion`, `overall`, `median_seconds`, from the first step down."""
    del axis
    found = list(frame.iter_rows(named=True))
    texts = [_words(row) for row in found]
    rows = Rows(len(found), _THICKNESS)
    first = found[0]["users"] if found else 0
    for name, widths, opacity in (
        ("got there", [row["users"] for row in found], 0.85),
        ("did not", [max(first - row["users"], 0) for row in found], 0.10),
    ):
        rows.drawing.bar(
            orientation="h", y=rows.middles, x=widths, width=rows.width, name=name,
            marker={"color": theme.PLAIN.color, "opacity": opacity, "line": {"width": 0}},
            hovertext=texts, hovertemplate="%{hovertext}<extra></extra>",
        )  # fmt: skip
    rows.write([f"<b>{label(row['step'], 20)}</b>" for row in found], [plain(_words(row, short=True)) for row in found])
    rows.drawing.x["range"] = [0, first or 1]
    rows.drawing.layout |= {"showlegend": False, "barmode": "stack"}
    told = "; ".join(f"{wording.name(row['step'], 40)}: {text}" for row, text in zip(found, texts, strict=True))
    return Picture(rows.drawing.figure(), f"Funnel. {told or 'No steps'}.")


def _words(row: dict[str, object], short: bool = False) -> str:
    users, conversion, seconds = row["users"], row["conversion"], row["median_seconds"]
    # Beside the name there is no room on a phone for the word in each row.
    parts = [f"{users:,}" if short and conversion is not None else f"{users:,} users"]
    if isinstance(conversion, float):
        parts.append(f"{conversion:.1f} %{'' if short else ' of the step before'}")
    if isinstance(row["overall"], float) and conversion is not None and not short:
        parts.append(f"{row['overall']:.1f} % of all")
    if isinstance(seconds, float):
        parts.append(f"after {wording.age(timedelta(seconds=seconds))}{'' if short else ' (median)'}")
    return " · ".join(parts)
