"""What an aggregate of a home's own metric comes to, by how it is composed."""

from typing import get_args

import pytest
import sqlglot

from metrics.catalog.aggregates import aggregate_of
from metrics.catalog.model import Aggregate
from metrics.catalog.own import OwnMetric, checked

_FAILED = "FILTER (WHERE status_code >= 500)"
_COMES_TO = {
    "sum": (
        "count(*)",
        f"count(*) {_FAILED}",
        "sum(duration_ms) / 1000 - count(*)",
        "-sum(CASE WHEN status_code >= 500 THEN 1 ELSE 0 END)",
        "coalesce(sum(duration_ms), 0)",
        "nullif(count_if(status_code = 429), 0)",
        "CAST(sum(duration_ms) AS DOUBLE) * (1 / 60)",
    ),
    "amount": (
        "count(DISTINCT user_id)",
        "approx_count_distinct(user_id)",
        "count(*) - count(DISTINCT user_id)",
        "round(sum(duration_ms) / 1000)",
        "CAST(sum(duration_ms) AS INTEGER)",
        "1 + count(*)",
    ),
    "max": ("max(duration_ms)", "-min(duration_ms)", "coalesce(max(duration_ms), 0) / 1000"),
    "min": ("min(duration_ms)", "100 - max(duration_ms)", "max(duration_ms) * -1"),
    "share": (
        f"100.0 * count(*) {_FAILED} / count(*)",
        f"100 * (count(*) {_FAILED} / nullif(count(status_code), 0))",
        f"100 - round(100.0 * count(*) {_FAILED} / count(*), 1)",
    ),
    "mean": ("avg(duration_ms) / 1000", "sum(duration_ms) / count(duration_ms)", "avg(duration_ms) - avg(status_code)"),
    "other": (
        "median(duration_ms)",
        "quantile_cont(duration_ms, 0.9)",
        "stddev(duration_ms)",
        "max(duration_ms) - min(duration_ms)",
        "sum(duration_ms) / nullif(count(DISTINCT user_id), 0)",
        "count(*) * count(*)",
        "greatest(count(*), 7)",
        "sqrt(count(*))",
    ),
}  # fmt: skip
_CASES = [(sql, found) for found, texts in _COMES_TO.items() for sql in texts]


@pytest.mark.parametrize(("sql", "found"), _CASES)
def test_an_aggregate_is_told_by_how_it_is_composed(sql: str, found: Aggregate) -> None:
    assert aggregate_of(sqlglot.parse_one(sql, read="duckdb")) == found


def test_every_sort_of_aggregate_is_held() -> None:
    assert set(_COMES_TO) == set(get_args(Aggregate))


@pytest.mark.parametrize(("sql", "found"), _CASES)
def test_only_amounts_are_summed_and_only_what_is_relative_is_judged_by_its_events(sql: str, found: Aggregate) -> None:
    assert checked(sql, "request")
    metric = OwnMetric(name="mine", event="request", sql=sql, unit="%").as_metric()
    assert metric.is_summed is (found in ("sum", "amount"))
    assert metric.adds_up is (found == "sum")
    assert metric.fills is (found in ("sum", "amount", "max"))
    assert metric.is_judged_by_events is (found in ("share", "mean", "other"))
    assert metric.is_mean is (found in ("share", "mean"))
    assert metric.is_share is (found == "share")
