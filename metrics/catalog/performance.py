"""How fast the product answers, how much it answers, and what that takes."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from metrics.catalog.model import Additive, ConcurrentUsers, LastSample, Metric, Quantile

REQUESTS = Additive("requests", "request", "count(*)")
TIMED = Additive("timed", "request", "count(duration_ms)")
DURATION_SUM = Additive("duration_sum", "request", "sum(duration_ms)")
DURATION_MAX = Additive("duration_max", "request", "max(duration_ms)", aggregate="max")

LLM_CALLS = Additive("llm_calls", "llm_call", "count(*)")
_STREAMED = "time_to_first_token_ms IS NOT NULL AND duration_ms > time_to_first_token_ms AND output_tokens IS NOT NULL"
STREAMED_TOKENS = Additive("streamed_tokens", "llm_call", f"sum(output_tokens) FILTER (WHERE {_STREAMED})")
STREAMING_MS = Additive(
    "streaming_ms", "llm_call", f"sum(duration_ms - time_to_first_token_ms) FILTER (WHERE {_STREAMED})"
)


def _response_time(q: int) -> Metric:
    name = f"response_time_p{q}"
    measure = Quantile(name, "request", "duration_ms", q / 100, "request_duration")
    doc = f"{q} % of the requests are answered within this time; linear interpolation, failed requests included."
    return Metric(name, f"Response time P{q}", "ms", "down", doc, name, (measure,))


def _llm_latency(q: int) -> Metric:
    name = f"llm_latency_p{q}"
    measure = Quantile(name, "llm_call", "duration_ms", q / 100, "llm_call_duration")
    doc = f"{q} % of the LLM calls are complete within this time."
    return Metric(name, f"LLM latency P{q}", "ms", "down", doc, name, (measure,))


def _first_token(q: int) -> Metric:
    name = f"llm_ttft_p{q}"
    measure = Quantile(name, "llm_call", "time_to_first_token_ms", q / 100, "llm_call_first_token")
    doc = f"{q} % of the LLM calls give their first token within this time."
    return Metric(name, f"Time to first token P{q}", "ms", "down", doc, name, (measure,))


def _rate(name: str, per: str, seconds: int) -> Metric:
    doc = f"Requests a {per}: requests ÷ length of the bucket; a bucket cut by the window counts its covered part."
    return Metric(
        name, f"Requests a {per}", f"requests/{per[0] if per != 'minute' else 'min'}", "neutral", doc,
        f"requests * {seconds}e0 / seconds", (REQUESTS,), decimals=2,
    )  # fmt: skip


def _sample(column: str, over_hosts: str = "sum") -> LastSample:
    return LastSample(column, "resource", column, over_hosts)  # pyright: ignore[reportArgumentType]


def _utilization(name: str, title: str, used: str, available: str) -> Metric:
    # Hosts that report only one of the two would distort the share.
    both = f"CASE WHEN {used} IS NOT NULL AND {available} IS NOT NULL THEN"
    measures = (
        LastSample(f"{name}_used", "resource", f"{both} {used} END", "sum"),
        LastSample(f"{name}_capacity", "resource", f"{both} {used} + {available} END", "sum"),
    )
    return Metric(
        name, title, "%", "down", "Used ÷ (used + available), summed over hosts, last sample of each in the bucket.",
        f"1e2 * {name}_used / nullif({name}_capacity, 0)", measures,
    )  # fmt: skip


_SUM = "Sum over hosts of the last sample of each in the bucket."

METRICS = (
    Metric("requests", "Requests", "requests", "neutral", "Requests answered.", "requests", (REQUESTS,), decimals=0),
    _rate("requests_per_second", "second", 1),
    _rate("requests_per_minute", "minute", 60),
    _rate("requests_per_hour", "hour", 3600),
    *(_response_time(q) for q in (50, 75, 90, 95, 99)),
    Metric(
        "response_time_max", "Slowest response", "ms", "down", "The longest response time.", "duration_max",
        (DURATION_MAX,),
    ),
    Metric(
        "response_time_mean", "Mean response time", "ms", "down", "Sum of response times ÷ requests that have one.",
        "duration_sum / nullif(timed, 0)", (DURATION_SUM, TIMED),
    ),
    Metric(
        "concurrent_users", "Concurrent users", "users", "neutral",
        "Distinct users with a request or an interaction in the 5 minutes before the end of the bucket.",
        "concurrent_users", (ConcurrentUsers("concurrent_users", ("request", "interaction")),), decimals=0,
    ),
    Metric("llm_calls", "LLM calls", "calls", "neutral", "Calls of language models.", "llm_calls", (LLM_CALLS,), 0),
    *(_llm_latency(q) for q in (50, 95, 99)),
    *(_first_token(q) for q in (50, 95)),
    Metric(
        "llm_tokens_per_second", "LLM tokens a second", "tokens/s", "up",
        "Output tokens ÷ (duration − time to first token), over calls that report both.",
        "1e3 * streamed_tokens / nullif(streaming_ms, 0)", (STREAMED_TOKENS, STREAMING_MS),
    ),
    Metric(
        "cpu_usage", "CPU usage", "%", "down", "Mean over hosts of the last sample in the bucket.", "cpu_percent",
        (_sample("cpu_percent", "avg"),),
    ),
    Metric(
        "cpu_usage_max", "CPU usage, busiest host", "%", "down", "Greatest last sample of any host in the bucket.",
        "cpu_percent_max", (LastSample("cpu_percent_max", "resource", "cpu_percent", "max"),),
    ),
    Metric("cpu_cores", "CPU cores", "cores", "neutral", _SUM, "cpu_cores", (_sample("cpu_cores"),), decimals=0),
    Metric(
        "load_average", "Load average", "processes", "down", "Mean over hosts of the last sample in the bucket.",
        "load_average", (_sample("load_average", "avg"),), decimals=2,
    ),
    Metric("memory_used", "Memory used", "MB", "down", _SUM, "memory_used_mb", (_sample("memory_used_mb"),), 0),
    Metric(
        "memory_available", "Memory available", "MB", "up", _SUM, "memory_available_mb",
        (_sample("memory_available_mb"),), decimals=0,
    ),
    _utilization("memory_utilization", "Memory utilization", "memory_used_mb", "memory_available_mb"),
    Metric("storage_used", "Storage used", "GB", "down", _SUM, "storage_used_gb", (_sample("storage_used_gb"),), 0),
    Metric(
        "storage_available", "Storage available", "GB", "up", _SUM, "storage_available_gb",
        (_sample("storage_available_gb"),), decimals=0,
    ),
    _utilization("storage_utilization", "Storage utilization", "storage_used_gb", "storage_available_gb"),
    Metric(
        "active_connections", "Active connections", "connections", "neutral", _SUM, "active_connections",
        (_sample("active_connections"),), decimals=0,
    ),
)  # fmt: skip


_SUCCEEDED = "(status_code IS NULL OR status_code < 500)"
_TIMED = replace(TIMED, name="timed_ok", sql=f"count(duration_ms) FILTER (WHERE {_SUCCEEDED})")
_SUM_OK = replace(DURATION_SUM, name="duration_sum_ok", sql=f"sum(duration_ms) FILTER (WHERE {_SUCCEEDED})")
_MAX_OK = replace(DURATION_MAX, name="duration_max_ok", sql=f"max(duration_ms) FILTER (WHERE {_SUCCEEDED})")


def without_failed_requests(metrics: Mapping[str, Metric]) -> Iterator[Metric]:
    """The response times that change when failed requests (status ≥ 500) are left out."""
    for q in (50, 75, 90, 95, 99):
        metric = metrics[f"response_time_p{q}"]
        measures = tuple(replace(m, where=_SUCCEEDED) for m in metric.measures if isinstance(m, Quantile))
        yield replace(metric, doc=metric.doc.replace("included", "left out"), measures=measures)
    yield replace(metrics["response_time_max"], formula=_MAX_OK.name, measures=(_MAX_OK,))
    mean = f"{_SUM_OK.name} / nullif({_TIMED.name}, 0)"
    yield replace(metrics["response_time_mean"], formula=mean, measures=(_SUM_OK, _TIMED))
