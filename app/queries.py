"""The questions the pages ask, one function each: a view in, what a figure is drawn from out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import polars as pl

from app import answers
from app.charts.axis import Limit, TimeAxis
from app.source import source
from app.state import Shown, View
from metrics.catalog import METRICS
from metrics.engine import PREVIOUS, DimensionMismatch, Result
from metrics.engine.buckets import SECONDS
from metrics.engine.query import Filter, Grain, Query, Window

MAXIMUM_ENDPOINTS = 12
"""Endpoints in the heat map and the table: the busiest or slowest are meant, not all."""
GROWTH = timedelta(days=30)
"""Span of user growth shown at least, whatever the range: growth over an hour says nothing."""
UNCOVERED = 0.1
"""Share of the window before that may lie before the first event, for it to be compared with."""
LINE_POINTS = 240
HEAT_MAP_COLUMNS = 60
"""Buckets of a line and of the heat map at most: more of them are noise, not detail."""
RESOURCES = (
    ("cpu", "CPU", "cpu_usage"),
    ("memory", "Memory", "memory_utilization"),
    ("connections", "Connections", "active_connections"),
)
"""Resources shown by host: name of the figure, title, metric."""
_PERCENTILES = ("response_time_p50", "response_time_p95", "response_time_p99")


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
    return view.shown(source().now(), answers.freshness().last)


def totals(view: View, metrics: tuple[str, ...]) -> Answer:
    """One row: each metric over the window, and over the one before as `<metric>__previous`.

    A window before that events hardly cover gives no value: beside it everything would seem to have grown.
    """
    answer = _ask(replace(view, compare=True), metrics, grain=Grain.NONE)
    before = answer.axis.window.previous
    latest = before.start + UNCOVERED * before.length
    begun = {kind for kind, one in answers.freshness().kinds.items() if one.first and one.first <= latest}
    bare = [
        name + PREVIOUS
        for name in metrics
        if name + PREVIOUS in answer.frame.columns and not begun & set(METRICS[name].kinds)
    ]
    return replace(answer, frame=answer.frame.with_columns(pl.lit(None, pl.Float64).alias(name) for name in bare))


def trend(view: View, metrics: tuple[str, ...]) -> Answer:
    """Each metric over time."""
    return _finished(_ask(view, metrics))


def response_time(view: View) -> Answer:
    """P50, P95 and P99 over time, with the objective."""
    answer = _ask(view, _PERCENTILES)
    return replace(answer, axis=replace(answer.axis, limit=_objective()))


def throughput(view: View) -> Answer:
    """Requests per second over time."""
    return _finished(_ask(view, ("requests_per_second",)))


def spend(view: View) -> Answer:
    """Cost by provider: by day from three days on, by hour from twelve hours on, else finer."""
    length = shown(view).window.length
    grain = Grain.DAY if length >= timedelta(days=3) else Grain.HOUR if length >= timedelta(hours=12) else Grain.AUTO
    plain = replace(view, compare=False)
    answer = _ask(plain, ("cost",), by=("provider",), grain=grain)
    unpriced = value(_ask(plain, ("unpriced_calls",), grain=Grain.NONE), "unpriced_calls")
    return replace(answer, note=f"{unpriced:,.0f} calls without a price" if unpriced else "")


def growth(view: View) -> Answer:
    """Active and new users by day, over thirty days or the range, whichever is longer."""
    window = shown(view).window
    start = min(window.start, window.end - GROWTH)
    start = start.astimezone(view.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    wider = replace(view, range=Window(start=start, end=window.end), compare=False)
    answer = _ask(wider, ("dau", "users_new"), grain=Grain.DAY)
    if "dau" in answer.frame.columns and not answer.frame["dau"].max():
        answer = replace(answer, frame=answer.frame.clear())
    return replace(answer, note="" if window.length > GROWTH else f"last {GROWTH.days} days")


def endpoint_errors(view: View) -> Answer:
    """Error rate and requests over time of the busiest endpoints."""
    plain = replace(view, compare=False)
    ranking = _ask(plain, ("requests",), by=("endpoint",), grain=Grain.NONE)
    if ranking.is_empty:
        return ranking
    by_endpoint = ranking.frame.drop_nulls("requests")
    busiest = by_endpoint.sort("requests", descending=True).head(MAXIMUM_ENDPOINTS)["endpoint"].to_list()
    chosen = Filter(dimension="endpoint", values=tuple(busiest))
    narrowed = replace(plain, filters=(*view.filters, chosen))
    answer = _ask(
        narrowed, ("error_rate", "requests"), by=("endpoint",), grain=grain_for(shown(view).window, HEAT_MAP_COLUMNS)
    )
    return replace(answer, note=_part(len(busiest), by_endpoint.height, "busiest"))


def slowest_endpoints(view: View) -> Answer:
    """P95, P99, error rate, requests and share of traffic in percent by endpoint, slowest first."""
    metrics = ("response_time_p95", "response_time_p99", "error_rate", "requests")
    answer = _ask(replace(view, compare=False), metrics, by=("endpoint",), grain=Grain.NONE)
    if answer.is_empty:
        return answer
    share = 100 * pl.col("requests") / pl.col("requests").sum()
    ranked = answer.frame.with_columns(share=share).drop_nulls("response_time_p95")
    ranked = ranked.sort("response_time_p95", descending=True)
    slowest = ranked.head(MAXIMUM_ENDPOINTS).with_columns(pl.col("requests").cast(pl.Int64))
    return replace(answer, frame=slowest, note=_part(slowest.height, ranked.height, "slowest"))


def latency_distribution(view: View) -> Answer:
    """Requests by response time: `lower` and `upper` edge in ms, `count`."""
    window = shown(view).window
    sums = _ask(replace(view, compare=False), _PERCENTILES, grain=Grain.NONE)
    if sums.unfit:
        return sums
    marks = {name.rpartition("_")[2]: value(sums, name) for name in _PERCENTILES}
    axis = TimeAxis(window, view.tz, Grain.NONE, limit=_objective(), percentiles=marks)
    missing = (
        {} if "request" in answers.freshness().kinds else {"lower": "request", "upper": "request", "count": "request"}
    )
    return Answer(answers.distribution(window, view.filters), axis, missing)


def resource(metric: str) -> Callable[[View], Answer]:
    """A resource by host over time."""

    def by_host(view: View) -> Answer:
        return _ask(replace(view, compare=False), (metric,), by=("host",))

    return by_host


def open_errors(view: View, limit: int) -> tuple[pl.DataFrame, str]:
    """Errors that are open at the window's end, most severe first; or none, and the dimension errors do not have."""
    try:
        return answers.open_errors(shown(view).window, view.filters, limit), ""
    except DimensionMismatch as mismatch:
        return pl.DataFrame(schema={"severity": pl.String}), mismatch.dimension


def troubled_components() -> pl.DataFrame:
    """Components whose last probe found them down or degraded, the worst first."""
    board = answers.components(source().now().replace(second=0, microsecond=0))
    return board.filter(pl.col("status").is_in(["down", "degraded"])).sort("status", "since", descending=True)


def value(answer: Answer, metric: str) -> float | None:
    """The metric's value in an answer of one row."""
    found = answer.frame[metric].to_list() if metric in answer.frame.columns else []
    return found[0] if found else None


def _ask(view: View, metrics: tuple[str, ...], by: tuple[str, ...] = (), grain: Grain = Grain.AUTO) -> Answer:
    window = shown(view).window
    grain = grain_for(window, LINE_POINTS) if grain is Grain.AUTO else grain
    query = Query(
        metrics=metrics, by=by, grain=grain, window=window, filters=view.filters, tz=view.tz, compare=view.compare
    )
    changes = None if grain is Grain.NONE else answers.changes(window)
    until = min(window.end, source().now())
    result, unfit = _run(query)
    if result is None:
        return Answer(pl.DataFrame(), TimeAxis(window, view.tz, grain, changes, until=until), unfit=unfit)
    return Answer(result.frame, TimeAxis(window, view.tz, result.grain, changes, until=until), result.missing, unfit)


def _run(query: Query) -> tuple[Result | None, dict[str, str]]:
    """The answer for the metrics that can be filtered so, and for the others the dimension they lack."""
    try:
        return answers.run(query), {}
    except DimensionMismatch as mismatch:
        unfit = {mismatch.measure: mismatch.dimension}
        fitting = tuple(name for name in query.metrics if name != mismatch.measure)
        if not fitting:
            return None, unfit
        result, more = _run(query.model_copy(update={"metrics": fitting}))
        return result, unfit | more


def _objective() -> Limit:
    return Limit(source().settings.slo.latency_ms, "SLA")


def grain_for(window: Window, most: int) -> Grain:
    """The finest grain with at most `most` buckets."""
    seconds = window.length.total_seconds()
    fitting = (grain for grain, width in SECONDS.items() if seconds <= most * width and grain is not Grain.SECONDS_10)
    return next(fitting, Grain.MONTH)


def _finished(answer: Answer) -> Answer:
    """Without the last bucket while it still fills: a rate over a part of it would look like a fall."""
    if answer.frame.height > 1 and answer.axis.is_filling(answer.frame["time"][-1]):
        return replace(answer, frame=answer.frame.head(-1))
    return answer


def _part(shown_count: int, count: int, which: str) -> str:
    return f"{shown_count} {which} of {count:,}" if shown_count < count else ""
