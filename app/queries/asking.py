"""How a page asks: a view in, an answer out that says what it lacks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import polars as pl

from app import answers
from app.charts.axis import Limit, TimeAxis
from app.source import source
from app.state import Shown, View, ceiling
from metrics.engine import PREVIOUS, Changes, DataFreshness, DimensionMismatch, NotCalculable, Result
from metrics.engine.buckets import SECONDS
from metrics.engine.query import Grain, Query, Window

UNCOVERED = 0.1
"""Share of the window before that may lie before the first event, for it to be compared with."""
_STEP = timedelta(minutes=5)
LINE_POINTS = 240
"""Buckets of a line at most: more of them are noise, not detail."""


@dataclass(frozen=True)
class Answer:
    """What a figure or a tile is made from."""

    frame: pl.DataFrame
    """`time` (start of bucket, UTC), a text column a dimension, a column a metric."""
    axis: TimeAxis
    missing: Mapping[str, str] = field(default_factory=dict[str, str])
    """Event kind needed, by metric, where that kind was never ingested."""
    unfit: Mapping[str, str] = field(default_factory=dict[str, str])
    """Dimension filtered by that its events do not have, by metric: such a metric is left out, not shown unfiltered."""
    note: str = ""
    """What must be said beside the figure."""
    dropped: Mapping[str, str] = field(default_factory=dict[str, str])
    """Why a metric has no value where the events were dropped that it needs."""
    failed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Why a metric of the home's own has no value at all, with the line of its definition."""
    query: Query | None = None
    """What was asked, where it was metrics."""

    @property
    def needs(self) -> str | None:
        """The event kind without which there is nothing to show; None when any metric has what it needs."""
        measured = [name for name, dtype in self.frame.schema.items() if dtype.is_numeric() and "__" not in name]
        absent = [self.missing[name] for name in measured if name in self.missing]
        return absent[0] if absent and len(absent) == len(measured) else None

    @property
    def is_empty(self) -> bool:
        """Whether no row holds a number."""
        return all(column.null_count() == len(column) for column in self.frame.select(pl.selectors.numeric()))


def shown(view: View) -> Shown:
    """The window a view shows now."""
    known = answers.ask(DataFreshness())
    return view.shown(source().now(), known.last, known.first)


def until_now(view: View) -> datetime:
    """Where what is shown ends, but not beyond now; answers of a range that goes on are shared for five minutes."""
    return min(shown(view).window.end, ceiling(source().now(), _STEP))


def totals(view: View, metrics: tuple[str, ...]) -> Answer:
    """One row: each metric over the window, and over the one before as `<metric>__previous`.

    A window before that events hardly cover gives no value: beside it everything would seem to have grown.
    """
    answer = ask(replace(view, compare=True), metrics, grain=Grain.NONE)
    before = answer.axis.window.previous
    latest = before.start + UNCOVERED * before.length
    begun = {kind for kind, one in answers.ask(DataFreshness()).kinds.items() if one.first and one.first <= latest}
    bare = [
        name + PREVIOUS
        for name in metrics
        if name + PREVIOUS in answer.frame.columns and not begun & set(source().engine.metrics[name].kinds)
    ]
    return replace(answer, frame=answer.frame.with_columns(pl.lit(None, pl.Float64).alias(name) for name in bare))


def trend(view: View, metrics: tuple[str, ...]) -> Answer:
    """Each metric over time."""
    return finished(ask(view, metrics))


def value(answer: Answer, metric: str) -> float | None:
    """The metric's value in an answer of one row."""
    found = answer.frame[metric].to_list() if metric in answer.frame.columns else []
    return found[0] if found else None


def ask(view: View, metrics: tuple[str, ...], by: tuple[str, ...] = (), grain: Grain = Grain.AUTO) -> Answer:
    """The metrics of the window shown, by bucket and dimensions; one the filters do not fit is left out and named."""
    window = shown(view).window
    grain = grain_for(window, LINE_POINTS) if grain is Grain.AUTO else grain
    query = Query(
        metrics=metrics, by=by, grain=grain, window=window, filters=view.filters, tz=view.tz, compare=view.compare
    )
    changes = None if grain is Grain.NONE else answers.ask(Changes(window=window))
    until = min(window.end, source().now())
    try:
        result, unfit = _run(query)
    except NotCalculable as error:
        nothing = pl.DataFrame(schema={error.metric: pl.Float64})
        return Answer(nothing, _axis(view, window, grain, changes, until), failed={error.metric: str(error)})
    if result is None:
        return Answer(pl.DataFrame(), _axis(view, window, grain, changes, until), unfit=unfit)
    axis = _axis(view, window, result.grain, changes, until)
    return Answer(
        result.frame, axis, result.missing, unfit, dropped=result.dropped, failed=result.failed,
        query=query.model_copy(update={"metrics": tuple(name for name in metrics if name not in unfit)}),
    )  # fmt: skip


def over(view: View, window: Window, kind: str, asked: Callable[[], pl.DataFrame]) -> Answer:
    """What is no metric: a frame that `asked` gives, made of events of one kind.

    Without such events, or when the filters do not fit them, the answer is empty and says so.
    """
    axis = _axis(view, window, Grain.DAY)
    if kind not in answers.ask(DataFreshness()).kinds:
        nothing = pl.DataFrame({"nothing": []}, schema={"nothing": pl.Float64})
        return Answer(nothing, axis, missing={"nothing": kind})
    try:
        return Answer(asked(), axis)
    except DimensionMismatch as mismatch:
        return Answer(pl.DataFrame(), axis, unfit={mismatch.measure: mismatch.dimension})


def _axis(
    view: View, window: Window, grain: Grain, changes: pl.DataFrame | None = None, until: datetime | None = None
) -> TimeAxis:
    return TimeAxis(window, view.tz, grain, changes, until=until, metrics=source().engine.metrics)


def widened(view: View, least: timedelta) -> View:
    """The same view over whole local days, at least so long, without a comparison: for what an hour says nothing of."""
    window = shown(view).window
    start = min(window.start, window.end - least).astimezone(view.zone)
    start = start.replace(hour=0, minute=0, second=0, microsecond=0)
    return replace(view, range=Window(start=start, end=window.end), compare=False)


def _run(query: Query) -> tuple[Result | None, dict[str, str]]:
    """The answer for the metrics that can be filtered so, and for the others the dimension they lack."""
    try:
        return answers.ask(query), {}
    except DimensionMismatch as mismatch:
        unfit = {mismatch.measure: mismatch.dimension}
        fitting = tuple(name for name in query.metrics if name != mismatch.measure)
        if not fitting:
            return None, unfit
        result, more = _run(query.model_copy(update={"metrics": fitting}))
        return result, unfit | more


def objective() -> Limit:
    """The SLA line of response times."""
    return Limit(source().settings.slo.latency_ms, "SLA")


def grain_for(window: Window, most: int) -> Grain:
    """The finest grain with at most `most` buckets."""
    seconds = window.length.total_seconds()
    fitting = (grain for grain, width in SECONDS.items() if width >= 60 and seconds <= most * width)
    return next(fitting, Grain.MONTH)


def finished(answer: Answer) -> Answer:
    """Without the last bucket while it still fills: a rate over a part of it would look like a fall."""
    if answer.frame.height > 1 and answer.axis.is_filling(answer.frame["time"][-1]):
        return replace(answer, frame=answer.frame.head(-1))
    return answer


def part(shown_count: int, count: int, which: str) -> str:
    """The note that not all are shown; empty when all are."""
    return f"{shown_count} {which} of {count:,}" if shown_count < count else ""
