"""Every word of the language of mappings: what it makes of a row."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path, PurePath
from typing import Any

import polars as pl
import pytest

from metrics.events.conversion import Converted, Occurrences, convert
from metrics.events.mapping.mappings import MappingError, Mappings
from metrics.events.mapping.unseen import unseen
from metrics.events.pricing import PriceBook
from metrics.events.recognition.recognition import recognize
from tests.metrics.events.conftest import NOW, TIME, Convert

Load = Callable[[str], Mappings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """The mappings that a text makes."""

    def load_text(text: str) -> Mappings:
        (tmp_path / "mappings.yaml").write_text(text, encoding="utf-8")
        return Mappings.load(tmp_path / "mappings.yaml")

    return load_text


def of_kind(kind: str, *rules: str) -> str:
    return "\n".join((f"- name: own\n  kind: {kind}\n  columns:", *(f"    {rule}" for rule in rules)))


NONE = pl.Series([None], dtype=pl.String)


@pytest.mark.parametrize(
    ("rule", "column", "given", "stored"),
    [
        ("response_bytes: sizes.body", "response_bytes", {"sizes": ['{"body": 5}']}, 5),
        ("endpoint: [page.path, screen]", "endpoint", {"page": ["{}"], "screen": ["/b"]}, "/b"),
        ("response_bytes: {from: kib, factor: 1024}", "response_bytes", {"kib": ["1.5"]}, 1536),
        ("response_bytes: {from: kib, factor: 1000}", "response_bytes", {"kib": [1.0015]}, None),
        ("duration_ms: {from: ticks, factor: 0.1}", "duration_ms", {"ticks": [50]}, 5),
        ("response_bytes: {plus: [head, body.size]}", "response_bytes", {"head": [5], "body": ['{"size": 7}']}, 12),
        ("response_bytes: {plus: [head, body]}", "response_bytes", {"head": [5], "body": NONE}, 5),
        ("response_bytes: {plus: [head, body]}", "response_bytes", {"head": NONE, "body": NONE}, None),
        ("response_bytes: {from: head, plus: [body]}", "response_bytes", {"head": [5], "body": NONE}, 5),
        ("endpoint: {join: [verb, path]}", "endpoint", {"verb": ["GET"], "path": ["/a"]}, "GET /a"),
        ("endpoint: {join: [verb, path]}", "endpoint", {"verb": ["GET"], "path": NONE}, None),
        ("endpoint: {from: url, pattern: '^https?://[^/]+(/[^?]*)'}", "endpoint",
         {"url": ["https://x.example/p0?a=1"]}, "/p0"),
        ("status_code: {from: line, pattern: ' ([0-9]{3}) '}", "status_code", {"line": ["GET 404 x"]}, 404),
        ("status_code: {from: line, pattern: ' ([0-9]{3}) '}", "status_code", {"line": ["none"]}, None),
        ("duration_ms: {starts: [begun], ends: [done]}", "duration_ms",
         {"begun": ["2026-05-01T00:00:01Z"], "done": ["2026-05-01T00:00:03Z"]}, 2000),
        ("duration_ms: {starts: [t.begun], ends: [t.done]}", "duration_ms",
         {"t": ['{"begun": "2026-05-01T00:00:01Z", "done": "2026-05-01T00:00:03Z"}']}, 2000),
        ("duration_ms: {ends: [done], zone: Europe/Berlin}", "duration_ms", {"done": ["2026-05-01T02:00:03"]}, 3000),
    ],
)  # fmt: skip
def test_a_rule_gives_its_column(
    load: Load, converted: Convert, rule: str, column: str, given: dict[str, Any], stored: Any
) -> None:
    parts = converted({"time": [TIME], **given}, mappings=load(of_kind("request", "ts: time", rule)), map_name="own")
    rows = parts["request"].good[column].to_list()
    assert rows == ([stored] if parts["request"].rejected.is_empty() else [])


@pytest.mark.parametrize(
    "given",
    [
        {"day": ["2026-05-01"], "at": ["10:00:00"]},
        {"day": pl.Series(["2026-05-01"]).str.to_datetime("%Y-%m-%d"), "at": ["10:00:00"]},
        {"day": [date(2026, 5, 1)], "at": [time(10)]},
    ],
    ids=["texts", "midnight", "types"],
)
def test_a_time_is_joined_from_a_date_and_a_time(load: Load, converted: Convert, given: dict[str, Any]) -> None:
    parts = converted(given, mappings=load(of_kind("request", "ts: {join: [day, at]}")), map_name="own")
    assert parts["request"].good["ts"].to_list() == [datetime(2026, 5, 1, 10, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("said", "whole"),
    [("included", 100), ("excluded", 120), ("{anthropic: excluded}", 100), ("'openai: excluded'", 120)],
)
def test_a_mapping_says_whether_the_input_counts_cached_tokens(
    load: Load, converted: Convert, said: str, whole: int
) -> None:
    text = of_kind("llm_call", "ts: t", f"input_tokens: {{from: i, cached: {said}}}", "cached_input_tokens: c",
                   "provider: {value: openai}")  # fmt: skip
    parts = converted({"t": [TIME], "i": [100], "c": [20]}, mappings=load(text), map_name="own")
    assert parts["llm_call"].good["input_tokens"].to_list() == [whole]


def test_cached_tokens_that_a_mapping_adds_are_not_added_again(load: Load, converted: Convert) -> None:
    text = of_kind("llm_call", "ts: t", "input_tokens: {from: input_tokens, plus: [cache_read_input_tokens]}",
                   "cached_input_tokens: cache_read_input_tokens")  # fmt: skip
    rows = {"t": [TIME], "input_tokens": [100], "cache_read_input_tokens": [20]}
    assert converted(rows, mappings=load(text), map_name="own")["llm_call"].good["input_tokens"].to_list() == [120]


CONDITIONS = """
- name: own
  parts:
    - kind: request
      columns: {ts: t, endpoint: e}
      %s
"""


@pytest.mark.parametrize(
    ("condition", "taken"),
    [
        ("when: {k.type: [hit]}", ["/a"]),
        ("when: {n: [1]}", ["/a"]),
        ("unless: {k.type: [hit]}", ["/b", "/c"]),
        ("present: [x, k.more]", ["/b"]),
        ("absent: [k.more]", ["/a", "/c"]),
        ("absent: [nothing]", ["/a", "/b", "/c"]),
        ("unless: {k.type: [hit]}\n      absent: [k.more]", ["/c"]),
    ],
)
def test_a_part_has_the_rows_that_meet_its_conditions(
    load: Load, converted: Convert, condition: str, taken: list[str]
) -> None:
    rows = {"t": [TIME] * 3, "e": ["/a", "/b", "/c"], "k": ['{"type": "Hit"}', '{"type": "x", "more": 1}', "{}"],
            "n": [1.0, 2.0, None]}  # fmt: skip
    parts = converted(rows, mappings=load(CONDITIONS % condition), map_name="own")
    assert parts["request"].good["endpoint"].to_list() == taken
    assert sum(part.rejected.height for part in parts.values()) == 3 - len(taken)


VITALS = """
- name: own
  several: true
  parts:
    - {kind: web_vital, present: [lcp], columns: {ts: t, event_id: id, name: {value: lcp}, value: lcp}}
    - {kind: web_vital, present: [cls], columns: {ts: t, event_id: id, name: {value: cls}, value: cls}}
    - {kind: interaction, columns: {ts: t, event_id: id, page: p, action: {value: page_view}}}
"""


def test_a_row_belongs_to_every_part_it_fits(load: Load, converted: Convert) -> None:
    rows = {"t": [TIME] * 2, "id": ["a", "b"], "lcp": [1.0, 2.0], "cls": [0.1, None], "p": ["/x", "/y"]}
    parts = converted(rows, mappings=load(VITALS), map_name="own")
    vitals = parts["web_vital"].good.select("event_id", "name", "value").rows()
    assert sorted(vitals) == [("a", "lcp", 1.0), ("a-2", "cls", 0.1), ("b", "lcp", 2.0)]
    assert parts["interaction"].good["event_id"].to_list() == ["a", "b"]


BUCKETS = """
- name: own
  each: %s
  kind: llm_call
  columns: {ts: start, model: model, input_tokens: input_tokens, output_tokens: n.out}
"""
RESULTS = [{"model": "gpt-4o", "input_tokens": 5, "n": {"out": 1}}, {"model": "gpt-4.1", "input_tokens": 7}]


@pytest.mark.parametrize("form", ["text", "lists"])
def test_items_of_a_list_are_rows_with_the_fields_of_the_row_around_them(
    load: Load, converted: Convert, form: str
) -> None:
    results = [RESULTS, []]
    rows = pl.DataFrame({
        "start": [TIME, TIME], "results": [json.dumps(one) for one in results] if form == "text" else results,
    })  # fmt: skip
    parts = converted(rows, mappings=load(BUCKETS % "results"), map_name="own")
    calls = parts["llm_call"].good.select("model", "input_tokens", "output_tokens").rows()
    assert calls == [("gpt-4o", 5, 1), ("gpt-4.1", 7, None)]
    assert parts["unknown"].rejected.select("row", "reason").rows() == [(1, "it has no items in results")]


def test_lists_are_unrolled_one_within_another(load: Load, converted: Convert) -> None:
    rows = {"data": ['[{"start": "2026-05-01T00:00:00Z", "results": [{"model": "a"}, {"model": "b"}]},'
                     ' {"start": "2026-05-01T00:00:01Z", "results": [{"model": "c"}]}]']}  # fmt: skip
    parts = converted(rows, mappings=load(BUCKETS % "[data, results]"), map_name="own")
    assert parts["llm_call"].good["model"].to_list() == ["a", "b", "c"]
    assert parts["llm_call"].good["ts"].n_unique() == 2


def test_a_list_within_an_object_keeps_what_is_beside_it(load: Load, converted: Convert) -> None:
    rows = {"body": ['{"start": "2026-05-01T00:00:00Z", "items": [{"model": "a"}]}']}
    text = (BUCKETS % "body.items").replace("ts: start", "ts: body.start")
    assert converted(rows, mappings=load(text), map_name="own")["llm_call"].good["model"].to_list() == ["a"]


def test_an_item_that_is_no_object_takes_the_place_of_its_list(load: Load, converted: Convert) -> None:
    text = "- name: own\n  each: took\n  kind: request\n  columns: {ts: t, endpoint: e, duration_ms: took}\n"
    rows = {"t": [TIME], "e": ["/a"], "took": ["[5, 7]"], "event_id": ["x"]}
    good = converted(rows, mappings=load(text), map_name="own")["request"].good
    assert good.select("event_id", "duration_ms").rows() == [("x", 5), ("x-2", 7)]


COUNTED = of_kind("llm_call", "ts: t", "model: m", "input_tokens: i", "cost_usd: c").replace(
    "  kind: llm_call", "  kind: llm_call\n  count: n"
)


def counted(load: Load, converted: Convert, **columns: Any) -> dict[str, Converted]:
    rows = {"t": [TIME], "m": ["gpt-4o"], "i": [10], "c": [0.1], **columns}
    return converted(rows, mappings=load(COUNTED), map_name="own")


def test_a_row_becomes_as_many_events_as_it_counts(load: Load, converted: Convert) -> None:
    good = counted(load, converted, n=[3])["llm_call"].good
    assert good["input_tokens"].to_list() == [4, 3, 3]
    assert good["cost_usd"].sum() == pytest.approx(0.1, rel=1e-15)
    assert good["event_id"].n_unique() == 3
    assert good["attributes"].to_list() == [{"n": "3", "events_in_row": "3"}] * 3


def test_what_events_of_one_row_cannot_tell_is_said(load: Load) -> None:
    rows = pl.DataFrame({"t": [TIME] * 3, "m": ["gpt-4o"] * 3, "i": [10] * 3, "c": [0.1] * 3, "n": [3, 1, 4]})
    recognized = recognize(rows.schema, PurePath("usage.csv"), load(COUNTED), "own", rows)
    seen = Occurrences()
    for batch in (rows.head(1), rows.tail(2)):
        convert(batch, recognized, now=NOW, prices=PriceBook(), source="usage.csv", occurrences=seen)
    (note,) = seen.remarks.notes
    assert note.startswith("7 events stand in 2 rows: those of one row have one time")
    assert "percentiles, funnels" in note


@pytest.mark.parametrize(
    ("number", "kind", "reason"),
    [
        ("0", "unknown", "its n is 0: it stands for no event"),
        ("many", "llm_call", "n is many; expected a whole number of events"),
        ("1.5", "llm_call", "n is 1.5; expected a whole number of events"),
        ("-1", "llm_call", "n is -1; expected a whole number of events"),
        (None, "llm_call", "n is null; expected a whole number of events"),
        ("1000001", "llm_call", "1000001 events stand in one row; at most 1,000,000 are made of one"),
    ],
)
def test_a_row_that_counts_no_events_is_rejected(
    load: Load, converted: Convert, number: str | None, kind: str, reason: str
) -> None:
    parts = counted(load, converted, n=pl.Series([number], dtype=pl.String))
    assert parts[kind].rejected["reason"].to_list() == [reason]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("ts: t\n    input_tokens: usage.promt_tokens", "columns.input_tokens names `usage.promt_tokens`, which is "
         "nowhere in the file; the nearest is 'usage.prompt_tokens'"),
        ("ts: t\n    model: modle", "names `modle`, which is nowhere in the file; the nearest is 'model'"),
        ("ts: t\n    input_tokens: {from: usage.prompt_tokens, plus: [casche]}", "columns.input_tokens.plus names"),
        ("ts: t\n    model: [nope, model]", ""),
        ("ts: t\n    model: {from: nope, default: null}", ""),
    ],
)  # fmt: skip
def test_what_a_mapping_names_and_a_file_has_not_is_told(load: Load, converted: Convert, rules: str, said: str) -> None:
    mappings = load(of_kind("llm_call", rules))
    rows = pl.DataFrame({"t": [TIME], "model": ["m"], "usage": ['{"prompt_tokens": 1}'], "cache": [1]})
    seen = Occurrences()
    converted(rows, mappings=mappings, map_name="own", occurrences=seen)
    recognized = recognize(rows.schema, PurePath("x"), mappings, "own", rows)
    found = unseen(recognized, seen, rows)
    assert (said in found) if said else (found == "")


def test_an_adapter_that_ships_may_name_what_a_file_has_not(shipped: Mappings, converted: Convert) -> None:
    rows = pl.DataFrame({"gen_ai.request.model": ["m"], "start_time": [TIME]})
    seen = Occurrences()
    converted(rows, occurrences=seen)
    assert unseen(recognize(rows.schema, PurePath("x"), shipped, "opentelemetry", rows), seen, rows) == ""


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("endpoint: {from: a, pattern: '('}", "is no regular expression"),
        ("endpoint: {from: a, pattern: 'x'}", "has 0 groups; expected one"),
        ("endpoint: {from: a, pattern: '(?<=x)(y)'}", "is no regular expression"),
        ("endpoint: {from: a, factor: 2}", "is only for numbers, which endpoint is not"),
        ("response_bytes: {from: a, factor: 0}", "0 would make every value 0"),
        ("response_bytes: {from: a, cached: excluded}", "is only for input_tokens"),
        ("response_bytes: {join: [a, b]}", "is only for times and texts"),
        ("endpoint: {from: a, starts: [b]}", "is only for durations"),
        ("ts: {from: a, order: sideways}", "columns.ts.order"),
        ("ts: {from: a, decimal: comma}", "is only for numbers, which ts is not"),
    ],
)
def test_a_rule_that_cannot_be_is_told(load: Load, rule: str, said: str) -> None:
    with pytest.raises(MappingError) as caught:
        load(of_kind("request", rule))
    assert said in str(caught.value)


def test_what_is_refused_becomes_no_kind(load: Load) -> None:
    with pytest.raises(MappingError, match="what is refused has neither"):
        load("- name: own\n  refuse: it holds no events\n  kind: request\n")
    assert load("- name: own\n  refuse: it holds no events\n").own[0].all_parts == ()
