"""Which chart fits an answer."""

import polars as pl

from app.charts import bars, lines
from app.charts.axis import TimeAxis
from app.charts.picture import Picture


def fitting(frame: pl.DataFrame, axis: TimeAxis) -> Picture:
    """One metric: over time as a line, carried on, judged or by group; by group alone as bars, largest first."""
    grouped = "group" in frame.columns
    if "time" not in frame.columns:
        return bars.ranked(frame, axis)
    if any(f"{name}_projection" in frame.columns for name in frame.columns):
        return lines.carried_on(frame, axis)
    if any(f"{name}_unusual" in frame.columns for name in frame.columns):
        return lines.judged(frame, axis)
    return lines.by_group(frame, axis) if grouped else lines.area(frame, axis)
