"""Values within values: the same calls, however their usage is nested, give the same tokens and cost."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.events.conversion import convert
from metrics.events.mapping.mappings import Mappings
from metrics.events.pricing import PriceBook
from metrics.events.recognition.recognition import recognize
from metrics.events.rows.containers import FLAT
from metrics.events.rows.paths import paths_of, resolved
from tests.metrics.events.conftest import NOW, TIME

Usage = Mapping[str, Any]


def at(values: Any, path: str, dtype: Any = None) -> list[Any] | None:
    """What stands at a path within a column `a`; None where there is nothing."""
    frame = resolved(pl.DataFrame({"a": pl.Series(values, dtype=dtype)}), frozenset({path}))
    return frame[FLAT + path].to_list() if FLAT + path in frame.columns else None


@pytest.mark.parametrize(
    ("values", "path", "expected"),
    [
        ([{"b": {"c": 1}}], "a.b.c", [1]),
        ([{"B": {"C": 1}}], "a.b.c", [1]),
        (['{"b": {"c": 1}}', None, "no JSON", "{}"], "a.b.c", [1, None, None, None]),
        (['{"b": {"c": 12345678901234567}}'], "a.b.c", [12345678901234567]),
        (['{"b": {"c": 0.1}}', '{"b": {"c": 2}}'], "a.b.c", [0.1, 2]),
        (['{"b": {"c": "x"}}', '{"b": {"c": 2}}'], "a.b.c", ["x", "2"]),
        (['{"b": "{\\"c\\": 1}"}'], "a.b.c", [1]),
        ([[{"c": 1}, {"c": 2}]], "a.1.c", [2]),
        ([[{"c": 1}]], "a.7.c", None),
        (['[{"c": 1}, {"c": 2}]'], "a.1.c", [2]),
        (['{"b.c": 3, "b": {"c": 1}}'], "a.b.c", [3]),
        (['{"b": {"c.d": 3}}'], "a.b.c.d", [3]),
        ([{"b.c": 3}], "a.b.c", [3]),
        ([[{"key": "b", "value": {"string_value": "x", "int_value": None}}]], "a.b", ["x"]),
        ([[{"key": "b", "value": {"string_value": None, "int_value": 5}}]], "a.b", [5]),
        ([[{"key": "b", "value": {"float_value": 0.5, "set_timestamp_micros": 7}}]], "a.b", [0.5]),
        (['[{"key": "b", "value": {"intValue": "5"}}]'], "a.b", ["5"]),
        (['[{"key": "b", "value": {"intValue": "5"}}]'], "a.b.intvalue", ["5"]),
        (['[{"name": "b", "value": 5}]'], "a.b", [5]),
        (['[["b", 5]]'], "a.b", [5]),
        (['{"b": {"string_value": "x"}}'], "a.b", ["x"]),
        (["1"], "a.b", None),
        ([1], "a.b", None),
    ],
    ids=str,
)
def test_a_path_leads_to_what_stands_there(values: Any, path: str, expected: list[Any] | None) -> None:
    assert at(values, path) == expected


def test_a_path_leads_into_a_map() -> None:
    assert at([{"b.c": "3", "B": "{}"}], "a.b.c", pl.Map(pl.String, pl.String)) == ["3"]


def test_a_column_named_like_a_path_is_that_column() -> None:
    frame = pl.DataFrame({"a.b": [1], "a": ['{"b": 2}']})
    assert resolved(frame, frozenset({"a.b"})).columns == ["a.b", "a"]


def test_the_longest_beginning_that_is_there_is_followed() -> None:
    frame = resolved(pl.DataFrame({"a": ['{"b": {"c": 1}}'], "a.b": ['{"c": 2}']}), frozenset({"a.b.c"}))
    assert frame[FLAT + "a.b.c"].to_list() == [2]


def test_the_paths_of_a_file_are_told() -> None:
    frame = pl.DataFrame({"a": ['{"b": {"c": 1}, "d": [{"key": "e", "value": {"int_value": 1}}]}'], "plain": ["x"]})
    assert paths_of(frame) == ("a.b.c", "a.d.e")


def dotted(usage: Usage, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in usage.items():
        found |= dotted(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def texts(usage: Usage) -> dict[str, str]:
    return {key: json.dumps(value) for key, value in dotted(usage, "").items()}


def column(values: Sequence[Any], dtype: Any = None) -> dict[str, pl.Series]:
    return {"usage": pl.Series("usage", values, dtype=dtype, strict=False)}


def flat(usages: Sequence[Usage], separator: str) -> dict[str, pl.Series]:
    rows = [{key.replace(".", separator): value for key, value in dotted(usage, "usage.").items()} for usage in usages]
    names = dict.fromkeys(key for row in rows for key in row)
    return {name: pl.Series(name, [row.get(name) for row in rows], dtype=pl.Int64) for name in names}


FORMS: Mapping[str, Callable[[Sequence[Usage]], dict[str, pl.Series]]] = {
    "a struct": lambda usages: column(usages),
    "JSON text": lambda usages: column([json.dumps(usage) for usage in usages]),
    "JSON text within JSON text": lambda usages: column(
        [json.dumps({key: json.dumps(value) for key, value in usage.items()}) for usage in usages]
    ),
    "a map": lambda usages: column([texts(usage) for usage in usages], pl.Map(pl.String, pl.String)),
    "a list of pairs": lambda usages: column(
        [[{"key": key, "value": value} for key, value in texts(usage).items()] for usage in usages]
    ),
    "JSON text of pairs with types": lambda usages: column(
        [json.dumps([{"key": key, "value": {"intValue": value}} for key, value in texts(usage).items()])
         for usage in usages]
    ),
    "columns with dots": lambda usages: flat(usages, "."),
    "columns with underscores": lambda usages: flat(usages, "_"),
    "a struct in another": lambda usages: {
        "response": pl.Series("response", [{"id": "x", "usage": usage} for usage in usages])
    },
    "in capitals": lambda usages: column([json.dumps(usage).upper() for usage in usages]),
}  # fmt: skip
SPELLINGS: Mapping[str, tuple[str, Callable[[int, int, int], Usage]]] = {
    "openai": ("gpt-4o", lambda fresh, cached, output: {
        "prompt_tokens": fresh + cached, "completion_tokens": output,
        "prompt_tokens_details": {"cached_tokens": cached}}),
    "responses": ("gpt-4o", lambda fresh, cached, output: {
        "input_tokens": fresh + cached, "output_tokens": output, "input_tokens_details": {"cached_tokens": cached}}),
    "langchain": ("gpt-4o", lambda fresh, cached, output: {
        "input_tokens": fresh + cached, "output_tokens": output, "input_token_details": {"cache_read": cached}}),
    "anthropic": ("claude-sonnet-4-5", lambda fresh, cached, output: {
        "input_tokens": fresh, "cache_read_input_tokens": cached, "output_tokens": output}),
    "deepseek": ("deepseek-chat", lambda fresh, cached, output: {
        "prompt_cache_miss_tokens": fresh, "prompt_cache_hit_tokens": cached, "completion_tokens": output}),
}  # fmt: skip
COUNTS = st.lists(st.tuples(*[st.integers(0, 10**6)] * 3), min_size=1, max_size=4)


def calls(columns: Mapping[str, Any]) -> pl.DataFrame:
    """The calls that rows become without a mapping of their own."""
    rows = pl.DataFrame(columns)
    recognized = recognize(rows.schema, PurePath("calls.parquet"), Mappings(), None, rows)
    return convert(rows, recognized, now=NOW, prices=PriceBook(), source="")["llm_call"].good


@pytest.mark.parametrize("spelling", SPELLINGS)
@settings(max_examples=8, deadline=None)
@given(counts=COUNTS)
def test_calls_give_the_same_tokens_and_cost_in_every_nesting(
    spelling: str, counts: list[tuple[int, int, int]]
) -> None:
    model, write = SPELLINGS[spelling]
    usages = [write(*one) for one in counts]
    common = {"ts": [TIME] * len(counts), "model": [model] * len(counts)}
    plain = {
        **common, "input_tokens": [fresh + cached for fresh, cached, _ in counts],
        "cached_input_tokens": [cached for _, cached, _ in counts], "output_tokens": [output for *_, output in counts],
    }  # fmt: skip
    kept = ("input_tokens", "cached_input_tokens", "output_tokens", "cost_usd")
    expected = calls(plain).select(kept)
    for form, nest in FORMS.items():
        assert calls({**common, **nest(usages)}).select(kept).equals(expected), form
