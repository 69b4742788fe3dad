"""Exports of vendors, gateways and tracers whose tokens were read wrongly once, with what is right."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from metrics.events.questions import Answers
from tests.metrics.lake.cases import CASES, NO_HOME, read

TOKENS = ("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens")
ANTHROPIC = {"calls": 1, "input_tokens": 130213, "cached_input_tokens": 128955, "cache_write_tokens": 1253,
             "output_tokens": 100}  # fmt: skip
ONE_CALL = {"calls": 1, "input_tokens": 100, "output_tokens": 20}


def names(folder: str) -> list[str]:
    return sorted(path.name for path in (CASES / folder).iterdir() if path.suffix != ".yaml")


@pytest.mark.parametrize("name", [name for name in names("anthropic-cache-fields") if name != "openai-flat.ndjson"])
def test_the_input_of_anthropic_has_its_cached_tokens_whoever_wrote_it_down(name: str) -> None:
    found = read(CASES / "anthropic-cache-fields" / name)
    assert found.sums(*TOKENS) == ANTHROPIC
    # 5 fresh tokens at 3 USD a million, those from the cache at 0.30, those into it at 3.75, 100 written at 15.
    assert found.calls["cost_usd"].sum() == pytest.approx(0.04490025)
    assert found.notes


def test_the_input_of_openai_has_its_cached_tokens_already() -> None:
    found = read(CASES / "anthropic-cache-fields" / "openai-flat.ndjson")
    assert found.sums("input_tokens", "cached_input_tokens") == {
        "calls": 1, "input_tokens": 17903, "cached_input_tokens": 17817,
    }  # fmt: skip


@pytest.mark.parametrize("name", names("cached-names"))
def test_cached_tokens_are_seen_under_every_name(name: str) -> None:
    found = read(CASES / "cached-names" / name)
    assert found.sums("input_tokens", "cached_input_tokens") == {
        "calls": 1, "input_tokens": 10000, "cached_input_tokens": 9000,
    }  # fmt: skip
    assert found.calls["cost_usd"].sum() == pytest.approx(0.01375)


@pytest.mark.parametrize("name", names("agent-spans"))
def test_spans_around_a_call_are_none(name: str) -> None:
    assert read(CASES / "agent-spans" / name).sums("input_tokens", "output_tokens") == ONE_CALL


EXPORTS: Mapping[str, Mapping[str, Any]] = {
    "agent-nested.json": {"calls": 2, "input_tokens": 300, "output_tokens": 60},
    "openai-details.ndjson": {"calls": 1, "input_tokens": 17903, "cached_input_tokens": 17817, "output_tokens": 100},
    "phoenix-flat.ndjson": {"calls": 1, "input_tokens": 100, "output_tokens": 20, "duration_ms": 2000},
    "phoenix_spans.parquet": {"calls": 250, "input_tokens": 381_909, "output_tokens": 37_211,
                              "duration_ms": 250 * 2000},
    "plain.ndjson": {"calls": 9, "input_tokens": 800, "output_tokens": 140},
}  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), EXPORTS.items())
def test_an_export_gives_its_calls(name: str, expected: Mapping[str, Any]) -> None:
    found = read(CASES / "llm-exports" / name)
    assert found.sums(*(column for column in expected if column != "calls")) == pytest.approx(dict(expected))


@pytest.mark.parametrize("mapped", [True, False], ids=["mapped", "by names"])
def test_usage_within_a_call_is_read_with_a_mapping_and_without(mapped: bool) -> None:
    folder = CASES / "nested-usage"
    found = read(folder / "openai.ndjson", folder / "mappings.yaml" if mapped else NO_HOME)
    assert found.sums("input_tokens", "cached_input_tokens", "output_tokens") == {
        "calls": 2, "input_tokens": 200, "cached_input_tokens": 80, "output_tokens": 40,
    }  # fmt: skip


def test_a_list_of_langfuse_gives_its_generation() -> None:
    found = read(CASES / "nested-usage" / "langfuse-list.json")
    assert found.sums("input_tokens", "output_tokens", "cost_usd") == {**ONE_CALL, "cost_usd": 0.001}


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Calls as a file of one object a line."""

    def lines(*calls: Mapping[str, Any]) -> Path:
        path = tmp_path / "calls.ndjson"
        whole = ({"ts": f"2026-05-01T10:{place // 60:02}:{place % 60:02}Z", **call} for place, call in enumerate(calls))
        path.write_text("\n".join(json.dumps(one) for one in whole), encoding="utf-8")
        return path

    return lines


CLAUDE = {"model": "claude-sonnet-4-5", "provider": "anthropic"}
GPT = {"model": "gpt-4o", "provider": "openai"}
USAGES: Mapping[str, tuple[Mapping[str, Any], tuple[int, int | None, int | None]]] = {
    "anthropic": (
        {**CLAUDE, "usage": {"input_tokens": 90, "cache_read_input_tokens": 10, "cache_creation_input_tokens": 5,
                             "output_tokens": 1}}, (105, 10, 5)),
    "claude code": (
        {"message": {"model": "claude-opus-4-1", "usage": {"input_tokens": 90, "cache_read_input_tokens": 10,
                                                           "output_tokens": 1}}, "model": "claude-opus-4-1"},
        (100, 10, None)),
    "bedrock": (
        {"model": "anthropic.claude-sonnet-4-5-20250929-v1:0", "provider": "aws.bedrock",
         "usage": {"inputTokens": 90, "cacheReadInputTokens": 10, "cacheWriteInputTokens": 5, "outputTokens": 1}},
        (105, 10, 5)),
    "openai chat": (
        {**GPT, "usage": {"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101,
                          "prompt_tokens_details": {"cached_tokens": 10, "audio_tokens": 0}}}, (100, 10, None)),
    "openai responses": (
        {**GPT, "response": {"usage": {"input_tokens": 100, "output_tokens": 1,
                                       "input_tokens_details": {"cached_tokens": 10}}}}, (100, 10, None)),
    "no details": (
        {**GPT, "usage": {"prompt_tokens": 100, "completion_tokens": 1, "prompt_tokens_details": None}},
        (100, None, None)),
    "texts": ({**GPT, "usage": {"prompt_tokens": "100", "completion_tokens": "1",
                                "prompt_tokens_details": {"cached_tokens": "10"}}}, (100, 10, None)),
    "usage as text": (
        {**GPT, "usage": json.dumps({"prompt_tokens": 100, "completion_tokens": 1,
                                     "prompt_tokens_details": {"cached_tokens": 10}})},
        (100, 10, None)),
    "gemini": (
        {"model": "gemini-2.5-pro", "provider": "google",
         "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 1, "cachedContentTokenCount": 10}},
        (100, 10, None)),
    "gemini, snake": (
        {"model": "gemini-2.5-pro", "response": {"usage_metadata": {
            "prompt_token_count": 100, "candidates_token_count": 1, "cached_content_token_count": 10}}},
        (100, 10, None)),
    "deepseek": (
        {"model": "deepseek-chat", "provider": "deepseek",
         "usage": {"prompt_tokens": 100, "completion_tokens": 1, "prompt_cache_hit_tokens": 10,
                   "prompt_cache_miss_tokens": 90}}, (100, 10, None)),
    "deepseek, hits and misses": (
        {"model": "deepseek-chat", "usage": {"completion_tokens": 1, "prompt_cache_hit_tokens": 10,
                                             "prompt_cache_miss_tokens": 90}}, (100, 10, None)),
    "vercel": (
        {**GPT, "usage": {"inputTokens": 100, "outputTokens": 1, "cachedInputTokens": 10}}, (100, 10, None)),
    "vercel, details": (
        {**GPT, "usage": {"inputTokens": 100, "outputTokens": 1,
                          "inputTokenDetails": {"cacheReadTokens": 10, "cacheWriteTokens": 5}}}, (100, 10, 5)),
    "langchain": (
        {**CLAUDE, "usage_metadata": {"input_tokens": 100, "output_tokens": 1, "total_tokens": 101,
                                      "input_token_details": {"cache_read": 10, "cache_creation": 5}}}, (100, 10, 5)),
    "langchain, older": (
        {**GPT, "response_metadata": {"token_usage": {"prompt_tokens": 100, "completion_tokens": 1,
                                                      "prompt_tokens_details": {"cached_tokens": 10}}}},
        (100, 10, None)),
    "litellm": (
        {**CLAUDE, "usage": {"prompt_tokens": 105, "completion_tokens": 1, "total_tokens": 106,
                             "cache_read_input_tokens": 10, "cache_creation_input_tokens": 5}}, (105, 10, 5)),
    "coding agent": (
        {**CLAUDE, "tokens": {"input": 90, "output": 1, "cache": {"read": 10, "write": 5}}}, (105, 10, 5)),
    "openrouter": ({**GPT, "native_tokens_prompt": 100, "native_tokens_completion": 1, "native_tokens_cached": 10},
                   (100, 10, None)),
    "flattened": ({**GPT, "usage_prompt_tokens": 100, "usage_completion_tokens": 1,
                   "usage_prompt_tokens_details_cached_tokens": 10}, (100, 10, None)),
    "anthropic's usage report": (
        {**CLAUDE, "uncached_input_tokens": 90, "cache_read_input_tokens": 10, "output_tokens": 1}, (100, 10, None)),
}  # fmt: skip


@pytest.mark.parametrize("vendor", USAGES)
def test_usage_as_a_vendor_reports_it_is_read_without_a_mapping(write: Write, vendor: str) -> None:
    call, expected = USAGES[vendor]
    found = read(write(call)).calls.row(0, named=True)
    assert tuple(found[name] for name in TOKENS[:3]) == expected
    assert found["output_tokens"] == 1


def calls(vendor: Mapping[str, str], *rows: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{**vendor, "output_tokens": 10, **row} for row in rows]


LITTLE = {"input_tokens": 100, "cached_tokens": 20}
MORE = {"input_tokens": 100, "cached_tokens": 900}


def test_one_call_with_more_cached_tokens_than_input_tells_how_its_vendor_counts_in_all(write: Write) -> None:
    rows = [*calls(CLAUDE, LITTLE, MORE), *calls(GPT, LITTLE)]
    found = read(write(*rows))
    assert found.calls["input_tokens"].to_list() == [120, 1000, 100]
    (note,) = found.notes
    assert "anthropic: counted apart, and added (1 of 2 calls" in note
    assert "openai: the input counts them" in note


@pytest.mark.parametrize("batch_rows", [1, 1_000_000])
def test_it_is_told_by_the_whole_file_however_it_is_read(write: Write, batch_rows: int) -> None:
    assert read(write(*calls(CLAUDE, LITTLE, MORE)), batch_rows=batch_rows).calls["input_tokens"].to_list() == [
        120,
        1000,
    ]


@pytest.mark.parametrize(("total", "whole"), [(130, 120), (110, 100)], ids=["apart", "within"])
def test_a_total_tells_whether_the_input_counts_the_cached_tokens(write: Write, total: int, whole: int) -> None:
    rows = calls({"model": "some-model"}, {**LITTLE, "total_tokens": total})
    assert read(write(*rows)).calls["input_tokens"].to_list() == [whole]


def test_a_total_that_leaves_out_cached_tokens_even_where_it_cannot_tells_nothing(write: Write) -> None:
    rows = calls(CLAUDE, {**LITTLE, "total_tokens": 110}, {**MORE, "total_tokens": 110})
    assert read(write(*rows)).calls["input_tokens"].to_list() == [120, 1000]


def test_numbers_that_contradict_each_other_are_asked_about(write: Write) -> None:
    path = write(*calls(CLAUDE, {**LITTLE, "total_tokens": 110}, MORE))
    (question,) = read(path).questions
    assert "do the input tokens count those of the cache?" in question.asks
    answers = [read(path, answers=Answers(rules=option.rules)).calls["input_tokens"].to_list()
               for option in question.options]  # fmt: skip
    # Where the input is said to count them, a call with more of them than input cannot be.
    assert answers == [[120, 1000], [100]]


def test_a_single_odd_call_of_a_vendor_that_counts_them_is_asked_about(write: Write) -> None:
    path = write(*calls(GPT, *[LITTLE] * 99, MORE))
    (question,) = read(path).questions
    assert "only 1 of 100 calls" in question.asks
    answered = read(path, answers=Answers(yes=True)).parts["llm_call"]
    assert (answered.good["input_tokens"].sum(), answered.rejected.height) == (99 * 100, 1)


def test_a_single_call_proves_it_of_a_vendor_without_such_a_custom(write: Write) -> None:
    path = write(*calls(CLAUDE, *[LITTLE] * 99, MORE))
    assert read(path).calls["input_tokens"].sum() == 99 * 120 + 1000


def test_rows_of_a_vendor_under_names_of_both_customs_are_each_read_by_theirs(write: Write) -> None:
    usage = {"input_tokens": 90, "cache_read_input_tokens": 10, "output_tokens": 1}
    other = {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 10}, "completion_tokens": 1}
    found = read(write({**CLAUDE, "usage": usage}, {**CLAUDE, "usage": other}))
    assert found.calls["input_tokens"].to_list() == [100, 100]


def test_only_the_vendor_in_question_is_answered_for(write: Write) -> None:
    path = write(*calls(CLAUDE, {**LITTLE, "total_tokens": 110}, MORE), *calls(GPT, LITTLE))
    (question,) = read(path).questions
    assert question.options[0].rules == {"input_tokens": {"cached": "anthropic: excluded"}}
    answered = read(path, answers=Answers(rules=question.options[0].rules))
    assert answered.calls["input_tokens"].to_list() == [120, 1000, 100]


def test_a_reported_cost_stays_as_reported(write: Write) -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 100, "output_tokens": 1}
    found = read(write({**CLAUDE, "usage": usage, "cost": 0.25})).calls.row(0, named=True)
    assert (found["input_tokens"], found["cost_usd"], found["cost_source"]) == (105, 0.25, "reported")


def test_our_own_form_is_looked_at_once_and_says_nothing(write: Write) -> None:
    rows = calls(CLAUDE, {"input_tokens": 100, "cached_input_tokens": 20, "cache_write_tokens": 5})
    found = read(write(*rows))
    assert (found.notes, found.calls["input_tokens"].to_list()) == ((), [100])


def spans(*rows: tuple[str, str | None, int, Mapping[str, Any]]) -> pl.DataFrame:
    """Spans of one trace: id, parent, input tokens, further attributes."""
    return pl.DataFrame([
        {"trace_id": "t", "span_id": span, "parent_span_id": parent, "name": "x", "start_time": "2026-05-01T10:00:00Z",
         "end_time": "2026-05-01T10:00:02Z", "attributes": json.dumps({
             **({"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": given, "gen_ai.usage.output_tokens": 1}
                if given else {}), **more})}
        for span, parent, given, more in rows
    ])  # fmt: skip


TREES: Mapping[str, tuple[pl.DataFrame, list[str]]] = {
    "an agent over two calls": (
        spans(("a", None, 0, {"gen_ai.usage.input_tokens": 30, "gen_ai.usage.output_tokens": 2}),
              ("b", "a", 10, {}), ("c", "a", 20, {})), ["b", "c"]),
    "through spans without tokens": (
        spans(("a", None, 10, {}), ("b", "a", 0, {"db.system": "x"}), ("c", "b", 0, {}), ("d", "c", 10, {})), ["d"]),
    "one within another": (spans(("a", None, 10, {}), ("b", "a", 10, {}), ("c", "b", 10, {})), ["c"]),
    "a child before its parent": (spans(("c", "a", 10, {}), ("a", None, 10, {})), ["c"]),
    "other tokens": (spans(("a", None, 10, {}), ("b", "a", 20, {})), ["a", "b"]),
    "siblings": (spans(("a", "r", 10, {}), ("b", "r", 10, {})), ["a", "b"]),
    "a ring": (spans(("a", "b", 10, {}), ("b", "a", 20, {})), ["a", "b"]),
    "its own parent": (spans(("a", "a", 10, {}), ("b", "x", 10, {})), ["a", "b"]),
    "named, its calls in another file": (
        spans(("a", None, 10, {"gen_ai.operation.name": "invoke_agent"}), ("b", "x", 10, {})), ["b"]),
}  # fmt: skip


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("batch_rows", [2, 1_000_000])
def test_a_span_with_the_tokens_of_the_calls_within_it_is_no_call(tmp_path: Path, tree: str, batch_rows: int) -> None:
    rows, expected = TREES[tree]
    rows.write_parquet(tmp_path / "spans.parquet")
    found = read(tmp_path / "spans.parquet", batch_rows=batch_rows)
    assert found.calls["event_id"].str.strip_prefix("t-").sort().to_list() == expected


def test_spans_of_two_traces_are_told_apart(tmp_path: Path) -> None:
    first = spans(("a", None, 10, {}), ("b", "a", 10, {}))
    other = first.with_columns(trace_id=pl.lit("u")).filter(pl.col("span_id") == "a")
    pl.concat([first, other]).write_parquet(tmp_path / "spans.parquet")
    assert sorted(read(tmp_path / "spans.parquet").calls["event_id"]) == ["t-b", "u-a"]


def test_calls_within_calls_whose_tokens_differ_are_told(tmp_path: Path) -> None:
    TREES["other tokens"][0].write_parquet(tmp_path / "spans.parquet")
    assert read(tmp_path / "spans.parquet").notes == (
        "1 calls have calls within them whose tokens are others; all of them count",
    )


GROK = {"model": "grok-4", "provider": "xai"}
GEMINI = {"model": "gemini-2.5-pro", "provider": "google"}
THOUGHTS: Mapping[str, tuple[Mapping[str, Any], int]] = {
    "openai counts them": (
        {**GPT, "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
                          "completion_tokens_details": {"reasoning_tokens": 40}}}, 50),
    "xai's completion does not": (
        {**GROK, "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 190,
                           "completion_tokens_details": {"reasoning_tokens": 40}}}, 90),
    "xai, without a total": (
        {**GROK, "usage": {"prompt_tokens": 100, "completion_tokens": 50,
                           "completion_tokens_details": {"reasoning_tokens": 40}}}, 90),
    "xai, through a gateway that adds them": (
        {**GROK, "usage": {"prompt_tokens": 100, "completion_tokens": 90, "total_tokens": 190,
                           "completion_tokens_details": {"reasoning_tokens": 40}}}, 90),
    "xai's answers do": (
        {**GROK, "usage": {"input_tokens": 100, "output_tokens": 50,
                           "output_tokens_details": {"reasoning_tokens": 40}}}, 50),
    "gemini's candidates do not": (
        {**GEMINI, "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 50, "thoughtsTokenCount": 40}},
        90),
    "more thoughts than output": ({**GEMINI, "input_tokens": 100, "output_tokens": 5, "reasoning_tokens": 40}, 45),
    "by the total, with cached tokens": (
        {**GPT, "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 190,
                          "prompt_tokens_details": {"cached_tokens": 10},
                          "completion_tokens_details": {"reasoning_tokens": 40}}}, 90),
}  # fmt: skip


@pytest.mark.parametrize(("call", "output"), THOUGHTS.values(), ids=THOUGHTS)
def test_the_output_has_the_tokens_of_the_reasoning(write: Write, call: Mapping[str, Any], output: int) -> None:
    found = read(write(call))
    assert found.sums("output_tokens", "reasoning_tokens") == {
        "calls": 1, "output_tokens": output, "reasoning_tokens": 40,
    }  # fmt: skip
    assert found.notes


def test_a_single_call_with_more_thoughts_than_output_is_asked_about(write: Write) -> None:
    plain = {**GPT, "prompt_tokens": 100, "completion_tokens": 50, "reasoning_tokens": 40}
    path = write(*[plain] * 30, {**plain, "completion_tokens": 5})
    (question,) = read(path).questions
    assert "do the output tokens count those of the reasoning?" in question.asks
    answered = read(path, answers=Answers(rules={"output_tokens": {"reasoning": "excluded"}}))
    assert answered.sums("output_tokens") == {"calls": 31, "output_tokens": 30 * 90 + 45}


DETAILS: Mapping[str, tuple[Mapping[str, Any], str, int]] = {
    "a count": ({"cached_tokens_count": 9000}, "cached_input_tokens", 9000),
    "a part of the input": ({"cachedInput": 9000}, "cached_input_tokens", 9000),
    "of prefixes": ({"prefix_cache_hit_tokens": 9000}, "cached_input_tokens", 9000),
    "what was used again": ({"reused_tokens": 9000}, "cached_input_tokens", 9000),
    "without a word for tokens": ({"cache_read": 9000}, "cached_input_tokens", 9000),
    "within tokens": ({"tokens": {"cached": 9000}}, "cached_input_tokens", 9000),
    "a prefix nobody knows": ({"metadata": {"openinference.llm.token_count.prompt_details.cache_read": 9000}},
                              "cached_input_tokens", 9000),
    "what was written": ({"usage": {"tokensStoredInCache": 9000}}, "cache_write_tokens", 9000),
    "what was written, by how long it stays": (
        {"usage": {"cache_creation": {"ephemeral_5m_input_tokens": 8000, "ephemeral_1h_input_tokens": 1000}}},
        "cache_write_tokens", 9000),
    "thoughts": ({"usage": {"thinkingTokensTotal": 9000}}, "reasoning_tokens", 9000),
    "a flag": ({"cached": 1}, "cached_input_tokens", 0),
    "a price": ({"cached_tokens_cost": 9000}, "cached_input_tokens", 0),
    "another thing": ({"prompt_cache_key": 9000, "cache_ttl": 300, "cached_at": 1777629600}, "cached_input_tokens", 0),
}  # fmt: skip


@pytest.mark.parametrize(("more", "column", "expected"), DETAILS.values(), ids=DETAILS)
def test_details_of_tokens_are_seen_by_the_words_of_their_names(
    write: Write, more: Mapping[str, Any], column: str, expected: int
) -> None:
    call = {**GPT, "input_tokens": 10_000, "output_tokens": 10_000, **more}
    assert read(write(call)).calls[column].sum() == expected
