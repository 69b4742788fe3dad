"""Events that log drivers, shippers, indexes and queues have wrapped: what is inside counts, and nothing is lost."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from metrics.events.mapping.mappings import FileMapping, Mappings
from metrics.events.questions import Answers
from metrics.lake.ingest import ingest
from metrics.lake.looking.peeking import PeekTask, peek
from metrics.settings import Settings
from tests.metrics.lake.files import NOW
from tests.metrics.lake.meanings import SHIPPED, Became, became

CALLS: Sequence[Mapping[str, Any]] = [
    {"ts": f"2026-05-01T10:00:0{n}Z", "model": "gpt-4o", "input_tokens": 100 * (n + 1), "output_tokens": 10,
     "duration_ms": 900, "user_id": f"u{n}", "status": "ok" if n else "error", "request": 9007199254740993 + n}
    for n in range(3)
]  # fmt: skip
WRITTEN = [f"2026-05-01T10:00:3{n}.5Z" for n in range(3)]
"""When the lines were written."""
SECONDS = [int(datetime(2026, 5, 1, 10, 0, 30 + n, tzinfo=UTC).timestamp()) for n in range(3)]
POD = {"pod_name": "chat-1", "labels": {"status": "up", "model": "none"}}

Wrapped = Callable[[str, int], Any]
LINES: Mapping[str, Wrapped] = {
    "docker": lambda line, n: {"log": line + "\n", "stream": "stdout", "time": WRITTEN[n]},
    "fluent bit": lambda line, n: {"date": SECONDS[n] + 0.5, "log": line, "stream": "stdout", "kubernetes": POD},
    "kubernetes": lambda line, n: {"@timestamp": WRITTEN[n], "message": line, "kubernetes": POD},
    "vector": lambda line, n: {"message": line, "source_type": "file", "timestamp": WRITTEN[n], "host": "web1"},
    "filebeat": lambda line, n: {"message": line, "agent": {"type": "filebeat"}, "@timestamp": WRITTEN[n]},
    "logstash": lambda line, n: {"message": line, "@version": "1", "@timestamp": WRITTEN[n], "status": "error"},
    "elasticdump": lambda line, n: {
        "_index": "calls", "_id": str(n), "_score": 1,
        "_source": {"message": line, "agent": {}, "@timestamp": WRITTEN[n]},
    },
    "loki": lambda line, n: {"labels": {"model": "none"}, "line": line, "timestamp": WRITTEN[n]},
    "journald": lambda line, n: {
        "MESSAGE": line, "__REALTIME_TIMESTAMP": f"{SECONDS[n]}500000", "PRIORITY": "6", "_HOSTNAME": "web1",
    },
    "google": lambda line, n: {
        "insertId": f"a{n}", "textPayload": line, "timestamp": WRITTEN[n], "severity": "ERROR", "logName": "p/l",
    },
    "kafka": lambda line, n: {
        "topic": "calls", "partition": 0, "offset": n, "key": None, "timestamp": SECONDS[n] * 1000 + 500, "value": line,
    },
    "cloud events": lambda line, n: {
        "specversion": "1.0", "id": str(n), "source": "/chat", "type": "call", "time": WRITTEN[n],
        "data": json.loads(line),
    },
    "splunk": lambda line, n: {"preview": False, "result": {"_raw": line, "_time": WRITTEN[n], "source": "x"}},
    "cri": lambda line, n: f"{WRITTEN[n]} stdout F {line}",
    "cloudwatch in s3": lambda line, n: f"{WRITTEN[n]} {line}",
    "fluentd": lambda line, n: f"{WRITTEN[n]}\tapp.chat\t{line}",
}  # fmt: skip
"""Forms of which a line holds a line."""
PAGES: Mapping[str, Callable[[Sequence[str]], Any]] = {
    "cloudwatch": lambda lines: {"events": [
        {"timestamp": SECONDS[n] * 1000 + 500, "message": line, "ingestionTime": 1} for n, line in enumerate(lines)
    ]},
    "cloudwatch subscription": lambda lines: {"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [
        {"id": str(n), "timestamp": SECONDS[n] * 1000 + 500, "message": line} for n, line in enumerate(lines)
    ]},
    "cloudwatch insights": lambda lines: [{"@timestamp": WRITTEN[n], "@message": line} for n, line in enumerate(lines)],
    "loki": lambda lines: {"status": "success", "data": {"resultType": "streams", "result": [
        {"stream": {"app": "chat"}, "values": [[f"{SECONDS[n]}500000000", line] for n, line in enumerate(lines)]},
    ]}},
    "elasticsearch": lambda lines: {"took": 1, "hits": {"total": {"value": len(lines)}, "hits": [
        {"_index": "calls", "_id": str(n), "_source": {"time": WRITTEN[n], **json.loads(line)}}
        for n, line in enumerate(lines)
    ]}},
    "datadog": lambda lines: {"data": [
        {"id": str(n), "type": "log", "attributes": {
            "timestamp": WRITTEN[n], "service": "chat", "status": "info", "message": "m", "tags": ["env:prod"],
            "attributes": json.loads(line),
        }} for n, line in enumerate(lines)
    ]},
}  # fmt: skip
"""Forms of which a document holds all lines."""


def as_lines(form: str, lines: Sequence[str]) -> str:
    rows = [LINES[form](line, n) for n, line in enumerate(lines)]
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


def contents(form: str, lines: Sequence[str]) -> str:
    return as_lines(form, lines) if form in LINES else json.dumps(PAGES[form.removesuffix(" page")](lines))


FORMS = [*LINES, *(f"{name} page" if name in LINES else name for name in PAGES)]


def of(tmp_path: Path, content: str, **how: Any) -> Became:
    path = tmp_path / "export.json"
    path.write_text(content)
    return became(path, **how)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_inside_is_the_event(form: str, tmp_path: Path) -> None:
    calls = of(tmp_path, contents(form, [json.dumps(call) for call in CALLS])).events["llm_call"]
    assert calls["ts"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_list() == [call["ts"] for call in CALLS]
    assert calls["input_tokens"].to_list() == [100, 200, 300]
    assert calls["status"].to_list() == ["error", "ok", "ok"]
    assert calls["user_id"].to_list() == ["u0", "u1", "u2"]
    assert calls["model"].unique().to_list() == ["gpt-4o"]
    told = calls["attributes"].to_list()
    assert [one["request"] for one in told] == ["9007199254740993", "9007199254740994", "9007199254740995"]


@pytest.mark.parametrize("form", FORMS)
def test_the_time_of_the_envelope_serves_where_there_is_none_inside(form: str, tmp_path: Path) -> None:
    lines = [json.dumps({name: value for name, value in call.items() if name != "ts"}) for call in CALLS]
    calls = of(tmp_path, contents(form, lines)).events["llm_call"]
    assert calls["ts"].dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_list() == [f"{at[:-1]}00Z" for at in WRITTEN]


def test_the_time_of_the_envelope_serves_row_by_row(tmp_path: Path) -> None:
    lines = [json.dumps(CALLS[0]), json.dumps({**CALLS[1], "ts": None})]
    calls = of(tmp_path, as_lines("docker", lines)).events["llm_call"]
    assert calls["ts"].dt.strftime("%H:%M:%S%.3f").to_list() == ["10:00:00.000", "10:00:31.500"]


def test_the_time_of_the_envelope_is_not_put_in_the_place_of_one_of_another_name(tmp_path: Path) -> None:
    line = json.dumps({"when": "2026-05-01T09:00:00Z", "model": "gpt-4o", "input_tokens": 1, "output_tokens": 1})
    outcome = of(tmp_path, as_lines("docker", [line]))
    assert outcome.events == {}
    assert "which also needs ts" in outcome.refusal


@pytest.mark.parametrize("form", ["docker", "cri", "cloudwatch in s3", "journald"])
def test_lines_that_are_no_json_are_rejected_and_named(form: str, tmp_path: Path, settings: Settings) -> None:
    lines = [json.dumps(CALLS[0]), "Listening on port 80", '{"cut": ']
    path = tmp_path / "app.log"
    path.write_text(as_lines(form, lines))
    (outcome,) = ingest([path], settings, now=lambda: NOW).files
    assert (outcome.read, outcome.stored, outcome.rejected) == (3, 1, 2)
    rejected = pl.read_parquet(next((settings.home / "rejected").rglob("rows.parquet"))).sort("row")
    assert rejected["row"].to_list() == [1, 2]
    assert "no object of JSON" in rejected["reason"][0]
    assert "no JSON" in rejected["reason"][1]
    assert "Listening" in rejected["values"][0]
    assert any("envelope" in note for note in outcome.notes)


def test_a_log_in_which_nothing_is_json_is_refused_as_it_is(tmp_path: Path) -> None:
    assert "log, stream, time" in of(tmp_path, as_lines("docker", ["hello", "world"])).refusal


@pytest.mark.parametrize("batch_rows", [2, 3, 100])
def test_batches_do_not_matter(batch_rows: int, tmp_path: Path) -> None:
    lines = [json.dumps(CALLS[0]), "hello", json.dumps({"level": "info"}), json.dumps(CALLS[2])]
    rows = [{"log": line, "stream": "stdout", "time": WRITTEN[0]} for line in lines]
    outcome = of(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), batch_rows=batch_rows)
    assert outcome.events["llm_call"]["input_tokens"].to_list() == [100, 300]


def test_pieces_of_a_line_of_a_container_are_one(tmp_path: Path) -> None:
    line = json.dumps(CALLS[0])
    pieces = [f"stdout P {line[:20]}", "stderr F oops", f"stdout P {line[20:40]}", f"stdout F {line[40:]}"]
    outcome = of(tmp_path, "".join(f"{WRITTEN[0]} {piece}\n" for piece in pieces))
    assert outcome.events["llm_call"]["input_tokens"].to_list() == [100]


def docked(pieces: Sequence[str], stream: str = "stdout") -> list[str]:
    return [json.dumps({"log": piece, "stream": stream, "time": WRITTEN[0]}) for piece in pieces]


def cut(line: str) -> list[str]:
    """As Docker cuts a line."""
    return [(line + "\n")[at : at + 2**14] for at in range(0, len(line) + 1, 2**14)]


@pytest.mark.parametrize("batch_rows", [1, 3, 1000])
def test_lines_that_docker_has_cut_are_one(batch_rows: int, tmp_path: Path) -> None:
    calls = [json.dumps({**call, "prompt": "x" * 20_000 * n}) for n, call in enumerate(CALLS)]
    first, second = docked(cut(calls[1])), docked(cut(calls[2]), "stderr")
    mixed = [second[0], first[0], second[1], first[1], *second[2:]]
    found = of(tmp_path, "\n".join([*docked(cut(calls[0])), *mixed]) + "\n", batch_rows=batch_rows)
    assert found.reasons == {}
    assert found.events["llm_call"]["user_id"].sort().to_list() == ["u0", "u1", "u2"]


def test_a_line_that_docker_has_cut_and_whose_end_is_missing_is_rejected(tmp_path: Path, settings: Settings) -> None:
    begun = docked(cut(json.dumps({**CALLS[1], "prompt": "x" * 40_000}))[:2])
    path = tmp_path / "a.json"
    path.write_text("\n".join([*docked([json.dumps(CALLS[0]) + "\n"]), *begun]) + "\n")
    (outcome,) = ingest([path], settings, now=lambda: NOW).files
    assert (outcome.read, outcome.stored, outcome.rejected) == (2, 1, 1)
    rejected = pl.read_parquet(next((settings.home / "rejected").rglob("rows.parquet")))
    assert rejected.select("row", "reason").rows() == [
        (2, "the last piece of the line is missing: the file is cut off")
    ]


def test_long_lines_whose_line_feeds_were_taken_are_whole(tmp_path: Path) -> None:
    calls = [json.dumps({**call, "prompt": "x" * 20_000}) for call in CALLS]
    found = of(tmp_path, "\n".join(docked(calls)) + "\n")
    assert found.events["llm_call"]["user_id"].to_list() == ["u0", "u1", "u2"]


def test_what_lies_around_is_kept_and_is_no_column_of_ours(tmp_path: Path) -> None:
    (told,) = of(tmp_path, as_lines("logstash", [json.dumps(CALLS[0])])).events["llm_call"]["attributes"].to_list()
    assert told["envelope.@timestamp"] == WRITTEN[0]
    assert told["envelope.status"] == "error"


def test_another_search_for_the_same_documents_brings_nothing_new(tmp_path: Path) -> None:
    found = [
        of(
            tmp_path,
            json.dumps({"hits": {"hits": [{"_index": "a", "_id": "1", "_score": score, "_source": CALLS[0]}]}}),
        )
        for score in (1.0, 2.5)
    ]
    assert len({one.events["llm_call"]["event_id"][0] for one in found}) == 1


OWN: Mapping[str, Any] = {"name": "mine", "kind": "llm_call", "columns": {"ts": "time", "model": "log.model"}}


def test_a_mapping_that_leads_into_an_envelope_finds_it_as_it_was(tmp_path: Path) -> None:
    content = as_lines("docker", [json.dumps(call) for call in CALLS])
    claiming = FileMapping.model_validate({**OWN, "match": {"columns": ["log", "stream"]}})
    for mapping, answers in ((claiming, None), (FileMapping.model_validate(OWN), Answers(map_name="mine"))):
        mappings = Mappings(own=(mapping,), shipped=SHIPPED.shipped)
        outcome = of(tmp_path, content, mappings=mappings, answers=answers)
        assert outcome.how == "mapping mine"
        assert outcome.events["llm_call"]["ts"].dt.second().to_list() == [30, 31, 32]


def test_a_mapping_of_what_is_inside_is_for_what_is_inside(tmp_path: Path) -> None:
    lines = [json.dumps({"ts": CALLS[0]["ts"], "which": "gpt-4o", "took": 2})]
    said = {"kind": "llm_call", "columns": {"model": "which", "duration_ms": {"from": "took", "unit": "s"}}}
    mapping = FileMapping.model_validate({"name": "mine", "match": {"columns": ["which", "took"]}, **said})
    outcome = of(tmp_path, as_lines("docker", lines), mappings=Mappings(own=(mapping,)))
    assert outcome.events["llm_call"].select("model", "duration_ms").row(0) == ("gpt-4o", 2000)


def test_an_adapter_knows_its_rows_within_an_envelope(tmp_path: Path) -> None:
    answer = {
        "id": "c1", "object": "chat.completion", "created": SECONDS[0] - 30, "model": "gpt-4o",
        "usage": {"prompt_tokens": 7, "completion_tokens": 3}, "choices": [],
    }  # fmt: skip
    outcome = of(tmp_path, as_lines("docker", [json.dumps(answer)]))
    assert outcome.how == "mapping openai-chat-completions"
    assert outcome.events["llm_call"].select("event_id", "input_tokens").row(0) == ("c1", 7)
    assert outcome.events["llm_call"]["ts"].dt.second().to_list() == [0]


def test_a_look_at_a_file_shows_what_is_inside(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(as_lines("docker", [json.dumps({"when": 1, "which": "x"})]))
    seen = peek(PeekTask(str(path), "a.json", str(tmp_path), NOW.isoformat(), rows=10))
    assert {"when", "which", "envelope.stream"} <= {column.name for column in seen.columns}


def payload(tmp_path: Path, rows: Sequence[Mapping[str, object]], name: str = "export.csv") -> Path:
    frame = pl.DataFrame([{key: json.dumps(one) if isinstance(one, dict) else one for key, one in row.items()}
                          for row in rows])  # fmt: skip
    path = tmp_path / name
    frame.write_csv(path) if name.endswith("csv") else frame.write_parquet(path)
    return path


INNER = [{key: value for key, value in call.items() if key != "ts"} for call in CALLS]


@pytest.mark.parametrize("name", ["export.csv", "export.parquet"])
def test_a_column_of_objects_that_make_the_event_is_read_as_columns(name: str, tmp_path: Path) -> None:
    rows = [{"id": n, "created_at": WRITTEN[n], "payload": inner} for n, inner in enumerate(INNER)]
    outcome = became(payload(tmp_path, rows, name))
    assert outcome.events["llm_call"]["input_tokens"].to_list() == [100, 200, 300]
    assert outcome.events["llm_call"]["ts"].dt.second().to_list() == [30, 31, 32]


def test_a_column_of_objects_that_contradicts_those_beside_it_is_not(tmp_path: Path) -> None:
    rows = [{"created_at": WRITTEN[n], "user_id": "other", "payload": inner} for n, inner in enumerate(INNER)]
    assert "created_at, user_id, payload" in became(payload(tmp_path, rows)).refusal


def test_of_two_columns_of_objects_none_is_taken(tmp_path: Path) -> None:
    rows = [{"created_at": WRITTEN[n], "before": inner, "after": inner} for n, inner in enumerate(INNER)]
    assert "created_at, before, after" in became(payload(tmp_path, rows)).refusal


def test_objects_beside_columns_that_make_the_event_change_nothing(tmp_path: Path) -> None:
    rows = [{**call, "extra": {"region": "eu", "output_cost": 5}} for call in CALLS]
    (one, *_) = became(payload(tmp_path, rows)).events["llm_call"].to_dicts()
    assert one["region"] is None
    assert json.loads(one["attributes"]["extra"])["region"] == "eu"


def test_what_lies_deeper_than_the_objects_is_no_evidence(tmp_path: Path) -> None:
    meta = {"paid_for": {"input_tokens": 100}, "tokens": {"input_tokens": 160, "output_tokens": 20}}
    path = payload(tmp_path, [{"timestamp": WRITTEN[0], "model": "a", "meta": meta}])
    assert "timestamp, model, meta" in became(path).refusal


def clocks(tmp_path: Path, *local: str, answers: Answers | None = None) -> Became:
    """Calls whose times have no zone, in lines that were all written at 10:00:30 UTC."""
    lines = [json.dumps({**CALLS[0], "ts": f"2026-05-01 {clock}"}) for clock in local]
    rows = [{"log": line, "stream": "stdout", "time": "2026-05-01T10:00:30Z"} for line in lines]
    return of(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), answers=answers)


def test_times_without_a_zone_hours_from_when_they_were_written_are_asked_about(tmp_path: Path) -> None:
    (question,) = clocks(tmp_path, "12:00:20", "12:00:29").questions
    assert "2:00 hours after those at which their lines were written" in question.asks
    assert [option.rules for option in question.options] == [{"ts": {"zone": "Etc/GMT-2"}}, {"ts": {"zone": "UTC"}}]
    (before,) = clocks(tmp_path, "04:30:20", "04:30:29").questions
    assert "5:30 hours before" in before.asks
    answered = clocks(tmp_path, "12:00:20", "12:00:29", answers=Answers(rules=question.options[0].rules))
    assert answered.events["llm_call"]["ts"].dt.hour().to_list() == [10, 10]


@pytest.mark.parametrize("local", [("10:00:20", "10:00:29"), ("07:07:20", "05:22:29"), ("12:00:20Z", "12:00:29Z")])
def test_times_near_by_at_random_or_with_a_zone_are_no_question(local: tuple[str, str], tmp_path: Path) -> None:
    outcome = clocks(tmp_path, *local)
    assert outcome.questions == ()
    assert outcome.events["llm_call"]["ts"].dt.hour().to_list() == [int(clock[:2]) for clock in local]


def test_an_event_that_has_a_log_or_attributes_beside_its_columns_is_no_envelope(tmp_path: Path) -> None:
    served = {"time": WRITTEN[0], "endpoint": "/a", "status_code": 200, "duration_ms": 5, "log": {"model": "x"}}
    assert of(tmp_path, json.dumps(served)).events["request"]["endpoint"].to_list() == ["/a"]
    error = {
        "ts": WRITTEN[0], "event_id": "e1", "severity": "error", "message": "m", "service": "chat", "status": "open",
        "tags": [], "attributes": {"severity": "warning"},
    }  # fmt: skip
    assert of(tmp_path, json.dumps(error)).events["error"]["severity"].to_list() == ["error"]


def test_objects_may_stand_alone_be_empty_and_say_later_what_is_said_beside_them(tmp_path: Path) -> None:
    assert became(payload(tmp_path, [{"event": call} for call in CALLS])).events["llm_call"].height == 3
    rows = [{"created_at": WRITTEN[0], "note": "n", "payload": INNER[0]}, {"created_at": WRITTEN[1], "payload": {}},
            {"created_at": WRITTEN[2], "note": "n", "payload": {**INNER[2], "note": "other"}}]  # fmt: skip
    path = tmp_path / "rows.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    calls = became(path, batch_rows=2).events["llm_call"]
    assert calls["input_tokens"].to_list() == [100, 300]
    assert calls["attributes"][1]["note"] == "other"
    assert calls["attributes"][1]["envelope.note"] == "n"
    wrapped = of(tmp_path, as_lines("docker", ["{}", json.dumps(CALLS[1])]))
    assert wrapped.events["llm_call"]["input_tokens"].to_list() == [200]
