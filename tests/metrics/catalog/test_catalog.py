"""Every row of the catalog is complete, and its SQL speaks of its own events."""

import pytest
import sqlglot
from sqlglot import exp

from metrics.catalog import DIMENSIONS, METRICS, catalog
from metrics.catalog.aggregates import aggregate_of
from metrics.catalog.model import Additive, LastSample, Measure, Metric, Quantile, kinds_of
from metrics.events import KINDS
from metrics.lake.rollups import ROLLUPS
from metrics.settings import Errors, Performance, Settings

STRICT = catalog(
    Settings(errors=Errors(client_errors_count=True), performance=Performance(failed_requests="exclude"))
)  # fmt: skip
EVERY = [*METRICS.values(), *(STRICT[name] for name in STRICT if STRICT[name] != METRICS[name])]
MEASURES = list(dict.fromkeys(measure for metric in EVERY for measure in metric.measures))

LEAVES = {
    "systemUptime": ("uptime",),
    "componentHealth": ("component_status",),
    "changes and security": ("changes", "security_events"),
    "availability from traffic": ("success_rate",),
    "responseTime": (
        "response_time_p50", "response_time_p75", "response_time_p90", "response_time_p95", "response_time_p99",
        "response_time_max",
    ),
    "LLM latency": ("llm_latency_p50", "llm_latency_p95", "llm_latency_p99", "llm_ttft_p50", "llm_ttft_p95",
                    "llm_tokens_per_second"),
    "throughput": ("requests_per_second", "requests_per_minute", "requests_per_hour"),
    "throughput.concurrentUsers": ("concurrent_users",),
    "throughput.activeConnections": ("active_connections",),
    "resources.cpu": ("cpu_usage", "cpu_usage_max", "cpu_cores", "load_average"),
    "resources.memory": ("memory_used", "memory_available", "memory_utilization"),
    "resources.storage": ("storage_used", "storage_available", "storage_utilization"),
    "errorRate": ("error_rate", "client_error_rate"),
    "errorRate.byProvider": ("llm_error_rate", "llm_rate_limited_rate"),
    "errors": ("errors_total", "errors_critical", "errors_warning", "errors_resolved", "errors_pending"),
    "users": ("users_total", "dau", "users_new", "users_active"),
    "systemUptime.target": ("error_budget_left", "burn_rate"),
    "externalDependencies": ("dependency_response_time", "dependency_error_rate"),
    "mttr": ("mttr_mean", "mttr_median"),
    "users.active": ("dau", "wau", "mau", "stickiness", "users_returning"),
    "users.retention": ("retention_d1", "retention_d7", "retention_d30"),
    "prompts": ("prompts_total", "prompts_created", "prompts_executed", "prompts_successful", "prompts_failed",
                "prompt_length_mean"),
    "pipelines": ("pipelines_total", "pipelines_active", "pipelines_executed", "pipeline_duration_mean",
                  "pipeline_success_rate"),
    "projection": ("cost_projection", "cost_projection_low", "cost_projection_high", "cost_next_30_days",
                   "cost_next_30_days_low", "cost_next_30_days_high"),
    "roi": ("time_saved", "cost_saved", "productivity_gain"),
    "webVitals": ("web_vital_p75", "lcp_p75", "fid_p75", "cls_p75", "fcp_p75", "ttfb_p75", "inp_p75", "web_vital_good",
                  "web_vital_needs_improvement", "web_vital_poor"),
    "interactions": ("page_views", "unique_page_views", "session_duration_mean", "bounce_rate", "pages_per_session"),
    "featureUsage": ("feature_usage", "feature_adoption", "feature_satisfaction"),
    "promptQuality": ("quality_mean", "quality_excellent", "quality_good", "quality_average", "quality_poor",
                      "quality_improvements"),
    "satisfaction": ("nps", "csat", "feedback_positive", "feedback_neutral", "feedback_negative"),
    "caches": ("cached_input_tokens", "cache_savings", "cost_per_successful_prompt"),
    "costs": ("cost", "unpriced_calls", "tokens", "input_tokens", "output_tokens", "cost_per_1k_tokens"),
}  # fmt: skip
"""Leaves of the metric definitions, and the metrics that are these."""
GROUPINGS = {
    "errorRate.byEndpoint": ("error_rate", "endpoint"),
    "errorRate.byStatusCode": ("requests", "status_code"),
    "errorRate.byProvider": ("llm_error_rate", "provider"),
    "byProvider.cost": ("cost", "provider"),
    "byProvider.costPerToken": ("cost_per_1k_tokens", "model"),
    "byFeature": ("cost", "feature"),
    "byUser": ("cost", "user_id"),
    "systemUptime by component": ("uptime", "component"),
    "resources by host": ("cpu_usage", "host"),
    "webVitals by name": ("web_vital_p75", "name"),
    "webVitals by page": ("web_vital_good", "page"),
    "featureUsage": ("feature_usage", "feature"),
    "externalDependencies.*": ("dependency_error_rate", "component"),
}


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_leaf_has_its_metrics(leaf: str) -> None:
    assert set(LEAVES[leaf]) <= set(METRICS)


@pytest.mark.parametrize("leaf", GROUPINGS)
def test_every_breakdown_has_its_dimension(leaf: str) -> None:
    metric, dimension = GROUPINGS[leaf]
    assert set(METRICS[metric].kinds) <= set(DIMENSIONS[dimension].kinds)


@pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.name)
def test_metric_is_complete(metric: Metric) -> None:
    assert metric.title
    assert metric.unit
    assert metric.doc.endswith(".")
    assert metric.direction in ("up", "down", "neutral")
    assert metric.decimals >= 0
    assert metric.kinds
    assert set(metric.kinds) <= set(KINDS)


def test_metrics_are_found_by_their_names() -> None:
    assert all(name == metric.name for name, metric in METRICS.items())
    titles = [metric.title for metric in METRICS.values()]
    assert len(set(titles)) == len(titles)


def test_no_two_measures_share_a_name() -> None:
    names = [measure.name for measure in MEASURES if measure in [m for x in METRICS.values() for m in x.measures]]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.name)
def test_formula_names_its_measures_and_no_more(metric: Metric) -> None:
    named = {column.name for column in sqlglot.parse_one(metric.formula).find_all(exp.Column)}
    measures = {measure.name for measure in metric.measures}
    assert measures <= named <= measures | {"seconds"}


_FILLED = {
    "requests", "users_active", "sessions", "cost", "tokens", "errors_total", "users_new", "users_returning",
    "response_time_max", "time_saved", "prompts_total", "dau", "mau", "stickiness", "productivity_gain",
    "requests_per_second",
}  # fmt: skip
_LEVEL = {
    "error_rate", "response_time_p95", "response_time_mean", "session_duration_mean", "feature_adoption", "nps",
    "uptime", "cpu_usage", "errors_pending", "users_total", "concurrent_users", "component_status",
    "cost_per_1k_tokens", "retention_d7", "burn_rate", "error_budget_left", "mttr_mean", "cost_projection",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(_FILLED | _LEVEL))
def test_a_count_fills_while_its_bucket_lasts_and_a_ratio_or_state_does_not(name: str) -> None:
    assert METRICS[name].fills is (name in _FILLED)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: f"{kinds_of(measure)[0]}.{measure.name}")
def test_measure_speaks_of_columns_of_its_kind(measure: Measure) -> None:
    for kind in kinds_of(measure):
        columns = {column.name for text in _texts(measure) for column in _parsed(text).find_all(exp.Column)}
        assert columns <= set(KINDS[kind].by_name)


@pytest.mark.parametrize(
    "measure", [m for m in MEASURES if isinstance(m, Additive)], ids=lambda measure: f"{measure.kind}.{measure.name}"
)
def test_additive_measure_is_an_aggregate_that_a_rollup_can_hold(measure: Additive) -> None:
    assert measure.aggregate in ("sum", "max")
    assert measure.aggregate == aggregate_of(_parsed(measure.sql))


@pytest.mark.parametrize(
    "measure",
    [m for m in MEASURES if isinstance(m, Quantile) and m.rollup],
    ids=lambda measure: f"{measure.kind}.{measure.name}",
)
def test_quantile_has_a_histogram_of_its_column(measure: Quantile) -> None:
    rollup = ROLLUPS[measure.rollup]
    assert (rollup.kind, getattr(rollup.shape, "column", None)) == (measure.kind, measure.column)
    assert 0 < measure.q < 1


@pytest.mark.parametrize("name", DIMENSIONS)
def test_dimension_is_complete(name: str) -> None:
    dimension = DIMENSIONS[name]
    assert dimension.name == name
    assert dimension.title
    assert dimension.doc
    assert all(name in KINDS[kind].by_name for kind in dimension.kinds)


def test_dimensions_of_rollups_are_dimensions() -> None:
    assert {name for rollup in ROLLUPS.values() for name in rollup.dimensions} <= set(DIMENSIONS)


def _texts(measure: Measure) -> tuple[str, ...]:
    match measure:
        case Additive() | LastSample():
            return (measure.sql,)
        case Quantile():
            return (measure.column, *([measure.where] if measure.where else []))
        case _:
            return ()


def _parsed(text: str) -> exp.Expr:
    return sqlglot.parse_one(text, read="duckdb")


@pytest.mark.parametrize(
    ("name", "adds_up"),
    [("cost", True), ("requests", True), ("errors_total", True), ("requests_per_minute", False),
     ("response_time_max", False), ("error_rate", False), ("response_time_p95", False), ("users_active", False)],
)  # fmt: skip
def test_what_adds_up_over_several_buckets(name: str, adds_up: bool) -> None:
    assert METRICS[name].adds_up == adds_up


@pytest.mark.parametrize("name", ["response_time_max", "feature_adoption", "error_rate", "response_time_p95", "uptime"])
def test_the_greatest_and_what_is_a_ratio_are_no_sums(name: str) -> None:
    assert not METRICS[name].is_summed


def test_a_share_of_users_is_no_mean_of_its_buckets_and_a_rate_is() -> None:
    assert METRICS["feature_adoption"].is_judged_by_events
    assert not METRICS["feature_adoption"].is_mean
    assert METRICS["error_rate"].is_share
