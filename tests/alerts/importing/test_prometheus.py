"""Rules of Prometheus, as rules of this house; and what is said of those that have no words here."""

from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alerts.importing.meanings import Meanings, MeaningsError, meanings_of, shipped
from alerts.importing.prometheus import Found, NotRules, imported
from alerts.rules.reading import read
from alerts.rules.writing import document_of
from metrics.catalog import METRICS

KNOWN = shipped(METRICS)
RATIO = 'sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))'
BUCKETS = "http_request_duration_seconds_bucket"


def file_of(*alerts: dict[str, Any], **group: object) -> str:
    return yaml.safe_dump({"groups": [{"name": "api", **group, "rules": list(alerts)}]}, sort_keys=False, width=9999)


def found(expr: str, meanings: Meanings = KNOWN, **more: object) -> Found:
    alert = {"alert": "HighErrorRate", "expr": expr, "labels": {"severity": "warning"}, **more}
    return imported(file_of(alert), "rules.yaml", meanings, METRICS)


def said(expr: str, meanings: Meanings = KNOWN, **more: object) -> dict[str, Any]:
    """The only rule that comes of an expression, without what all of them have."""
    result = found(expr, meanings, **more)
    assert [one.why for one in result.refused] == []
    document = document_of(result.rules[0].rule)
    return {key: value for key, value in document.items() if key not in ("id", "name", "priority", "no_data")}


def why(expr: str, meanings: Meanings = KNOWN, **more: object) -> str:
    result = found(expr, meanings, **more)
    assert result.rules == ()
    return result.refused[0].why


@pytest.mark.parametrize(
    "expr",
    [
        f"{RATIO} > 0.05",
        f"100 * ({RATIO}) > 5",
        f"({RATIO}) * 100 > 5",
        f"0.05 < {RATIO}",
        RATIO.replace("rate", "increase") + " > 0.05",
        RATIO.replace("5..", "5[0-9]{2}") + " > 0.05",
        RATIO.replace("5..", "^5.*$") + " > 5 / 100",
        RATIO.replace('code=~"5.."', 'status!~"[1-4].."') + " > 0.05",
        f"1 - ({RATIO}) < 0.95",
        RATIO.replace("sum(", "sum by () (") + " > 0.05",
    ],
)
def test_all_ways_to_write_a_share_of_failed_requests_are_one_rule(expr: str) -> None:
    rule = said(expr)
    assert rule == {"metric": "error_rate", "window": "5m", "condition": {"operator": ">", "threshold": 5.0}}


@pytest.mark.parametrize(
    ("expr", "rule"),
    [
        pytest.param(
            'sum by (handler) (rate(http_requests_total{service="api",code=~"4.."}[5m])) / on (handler) '
            'sum by (handler) (rate(http_requests_total{service="api"}[5m])) >= 0.2',
            {"metric": "client_error_rate", "by": ["endpoint"], "where": {"service": "api"}, "window": "5m",
             "condition": {"operator": ">=", "threshold": 20.0}},
            id="grouped and narrowed",
        ),
        pytest.param(
            f"histogram_quantile(0.99, sum by (le, method) (rate({BUCKETS}[1m]))) > 1.5",
            {"metric": "response_time_p99", "by": ["method"], "condition": {"operator": ">", "threshold": 1500.0}},
            id="seconds are milliseconds here",
        ),
        pytest.param(
            "sum(rate(http_requests_total[5m])) > 10",
            {"metric": "requests_per_second", "window": "5m", "condition": {"operator": ">", "threshold": 10.0}},
            id="how fast a counter grows is a rate",
        ),
        pytest.param(
            "sum(increase(http_requests_total[5m])) > 10",
            {"metric": "requests", "window": "5m", "condition": {"operator": ">", "threshold": 10.0}},
            id="what it grew by is a count",
        ),
        pytest.param(
            "sum by (model) (rate(litellm_spend_metric_total[1h])) > 0.01",
            {"metric": "cost", "by": ["model"], "window": "1h", "condition": {"operator": ">", "threshold": 36.0}},
            id="a rate of what is only counted here is the count of its window",
        ),
        pytest.param(
            'sum(increase(http_requests_total{method=~"GET|POST",path="/a b"}[1m])) > 10',
            {"metric": "requests", "where": {"method": ["GET", "POST"], "endpoint": "/a b"},
             "condition": {"operator": ">", "threshold": 10.0}},
            id="several values",
        ),
        pytest.param(
            "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes * 100 < 10",
            {"metric": "memory_utilization", "by": ["host"], "condition": {"operator": ">", "threshold": 90.0}},
            id="what is free is what is not used",
        ),
        pytest.param(
            "max by (instance) (node_load1) > 8",
            {"metric": "load_average", "by": ["host"], "condition": {"operator": ">", "threshold": 8.0}},
            id="to aggregate one series is to take it",
        ),
        pytest.param(
            "absent(http_requests_total)",
            {"metric": "requests", "condition": {"kind": "absent"}},
            id="absent",
        ),
        pytest.param(
            "sum(rate(http_requests_total[15m])) == 0",
            {"metric": "requests_per_second", "window": "15m", "condition": {"kind": "absent", "duration": "15m"}},
            id="nothing is no data here",
        ),
        pytest.param(
            'predict_linear(node_filesystem_avail_bytes{mountpoint="/"}[6h], 4 * 24 * 3600) < 0',
            {"metric": "storage_available", "by": ["host"], "window": "5m",
             "condition": {"kind": "forecast", "operator": "<", "threshold": 0.0, "horizon": "4d"}},
            id="a forecast",
        ),
    ],
)  # fmt: skip
def test_an_expression_is_said_here(expr: str, rule: dict[str, Any]) -> None:
    assert said(expr) == rule


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        ("sum(", "is no PromQL"),
        ("sum(rate(http_requests_total[5m]))", "compares nothing"),
        ("sum(rate(http_requests_total[10m])) > 1", "looks back over 10m; a window here is one of 5s"),
        ("rate(http_requests_total[5m]) > 1", "what http_requests_total in this form is is not known"),
        ("sum(rate(http_requests_total[5m])) > 2 * sum(rate(http_requests_total[5m] offset 1w))", "kind `change`"),
        ("up == 0", "what up is is not known: say so in the file of --metrics"),
        (f"{RATIO} > 0.05 and sum(rate(http_requests_total[5m])) > 1", "joins two conditions by and"),
        ("sum(rate(http_requests_total[5m])) > bool 1", "compares with `bool`"),
        ("sum(rate(http_requests_total[5m])) > sum(rate(http_requests_total[5m]))", "compares two metrics"),
        ("sum without (pod) (rate(http_requests_total[5m])) > 1", "write `by`"),
        ("sum by (pod) (rate(http_requests_total[5m])) > 1", "say `labels: {pod: …}`"),
        ('sum(rate(http_requests_total{pod="a"}[5m])) > 1', "say `labels: {pod: …}`"),
        ('sum(rate(http_requests_total{path!="/health"}[5m])) > 1', 'narrows by path!="/health"'),
        ('sum(rate(http_requests_total{path=~"/api/.*"}[5m])) > 1', 'narrows by path=~"/api/.*"'),
        (RATIO.replace("[5m]", "[1m]", 1) + " > 0.05", "windows of different lengths"),
        (RATIO.replace("sum(", "sum by (path) (", 1) + " > 0.05", "aggregated by different labels"),
        ("sum by (instance) (rate(http_requests_total[5m])) > 1", "which have no host"),
        ("irate(http_requests_total[5m]) > 1", "write rate()"),
        ("count(up) > 1", "count() cannot be said here"),
        ("max_over_time(rate(http_requests_total[5m])[1h:1m]) > 1", "cannot be said here"),
        ("sum(sum by (path) (rate(http_requests_total[5m]))) > 1", "an aggregate already"),
        ("1 / sum(rate(http_requests_total[5m])) > 1", "divides a number by a metric"),
        ("sum(rate(http_requests_total[5m])) / 0 > 1", "by nothing"),
        ("sum(rate(http_requests_total[5m])) * 0 > 1", "by nothing"),
        ("(" * 200 + "up" + ")" * 200 + " == 0", "nests deeper"),
    ],
)  # fmt: skip
def test_what_has_no_words_here_is_refused_with_why(expr: str, words: str) -> None:
    assert words in why(expr)


def test_what_lasts_how_it_is_told_and_what_to_do_are_taken_over() -> None:
    notes = {"summary": "Errors on {{ $labels.path }}", "runbook_url": "https://run.example/e"}
    more: dict[str, Any] = {"for": "10m", "keep_firing_for": "5m", "annotations": notes}
    result = found(f"{RATIO} > 0.05", **more)
    rule = result.rules[0].rule
    condition = rule.condition
    assert (condition.duration, condition.recover_for) == (timedelta(minutes=10), timedelta(minutes=5))
    assert (rule.id, rule.name, rule.priority) == ("high-error-rate", "HighErrorRate", "P2")
    assert (rule.description, rule.runbook, rule.no_data) == ("Errors on …", "https://run.example/e", "ok")
    assert result.rules[0].remarks == ("templates in its annotations are left out: messages say value and labels",)


def test_a_severity_that_nobody_told_of_is_asked_for_and_one_that_is_missing_is_said() -> None:
    assert "severities: {sev1: P1}" in why(f"{RATIO} > 0.05", labels={"severity": "sev1"})
    own = meanings_of("severities: {sev1: P0}", "own.yaml", METRICS).over(KNOWN)
    assert found(f"{RATIO} > 0.05", own, labels={"severity": "sev1"}).rules[0].rule.priority == "P0"
    missing = found(f"{RATIO} > 0.05", labels={"team": "a"}).rules[0]
    assert missing.rule.priority == "P2"
    assert missing.remarks == (
        "it has no severity, and is P2", "labels are those of its events here: team=a is left out",
    )  # fmt: skip


def test_what_a_person_says_of_a_metric_counts_before_what_ships() -> None:
    text = """
labels: {pod: attributes.pod, job: ~}
metrics:
  - {metric: llm_error_rate, expr: '100 * sum(rate(gw_errors[1m])) / sum(rate(gw_calls[1m]))'}
  - {metric: llm_calls, expr: 'sum(increase(http_requests_total[1m]))'}
"""
    own = meanings_of(text, "own.yaml", METRICS).over(KNOWN)
    expr = 'sum by (pod) (rate(gw_errors{job="gw"}[5m])) / sum by (pod) (rate(gw_calls{job="gw"}[5m])) > 0.5'
    assert said(expr, own) == {
        "metric": "llm_error_rate", "by": ["attributes.pod"], "window": "5m",
        "condition": {"operator": ">", "threshold": 50.0},
    }  # fmt: skip
    assert said("sum(increase(http_requests_total[1m])) > 5", own)["metric"] == "llm_calls"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "labels: {pod: endpont}",
            "line 1: labels.pod: 'endpont' is no dimension; the nearest is 'endpoint'",
        ),
        ("metrics:\n  - {metric: erorr_rate, expr: up}", "own.yaml, line 2: metrics.0.metric: 'erorr_rate' is no"),
        ("metrics:\n  - {metric: error_rate, expr: 'sum('}", "own.yaml, line 2: metrics.0.expr: is no PromQL"),
        ("metrics:\n  - {metric: error_rate, expr: '5'}", "names no metric of Prometheus"),
        ("metric: []", "own.yaml, line 1: metric"),
        ("- a", "expected `labels:`, `severities:` and `metrics:`"),
        ("severities: {a: P9}", "own.yaml, line 1: severities.a"),
    ],
)
def test_meanings_that_cannot_be_used_are_said_with_their_line(text: str, words: str) -> None:
    with pytest.raises(MeaningsError) as raised:
        meanings_of(text, "own.yaml", METRICS)
    assert words in str(raised.value)


def test_a_recording_rule_of_the_file_is_what_it_computes() -> None:
    text = file_of(
        {"record": "job:errors:ratio", "expr": RATIO},
        {"alert": "A", "expr": "job:errors:ratio > 0.1"},
        {"alert": "B", "expr": 'job:errors:ratio{job="x"} > 0.1'},
        {"record": "round", "expr": "round"},
        {"alert": "C", "expr": "round > 1"},
    )
    result = imported(text, "rules.yaml", KNOWN, METRICS)
    assert [(one.name, one.rule.metric) for one in result.rules] == [("A", "error_rate")]
    assert [one.name for one in result.refused] == ["B", "C"]
    assert "in a circle" in result.refused[1].why


def test_metrics_of_which_nobody_told_are_listed_with_their_lines() -> None:
    result = imported(file_of({"alert": "A", "expr": "up == 0"}, {"alert": "B", "expr": "up < 1"}), "r", KNOWN, METRICS)
    assert result.asked == {"up": [5, 7]}


def test_alerts_of_one_name_get_ids_of_their_own() -> None:
    alerts = [
        {"alert": "HTTPSlow", "expr": f"{RATIO} > 0.{number}", "labels": {"severity": severity}}
        for number, severity in enumerate(("page", "warning", "warning"), 1)
    ]
    result = imported(file_of(*alerts), "rules.yaml", KNOWN, METRICS)
    assert [one.rule.id for one in result.rules] == ["http-slow", "http-slow-warning", "http-slow-2"]


def test_what_is_written_is_a_file_of_rules_and_says_where_each_came_from() -> None:
    alerts = [{"alert": "A\n- id: evil", "expr": f"{RATIO} > 0.1", "annotations": {"summary": "a: b # c\n- d"}}]
    result = imported(file_of(*alerts, interval="30s"), "rules.yaml", KNOWN, METRICS)
    again = read(result.as_yaml(), "alerts/imported.yaml", METRICS)
    assert (again.problems, [one.rule for one in again.rules]) == ((), [one.rule for one in result.rules])
    assert result.as_yaml().startswith(
        "# rules.yaml, line 8: A - id: evil\n# it has no severity, and is P2\n- id: a-id-evil\n"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("route: {receiver: a}", "this is a file of Alertmanager"),
        ("- alert: A", "begin with `groups:`"),
        ("groups: [1]", "line 1: groups.0: expected a group"),
        ("groups:\n  - {name: a, rules: [1]}", "line 2: groups.0.rules.0: expected a rule"),
        ("groups:\n  - {name: a, interval: x, rules: []}", "'x' is no length of time"),
        ("groups: [", "not YAML"),
    ],
)
def test_a_file_that_is_none_of_rules_is_refused(text: str, words: str) -> None:
    with pytest.raises(NotRules) as raised:
        imported(text, "rules.yaml", KNOWN, METRICS)
    assert words in str(raised.value)


WORDS = st.sampled_from(
    ["sum", "rate", "(", ")", "[5m]", "http_requests_total", "by", "(path)", "/", "*", "-", ">", "0.5", "100",
     '{code=~"5.."}', "histogram_quantile(0.9,", "offset 1w", "and", "absent(", "==", "0", "predict_linear("]
)  # fmt: skip


@given(st.lists(WORDS, max_size=14).map(" ".join))
def test_whatever_stands_there_becomes_a_rule_or_a_sentence(expr: str) -> None:
    result = found(expr)
    assert len(result.rules) + len(result.refused) == 1
