"""The series that a metric is compared with: every service's, endpoint's, provider's, host's and component's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from metrics.engine import Calls, DataFreshness, Grain, Query, Window
from metrics.engine.engine import Answering
from metrics.engine.query import TIME, Filter
from metrics.insights.causes.model import Moved
from metrics.insights.causes.moving import Floats, Line, moved

ASKED: tuple[tuple[str | None, tuple[str, ...]], ...] = (
    ("service", ("requests", "error_rate", "response_time_p95")),
    ("endpoint", ("requests", "error_rate", "response_time_p95")),
    ("provider", ("llm_calls", "llm_error_rate", "llm_latency_p95", "cost")),
    ("host", ("cpu_usage", "memory_utilization", "load_average", "active_connections")),
    ("component", ("dependency_response_time", "dependency_error_rate")),
    ("component", ("errors_total",)),
    (None, ("tokens", "page_views", "prompts_executed", "pipelines_executed", "pipeline_duration_mean",
            "feedback_negative", "security_events", "quality_mean")),
)  # fmt: skip
"""What is asked for, by which dimension."""
GRAINS = ((timedelta(hours=9), Grain.MINUTE), (timedelta(days=2), Grain.MINUTES_5), (timedelta(days=30), Grain.HOUR))
"""Up to which length of time in which buckets; longer ones in days."""
WIDTHS = {
    Grain.MINUTE: timedelta(minutes=1),
    Grain.MINUTES_5: timedelta(minutes=5),
    Grain.HOUR: timedelta(hours=1),
    Grain.DAY: timedelta(days=1),
}
LEAST, MOST = timedelta(hours=2), timedelta(hours=6)
"""How long before a span it is looked at what is usual; of one of many hours, as long as it is."""
DAYS = 7
"""From which hours of the day are told apart: of what is counted, more at noon than at night is no change."""
MOST_MOVED = 10
MOST_LINES = 400


@dataclass(frozen=True)
class _Looked:
    """In which buckets, and from when."""

    window: Window
    grain: Grain

    @property
    def starts(self) -> list[datetime]:
        width = WIDTHS[self.grain]
        count = -((self.window.start - self.window.end) // width)
        return [self.window.start + n * width for n in range(count)]


def moved_with(
    engine: Answering, metric: str, filters: tuple[Filter, ...], span: Window
) -> tuple[tuple[Moved, ...], int, list[str]]:
    """What moved with a metric, how many series were tried, and what could not be told."""
    looked = _looked(span)
    kinds = engine.answer(DataFreshness()).kinds
    (asked,) = _lines(engine, looked, None, (metric,), filters) or (None,)
    if asked is None:
        return (), 0, [f"{metric} has no values over time in the span: nothing could be compared with it"]
    lines: list[Line] = []
    for by, metrics in ASKED:
        able = tuple(
            name
            for name in metrics
            if name in engine.metrics
            and (name, by) != (metric, None)
            and all(kind in kinds for kind in engine.metrics[name].kinds)
        )
        if able:
            lines += _lines(engine, looked, by, able, ())
    # That the metric of a place moved with itself says nothing.
    lines = [one for one in lines if one.metric != metric or not _is_within(one, filters)]
    calls = engine.answer(Calls(window=Window(start=span.start - timedelta(hours=1), end=span.end)))
    place = next((one.values[0] for one in filters if one.dimension == "service" and len(one.values) == 1), None)
    starts = looked.starts
    begin = next((n for n, start in enumerate(starts) if start >= span.start), len(starts))
    found = moved(lines, asked.numbers, starts, begin, calls, place)
    return found[:MOST_MOVED], len(lines), []


def _is_within(line: Line, filters: Sequence[Filter]) -> bool:
    return all(Filter(dimension=name, values=(value,)) in filters for name, value in line.values)


def _looked(span: Window) -> _Looked:
    before = min(max(3 * span.length, LEAST), max(MOST, span.length))
    total = before + span.length
    grain = next((grain for longest, grain in GRAINS if total <= longest), Grain.DAY)
    width = WIDTHS[grain].total_seconds()
    first = (span.start - before).timestamp() // width * width
    start = datetime.fromtimestamp(first, span.start.tzinfo)
    return _Looked(Window(start=start, end=span.end), grain)


def _lines(
    engine: Answering, looked: _Looked, by: str | None, metrics: Sequence[str], filters: tuple[Filter, ...]
) -> list[Line]:
    """A line a metric and value; what is counted is 0 where nothing came."""
    frame = _asked(engine, looked.window, looked.grain, by, metrics, filters)
    if frame.is_empty():
        return []
    usual = _hours(engine, looked, by, [name for name in metrics if engine.metrics[name].adds_up], filters)
    grid = pl.DataFrame({TIME: looked.starts}, schema={TIME: frame.schema[TIME]})
    lines: list[Line] = []
    for value, part in _parts(frame, by):
        laid = grid.join(part, on=TIME, how="left", maintain_order="left")
        for name in metrics:
            numbers = laid[name].cast(pl.Float64).to_numpy().copy()
            if np.isnan(numbers).all():
                continue
            metric = engine.metrics[name]
            if metric.adds_up:
                numbers = np.nan_to_num(numbers)
            values = ((by, value),) if by else ()
            lines.append(Line(name, values, numbers, usual.get((name, value)), metric.counts_events))
    return lines[:MOST_LINES]


def _asked(
    engine: Answering, window: Window, grain: Grain, by: str | None, metrics: Sequence[str], filters: tuple[Filter, ...]
) -> pl.DataFrame:
    groups = (by,) if by else ()
    return engine.answer(Query(metrics=tuple(metrics), window=window, by=groups, grain=grain, filters=filters)).frame


def _parts(frame: pl.DataFrame, by: str | None) -> Iterator[tuple[str | None, pl.DataFrame]]:
    if by is None:
        yield None, frame
        return
    for (value,), part in frame.group_by(by, maintain_order=True):
        if value is not None:
            yield str(value), part


def _hours(
    engine: Answering, looked: _Looked, by: str | None, metrics: Sequence[str], filters: tuple[Filter, ...]
) -> dict[tuple[str, str | None], Floats]:
    """By metric and value what is usual at the hours of the buckets: the median of the days before."""
    if not metrics or looked.grain is Grain.DAY:
        return {}
    begins = looked.window.start.replace(minute=0, second=0, microsecond=0)
    days = Window(start=begins - timedelta(days=DAYS), end=begins)
    frame = _asked(engine, days, Grain.HOUR, by, metrics, filters)
    usual: dict[tuple[str, str | None], Floats] = {}
    middle = [start + WIDTHS[looked.grain] / 2 for start in looked.starts]
    at = np.array([moment.hour + moment.minute / 60 for moment in middle])
    for value, part in _parts(frame, by):
        hours = part.group_by(pl.col(TIME).dt.hour().alias("hour")).agg(
            pl.col(name).cast(pl.Float64).fill_null(0).median() for name in metrics
        )
        known = part.drop_nulls(list(metrics)).height
        if hours.height < 24 or known < 24 * 3:
            continue
        hours = hours.sort("hour")
        for name in metrics:
            numbers = hours[name].to_numpy()
            usual[name, value] = np.interp(at, np.arange(24) + 0.5, numbers, period=24)
    return usual
