"""Every adapter that ships reads its sample, and gets the figures that are in it.

The samples are copied from published cases or made by hand after the fields their vendors publish
(`tests/samples/ORIGIN.md`); what is expected was read off them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.metrics.events.conftest import SAMPLES
from tests.metrics.events.test_adapters import SAMPLE_MAPS
from tests.metrics.lake.meanings import SHIPPED, Became, became

FOLDER = SAMPLES / "adapters"

FIGURES: Mapping[str, Callable[[pl.DataFrame], Any]] = {
    "events": lambda rows: rows.height,
    "users": lambda rows: rows["user_id"].drop_nulls().n_unique(),
    "visits": lambda rows: rows["session_id"].drop_nulls().n_unique(),
    "input": lambda rows: rows["input_tokens"].sum(),
    "cached": lambda rows: rows["cached_input_tokens"].sum(),
    "written": lambda rows: rows["cache_write_tokens"].sum(),
    "output": lambda rows: rows["output_tokens"].sum(),
    "reasoning": lambda rows: rows["reasoning_tokens"].sum(),
    "cost": lambda rows: rows["cost_usd"].sum(),
    "first_token": lambda rows: rows["time_to_first_token_ms"].median(),
    "took": lambda rows: rows["duration_ms"].median(),
    "answered": lambda rows: rows["response_time_ms"].median(),
    "failed": lambda rows: rows.filter(pl.col("status") != "ok").height,
    "limited": lambda rows: rows.filter(pl.col("status") == "rate_limited").height,
    "broken": lambda rows: rows.filter(pl.col("status_code") >= 500).height,
    "views": lambda rows: rows.filter(pl.col("action") == "page_view").height,
    "models": lambda rows: sorted(rows["model"].drop_nulls().unique()),
    "paths": lambda rows: sorted(rows["endpoint"].drop_nulls().unique()),
    "pages": lambda rows: sorted(rows["page"].drop_nulls().unique()),
    "actions": lambda rows: sorted(rows["action"].drop_nulls().unique()),
    "components": lambda rows: sorted(rows["component"].drop_nulls().unique()),
    "down": lambda rows: rows.filter(pl.col("status") == "down").height,
    "severities": lambda rows: sorted(rows["severity"]),
    "resolved": lambda rows: rows["resolved_at"].drop_nulls().len(),
    "values": lambda rows: sorted(rows.select("name", "value").iter_rows()),
    "first": lambda rows: rows.select(pl.col("ts").min().dt.strftime("%Y-%m-%d %H:%M:%S")).item(),
}  # fmt: skip
"""What is compared, by name."""

Expected = Mapping[str, Mapping[str, Any]]
TABLE: Mapping[str, tuple[str, Expected, int]] = {
    "access-log.csv": ("access-log", {"request": {"events": 2, "users": 2, "broken": 1}}, 0),
    "anthropic-exchanges.jsonl": ("anthropic-exchanges", {"llm_call": {
        "events": 2, "users": 1, "input": 130213, "cached": 128955, "written": 1253, "output": 100, "took": 1100,
        "failed": 1}}, 0),
    "anthropic-messages.jsonl": ("anthropic-messages", {"llm_call": {
        "events": 2, "users": 1, "input": 130413, "cached": 128955, "written": 1253, "output": 120, "failed": 0}}, 0),
    "aws-load-balancer.log": ("aws-load-balancer", {"request": {
        "events": 2, "users": 2, "broken": 1, "took": 253, "paths": ["/api/chat"]}}, 0),
    "bedrock-invocations.jsonl": ("bedrock-invocations", {"llm_call": {
        "events": 3, "users": 1, "input": 1600, "cached": 1000, "written": 200, "output": 80, "took": 1800,
        "failed": 1, "limited": 1,
        "models": ["amazon.nova-lite-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"]}}, 0),
    "braintrust.jsonl": ("braintrust", {"llm_call": {
        "events": 2, "users": 1, "input": 1500, "cached": 600, "output": 150, "reasoning": 30, "took": 2000,
        "first_token": 400, "failed": 1, "models": ["gpt-4o"], "first": "2026-05-01 10:00:01"}}, 2),
    "caddy-access.ndjson": ("caddy-access", {"request": {
        "events": 2, "users": 2, "broken": 1, "took": 500, "paths": ["/api/chat", "/health"],
        "first": "2026-05-01 10:00:00"}}, 0),
    "claude-code-sessions.jsonl": ("claude-code-sessions", {"llm_call": {
        "events": 3, "visits": 1, "input": 6420, "cached": 6000, "written": 400, "output": 290, "failed": 1,
        "limited": 1, "models": ["claude-sonnet-4-5-20250929"]}}, 2),
    "cloudflare-http-requests.ndjson": ("cloudflare-http-requests", {"request": {
        "events": 2, "users": 2, "broken": 1, "took": 250, "paths": ["/api", "/b"],
        "first": "2026-05-01 10:00:00"}}, 0),
    "cloudfront.log": ("cloudfront", {"request": {
        "events": 2, "users": 2, "broken": 1, "took": 875, "paths": ["/api", "/index.html"]}}, 0),
    "cohere-chat.jsonl": ("cohere-chat", {"llm_call": {
        "events": 3, "users": 1, "input": 160, "cached": 0, "output": 100, "took": 801, "failed": 1}}, 0),
    "cohere-chat-v1.jsonl": ("cohere-chat-v1", {"llm_call": {"events": 2, "input": 201, "output": 40, "failed": 0}}, 0),
    "cohere-exchanges.jsonl": ("cohere-exchanges", {"llm_call": {
        "events": 2, "users": 2, "input": 100, "output": 40, "took": 700, "failed": 1,
        "models": ["command-a-03-2025"]}}, 0),
    "codex-sessions.jsonl": ("codex-sessions", {"llm_call": {
        "events": 3, "visits": 1, "input": 4500, "cached": 2700, "output": 170, "reasoning": 50,
        "models": ["gpt-5", "gpt-5-codex"]}}, 5),
    "elastic-requests.csv": ("elastic-requests", {"request": {
        "events": 2, "users": 2, "broken": 1, "took": 750, "paths": ["/api/chat"], "first": "2026-05-01 10:00:00"}}, 0),
    "gatus.json": ("gatus", {"health": {
        "events": 3, "down": 1, "answered": 52, "components": ["db", "front"]}}, 0),
    "gemini-exchanges.jsonl": ("gemini-exchanges", {"llm_call": {
        "events": 2, "users": 2, "input": 1000, "cached": 300, "output": 140, "reasoning": 40, "took": 475,
        "failed": 1}}, 0),
    "gemini-responses.jsonl": ("gemini-responses", {"llm_call": {
        "events": 2, "input": 1010, "cached": 300, "output": 145, "reasoning": 40, "failed": 0}}, 0),
    "google-analytics.jsonl": ("google-analytics", {"interaction": {
        "events": 9, "users": 9, "views": 3, "actions": ["click", "page_view", "scroll"],
        "pages": ["/p0", "/p1", "/p2", "/p3", "/p4"]}}, 3),
    "google-cloud-requests.ndjson": ("google-cloud-requests", {"request": {
        "events": 2, "users": 2, "broken": 1, "took": 750, "paths": ["/api/chat"], "first": "2026-05-01 10:00:00"}}, 0),
    "helicone.jsonl": ("helicone", {"llm_call": {
        "events": 20, "users": 20, "input": 100171, "output": 8343, "cost": 0.104895, "took": 8067,
        "first_token": 1613, "failed": 2, "limited": 1}}, 0),
    "iis.log": ("iis", {"request": {"events": 2, "users": 2, "broken": 1, "took": 875}}, 0),
    "kubernetes-events.json": ("kubernetes-events", {"error": {
        "events": 2, "severities": ["warning", "warning"], "components": ["chat-1"]}}, 1),
    "jaeger.json": ("opentelemetry", {
        "llm_call": {"events": 2, "input": 300, "output": 40, "took": 800, "failed": 1, "models": ["gpt-4o"],
                     "first": "2026-05-01 10:00:00"},
        "request": {"events": 1, "broken": 0, "took": 2000, "paths": ["/api/chat"]},
        "span": {"events": 2}}, 0),
    "langfuse-api.json": ("langfuse-api", {"llm_call": {
        "events": 1, "input": 100, "output": 20, "cost": 0.001, "took": 2000}}, 0),
    "langsmith.jsonl": ("langsmith", {"llm_call": {
        "events": 8, "input": 14409, "output": 1005, "took": 1500, "first_token": 400, "visits": 0,
        "models": ["gpt-4o"]}}, 8),
    "litellm-call-logs.jsonl": ("litellm-call-logs", {"llm_call": {
        "events": 3, "users": 3, "input": 1300, "cached": 1040, "written": 150, "output": 70, "cost": 0.012,
        "took": 1500, "first_token": 400, "failed": 1, "limited": 1, "first": "2026-05-01 10:00:00"}}, 0),
    "litellm-daily-spend.csv": ("litellm-daily-spend", {"llm_call": {
        "events": 7, "users": 2, "input": 1501, "cached": 200, "output": 150, "cost": 0.0037, "failed": 1}}, 1),
    "litellm-spend-logs.csv": ("litellm-spend-logs", {"llm_call": {
        "events": 3, "users": 2, "visits": 2, "input": 200, "cached": 40, "output": 40, "cost": 0.0123, "took": 1000,
        "first_token": 400, "failed": 1}}, 0),
    "nginx-access.log": ("nginx-access", {"request": {
        "events": 3, "users": 3, "broken": 1, "paths": ["/a", "/api/chat"], "first": "2026-11-20 07:00:00"}}, 0),
    "nginx-access.ndjson": ("nginx-access", {"request": {
        "events": 20, "users": 20, "broken": 1, "took": 1470,
        "paths": ["/api/v1/chat", "/api/v1/prompts", "/health"]}}, 0),
    "openai-chat-completions.jsonl": ("openai-chat-completions", {"llm_call": {
        "events": 2, "input": 1020, "cached": 400, "output": 105, "cost": 0.0031, "first": "2026-05-01 10:00:00"}}, 1),
    "openai-exchanges.jsonl": ("openai-exchanges", {"llm_call": {
        "events": 3, "users": 2, "input": 2000, "cached": 800, "output": 200, "took": 900, "failed": 1,
        "limited": 1}}, 0),
    "openai-responses.jsonl": ("openai-responses", {"llm_call": {
        "events": 2, "users": 1, "input": 1000, "cached": 400, "output": 100, "reasoning": 10, "failed": 1,
        "limited": 1}}, 0),
    "openai-usage-api.jsonl": ("openai-usage-api", {"llm_call": {
        "events": 9, "input": 751, "cached": 100, "output": 111}}, 1),
    "openai-usage.csv": ("openai-usage", {"llm_call": {
        "events": 53, "users": 1, "input": 339711, "cached": 13952, "output": 549459}}, 1),
    "openrouter-activity.csv": ("openrouter-activity", {"llm_call": {
        "events": 3, "users": 2, "input": 1310, "cached": 800, "output": 220, "reasoning": 50, "cost": 0.0133,
        "took": 900, "first_token": 350, "failed": 2}}, 0),
    "openrouter-daily.csv": ("openrouter-daily", {"llm_call": {
        "events": 7, "input": 1500, "output": 226, "reasoning": 25, "cost": 0.115}}, 0),
    "openrouter-generation-answers.jsonl": ("openrouter-generation-answers", {"llm_call": {
        "events": 2, "users": 1, "input": 24, "cached": 6, "output": 54, "cost": 0.003, "took": 1000, "failed": 1}}, 0),
    "openrouter-generations.jsonl": ("openrouter-generations", {"llm_call": {
        "events": 2, "users": 1, "input": 24, "cached": 6, "output": 54, "cost": 0.003, "took": 1000, "failed": 1}}, 0),
    "opentelemetry-clickhouse.ndjson": ("opentelemetry-clickhouse", {"llm_call": {
        "events": 1, "input": 100, "output": 20, "took": 1500}}, 0),
    "opentelemetry-logs.json": ("opentelemetry-logs", {"error": {
        "events": 3, "severities": ["critical", "error", "error"], "components": ["app.chat"],
        "first": "2026-05-01 10:00:01"}}, 2),
    "opik.jsonl": ("opik", {"llm_call": {
        "events": 2, "users": 1, "visits": 1, "input": 300, "output": 60, "took": 2000, "first_token": 350,
        "failed": 1, "models": ["gpt-4o"]}}, 2),
    "pino-http.ndjson": ("pino-http", {"request": {
        "events": 3, "users": 3, "broken": 1, "took": 300, "paths": ["/api/chat", "/health"],
        "first": "2026-05-01 10:00:00"}}, 0),
    "portkey.jsonl": ("portkey", {"llm_call": {
        "events": 3, "users": 2, "input": 2200, "output": 200, "cost": 0.0035, "took": 900, "failed": 1, "limited": 1,
        "first": "2026-05-01 10:00:00"}}, 0),
    "posthog.jsonl": ("posthog", {
        "llm_call": {"events": 4, "users": 2, "input": 1118, "cached": 1050, "output": 25, "took": 350, "failed": 1,
                     "limited": 1},
        "interaction": {"events": 3, "users": 2, "visits": 1, "views": 1, "pages": ["/a", "/b"],
                        "actions": ["click", "page_view", "signed_up"]},
        "error": {"events": 1, "severities": ["error"]},
        "web_vital": {"events": 2, "values": [("cls", 0.05), ("lcp", 2100.5)]}}, 4),
    "promptlayer.csv": ("promptlayer", {"llm_call": {
        "events": 2, "users": 2, "input": 300, "output": 20, "cost": 0.00095, "took": 1750, "failed": 1}}, 0),
    "segment-events.jsonl": ("segment-events", {"interaction": {
        "events": 3, "users": 3, "views": 2, "actions": ["Order Completed", "page_view"],
        "first": "2026-05-01 10:00:00"}}, 1),
    "segment-pages.csv": ("segment-pages", {"interaction": {"events": 2, "users": 2, "views": 2}}, 0),
    "segment-tracks.csv": ("segment-tracks", {"interaction": {"events": 2, "users": 2, "views": 0}}, 0),
    "sentry-issues.json": ("sentry-issues", {"error": {
        "events": 3, "severities": ["critical", "error", "warning"], "resolved": 1, "users": 0}}, 0),
    "snowplow.csv": ("snowplow", {"interaction": {
        "events": 3, "users": 3, "visits": 2, "views": 1, "actions": ["click", "link_click", "page_view"]}}, 1),
    "traefik-access.ndjson": ("traefik-access", {"request": {
        "events": 2, "users": 2, "broken": 1, "took": 500, "paths": ["/api/chat", "/health"],
        "first": "2026-05-01 10:00:00"}}, 0),
    "uptime-kuma-heartbeats.csv": ("uptime-kuma-heartbeats", {"health": {
        "events": 4, "down": 1, "answered": 50, "components": ["3", "4"]}}, 0),
    "vertex-request-response.jsonl": ("vertex-request-response", {"llm_call": {
        "events": 2, "input": 1000, "cached": 300, "output": 140, "reasoning": 40, "took": 657, "failed": 1,
        "limited": 1, "models": ["gemini-2.5-flash"]}}, 0),
    "zipkin.json": ("opentelemetry", {
        "llm_call": {"events": 2, "input": 200, "output": 30, "took": 800, "failed": 1},
        "request": {"events": 1, "broken": 1, "took": 2000, "paths": ["/api/chat"]},
        "span": {"events": 2}}, 0),
}  # fmt: skip
"""By sample: the adapter, the figures of what it becomes by kind, and how many rows are no events."""
ASKED: Mapping[str, tuple[str, str]] = {
    "openai-batch-output.jsonl": ("openai-batch-output", "half price"),
}
"""By sample: the adapter, and what it asks before anything is stored."""
REFUSED: Mapping[str, tuple[str, str]] = {
    "anthropic-batch-results.jsonl": ("anthropic-batch-results", "no times"),
    "anthropic-claude-code-report.jsonl": ("anthropic-claude-code-report", "sums of tokens"),
    "anthropic-costs.jsonl": ("anthropic-costs", "sums of money"),
    "anthropic-usage-api.jsonl": ("anthropic-usage-api", "sums of tokens"),
    "anthropic-usage-csv.csv": ("anthropic-usage-csv", "sums of tokens"),
    "aws-cost-and-usage.csv": ("aws-cost-and-usage", "sums of money"),
    "azure-cost-export.csv": ("azure-cost-export", "sums of money"),
    "google-cloud-billing.jsonl": ("google-cloud-billing", "sums of money"),
    "openai-costs-api.jsonl": ("openai-costs-api", "sums of money"),
    "openai-costs.csv": ("openai-costs", "sums of money"),
    "upptime-summary.json": ("upptime-summary", "without the times of probes"),
}
"""By sample: the adapter, and why nothing of it is stored."""


@pytest.fixture(scope="module")
def outcomes() -> Callable[[str], Became]:
    known: dict[str, Became] = {}

    def of(name: str) -> Became:
        if name not in known:
            known[name] = became(FOLDER / name)
        return known[name]

    return of


def test_every_adapter_has_a_sample_and_every_sample_an_adapter() -> None:
    tables = (TABLE, ASKED, REFUSED)
    assert {path.name for path in FOLDER.iterdir()} == {name for table in tables for name in table}
    covered = {entry[0] for table in tables for entry in table.values()} | {entry[0] for entry in SAMPLE_MAPS.values()}
    assert {mapping.name for mapping in SHIPPED.shipped} == covered


@pytest.mark.parametrize("name", TABLE)
def test_a_sample_is_taken_without_a_question_by_its_adapter(name: str, outcomes: Callable[[str], Became]) -> None:
    outcome = outcomes(name)
    assert (outcome.how, outcome.asks, outcome.refusal) == (f"mapping {TABLE[name][0]}", "", "")


@pytest.mark.parametrize("name", TABLE)
def test_a_sample_becomes_the_figures_that_are_in_it(name: str, outcomes: Callable[[str], Became]) -> None:
    outcome, expected = outcomes(name), TABLE[name][1]
    found = {
        kind: {figure: FIGURES[figure](outcome.events[kind]) for figure in figures}
        for kind, figures in expected.items()
        if kind in outcome.events
    }
    assert found == {kind: _about(figures) for kind, figures in expected.items()}
    assert set(outcome.events) == set(expected)


@pytest.mark.parametrize("name", TABLE)
def test_rows_that_are_no_events_are_left_out_for_one_reason_each(name: str, outcomes: Callable[[str], Became]) -> None:
    assert outcomes(name).reasons.total() == TABLE[name][2]


@pytest.mark.parametrize("name", ASKED)
def test_an_adapter_that_cannot_be_sure_asks(name: str, outcomes: Callable[[str], Became]) -> None:
    outcome = outcomes(name)
    assert outcome.how == f"mapping {ASKED[name][0]}"
    assert ASKED[name][1] in outcome.asks


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_events_is_refused_by_name(name: str, outcomes: Callable[[str], Became]) -> None:
    adapter, reason = REFUSED[name]
    refusal = outcomes(name).refusal
    assert refusal.startswith(f"recognized as {adapter}: ")
    assert reason in refusal


@pytest.mark.parametrize("name", [name for name in TABLE if Path(name).suffix in (".jsonl", ".ndjson", ".csv")])
def test_what_a_sample_becomes_does_not_depend_on_how_its_rows_are_batched(
    name: str, outcomes: Callable[[str], Became]
) -> None:
    parted = became(FOLDER / name, batch_rows=3)
    whole = outcomes(name)
    assert {kind: rows.height for kind, rows in parted.events.items()} == {
        kind: rows.height for kind, rows in whole.events.items()
    }


def _about(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Floats are compared as such; everything else exactly."""
    return {name: pytest.approx(value) if isinstance(value, float) else value for name, value in figures.items()}
