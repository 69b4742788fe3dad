"""How often the product fails, and what has been done about it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from metrics.catalog.model import Additive, ErrorCount, Metric, RepairTime

WITH_STATUS = Additive("with_status", "request", "count(status_code)")
SERVER_ERRORS = Additive("server_errors", "request", "count(*) FILTER (WHERE status_code >= 500)")
CLIENT_ERRORS = Additive("client_errors", "request", "count(*) FILTER (WHERE status_code BETWEEN 400 AND 499)")

CALLS_WITH_STATUS = Additive("calls_with_status", "llm_call", "count(status)")
FAILED_CALLS = Additive("failed", "llm_call", "count(*) FILTER (WHERE status <> 'ok')")
RATE_LIMITED_CALLS = Additive("rate_limited", "llm_call", "count(*) FILTER (WHERE status = 'rate_limited')")


def _errors(name: str, title: str, doc: str, measure: ErrorCount, direction: str = "down") -> Metric:
    return Metric(
        name, title, "errors", direction, doc, measure.name, (measure,), decimals=0, empty_is_zero=True  # pyright: ignore[reportArgumentType]
    )  # fmt: skip


METRICS = (
    Metric(
        "error_rate", "Error rate", "%", "down",
        "100 × requests with status ≥ 500 ÷ requests (≥ 400 when `errors.client_errors_count` is set).",
        "1e2 * server_errors / nullif(with_status, 0)", (SERVER_ERRORS, WITH_STATUS), decimals=2,
    ),
    Metric(
        "client_error_rate", "Client error rate", "%", "down", "100 × requests with status 400–499 ÷ requests.",
        "1e2 * client_errors / nullif(with_status, 0)", (CLIENT_ERRORS, WITH_STATUS), decimals=2,
    ),
    Metric(
        "success_rate", "Success rate", "%", "up", "100 × (requests − server errors) ÷ requests.",
        "1e2 * (with_status - server_errors) / nullif(with_status, 0)", (SERVER_ERRORS, WITH_STATUS), decimals=2,
    ),
    Metric(
        "llm_error_rate", "LLM error rate", "%", "down", "100 × LLM calls whose status is not `ok` ÷ LLM calls.",
        "1e2 * failed / nullif(calls_with_status, 0)", (FAILED_CALLS, CALLS_WITH_STATUS), decimals=2,
    ),
    Metric(
        "llm_rate_limited_rate", "LLM rate-limited rate", "%", "down",
        "100 × LLM calls with status `rate_limited` ÷ LLM calls.",
        "1e2 * rate_limited / nullif(calls_with_status, 0)", (RATE_LIMITED_CALLS, CALLS_WITH_STATUS), decimals=2,
    ),
    _errors("errors_total", "Errors opened", "Distinct errors opened.", ErrorCount("errors_total", "opened")),
    _errors(
        "errors_critical", "Critical errors opened", "Distinct errors of severity `critical` opened.",
        ErrorCount("errors_critical", "opened", "critical"),
    ),
    _errors(
        "errors_warning", "Warnings opened", "Distinct errors of severity `warning` opened.",
        ErrorCount("errors_warning", "opened", "warning"),
    ),
    _errors(
        "errors_resolved", "Errors resolved", "Of the errors opened: those resolved by the end of the window.",
        ErrorCount("errors_resolved", "resolved"), "up",
    ),
    _errors(
        "errors_pending", "Errors pending", "Errors opened before the end of the bucket and not resolved by then.",
        ErrorCount("errors_pending", "pending"),
    ),
    Metric(
        "mttr_mean", "Mean time to resolve", "min", "down",
        "Mean of resolved − opened over the errors that were resolved in the bucket, in minutes.", "mttr_mean",
        (RepairTime("mttr_mean", "mean"),),
    ),
    Metric(
        "mttr_median", "Median time to resolve", "min", "down",
        "Median of resolved − opened over the errors that were resolved in the bucket, in minutes.", "mttr_median",
        (RepairTime("mttr_median", "median"),),
    ),
)  # fmt: skip


def with_client_errors(metrics: Mapping[str, Metric]) -> Iterator[Metric]:
    """The rates that change when status 400–499 counts as an error."""
    measures = (SERVER_ERRORS, CLIENT_ERRORS, WITH_STATUS)
    yield replace(
        metrics["error_rate"],
        doc="100 × requests with status ≥ 400 ÷ requests.",
        formula="1e2 * (server_errors + client_errors) / nullif(with_status, 0)",
        measures=measures,
    )
    yield replace(
        metrics["success_rate"],
        doc="100 × (requests − server and client errors) ÷ requests.",
        formula="1e2 * (with_status - server_errors - client_errors) / nullif(with_status, 0)",
        measures=measures,
    )
