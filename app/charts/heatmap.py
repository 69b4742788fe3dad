"""Error rates as a grid: an endpoint a row, a bucket of time a column."""

from datetime import datetime

import polars as pl

from app import theme, wording
from app.charts.axis import TIME_FORMATS, TimeAxis
from app.charts.drawing import Drawing
from app.charts.picture import Picture
from app.charts.words import label

ROW = 26
"""Height of a row, in pixels."""
_NONE_LEVEL = 0


def error_rates(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """Error rate by `endpoint` and `time` in the discrete steps of the theme; no data stays blank."""
    order, levels = _order(frame), _levels(axis.on_dark)
    times: list[datetime] = frame["time"].unique().sort().to_list()
    cells = {
        (endpoint, time): (rate, requests)
        for endpoint, time, rate, requests in frame.select("endpoint", "time", "error_rate", "requests").iter_rows()
    }
    rates = [[cells.get((endpoint, time), (None, None))[0] for time in times] for endpoint in order]
    texts = [[_cell_text(endpoint, cells.get((endpoint, time), (None, None))) for time in times] for endpoint in order]
    drawn = Drawing(72 + ROW * max(len(order), 3))
    drawn.heatmap(
        x=axis.local(pl.Series(times, dtype=frame.schema["time"])),
        y=list(range(len(order))),
        z=[[None if rate is None else _level(rate) for rate in row] for row in rates],
        text=texts,
        hovertemplate=f"%{{text}}<br>%{{x|{axis.hover_format}}}<extra></extra>",
        hoverongaps=False,
        zmin=-0.5,
        zmax=len(theme.ERROR_RATE_STEPS) + 0.5,
        colorscale=_colorscale(levels),
        showscale=False,
        xgap=1,
        ygap=2,
    )
    _draw_key(drawn, levels)
    drawn.x |= {"type": "date", "tickformatstops": list(TIME_FORMATS), "tickangle": 0}
    drawn.y |= {
        "tickmode": "array",
        "tickvals": list(range(len(order))),
        "ticktext": [label(endpoint, 26) for endpoint in order],
        "autorange": "reversed",
        "showgrid": False,
        "rangemode": "normal",
    }
    return Picture(drawn.figure(), f"Error rate by endpoint over time. {_worst(frame)}")


def _order(frame: pl.DataFrame) -> list[str | None]:
    """Endpoints by requests, the busiest first."""
    busy = frame.group_by("endpoint").agg(pl.col("requests").sum())
    return busy.sort("requests", "endpoint", descending=[True, False])["endpoint"].to_list()


def _level(rate: float) -> int:
    """0 for no errors, then 1 for the mildest step up to the worst."""
    steps = theme.ERROR_RATE_STEPS
    return next((len(steps) - index for index, (above, _, _) in enumerate(steps) if rate > above), _NONE_LEVEL)


def _levels(on_dark: bool) -> list[tuple[str, str]]:
    """Color and words from none to the worst."""
    color, words = theme.NO_ERRORS
    none = (theme.NO_ERRORS_ON_DARK if on_dark else color, words)
    return [none, *((color, words) for _, color, words in reversed(theme.ERROR_RATE_STEPS))]


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


def _cell_text(endpoint: str | None, cell: tuple[float | None, float | None]) -> str:
    rate, requests = cell
    return f"{label(endpoint, 60)}<br>{wording.quantity(rate, '%', 2)} of {wording.quantity(requests, '', 0)} requests"


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
