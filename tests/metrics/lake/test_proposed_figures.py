"""From a foreign file to the figures that come of what is proposed for it, with no adapter's help."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from metrics.events.proposing.proposal import Proposal, proposals
from metrics.lake.child import Reader
from metrics.lake.looking.peeking import PeekTask
from metrics.lake.looking.previewing import Preview, PreviewTask
from tests.metrics.lake.files import NOW

CASES = Path(__file__).resolve().parents[2] / "fixtures" / "cases"
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
Figures = Mapping[str, float]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(60, 2_048) as opened:
        yield opened


def proposed(reader: Reader, path: Path) -> Proposal:
    task = PeekTask(str(path), path.name, str(path.parent), NOW.isoformat(), 400, spread=True)
    return proposals(reader.peek(task).seen)[0]


def read(reader: Reader, path: Path, entry: Mapping[str, Any]) -> Preview:
    task = PreviewTask(
        str(path), path.name, str(path.parent), "2026-11-28T00:00:00+00:00", 1_000, {"name": "p", **entry}
    )
    return reader.preview(task, lambda _done, _of: None)


def figures(seen: Preview) -> dict[str, float | None]:
    return {one.title: one.value for kind in seen.kinds for one in kind.figures}


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def at(minute: float) -> str:
    return f"2026-05-30T{10 + int(minute) // 60:02d}:{int(minute) % 60:02d}:{(minute % 1) * 60:06.3f}Z"


def runs(number: int) -> list[dict[str, Any]]:
    """A tree of LangChain: the chain above repeats the tokens of the call below it."""
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110, "session_id": "project"}
    chain = {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "name": "Chain",
        "run_type": "chain",
        "start_time": at(number),
        "end_time": at(number + 4 / 60),
        "status": "success",
        "parent_run_id": None,
        "latency": 4.0,
        "extra": {},
    }
    call = {
        **chain,
        "id": f"00000000-0000-4000-9000-{number:012d}",
        "run_type": "llm",
        "parent_run_id": chain["id"],
        "end_time": at(number + 1.5 / 60),
        "latency": 1.5,
        "extra": {"metadata": {"ls_model_name": "gpt-4o", "ls_provider": "openai"}},
    }
    return [{**chain, **usage}, {**call, **usage}]


def invocation(number: int) -> dict[str, Any]:
    return {
        "timestamp": at(number),
        "accountId": "1234",
        "requestId": f"r-{number:08d}-aaaa",
        "operation": "InvokeModel",
        "modelId": "anthropic.claude-3-5-sonnet-20240620-v1:0",
        "input": {"inputTokenCount": 50},
        "output": {"outputTokenCount": 5},
    }


def seen_in_analytics(number: int) -> dict[str, Any]:
    place = {"key": "page_location", "value": {"string_value": f"https://x.example/p{number % 3}?q={number}"}}
    return {
        "event_timestamp": str(1_780_000_000_000_000 + number * 10**8),
        "event_date": "20260530",
        "event_name": ["page_view", "click", "scroll"][number % 3],
        "event_params": [place],
        "user_id": None,
        "user_pseudo_id": f"{1_000_000_000 + number % 7}.16",
        "platform": "WEB",
    }


def access(number: int) -> dict[str, Any]:
    return {
        "time_iso8601": at(number),
        "remote_addr": f"10.0.0.{number % 5}",
        "request_method": "GET",
        "request_uri": f"/api/{number % 2}?x={number}",
        "status": "502" if number % 10 == 0 else "200",
        "request_time": f"{number / 10:.3f}",
        "http_user_agent": "curl/8",
        "upstream_response_time": "9.000",
    }


def usage_of_a_day(number: int) -> dict[str, Any]:
    start = 1_779_580_800 + 86_400 * number
    return {
        "start_time": start,
        "end_time": start + 86_400,
        "num_model_requests": number + 1,
        "model": "gpt-4o-2024-08-06",
        "input_tokens": 1_000,
        "output_tokens": 100,
        "input_cached_tokens": 400,
        "input_uncached_tokens": 600,
    }


def vitals(number: int) -> dict[str, Any]:
    return {"ts": at(number), "page": f"/p{number % 2}", "lcp": 2_000 + number, "cls": 0.1, "inp": 200, "ttfb": None}


MADE: Mapping[str, tuple[list[dict[str, Any]], str, Figures]] = {
    "langsmith.jsonl": (
        [row for number in range(20) for row in runs(number)],
        "llm_call",
        {"Calls": 20, "Input tokens": 2_000, "Output tokens": 200, "P50 duration": 1_500},
    ),
    "bedrock.jsonl": (
        [invocation(number) for number in range(30)],
        "llm_call",
        {"Calls": 30, "Input tokens": 1_500, "Output tokens": 150},
    ),
    "ga4.jsonl": (
        [seen_in_analytics(number) for number in range(42)],
        "interaction",
        {"Interactions": 42, "Page views": 14, "Users": 7},
    ),
    "nginx.ndjson": (
        [access(number) for number in range(1, 41)],
        "request",
        {"Requests": 40, "Error rate": 10, "Endpoints": 2, "P50 duration": 2_050},
    ),
    "usage.csv": (
        [usage_of_a_day(number) for number in range(5)],
        "llm_call",
        {"Calls": 15, "Input tokens": 5_000, "Output tokens": 500, "Cached input tokens": 2_000},
    ),
    "vitals.ndjson": ([vitals(number) for number in range(21)], "web_vital", {"Measurements": 21, "LCP P75": 2_015}),
}


@pytest.mark.parametrize("name", MADE)
def test_what_is_proposed_for_an_export_gives_right_figures(reader: Reader, tmp_path: Path, name: str) -> None:
    rows, kind, expected = MADE[name]
    path = written(tmp_path / name, rows)
    best = proposed(reader, path)
    assert best.kind == kind
    told: dict[str, float | None] = {}
    for part in reversed(read(reader, path, best.entry).kinds):
        told |= {one.title: one.value for one in part.figures}
    if kind == "web_vital":
        expected = {**expected, "Measurements": 63}
    assert {title: told[title] for title in expected} == pytest.approx(expected)
    assert told.get("Users") is None or "Users" in expected


KEPT: Mapping[str, tuple[str, Figures]] = {
    "06-llm-exports/litellm-spendlogs.csv": ("llm_call", {"Calls": 3, "Cost": 0.0123, "Error rate": 100 / 3}),
    "06-llm-exports/agent-nested.json": ("llm_call", {"Calls": 2, "Input tokens": 300, "Output tokens": 60}),
    "06-llm-exports/openai-details.ndjson": ("llm_call", {"Calls": 1, "Cached input tokens": 17_817}),
    "06-llm-exports/phoenix-flat.ndjson": ("llm_call", {"Calls": 1, "Input tokens": 100, "Output tokens": 20}),
    "06-llm-exports/posthog.ndjson": ("llm_call", {"Calls": 1, "Page views": 1, "Input tokens": 100}),
    "28-nested-usage/openai.ndjson": ("llm_call", {"Calls": 2, "Input tokens": 200, "Cached input tokens": 80}),
    "28-nested-usage/langfuse-page.json": ("llm_call", {"Calls": 1, "Input tokens": 100, "Output tokens": 20}),
    "28-nested-usage/langfuse-list.json": ("llm_call", {"Calls": 1, "Input tokens": 100, "Output tokens": 20}),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_proposed_for_a_case_gives_right_figures(reader: Reader, name: str) -> None:
    kind, expected = KEPT[name]
    best = proposed(reader, CASES / name)
    assert best.kind == kind
    told = figures(read(reader, CASES / name, best.entry))
    assert {title: told[title] for title in expected} == pytest.approx(expected)


SAMPLED: Mapping[str, tuple[str, Figures]] = {
    "azure_llm_conv.parquet": ("llm_call", {}),
    "upptime_checks.parquet": ("health", {}),
    "apache_access.parquet": ("request", {}),
    "ecom_retentioneering5.parquet": ("interaction", {}),
}


@pytest.mark.parametrize("name", SAMPLED)
def test_every_row_of_a_real_file_becomes_an_event_of_the_kind_that_is_proposed(reader: Reader, name: str) -> None:
    kind, _ = SAMPLED[name]
    best = proposed(reader, SAMPLES / name)
    assert best.kind == kind
    told = read(reader, SAMPLES / name, best.entry)
    assert told.rejected <= 0.01 * told.read
    assert told.stored >= 0.99 * told.read


def test_a_file_without_times_says_that_they_have_to_be_made_up(reader: Reader) -> None:
    best = proposed(reader, SAMPLES / "llmperf_leaderboard.parquet")
    assert best.kind == "llm_call"
    assert any("times have to be made up" in check for check in best.checks)
    assert not best.is_sure
