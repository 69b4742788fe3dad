"""Lines over time. A bucket without data is a gap in the line; one that still fills is a mark beside it."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from app import theme, wording
from app.charts import filling
from app.charts.axis import TimeAxis, draw_changes, draw_limit, drawing, show_all
from app.charts.drawing import Drawing
from app.charts.picture import Picture
from app.charts.units import mark_unit
from app.charts.words import label, without_common_end
from metrics.catalog import Metric
from metrics.engine import PREVIOUS

MAXIMUM_LINES = 8


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
    mark_unit(drawn, "ms", frame, names)
    return Picture(drawn.figure(), f"Response time over time. {_summary(frame, names, axis)}{_limit_words(axis)}")


def area(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """One metric as a line over a light area."""
    (name,) = (column for column in frame.columns if column in axis.metrics)
    drawn = drawing(axis)
    _add(drawn, frame, axis, name, axis.metrics[name].title, theme.PLAIN, filled=True)
    _draw_previous(drawn, frame, axis, {name: theme.PLAIN.color})
    draw_changes(drawn, axis)
    mark_unit(drawn, axis.metrics[name].unit, frame, [name])
    if f"{name}{PREVIOUS}" not in frame.columns:
        drawn.without_legend()
    return Picture(drawn.figure(), f"{axis.metrics[name].title} over time. {_summary(frame, [name], axis)}")


def several(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Metrics of one unit, a line each; in the legend without the words that all titles end with."""
    names = [column for column in frame.columns if column in axis.metrics]
    titles = [axis.metrics[name].title for name in names]
    drawn = drawing(axis)
    for name, title, stroke in zip(names, without_common_end(titles), theme.SERIES, strict=False):
        _add(drawn, frame, axis, name, title, stroke)
    draw_changes(drawn, axis)
    mark_unit(drawn, axis.metrics[names[0]].unit, frame, names)
    return Picture(drawn.figure(), f"{', '.join(titles)} over time. {_summary(frame, names, axis)}")


def projected(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """A sum by day, and what is expected of the days to come with its interval of 80 %."""
    (name,) = (column for column in frame.columns if column in axis.metrics and f"{column}_projection" in frame.columns)
    metric, middle = axis.metrics[name], f"{name}_projection"
    known, ahead = frame.drop_nulls(name), frame.drop_nulls(middle)
    # The day in progress has both: what there was of it, and what the whole of it is expected to be.
    in_progress = known[middle].is_not_null()
    drawn = drawing(axis)
    for days, title, opacity, shape in (
        (known.filter(~in_progress), metric.title, 0.75, ""),
        (known.filter(in_progress), filling.SO_FAR, theme.FILLING, "/"),
    ):
        if days.is_empty():
            continue
        drawn.bar(
            x=axis.local(days["time"]), y=days[name].to_list(), name=title,
            marker={
                "color": theme.PLAIN.color, "opacity": opacity, "line": {"width": 0},
                "pattern": {"shape": shape, "fillmode": "overlay", "fgcolor": theme.PATTERN_COLOR, "size": 6},
            },
            text=[wording.quantity(value, metric.unit, metric.decimals) for value in days[name]],
            hovertemplate="%{text}",
        )  # fmt: skip
    drawn.layout["barmode"] = "stack"
    if ahead.height:
        _draw_band(drawn, ahead, axis, middle)
        drawn.scatter(
            x=axis.local(ahead["time"]), y=ahead[middle].to_list(), name="expected", mode="lines+markers",
            marker={"size": 4}, line=theme.PROJECTION.line,
            text=[_with_interval(row, middle, metric.unit) for row in ahead.iter_rows(named=True)],
            hovertemplate="%{text}",
        )  # fmt: skip
    show_all(drawn, axis, frame["time"])
    mark_unit(drawn, metric.unit, frame, [name])
    spent = float(known[name].sum())
    expected = float((ahead[middle] - ahead[name].fill_null(0)).clip(lower_bound=0).sum())
    last = f", on the last day {_with_interval(ahead.row(-1, named=True), middle, metric.unit)}" if ahead.height else ""
    # Where too little is known to expect anything, nothing is not what is expected.
    known_ahead = f"about {wording.quantity(expected, metric.unit, 2)} to come{last}"
    to_come = known_ahead if ahead.height else "what is to come is not known"
    words = f"{wording.quantity(spent, metric.unit, 2)} so far, {to_come}"
    return Picture(drawn.figure(), f"{metric.title} by day: {words}.")


def carried_on(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """A metric over time as a line, and what is expected to come with its interval of 80 %."""
    (name,) = (column for column in frame.columns if column in axis.metrics and f"{column}_projection" in frame.columns)
    metric, middle = axis.metrics[name], f"{name}_projection"
    known, ahead = frame.filter(pl.col(middle).is_null()), frame.drop_nulls(middle)
    drawn = drawing(axis)
    _add(drawn, known, axis, name, metric.title, theme.PLAIN, filled=True)
    _draw_band(drawn, ahead, axis, middle)
    drawn.scatter(
        x=axis.local(ahead["time"]), y=ahead[middle].to_list(), name="expected", mode="lines",
        line=theme.PROJECTION.line,
        text=[_with_interval(row, middle, metric.unit, metric.decimals) for row in ahead.iter_rows(named=True)],
        hovertemplate="%{text}",
    )  # fmt: skip
    draw_changes(drawn, axis)
    show_all(drawn, axis, frame["time"])
    mark_unit(drawn, metric.unit, frame, [name, f"{middle}_high"])
    last = _with_interval(ahead.row(-1, named=True), middle, metric.unit, metric.decimals)
    return Picture(
        drawn.figure(), f"{metric.title} over time. {_summary(known, [name], axis)} Expected at the end: {last}."
    )


def judged(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """A metric over time with what was expected of it, the band of what is usual, and marks where it was not."""
    (name,) = (column for column in frame.columns if column in axis.metrics and f"{column}_unusual" in frame.columns)
    metric, found = axis.metrics[name], frame.drop_nulls(f"{name}_unusual")
    drawn = drawing(axis)
    _draw_band(drawn, frame, axis, name, "usual")
    drawn.scatter(
        x=axis.local(frame["time"]), y=frame[f"{name}_expected"].to_list(), name="expected", mode="lines",
        line=theme.PROJECTION.line,
        text=[_usual(row, name, metric) for row in frame.iter_rows(named=True)],
        hovertemplate="%{text}",
    )  # fmt: skip
    _add(drawn, frame, axis, name, metric.title, theme.PLAIN)
    drawn.scatter(
        x=axis.local(found["time"]), y=found[name].to_list(), name="unusual", mode="markers",
        marker={"size": 8, "symbol": "circle-open", "color": theme.POOR, "line": {"width": 2}}, hoverinfo="skip",
    )  # fmt: skip
    draw_changes(drawn, axis)
    mark_unit(drawn, metric.unit, frame, [name])
    _room_for(drawn, frame.select(name, f"{name}_expected"))
    words = f"{found.height} of {frame.height} buckets were unusual."
    return Picture(drawn.figure(), f"{metric.title} over time. {_summary(frame, [name], axis)} {words}")


def _with_interval(row: dict[str, float], middle: str, unit: str, decimals: int = 2) -> str:
    most_likely, low, high = (wording.quantity(row[f"{middle}{end}"], unit, decimals) for end in ("", "_low", "_high"))
    return f"{most_likely} ({low} to {high})"


def _room_for(drawn: Drawing, values: pl.DataFrame) -> None:
    """A range in which the lines are seen: a band may be many times as wide."""
    known = [float(value) for column in values.get_columns() for value in column.drop_nulls()]
    if known:
        low, high = min(known), max(known)
        margin = 0.25 * (high - low) or 0.1 * abs(high) or 1.0
        drawn.y |= {"range": [max(0.0, low - margin) if low >= 0 else low - margin, high + margin]}


def _usual(row: dict[str, float], name: str, metric: Metric) -> str:
    expected, low, high = (
        wording.quantity(row[f"{name}_{end}"], metric.unit, metric.decimals) for end in ("expected", "low", "high")
    )
    return f"{expected} (usual: {low} to {high})"


def _draw_band(drawn: Drawing, ahead: pl.DataFrame, axis: TimeAxis, middle: str, title: str = "80 % interval") -> None:
    times = axis.local(ahead["time"])
    for bound, fill in (("low", {}), ("high", {"fill": "tonexty", "fillcolor": theme.PROJECTION_BAND})):
        drawn.scatter(
            x=times, y=ahead[f"{middle}_{bound}"].to_list(), mode="lines", line={"width": 0}, hoverinfo="skip",
            name=title, showlegend=bound == "high", **fill,
        )  # fmt: skip


def by_group(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """One metric, a line a value of the grouping column; the eight highest when there are more.

    The `meta` of a line is a list of its own value.
    """
    (name,) = (column for column in frame.columns if column in axis.metrics)
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
        _add(drawn, part, axis, name, label(value, 22), stroke, meta=[value])
    draw_changes(drawn, axis)
    mark_unit(drawn, axis.metrics[name].unit, frame, [name])
    shown = f"the {len(groups)} highest of {ranking.height}" if ranking.height > len(groups) else f"{ranking.height}"
    return Picture(drawn.figure(), f"{axis.metrics[name].title} by {group}, {shown}. {_summary(frame, [name], axis)}")


def _add(
    drawn: Drawing,
    frame: pl.DataFrame,
    axis: TimeAxis,
    column: str,
    title: str,
    stroke: theme.Stroke,
    filled: bool = False,
    **more: Any,
) -> None:
    metric = axis.metrics[column]
    over, rest = filling.parted(filling.begun(frame, axis, column), axis, column)
    # One entry of the legend hides both.
    together = {} if rest.is_empty() else {"legendgroup": title}
    # One point alone would be halved by the edge of the figure, and hardly seen.
    is_alone = over[column].count() == 1
    drawn.scatter(
        x=axis.local(over["time"]),
        y=over[column].to_list(),
        name=title,
        mode="lines+markers" if _has_lonely_points(over[column]) else "lines",
        marker={"size": 7 if is_alone else 4},
        **({"cliponaxis": False} if is_alone else {}),
        line={"color": stroke.color, "width": stroke.width, "dash": stroke.dash},
        **({"fill": "tozeroy", "fillcolor": theme.faint(stroke.color, 0.10)} if filled else {}),
        text=[wording.quantity(value, metric.unit, metric.decimals) for value in over[column]],
        hovertemplate="%{text}",
        **together,
        **more,
    )
    filling.ring(
        drawn, rest, axis, column, f"{title} {filling.SO_FAR}", stroke.color, showlegend=False, **together
    )  # fmt: skip


def _draw_previous(drawn: Drawing, frame: pl.DataFrame, axis: TimeAxis, colors: dict[str, str]) -> None:
    for name, color in colors.items():
        column = f"{name}{PREVIOUS}"
        if column not in frame.columns:
            continue
        metric = axis.metrics[name]
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


def _summary(frame: pl.DataFrame, names: Sequence[str], axis: TimeAxis) -> str:
    parts: list[str] = []
    for name in names:
        metric, (over, rest) = axis.metrics[name], filling.parted(filling.begun(frame, axis, name), axis, name)
        known = over.drop_nulls(name)
        words = [f"{_span(known[name], metric)}, last {_written(known[name][-1], metric)}"] if known.height else []
        words += [filling.said(row[name], row["time"], axis, name) for row in rest.iter_rows(named=True)]
        parts.append(f"{metric.title}: {', '.join(words) or 'no data'}")
    return "; ".join(parts) + "."


def _span(values: pl.Series, metric: Metric) -> str:
    low, high = (_written(value, metric) for value in (values.min(), values.max()))
    return f"{low} to {high}"


def _written(value: Any, metric: Metric) -> str:
    return wording.quantity(None if value is None else float(value), metric.unit, metric.decimals)


def _limit_words(axis: TimeAxis) -> str:
    return f" {axis.limit.label} line at {wording.quantity(axis.limit.value, 'ms')}." if axis.limit else ""
