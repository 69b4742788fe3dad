"""JSON of every shape, integers of any size, and lines that are none."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from metrics.lake.problems import Unreadable
from tests.metrics.lake.formats.reading import CASES, read, read_text, written

FOLDER = CASES / "03-json-shapes"
ONE: dict[str, Any] = {"ts": "2026-05-01T10:00:00Z", "model": "m", "input_tokens": 1}
TWO: dict[str, Any] = {**ONE, "input_tokens": 2}
BOTH = pl.DataFrame([ONE, TWO])


def indented(*values: object) -> str:
    return "\n".join(json.dumps(value, indent=2) for value in values)


@pytest.mark.parametrize(
    ("name", "rows", "broken"),
    [
        ("big.ndjson", 6, 0), ("bom.ndjson", 4, 0), ("concat.ndjson", 2, 0), ("epochs.ndjson", 7, 5),
        ("latin1.ndjson", 4, 0), ("mixed.ndjson", 4, 0), ("mixed2.ndjson", 3, 0), ("nan.ndjson", 2, 1),
        ("nested.json", 1, 0), ("pandascol.json", 2, 0), ("pprint2.json", 2, 0), ("pretty.json", 1, 0),
        ("u2028.json", 4, 0), ("u2028.ndjson", 4, 0), ("utf16.ndjson", 4, 0), ("wrapped.json", 2, 0),
    ],
)  # fmt: skip
def test_every_shape_of_the_cases(name: str, rows: int, broken: int) -> None:
    found = read(FOLDER / name)
    assert (found.rows.height, len(found.broken)) == (rows, broken)
    assert found.rows["model"].to_list() == ["gpt-4o"] * rows


def test_integers_of_any_size_stay_apart(tmp_path: Path) -> None:
    users = read(FOLDER / "big.ndjson").rows["user_id"].to_list()
    assert users == ["12345678901234567890123", "12345678901234567890124", "9007199254740993",
                     "18446744073709551615", "18446744073709551616", "-5"]  # fmt: skip
    assert read(FOLDER / "mixed2.ndjson").rows["user_id"].n_unique() == 3
    nested = read_text(tmp_path, '{"a":{"id":12345678901234567890123}}\n{"a": [18446744073709551617]}', "a.ndjson")
    assert nested.rows["a"].to_list() == ['{"id":12345678901234567890123}', "[18446744073709551617]"]


def test_a_number_and_the_same_as_text_are_one_value() -> None:
    assert read(FOLDER / "mixed.ndjson").rows["user_id"].drop_nulls().unique().to_list() == ["17"]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([ONE, TWO]), json.dumps([ONE, TWO], indent=2),
        "[\n" + json.dumps(ONE) + ",\n" + json.dumps(TWO) + "]\n",
        json.dumps(ONE) + json.dumps(TWO), indented(ONE, TWO), json.dumps(ONE) + ",\n" + json.dumps(TWO) + ",",
        json.dumps(ONE) + "\r" + json.dumps(TWO), "\x1e" + json.dumps(ONE) + "\n\x1e" + json.dumps(TWO) + "\n",
        "\ufeff" + json.dumps(ONE) + "\n\ufeff" + json.dumps(TWO) + "\n",
        "\n\n" + json.dumps(ONE) + "\n\n" + json.dumps(TWO),
        *(json.dumps({key: [ONE, TWO], "total": 2}) for key in ("data", "results", "records", "items", "logs", "events",
                                                                "observations", "traces", "runs", "spans", "Records")),
        indented({"data": [ONE, TWO], "meta": {"page": 1}, "exported_at": "2026-05-02"}),
        json.dumps({"viewer": {"calls": [ONE, TWO]}, "errors": []}),
        json.dumps({"data": [ONE], "object": "list"}) + "\n" + json.dumps({"data": [TWO], "object": "list"}) + "\n",
        json.dumps({"0": ONE, "1": TWO}),
        json.dumps({name: {"0": ONE[name], "1": TWO[name]} for name in ONE}),
        json.dumps({name: [ONE[name], TWO[name]] for name in ONE}),
        json.dumps({"columns": list(ONE), "index": [0, 1], "data": [list(ONE.values()), list(TWO.values())]}),
        json.dumps({"schema": {"fields": [{"name": "ts"}]}, "data": [ONE, TWO]}),
        json.dumps([list(ONE), list(ONE.values()), list(TWO.values())]),
        json.dumps(json.dumps(ONE)) + "\n" + json.dumps(json.dumps(TWO, indent=1)) + "\n",
        json.dumps([json.dumps(ONE), json.dumps(TWO)]), json.dumps(json.dumps({"data": [ONE, TWO]})),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.json", "a.ndjson", "a.txt"])
def test_two_objects_in_any_shape_are_two_rows(content: str, name: str, tmp_path: Path) -> None:
    found = read_text(tmp_path, content, name)
    assert found.broken == ()
    assert found.rows.equals(BOTH)


@pytest.mark.parametrize(
    "event",
    [
        {**ONE, "items": [{"a": 1}, {"a": 2}]},
        {"id": "c1", "created": 1777629600, "choices": [{"index": 0}], "usage": {"prompt_tokens": 3}},
        {"object": "list", "data": [{"index": 0}], "model": "embed", "usage": {"prompt_tokens": 3}},
        {"event_date": "20261101", "event_timestamp": "1", "event_params": [{"key": "a"}, {"key": "b"}]},
        {"startTime": "2026-05-01", "spans": [{"name": "x"}]},
    ],
)
@pytest.mark.parametrize("times", [1, 2])
def test_an_event_that_holds_a_list_is_one_row(event: dict[str, Any], times: int, tmp_path: Path) -> None:
    found = read_text(tmp_path, (json.dumps(event) + "\n") * times, "a.ndjson")
    assert found.rows.columns == list(event)
    assert found.rows.height == times


@pytest.mark.parametrize(
    ("content", "rows", "said"),
    [
        (json.dumps(ONE) + "\n" + json.dumps(TWO)[:-3], 1, ["cut off?"]),
        (json.dumps([ONE, TWO])[:-4], 1, ["cut off?", "the list does not end"]),
        (json.dumps([ONE, TWO])[:-1], 2, ["the list does not end"]),
        ("[\n" + json.dumps(ONE) + ",\n{bad},\n" + json.dumps(TWO) + "\n]", 2, ["not JSON"]),
        (indented(ONE) + "\n{bad\n" + indented(TWO), 2, ["not JSON"]),
        ("hello\n" + json.dumps(ONE) + "\n" + json.dumps(TWO), 2, ["not JSON"]),
        (json.dumps(ONE) + '\n{"a":1,}\n[1, 2]\n17\n', 1, ["not JSON", "not a JSON object", "not a JSON object"]),
        (json.dumps(ONE) + '\n{"a":1,"a":2}\n{"a":1,"a":1}\n', 2, ["the key 'a' comes twice, with different values"]),
        ('[{"a":1,"a":2},{"a":1}]', 1, ["the key 'a' comes twice"]),
        (json.dumps(ONE) + '\n{"a":{"b":1,"b":2}}\n', 1, ["the key 'b' comes twice"]),
        (json.dumps(ONE) + '\n{"a":"\\ud800"}\n', 1, ["half a character"]),
        ('[{"a":"\\ud800"},{"a":"b"}]', 1, ["half a character"]),
        (json.dumps(ONE) + '\n{"a":' + "[" * 100_000 + "]" * 100_000 + "}\n", 1, ["nested too deeply"]),
        (json.dumps(ONE) + '\n{"a":' + "9" * 5000 + "}\n", 1, ["limit"]),
    ],
)
def test_what_is_broken_costs_its_own_row(content: str, rows: int, said: list[str], tmp_path: Path) -> None:
    found = read_text(tmp_path, content, "a.json" if content.startswith(("[", "{\n")) else "a.ndjson")
    assert found.rows.height == rows
    assert len(found.broken) == len(said)
    assert all(words in reason for words, reason in zip(said, found.reasons, strict=True))


def test_nan_is_nothing_and_infinity_stays_a_number(tmp_path: Path) -> None:
    found = read_text(tmp_path, '{"a":NaN,"b":{"c":NaN}}\n{"a":-Infinity}\n{"a":0.5}\n', "a.ndjson")
    assert found.rows["a"].to_list() == [None, float("-inf"), 0.5]
    assert found.rows["b"].to_list() == ['{"c":null}', None, None]


def test_texts_that_look_like_keys_are_texts(tmp_path: Path) -> None:
    lines = '{"a":"x\\":y"}\n{"a":":","b":[{"c":":"}]}\n{"a" : "1"}\n'
    assert read_text(tmp_path, lines, "a.ndjson").rows["a"].to_list() == ['x":y', ":", "1"]


def test_what_mongodb_says_of_types_is_taken_off(tmp_path: Path) -> None:
    line = {"_id": {"$oid": "abc"}, "ts": {"$date": {"$numberLong": "1777629600000"}}, "n": {"$numberLong": "5"}}
    assert read_text(tmp_path, json.dumps(line), "a.json").rows.rows() == [("abc", "1777629600000", "5")]


def test_a_page_of_several_says_so(tmp_path: Path) -> None:
    found = read_text(tmp_path, json.dumps({"data": [ONE], "has_more": True}), "a.json")
    assert "one page of several" in found.notes[0]


def test_a_long_list_is_read_piece_by_piece_as_it_is_read_whole(tmp_path: Path) -> None:
    items = [{**ONE, "input_tokens": number, "note": "x" * (number % 7000)} for number in range(1500)]
    for content in (json.dumps(items), json.dumps(items, indent=1), indented(*items)):
        found = read(written(tmp_path / "a.json", content), batch_rows=200)
        assert found.rows["input_tokens"].to_list() == list(range(1500))
        assert found.rows["note"].str.len_chars().to_list() == [number % 7000 for number in range(1500)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "no rows"),
        ('{"resourceMetrics":[]}', "OTLP document of metrics"),
        ('{"a": nope}', "not a JSON document"),
    ],
)
def test_a_document_without_rows_is_refused(content: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=said):
        read(written(tmp_path / "a.json", content))


SPAN = {"traceId": "t", "id": "a", "name": "x", "timestamp": 1777629600000000, "duration": 5, "localEndpoint": {}}


@pytest.mark.parametrize(
    "content", [json.dumps([SPAN, SPAN]), json.dumps([[SPAN], [SPAN]]), f"{json.dumps(SPAN)}\n{json.dumps(SPAN)}\n"]
)
def test_spans_of_zipkin_are_rows_in_a_list_in_lists_and_on_lines(content: str, tmp_path: Path) -> None:
    found = read(written(tmp_path / "a.json", content))
    assert found.broken == ()
    assert found.rows["start_time_unix_nano"].to_list() == [1777629600000000000] * 2
    assert found.rows["end_time_unix_nano"].to_list() == [1777629600000005000] * 2


@pytest.mark.parametrize("is_page", [False, True])
def test_a_trace_of_jaeger_needs_nothing_of_what_it_may_have(is_page: bool, tmp_path: Path) -> None:
    odd = [
        {},
        {"spanID": "s", "startTime": "x", "tags": [{"key": "a"}, 5], "references": [{"refType": "FOLLOWS_FROM"}]},
    ]
    trace = {"traceID": "t", "spans": [*odd, 7], "processes": {"p1": None}}
    found = read(
        written(tmp_path / "a.json", json.dumps({"data": [trace, trace], "errors": None} if is_page else trace))
    )
    assert found.broken == ()
    assert set(found.rows["name"]) == {None}


def test_records_of_otlp_logs_are_told_apart_within_a_span(tmp_path: Path) -> None:
    record = {"timeUnixNano": "1777629600000000000", "traceId": "t", "spanId": "s", "severityText": "Error2"}
    bodies = [{"stringValue": "a"}, {"kvlistValue": {"values": [{"key": "k", "value": {"intValue": "1"}}]}}, None]
    logs = [{**record, "body": body} for body in bodies]
    document = {"resourceLogs": [{"scopeLogs": [{"logRecords": [*logs, 5]}, 5]}, 5]}
    found = read(written(tmp_path / "a.json", json.dumps(document)))
    assert found.rows["severity"].to_list() == ["error"] * 3
    assert found.rows["body"].to_list() == ["a", '{"k":"1"}', None]
    assert "span_id" not in found.rows.columns


@pytest.mark.parametrize(
    "around",
    ["callback({});", "/**/ cb_1.done({})", "var data = {};", "window.YTD.part0 = {}", ")]}}',\n{}", "for(;;);{}"],
)
@pytest.mark.parametrize("name", ["export.json", "export.js"])
def test_javascript_around_json_is_called_so(around: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="JavaScript around JSON"):
        read_text(tmp_path, around.format('[{"ts": 1, "model": "a"}]'), name)


def test_a_search_that_found_more_than_it_gave_says_so(tmp_path: Path) -> None:
    for number, total in enumerate((3, {"value": 3, "relation": "eq"})):
        page = {"hits": {"total": total, "hits": [{"_index": "a", "_source": {}}] * 2}}
        (note,) = read_text(tmp_path, json.dumps(page), f"{number}.json").notes
        assert "one page of several" in note
    page = {"hits": {"total": {"value": 2}, "hits": [{"_index": "a", "_source": {}}] * 2}}
    assert read_text(tmp_path, json.dumps(page)).notes == ()


def test_lines_of_loki_are_rows_with_their_times(tmp_path: Path) -> None:
    streams = [{"stream": {"app": "a"}, "values": [["1", "x"], ["2", "y"]]}, {"stream": {}, "values": [["3", "z"]]}]
    rows = read_text(tmp_path, json.dumps({"data": {"resultType": "streams", "result": streams}}), "a.json").rows
    assert rows.select("timestamp", "line").rows() == [("1", "x"), ("2", "y"), ("3", "z")]
