"""A grid: a value of a dimension a row, a bucket of time a column."""

import polars as pl

from app import theme, wording
from app.charts import filling
from app.charts.axis import TIME_FORMATS, TimeAxis
from app.charts.cells import Cell, touch
from app.charts.drawing import Drawing
from app.charts.picture import Picture
from app.charts.words import label
from metrics.catalog import Metric

ROW = 26
"""Height of a row, in pixels."""
_NONE_LEVEL = 0


def error_rates(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Error rate by `endpoint` and `time` in the discrete steps of the theme; no data stays blank.

    The `customdata` of a cell's point are its endpoint and the ends of its time.
    """
    order, levels = _order(frame), _levels()
    times = axis.columns(frame["time"])
    cells = {
        (endpoint, time): (rate, requests)
        for endpoint, time, rate, requests in frame.select("endpoint", "time", "error_rate", "requests").iter_rows()
    }
    rates = [[cells.get((endpoint, time), (None, None))[0] for time in times] for endpoint in order]
    names, spans = [label(endpoint, 60) for endpoint in order], [axis.span(time) for time in times]
    drawn = Drawing(72 + ROW * max(len(order), 3))
    drawn.heatmap(
        x=axis.places(times),
        y=list(range(len(order))),
        z=[[None if rate is None else _level(rate) for rate in row] for row in rates],
        hoverinfo="skip",
        zmin=-0.5,
        zmax=len(theme.ERROR_RATE_STEPS) + 0.5,
        colorscale=_colorscale(levels),
        showscale=False,
        xgap=1,
        ygap=2,
    )
    _draw_key(drawn, levels)
    touch(
        drawn,
        [
            Cell(time, row, f"{names[row]}<br>{_cell_text(*cells[endpoint, time])}", (endpoint, *spans[column]))
            for row, endpoint in enumerate(order)
            for column, time in enumerate(times)
            if rates[row][column] is not None
        ],
        axis,
        f"<br>%{{x|{axis.hover_format}}}",
    )
    _lay_out(drawn, order)
    return Picture(drawn.figure(), f"Error rate by endpoint over time. {_worst(frame)}")


def values(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """One metric by `group` and `time`, from pale for the least to deep for the most; no data stays blank.

    The rows with the highest values are on top. The `customdata` of a cell's point are its group and the
    ends of its time.
    """
    (name,) = (column for column in frame.columns if column in axis.metrics)
    metric = axis.metrics[name]
    ranking = frame.group_by("group").agg(pl.col(name).max()).sort(
        name, "group", descending=[True, False], nulls_last=True
    )  # fmt: skip
    order: list[str | None] = ranking["group"].to_list()
    times = axis.columns(frame["time"])
    cells = {(group, time): value for group, time, value in frame.select("group", "time", name).iter_rows()}
    known = [float(value) for value in cells.values() if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    names, spans = [label(group, 60) for group in order], [axis.span(time) for time in times]
    drawn = Drawing(72 + ROW * max(len(order), 3))
    drawn.heatmap(
        x=axis.places(times),
        y=list(range(len(order))),
        z=[[cells.get((group, time)) for time in times] for group in order],
        hoverinfo="skip", zmin=min(low, 0.0), zmax=high if high > min(low, 0.0) else 1.0,
        colorscale=[list(step) for step in (theme.SHARES_ON_DARK if axis.on_dark else theme.SHARES)],
        showscale=False, xgap=1, ygap=2,
    )  # fmt: skip
    touch(
        drawn,
        [
            Cell(time, row, f"{names[row]}<br>{filling.said(value, time, axis, name)}", (group, *spans[column]))
            for row, group in enumerate(order)
            for column, time in enumerate(times)
            if (value := cells.get((group, time))) is not None
        ],
        axis,
        f"<br>%{{x|{axis.hover_format}}}",
    )
    drawn.without_legend()
    _lay_out(drawn, order)
    span = f"{_written(low, metric)} (pale) to {_written(high, metric)} (deep)" if known else "no data"
    top = f"; highest at {wording.name(order[0])}" if known else ""
    return Picture(drawn.figure(), f"{metric.title} by group over time: {span}{top}.")


def _lay_out(drawn: Drawing, order: list[str | None]) -> None:
    """Time along the rows, and the name of each before it."""
    drawn.x |= {"type": "date", "tickformatstops": list(TIME_FORMATS), "tickangle": 0}
    drawn.y |= {
        "tickmode": "array",
        "tickvals": list(range(len(order))),
        "ticktext": [label(name, 26) for name in order],
        "range": [len(order) - 0.5, -0.5],
        "showgrid": False,
        "rangemode": "normal",
    }


def _written(value: float, metric: Metric) -> str:
    return wording.quantity(value, metric.unit, metric.decimals)


def _order(frame: pl.DataFrame) -> list[str | None]:
    """Endpoints by requests, the busiest first."""
    busy = frame.group_by("endpoint").agg(pl.col("requests").sum())
    return busy.sort("requests", "endpoint", descending=[True, False])["endpoint"].to_list()


def _level(rate: float) -> int:
    """0 for no errors, then 1 for the mildest step up to the worst."""
    steps = theme.ERROR_RATE_STEPS
    return next((len(steps) - index for index, (above, _, _) in enumerate(steps) if rate > above), _NONE_LEVEL)


def _levels() -> list[tuple[str, str]]:
    """Color and words from none to the worst."""
    return [theme.NO_ERRORS, *((color, words) for _, color, words in reversed(theme.ERROR_RATE_STEPS))]


def _colorscale(levels: list[tuple[str, str]]) -> list[tuple[float, str]]:
    edges = [(index / len(levels), (index + 1) / len(levels)) for index in range(len(levels))]
    return [(edge, color) for (color, _), pair in zip(levels, edges, strict=True) for edge in pair]


def _draw_key(drawn: Drawing, levels: list[tuple[str, str]]) -> None:
    for color, words in levels:
        drawn.scatter(
            x=[None],
            y=[None],
            mode="markers",
            marker={"symbol": "square", "size": 10, "color": color},
            name=words,
            hoverinfo="skip",
        )


def _cell_text(rate: float | None, requests: float | None) -> str:
    return f"{wording.quantity(rate, '%', 2)} of {wording.quantity(requests, '', 0)} requests"


def _worst(frame: pl.DataFrame) -> str:
    known = frame.drop_nulls("error_rate").sort("error_rate", descending=True)
    if known.is_empty():
        return "No data."
    worst = known.row(0, named=True)
    over = known.filter(pl.col("error_rate") > theme.ERROR_RATE_STEPS[0][0])
    return (
        f"Highest: {wording.quantity(worst['error_rate'], '%', 2)} at {wording.name(worst['endpoint'])}; "
        f"{over.height:,} of {known.height:,} cells over 5 %."
    )
