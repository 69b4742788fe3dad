"""Lines over time. A bucket without data is a gap in the line."""

from collections.abc import Sequence

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis, draw_changes, draw_limit, drawing
from app.charts.drawing import Drawing
from app.charts.picture import Picture
from app.charts.words import label
from metrics.catalog import METRICS
from metrics.engine import PREVIOUS

MAXIMUM_LINES = 8
_SMALL = 0.01
"""Below this an axis is written in decimals: Plotly would write millionths with a µ."""


def percentiles(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Percentiles of a duration (columns ending in `_p50`, `_p95`, …), the objective and the period before."""
    drawn = drawing(axis)
    names = [name for name in frame.columns if name.rpartition("_")[2] in theme.PERCENTILES]
    for name in names:
        percentile = name.rpartition("_")[2]
        _add(drawn, frame, axis, name, percentile.upper(), theme.PERCENTILES[percentile])
    _draw_previous(drawn, frame, axis, {name: theme.PERCENTILES[name.rpartition("_")[2]].color for name in names})
    draw_limit(drawn, axis)
    draw_changes(drawn, axis)
    drawn.y["ticksuffix"] = " ms"
    return Picture(drawn.figure(), f"Response time over time. {_summary(frame, names)}{_limit_words(axis)}")


def area(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """One metric as a line over a light area."""
    (name,) = (column for column in frame.columns if column in METRICS)
    drawn = drawing(axis)
    _add(drawn, frame, axis, name, METRICS[name].title, theme.PLAIN, filled=True)
    _draw_previous(drawn, frame, axis, {name: theme.PLAIN.color})
    draw_changes(drawn, axis)
    if abs(frame[name].max() or 0) < _SMALL:  # pyright: ignore[reportArgumentType, reportOperatorIssue]
        drawn.y["tickformat"] = "~g"
    if f"{name}{PREVIOUS}" not in frame.columns:
        drawn.without_legend()
    return Picture(drawn.figure(), f"{METRICS[name].title} over time. {_summary(frame, [name])}")


def by_group(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """One metric, a line a value of the grouping column; the eight highest when there are more."""
    (name,) = (column for column in frame.columns if column in METRICS)
    (group,) = (column for column in frame.columns if column not in ("time", name))
    ranking = frame.group_by(group).agg(pl.col(name).max().alias("most")).drop_nulls("most")
    groups: list[str | None] = (
        ranking.sort("most", group, descending=[True, False])[group].head(MAXIMUM_LINES).to_list()
    )
    drawn = drawing(axis, theme.SMALL_CHART_HEIGHT)
    colors = theme.group_colors(wording.name(value) for value in groups)
    for index, value in enumerate(sorted(groups, key=wording.name)):
        part = frame.filter(pl.col(group).eq_missing(value))
        stroke = theme.Stroke(colors[wording.name(value)], 1.75, theme.DASHES[index % len(theme.DASHES)])
        _add(drawn, part, axis, name, label(value, 18), stroke)
    draw_changes(drawn, axis)
    shown = f"the {len(groups)} highest of {ranking.height}" if ranking.height > len(groups) else f"{ranking.height}"
    return Picture(drawn.figure(), f"{METRICS[name].title} by {group}, {shown}. {_summary(frame, [name])}")


def _add(
    drawn: Drawing,
    frame: pl.DataFrame,
    axis: TimeAxis,
    column: str,
    title: str,
    stroke: theme.Stroke,
    filled: bool = False,
) -> None:
    metric = METRICS[column]
    drawn.scatter(
        x=axis.local(frame["time"]),
        y=frame[column].to_list(),
        name=title,
        mode="lines+markers" if _has_lonely_points(frame[column]) else "lines",
        marker={"size": 4},
        line={"color": stroke.color, "width": stroke.width, "dash": stroke.dash},
        **({"fill": "tozeroy", "fillcolor": _faint(stroke.color)} if filled else {}),
        text=[wording.quantity(value, metric.unit, metric.decimals) for value in frame[column]],
        hovertemplate="%{text}",
    )


def _draw_previous(drawn: Drawing, frame: pl.DataFrame, axis: TimeAxis, colors: dict[str, str]) -> None:
    for name, color in colors.items():
        column = f"{name}{PREVIOUS}"
        if column not in frame.columns:
            continue
        metric = METRICS[name]
        drawn.scatter(
            x=axis.local(frame["time"]),
            y=frame[column].to_list(),
            name="previous period" if len(colors) == 1 else f"{name.rpartition('_')[2].upper()} before",
            mode="lines",
            opacity=0.75,
            line={"color": color, "width": 1.25, "dash": theme.PREVIOUS_DASH},
            text=[wording.quantity(value, metric.unit, metric.decimals) for value in frame[column]],
            hovertemplate="%{text}",
        )


def _has_lonely_points(values: pl.Series) -> bool:
    """Whether some value has no neighbor: a line alone would not show it."""
    present = values.is_not_null()
    neighbor = present.shift(1, fill_value=False) | present.shift(-1, fill_value=False)
    return bool((present & ~neighbor).any())


def _summary(frame: pl.DataFrame, names: Sequence[str]) -> str:
    parts: list[str] = []
    for name in names:
        metric, values = METRICS[name], [float(value) for value in frame[name].drop_nulls()]
        low, high, last = (
            wording.quantity(value, metric.unit, metric.decimals)
            for value in (min(values, default=None), max(values, default=None), values[-1] if values else None)
        )
        parts.append(f"{metric.title}: {low} to {high}, last {last}" if values else f"{metric.title}: no data")
    return "; ".join(parts) + "."


def _limit_words(axis: TimeAxis) -> str:
    return f" {axis.limit.label} line at {wording.quantity(axis.limit.value, 'ms')}." if axis.limit else ""


def _faint(color: str) -> str:
    red, green, blue = (int(color[index : index + 2], 16) for index in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.10)"
