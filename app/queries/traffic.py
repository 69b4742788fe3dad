"""Questions about requests: how fast, how many, how many of them fail."""

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from app import answers
from app.charts.axis import TimeAxis
from app.queries.asking import Answer, ask, finished, grain_for, objective, part, shown, value
from app.state import View
from metrics.engine import DataFreshness, Distribution
from metrics.engine.query import Filter, Grain

MAXIMUM_ENDPOINTS = 12
"""Endpoints in the heat map and the table: the busiest or slowest are meant, not all."""
HEAT_MAP_COLUMNS = 60
"""Buckets of the heat map at most."""
RESOURCES = (
    ("cpu", "CPU", "cpu_usage"),
    ("memory", "Memory", "memory_utilization"),
    ("connections", "Connections", "active_connections"),
)
"""Resources shown by host: name of the figure, title, metric."""
HOST_RESOURCES = (
    *RESOURCES,
    ("storage", "Storage", "storage_utilization"),
)
"""The same, and storage."""
PERCENTILES = ("response_time_p50", "response_time_p95", "response_time_p99")
"""Of the response time, as they are drawn together."""


def response_time(view: View) -> Answer:
    """P50, P95 and P99 over time, with the objective."""
    answer = ask(view, PERCENTILES)
    return replace(answer, axis=replace(answer.axis, limit=objective()))


def throughput(view: View) -> Answer:
    """Requests per second over time."""
    return finished(ask(view, ("requests_per_second",)))


def endpoint_errors(view: View) -> Answer:
    """Error rate and requests over time of the busiest endpoints."""
    plain = replace(view, compare=False)
    ranking = ask(plain, ("requests",), by=("endpoint",), grain=Grain.NONE)
    if ranking.is_empty:
        return ranking
    by_endpoint = ranking.frame.drop_nulls("requests")
    busiest = by_endpoint.sort("requests", descending=True).head(MAXIMUM_ENDPOINTS)["endpoint"].to_list()
    chosen = Filter(dimension="endpoint", values=tuple(busiest))
    narrowed = replace(plain, filters=(*view.filters, chosen))
    answer = ask(
        narrowed, ("error_rate", "requests"), by=("endpoint",), grain=grain_for(shown(view).window, HEAT_MAP_COLUMNS)
    )
    return replace(answer, note=part(len(busiest), by_endpoint.height, "busiest"))


def slowest_endpoints(view: View) -> Answer:
    """P95, P99, error rate, requests and share of traffic in percent by endpoint, slowest first."""
    metrics = ("response_time_p95", "response_time_p99", "error_rate", "requests")
    answer = ask(replace(view, compare=False), metrics, by=("endpoint",), grain=Grain.NONE)
    if answer.is_empty:
        return answer
    share = 100 * pl.col("requests") / pl.col("requests").sum()
    ranked = answer.frame.with_columns(share=share).drop_nulls("response_time_p95")
    ranked = ranked.sort("response_time_p95", descending=True)
    slowest = ranked.head(MAXIMUM_ENDPOINTS).with_columns(pl.col("requests").cast(pl.Int64))
    return replace(answer, frame=slowest, note=part(slowest.height, ranked.height, "slowest"))


def latency_distribution(view: View) -> Answer:
    """Requests by response time: `lower` and `upper` edge in ms, `count`."""
    window = shown(view).window
    sums = ask(replace(view, compare=False), PERCENTILES, grain=Grain.NONE)
    if sums.unfit:
        return sums
    marks = {name.rpartition("_")[2]: value(sums, name) for name in PERCENTILES}
    axis = TimeAxis(window, view.tz, Grain.NONE, limit=objective(), percentiles=marks)
    known = answers.ask(DataFreshness()).kinds
    missing = {} if "request" in known else {"lower": "request", "upper": "request", "count": "request"}
    return Answer(answers.ask(Distribution(window=window, filters=view.filters)), axis, missing)


def resource(metric: str) -> Callable[[View], Answer]:
    """A resource by host over time."""

    def by_host(view: View) -> Answer:
        return ask(replace(view, compare=False), (metric,), by=("host",))

    return by_host
