"""An export whose version is another than the adapter's: it ends in a question, a refusal or right figures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metrics.events.questions import Answers
from tests.metrics.lake.meanings import Became, became
from tests.metrics.lake.test_shipped_adapters import FOLDER

Row = dict[str, Any]


def rewritten(tmp_path: Path, name: str, edit: Callable[[Row], Row]) -> Path:
    """A sample of JSON lines with every row edited."""
    path = tmp_path / name
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    path.write_text("".join(json.dumps(edit(json.loads(line))) + "\n" for line in lines), encoding="utf-8")
    return path


def renamed(tmp_path: Path, name: str, old: str, new: str) -> Path:
    """A sample in which a word is another wherever it stands."""
    path = tmp_path / name
    path.write_text((FOLDER / name).read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return path


def is_not_taken_silently(outcome: Became) -> bool:
    return bool(outcome.asks or outcome.refusal)


@pytest.mark.parametrize(
    ("name", "column", "factor"),
    [("helicone.jsonl", "delay_ms", 0.001), ("nginx-access.ndjson", "request_time", 1000)],
)
def test_seconds_where_milliseconds_are_known_and_the_other_way_round_are_asked_about(
    tmp_path: Path, name: str, column: str, factor: float
) -> None:
    path = rewritten(tmp_path, name, lambda row: {**row, column: str(float(row[column]) * factor)})
    assert "another unit" in became(path).asks


def test_a_latency_of_posthog_in_milliseconds_is_asked_about(tmp_path: Path) -> None:
    def edit(row: Row) -> Row:
        properties = row["properties"]
        return {**row, "properties": {
            key: value * 1000 if key == "$ai_latency" else value for key, value in properties.items()
        }}  # fmt: skip

    outcome = became(rewritten(tmp_path, "posthog.jsonl", lambda row: edit(edit(row))))
    assert "half of its llm_call.duration_ms are above" in outcome.asks


def test_a_latency_beside_start_and_end_does_not_count_whatever_its_unit(tmp_path: Path) -> None:
    outcome = became(rewritten(tmp_path, "langsmith.jsonl", lambda row: {**row, "latency": row["latency"] * 1000}))
    assert (outcome.asks, outcome.events["llm_call"]["duration_ms"].median()) == ("", 1500)


@pytest.mark.parametrize(
    ("name", "column", "factor"),
    [("google-analytics.jsonl", "event_timestamp", 0.001), ("openai-responses.jsonl", "created_at", 1000)],
)
def test_a_time_in_another_unit_loses_every_row_and_is_asked_about(
    tmp_path: Path, name: str, column: str, factor: float
) -> None:
    path = rewritten(tmp_path, name, lambda row: {**row, column: int(int(row[column]) * factor)})
    assert "100% of its rows would be rejected" in became(path).asks


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("helicone.jsonl", "prompt_tokens", "tokens_of_prompt"),
        ("helicone.jsonl", "request_created_at", "requested"),
        ("litellm-spend-logs.csv", "prompt_tokens", "tokens_in_prompt"),
        ("litellm-spend-logs.csv", "startTime", "beginTime"),
        ("langsmith.jsonl", "prompt_tokens", "tokens_of_prompt"),
        ("langsmith.jsonl", "completion_tokens", "tokens_of_answer"),
        ("langsmith.jsonl", "ls_model_name", "which_model"),
        ("langsmith.jsonl", "run_type", "sort_of_run"),
        ("bedrock-invocations.jsonl", "inputTokenCount", "tokensIn"),
        ("bedrock-invocations.jsonl", "modelId", "whichModel"),
        ("posthog.jsonl", "$ai_input_tokens", "$ai_tokens_in"),
        ("posthog.jsonl", "$ai_model", "$ai_which"),
        ("google-analytics.jsonl", "page_location", "where"),
        ("nginx-access.ndjson", "request_uri", "what"),
        ("openai-usage.csv", "num_model_requests", "num_requests"),
        ("openai-chat-completions.jsonl", "prompt_tokens", "tokens_in_prompt"),
        ("openai-responses.jsonl", "input_tokens", "tokens_in"),
        ("anthropic-messages.jsonl", "output_tokens", "written"),
        ("openrouter-activity.csv", "tokens_prompt", "tokens_of_prompt"),
        ("codex-sessions.jsonl", "last_token_usage", "latest_usage"),
        ("claude-code-sessions.jsonl", '"input_tokens"', '"tokens_in"'),
        ("gemini-responses.jsonl", "promptTokenCount", "tokensOfPrompt"),
        ("snowplow.csv", "domain_userid", "duid"),
        ("cloudfront.log", "sc-status", "answered"),
    ],
)
def test_a_key_column_under_another_name_is_never_taken_silently(tmp_path: Path, name: str, old: str, new: str) -> None:
    assert is_not_taken_silently(became(renamed(tmp_path, name, old, new)))


def test_rows_with_one_message_are_one_call_whatever_block_comes_last(tmp_path: Path) -> None:
    path = tmp_path / "claude-code-sessions.jsonl"
    lines = (FOLDER / path.name).read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, *lines[2:5]]) + "\n", encoding="utf-8")
    calls = became(path).events["llm_call"]
    assert (calls.height, calls["output_tokens"].sum()) == (3, 290)


def test_a_count_that_codex_writes_again_is_no_further_call() -> None:
    calls = became(FOLDER / "codex-sessions.jsonl").events["llm_call"]
    assert calls["event_id"].to_list() == ["0199-a 1100", "0199-a 2650", "0199-a 4670"]
    assert calls["model"].to_list() == ["gpt-5-codex", "gpt-5-codex", "gpt-5"]


def test_what_is_asked_is_stored_once_somebody_said_yes() -> None:
    path = FOLDER / "openai-batch-output.jsonl"
    assert became(path).questions
    outcome = became(path, answers=Answers(yes=True))
    assert (outcome.questions, outcome.events["llm_call"].height) == ((), 1)


CALL = {"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10}


def test_spans_as_python_prints_them_say_how_they_ended(tmp_path: Path) -> None:
    ends = [{"status_code": "UNSET"}, {"status_code": "OK"}, {"status_code": "ERROR", "description": "late"}]
    spans = [
        {"name": "chat", "context": {"trace_id": "0xa", "span_id": f"0x{n}"}, "kind": "SpanKind.CLIENT", "status": end,
         "start_time": f"2026-05-01T10:00:0{n}Z", "end_time": f"2026-05-01T10:00:0{n}.5Z", "attributes": attributes}
        for n, (end, attributes) in enumerate([*((end, CALL) for end in ends), (ends[1], {"step": "1"})])
    ]  # fmt: skip
    path = tmp_path / "spans.json"
    path.write_text("\n".join(json.dumps(span, indent=4) for span in spans))
    outcome = became(path)
    assert outcome.questions == ()
    assert outcome.events["llm_call"]["status"].to_list() == ["ok", "ok", "error"]
    assert outcome.events["span"]["status"].to_list() == ["ok"]


def test_a_trace_of_mlflow_has_its_calls(tmp_path: Path) -> None:
    def span(name: str, **attributes: object) -> Row:
        return {
            "trace_id": "t", "span_id": name, "parent_span_id": None, "name": name,
            "start_time_unix_nano": 1777629600000000000, "end_time_unix_nano": 1777629601000000000,
            "status": {"message": "", "code": "STATUS_CODE_OK"},
            "attributes": {f"mlflow.{key}": json.dumps(value) for key, value in attributes.items()},
        }  # fmt: skip

    used = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
    call = {"spanType": "CHAT_MODEL", "llm.model": "gpt-4o", "chat.tokenUsage": used, "llm.cost": {"total_cost": 0.5}}
    spans = [span("run", spanType="AGENT", **{"chat.tokenUsage": used}), span("call", **call)]
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({"info": {"trace_id": "t", "state": "OK"}, "data": {"spans": spans}}))
    outcome = became(path)
    calls = outcome.events["llm_call"]
    told = calls.select("model", "input_tokens", "output_tokens", "cost_usd", "status", "duration_ms").rows()
    assert (outcome.questions, told) == ((), [("gpt-4o", 100, 20, 0.5, "ok", 1000)])
    assert outcome.events["span"]["name"].to_list() == ["run"]
