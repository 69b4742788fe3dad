"""Which chart fits an answer."""

import polars as pl

from app.charts import bars, lines
from app.charts.axis import TimeAxis
from app.charts.picture import Picture


def fitting(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """One metric: over time as a line, over time by group as lines, by group alone as bars, largest first."""
    grouped = "group" in frame.columns
    if "time" not in frame.columns:
        return bars.ranked(frame, axis)
    return lines.by_group(frame, axis) if grouped else lines.area(frame, axis)
