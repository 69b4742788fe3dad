"""Files that no mapping claims: strong evidence is taken, weak evidence is asked about, sums are never one event."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import polars as pl
import pytest

from metrics.events.mapping.mappings import Mappings
from metrics.events.questions import Answers
from tests.metrics.lake.meanings import Became, became

ROWS = 12
TIMES = [f"2026-05-01T10:{number:02d}:{number * 3:02d}Z" for number in range(ROWS)]
DAYS = [f"2026-05-{number + 1:02d}" for number in range(ROWS)]
VALUES: dict[str, Sequence[object]] = {
    "model": ["gpt-4o"], "prompt_tokens": [100], "completion_tokens": [10], "input_tokens": [100],
    "output_tokens": [10], "latency_ms": [900.5], "user": ["ann", "bob"], "cost": [0.01], "provider": ["openai"],
    "path": ["/a"], "status": ["200", "404"], "method": ["GET"], "page": ["/a"], "bytes": [5], "rating": [4],
    "requests": [5], "endpoint": ["/a"], "status_code": [200], "avg_latency_ms": [10.5], "count": [3],
    "num_messages": [4], "instance": ["h"], "cpu": [50], "parent_run_id": ["r1"], "type": ["llm", "chain"],
    "kind": ["call", "general", "root"],
    "user_id": ["ann"], "severity": ["error"], "message": ["m"], "level": ["ERROR"], "colour": ["red"],
    "session_id": ["s"], "p95_latency_ms": [20.5], "state": ["up"], "component": ["db"],
    "promptTokens": [100], "completionTokens": [10], "userId": ["ann"], "sessionId": ["s"], "latencyMs": [900.5],
    "statusCode": [200], "durationMs": [20.5],
    "total_cost": [0.5], "num_calls": [7], "metric": ["lcp"], "value": [2000.5],
}  # fmt: skip


def csv(
    tmp_path: Path,
    header: str,
    name: str = "export.csv",
    given: Mapping[str, Sequence[object]] = MappingProxyType({}),
    **columns: Sequence[object],
) -> Path:
    """A file with these columns; those that are not given have usual values."""
    columns = {**given, **columns}
    frame = pl.DataFrame(
        {
            column: [(values := columns.get(column, VALUES.get(column, TIMES)))[n % len(values)] for n in range(ROWS)]
            for column in header.split(",")
        }
    )
    frame.write_csv(tmp_path / name)
    return tmp_path / name


@pytest.mark.parametrize(
    "header",
    [
        "timestamp,model,prompt_tokens,completion_tokens,latency_ms,cost,user",
        "created_at,model,prompt_tokens,completion_tokens",
        "time,path,status",
        "ts,endpoint,status_code",
        "timestamp,endpoint,status_code,latency_ms",
        "timestamp,model,prompt_tokens,completion_tokens,num_messages",
        "ts,input_tokens,output_tokens",
        "ts,model,output_tokens",
        "timestamp,modelId,input_tokens,output_tokens",
        "createdAt,model,promptTokens,completionTokens,userId,sessionId,latencyMs",
        "startedAt,endpoint,statusCode,durationMs",
        "loggedAt,model,prompt_tokens,completion_tokens",
        "occurred_at,endpoint,status_code",
    ],
)
def test_strong_evidence_is_taken_without_a_question(tmp_path: Path, header: str) -> None:
    outcome = became(csv(tmp_path, header))
    assert (outcome.asks, outcome.refusal) == ("", "")
    assert sum(rows.height for rows in outcome.events.values()) == ROWS


@pytest.mark.parametrize(
    ("header", "asks"),
    [
        ("timestamp,prompt_tokens,completion_tokens", "no column says which model"),
        ("created_at,rating", "only `rating` speaks for that"),
        ("timestamp,user_id,page", "only `page` speaks for that"),
        (
            "created_at,request_time,model,prompt_tokens,completion_tokens",
            "several times: `created_at` or `request_time`",
        ),
        ("time,instance,cpu", "`instance` is only guessed to be the host"),
        ("timestamp,metric,value,page", "`metric` is only guessed to be the name"),
        ("start_time,parent_run_id,model,input_tokens,output_tokens", "rows lie within one another"),
        ("timestamp,type,model,input_tokens,output_tokens", "no calls but what is around them (chain)"),
        ("ts,model,text_input_tokens,audio_input_tokens,output_tokens", "no row has a value for llm_call.input_tokens"),
        ("ts,type,model,input_tokens,output_tokens", "no calls but what is around them (chain)"),
        ("timestamp,kind,model,input_tokens,output_tokens", "no calls but what is around them (general, root)"),
    ],
)
def test_weak_evidence_is_asked_about_and_nothing_is_stored_before(tmp_path: Path, header: str, asks: str) -> None:
    columns = {"created_at": ["2026-05-02T00:00:00Z"]}
    outcome = became(csv(tmp_path, header, given=columns))
    assert asks in outcome.asks
    assert became(csv(tmp_path, header, given=columns), answers=Answers(yes=True)).asks == ""


@pytest.mark.parametrize(
    ("header", "count"),
    [
        ("timestamp,model,requests,input_tokens,output_tokens", "requests"),
        ("timestamp,model,input_tokens,output_tokens,num_calls", "num_calls"),
        ("timestamp,model,prompt_tokens,completion_tokens,count", "count"),
        ("timestamp,endpoint,status_code,requests", "requests"),
    ],
)
def test_a_sum_of_events_is_never_one_event_whatever_is_said(tmp_path: Path, header: str, count: str) -> None:
    for answers in (Answers(), Answers(yes=True)):
        outcome = became(csv(tmp_path, header), answers=answers)
        assert f"A mapping with `count: {count}`" in outcome.asks
        assert [question.options for question in outcome.questions] == [()]


def test_a_mapping_with_a_count_takes_a_sum(tmp_path: Path) -> None:
    mapping = {
        "name": "daily", "match": {"columns": ["requests"]}, "kind": "llm_call", "count": "requests",
        "columns": {"ts": "timestamp", "model": "model"},
    }  # fmt: skip
    path = csv(tmp_path, "timestamp,model,requests,input_tokens,output_tokens")
    outcome = became(path, mappings=Mappings.model_validate({"own": [mapping]}))
    assert outcome.asks == ""
    assert outcome.events["llm_call"].height == 5 * ROWS
    assert outcome.events["llm_call"]["input_tokens"].sum() == 100 * ROWS


def test_a_column_of_counts_in_which_every_row_is_one_sums_nothing(tmp_path: Path) -> None:
    path = csv(tmp_path, "timestamp,model,prompt_tokens,completion_tokens,requests", requests=[1])
    assert became(path).asks == ""


@pytest.mark.parametrize(
    "header", ["timestamp,endpoint,avg_latency_ms,status_code", "timestamp,endpoint,status_code,p95_latency_ms"]
)
def test_averages_and_percentiles_are_taken_over_several_events(tmp_path: Path, header: str) -> None:
    assert "is taken over several events" in became(csv(tmp_path, header)).asks


def test_rows_that_last_an_hour_each_are_buckets(tmp_path: Path) -> None:
    hours = [f"2026-05-01T{number:02d}:00:00Z" for number in range(ROWS + 1)]
    path = csv(
        tmp_path, "start_time,end_time,model,input_tokens,output_tokens", start_time=hours[:-1], end_time=hours[1:]
    )
    assert "a whole bucket of time" in became(path).asks


def test_times_that_are_days_are_asked_about(tmp_path: Path) -> None:
    path = csv(tmp_path, "timestamp,model,input_tokens,output_tokens", timestamp=DAYS)
    assert "`timestamp` says days or hours and nothing finer" in became(path).asks


def test_a_file_of_days_that_is_of_no_kind_is_told_what_it_looks_like(tmp_path: Path) -> None:
    path = csv(tmp_path, "date,model,input_tokens,output_tokens,cost", date=DAYS)
    refusal = became(path).refusal
    assert "a row looks like a sum of events" in refusal
    assert "The nearest kind is `llm_call`" in refusal


def test_one_word_among_many_makes_no_column_of_kinds(tmp_path: Path) -> None:
    words = ["click", "signup", "purchase", "login", "logout", "search", "view_item", "add_to_cart"]
    outcome = became(csv(tmp_path, "timestamp,user_id,event,page", event=words))
    assert "column event" not in outcome.how
    assert outcome.asks


def test_words_that_name_kinds_say_what_was_done_too(tmp_path: Path) -> None:
    outcome = became(csv(tmp_path, "timestamp,event,page,user_id", event=["page_view", "click"]))
    assert outcome.asks == ""
    assert sorted(outcome.events["interaction"]["action"].unique()) == ["click", "page_view"]


def test_rows_whose_word_names_no_kind_are_asked_about(tmp_path: Path) -> None:
    path = csv(tmp_path, "timestamp,event,page,user_id", event=["page_view", "click", "signup"])
    assert "33% of its rows have another word in `event` (signup)" in became(path).asks


def test_a_name_against_which_the_columns_speak_is_asked_about(tmp_path: Path) -> None:
    path = csv(tmp_path, "timestamp,model,prompt_tokens,completion_tokens,latency_ms", "requests.csv")
    assert "its name says request, its columns say llm_call" in became(path).asks


def test_a_name_for_which_no_columns_speak_is_asked_about(tmp_path: Path) -> None:
    assert "only its name says so" in became(csv(tmp_path, "timestamp,colour", "completion.csv")).asks


def test_a_guess_that_loses_rows_asks(tmp_path: Path) -> None:
    path = csv(tmp_path, "timestamp,path,method,status,latency_ms", status=["200", "200", "200", "done"])
    assert "of its rows would be rejected" in became(path).asks


@pytest.mark.parametrize(
    ("header", "nearest"),
    [
        (
            "timestamp,level,logger,message",
            "`error`, which also needs severity; `message` is its message, `level`",
        ),
        ("timestamp,engine,prompt_tokens", "`llm_call`, which also needs"),
        ("time,status,bytes", "`request`, which also needs endpoint; `status` is its status_code"),
        ("timestamp,component,state", "`health`, which also needs status"),
    ],
)
def test_a_refusal_names_the_kind_that_is_nearest_to_what_the_file_has(
    tmp_path: Path, header: str, nearest: str
) -> None:
    assert f"The nearest kind is {nearest}" in became(csv(tmp_path, header)).refusal


def test_a_file_like_no_kind_is_told_so(tmp_path: Path) -> None:
    assert "None of them resembles" in became(csv(tmp_path, "colour")).refusal


def test_an_answer_about_the_time_settles_the_doubt_about_it(tmp_path: Path) -> None:
    path = csv(tmp_path, "created_at,request_time,model,prompt_tokens,completion_tokens",
               created_at=["2026-05-02T00:00:00Z"])  # fmt: skip
    said = Answers(rules={"ts": {"from": "request_time"}})
    outcome: Became = became(path, answers=said)
    assert outcome.asks == ""
    assert str(outcome.events["llm_call"]["ts"][0]) == "2026-05-01 10:00:00+00:00"


def log(tmp_path: Path, *lines: Mapping[str, object]) -> Path:
    """A program's log, a JSON object a line, in which some lines are calls."""
    path = tmp_path / "app.ndjson"
    path.write_text("".join(json.dumps({"ts": TIMES[at % ROWS], **line}) + "\n" for at, line in enumerate(lines)))
    return path


CALLED: Mapping[str, object] = {
    "level": "info", "msg": "call", "model": "gpt-4o", "input_tokens": 100, "output_tokens": 10, "duration_ms": 800,
}  # fmt: skip
FAILED: Mapping[str, object] = {"level": "error", "msg": "call", "status": "timeout"}


def test_lines_of_a_log_that_say_nothing_of_a_call_are_no_calls(tmp_path: Path) -> None:
    outcome = became(log(tmp_path, {"level": "info", "msg": "started"}, CALLED, FAILED, {"msg": "stopped"}))
    assert outcome.questions == ()
    assert outcome.events["llm_call"]["status"].to_list() == [None, "timeout"]
    assert dict(outcome.reasons) == {"no column that makes it an event of kind llm_call has a value": 2}


def test_calls_without_model_and_tokens_beside_others_are_asked_about(tmp_path: Path) -> None:
    served: Mapping[str, object] = {"msg": "request", "path": "/api", "status": 200, "duration_ms": 3.1}
    asks = became(log(tmp_path, CALLED, served, FAILED)).asks
    assert "1 of its rows have no value for model, input_tokens, output_tokens" in asks


def test_a_few_calls_without_model_and_tokens_are_no_reason_to_ask(tmp_path: Path) -> None:
    outcome = became(log(tmp_path, *[CALLED] * 30, {"msg": "call", "duration_ms": 900}))
    assert outcome.questions == ()
    assert outcome.events["llm_call"].height == 31
