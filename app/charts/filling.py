"""What a bucket that is not over has so far, drawn apart: as one like all others it would look like a fall."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis
from app.charts.drawing import Drawing

SO_FAR = "so far"


def parted(frame: pl.DataFrame, axis: TimeAxis, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The buckets of a metric that are over, and the one that still fills, where it has a value."""
    newest = frame["time"].max()
    if not isinstance(newest, datetime) or not axis.is_so_far(name, newest):
        return frame, frame.clear()
    filling = pl.Series([axis.is_filling(time) for time in frame["time"]], dtype=pl.Boolean)
    return frame.filter(~filling), frame.filter(filling).drop_nulls(name)


def begun(frame: pl.DataFrame, axis: TimeAxis, name: str) -> pl.DataFrame:
    """Without the bucket that the window cuts off at its beginning, where a part of it is less: it would be a rise.

    One that nothing follows rises to nothing: it stays, at the beginning of the window, as without it nothing of it
    would be seen.
    """
    cut_off = pl.col("time") < axis.window.start
    if _is_followed(frame.sort("time"), axis, name):
        return frame.filter(~cut_off) if axis.metrics[name].fills else frame
    start = pl.lit(axis.window.start).cast(frame.schema["time"])
    return frame.with_columns(time=pl.when(cut_off).then(start).otherwise("time"))


def _is_followed(frame: pl.DataFrame, axis: TimeAxis, name: str) -> bool:
    """Whether the bucket that the window cuts off is none, or the next one has a value, too."""
    first = frame.head(2)
    if first.is_empty() or first["time"][0] >= axis.window.start:
        return True
    return first.height > 1 and first[name].null_count() == 0


def ring(drawn: Drawing, frame: pl.DataFrame, axis: TimeAxis, name: str, title: str, color: str, **more: Any) -> None:
    """A ring beside a line for the bucket that still fills; nothing where all are over. Its title says so."""
    if frame.is_empty():
        return
    metric = axis.metrics[name]
    drawn.scatter(
        x=axis.local(frame["time"]), y=frame[name].to_list(), name=title, mode="markers",
        marker={"size": 7, "symbol": "circle-open", "color": color, "line": {"width": 2}}, cliponaxis=False,
        text=[wording.quantity(value, metric.unit, metric.decimals) for value in frame[name]],
        hovertemplate="%{text}", **more,
    )  # fmt: skip


def opacity(times: pl.Series, axis: TimeAxis, name: str) -> Sequence[float]:
    """Of bars: pale where they are not over."""
    return [theme.FILLING if axis.is_so_far(name, time) else 1.0 for time in times]


def said(value: float | None, time: datetime, axis: TimeAxis, name: str) -> str:
    """The value of a bucket, and whether that is all there will be."""
    metric = axis.metrics[name]
    written = wording.quantity(value, metric.unit, metric.decimals)
    return f"{written} {SO_FAR}" if axis.is_so_far(name, time) else written
