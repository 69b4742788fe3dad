"""A whole in parts, as a ring."""

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis
from app.charts.drawing import Drawing
from app.charts.parts import pattern, sums_of
from app.charts.picture import Picture
from app.charts.words import label, plain

_HOLE = 0.62
_SMALLEST_LABEL = 0.04
"""Share of the whole under which a part is named in the legend only."""


def parts(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """One additive metric by a grouping column: the largest parts, the rest as one, the total in the middle.

    The `customdata` of a part is a list of its own value; the rest has none.
    """
    (name,) = (column for column in frame.columns if column in axis.metrics)
    (group,) = (column for column in frame.columns if column != name)
    metric = axis.metrics[name]
    found = [part for part in sums_of(frame.drop_nulls(name), group, name) if part.total > 0]
    colors = theme.group_colors(part.label for part in found)
    total = sum(part.total for part in found)
    words = [wording.quantity(part.total, metric.unit, metric.decimals) for part in found]
    drawn = Drawing()
    drawn.traces.append(
        {
            "type": "pie",
            "hole": _HOLE,
            "sort": False,
            "direction": "clockwise",
            "labels": [f"{label(part.label, 18)} {text}" for part, text in zip(found, words, strict=True)],
            "values": [part.total for part in found],
            "customdata": [[None if part.is_rest else part.value] for part in found],
            "text": [_share(part.total, total) for part in found],
            "textinfo": "text",
            "textposition": "outside",
            "hovertemplate": "%{label}, %{percent}<extra></extra>",
            "marker": {
                "colors": [colors[part.label] for part in found],
                "line": {"color": theme.TRANSPARENT, "width": 2},
                "pattern": {
                    "shape": [str(pattern(index)["shape"]) for index in range(len(found))],
                    "bgcolor": [colors[part.label] for part in found], "fgcolor": [theme.PATTERN_COLOR] * len(found),
                    "size": 6, "solidity": 0.16, "fillmode": "replace",
                },
            },
        }
    )  # fmt: skip
    drawn.layout["annotations"] = [
        {
            "text": f"<b>{plain(wording.quantity(total, metric.unit, metric.decimals))}</b>",
            "x": 0.5, "y": 0.5, "xref": "x domain", "yref": "y domain", "showarrow": False, "font": {"size": 16},
        }
    ]  # fmt: skip
    drawn.layout["legend"] |= {"orientation": "v", "x": 1.02, "xanchor": "left", "y": 0.5, "yanchor": "middle"}
    drawn.layout["margin"] |= {"t": 8, "l": 4, "b": 8}
    drawn.x |= {"visible": False, "domain": [0, 1]}
    drawn.y |= {"visible": False, "domain": [0, 1]}
    shares = ", ".join(
        f"{part.label} {text} ({100 * part.total / total:.1f} %)" for part, text in zip(found, words, strict=True)
    )
    whole = wording.quantity(total, metric.unit, metric.decimals)
    return Picture(drawn.figure(), f"{metric.title} by {group}, {whole} in all: {shares or 'no data'}.")


def _share(value: float, total: float) -> str:
    return f"{100 * value / total:.0f} %" if value >= _SMALLEST_LABEL * total else ""
