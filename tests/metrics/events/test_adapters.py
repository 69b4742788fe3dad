"""Files of other tools: the samples, and spans of OpenTelemetry in every form.

Expected values are read off the files.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath
from typing import Any

import orjson
import polars as pl
import pytest

from metrics.events import KINDS
from metrics.events.conversion import Converted
from metrics.events.mapping.mappings import Mappings
from metrics.events.recognition.recognition import Unrecognized, recognize
from metrics.lake.formats import open_file
from tests.metrics.events.conftest import NOW, SAMPLES, Convert

UNTIMED = "llmperf_leaderboard"
SAMPLE_MAPS: Mapping[str, tuple[str, Mapping[str, int]]] = {
    "aider_analytics": ("aider", {"llm_call": 78, "error": 3, "interaction": 510}),
    "apache_access": ("access-log", {"request": 500}),
    "azure_llm_conv": ("azure-llm-inference", {"llm_call": 485}),
    "ecom_retentioneering5": ("retentioneering", {"interaction": 300}),
    "langfuse_observations": ("langfuse", {"llm_call": 42, "unknown": 0}),
    "llmperf_leaderboard": ("llmperf", {"llm_call": 191}),
    "openinference_spans": ("opentelemetry", {"llm_call": 4, "span": 6}),
    "upptime_checks": ("uptime-checks", {"health": 189}),
}
"""By sample: the map that reads it, and the events by kind."""
REJECTED = {
    "langfuse_observations": (96, "an observation that is no generation (a span, an event, a tool or an agent)"),
}


def sample(name: str) -> pl.DataFrame:
    """Rows of a sample; one has no times and is given some, as its map says a file must have them."""
    rows = pl.read_parquet(SAMPLES / f"{name}.parquet")
    return rows if name != UNTIMED else rows.with_columns(ts=pl.lit(datetime(2024, 1, 1, tzinfo=UTC)))


@pytest.fixture(scope="module")
def samples() -> dict[str, dict[str, Converted]]:
    """Every sample, converted."""
    from metrics.events.conversion import convert
    from metrics.events.pricing import PriceBook

    mappings = Mappings.load(Path("no such directory/mappings.yaml"))
    made: dict[str, dict[str, Converted]] = {}
    for name in SAMPLE_MAPS:
        rows = sample(name)
        recognized = recognize(rows.schema, PurePath(f"{name}.parquet"), mappings, None, rows.head(1000))
        made[name] = convert(rows, recognized, now=NOW, prices=PriceBook(), source=name)
    return made


def test_every_sample_is_in_the_table_here() -> None:
    assert {path.stem for path in SAMPLES.glob("*.parquet")} == set(SAMPLE_MAPS)


@pytest.mark.parametrize("name", SAMPLE_MAPS)
def test_a_sample_is_recognized_by_its_map(shipped: Mappings, name: str) -> None:
    rows = sample(name)
    recognized = recognize(rows.schema, PurePath(f"{name}.parquet"), shipped, None, rows.head(1000))
    assert recognized.how == f"mapping {SAMPLE_MAPS[name][0]}"


@pytest.mark.parametrize("name", SAMPLE_MAPS)
def test_every_row_of_a_sample_becomes_an_event_or_is_rejected(
    samples: dict[str, dict[str, Converted]], name: str
) -> None:
    parts = samples[name]
    assert {kind: part.good.height for kind, part in parts.items()} == SAMPLE_MAPS[name][1]
    rejected, reason = REJECTED.get(name, (0, ""))
    assert [row for part in parts.values() for row in part.rejected["reason"]] == [reason] * rejected
    assert all(part.good.schema == KINDS[kind].schema for kind, part in parts.items() if part.good.height)


@pytest.mark.parametrize("name", SAMPLE_MAPS)
def test_events_of_a_sample_have_identities_of_their_own(samples: dict[str, dict[str, Converted]], name: str) -> None:
    same_span_in_two_traces = 1 if name == "langfuse_observations" else 0
    identities = [identity for part in samples[name].values() if part.good.height for identity in part.good["event_id"]]
    assert None not in identities
    assert len(set(identities)) == len(identities) - same_span_in_two_traces


VALUES: list[tuple[str, str, int, dict[str, Any]]] = [
    ("aider_analytics", "llm_call", 0, {
        "ts": datetime(2024, 11, 7, 19, 34, 31, tzinfo=UTC), "user_id": "c42c4e6b-f054-44d7-ae1f-6726cc41da88",
        "model": "claude-3-5-sonnet-20241022", "operation": "ask", "input_tokens": 7163, "output_tokens": 149,
        "cost_usd": pytest.approx(0.023724), "cost_source": "reported"}),
    ("aider_analytics", "llm_call", -1, {
        "ts": datetime.fromtimestamp(1770853372, UTC), "model": "gpt-5", "input_tokens": 18785, "output_tokens": 496,
        "cost_usd": 0.02844125, "cost_source": "reported"}),
    ("aider_analytics", "interaction", 0, {
        "ts": datetime.fromtimestamp(1723560031, UTC), "user_id": "52b5cc12-f16d-45f3-b30c-95ab4ae904ee",
        "page": "launched", "action": "launched", "device": "Darwin"}),
    ("aider_analytics", "error", 1, {
        "severity": "error", "status": "open", "message": "<generator object Response.iter_lines at 0x12a19f5b0>"}),
    ("apache_access", "request", 0, {
        "ts": datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC), "user_id": "83.149.9.216", "method": "GET",
        "endpoint": "/presentations/logstash-monitorama-2013/images/kibana-search.png", "status_code": 200,
        "response_bytes": 203023, "duration_ms": None}),
    ("azure_llm_conv", "llm_call", 0, {
        "ts": datetime(2023, 11, 16, 18, 15, 46, 680590, tzinfo=UTC), "input_tokens": 374, "output_tokens": 44,
        "model": None, "cost_usd": None, "cost_source": "unpriced"}),
    ("ecom_retentioneering5", "interaction", 1, {
        "ts": datetime(2024, 3, 13, 10, 21, 28, tzinfo=UTC), "user_id": "user_0000", "session_id": "sess_000001",
        "page": "promo_page", "action": "page_view", "device": "desktop"}),
    ("langfuse_observations", "llm_call", 0, {
        "ts": datetime(2025, 6, 11, 14, 1, 34, 290000, tzinfo=UTC), "trace_id": "080130871f53145aecf7c29d5dfb6e4c",
        "event_id": "080130871f53145aecf7c29d5dfb6e4c-b38a82eaa62b551e", "model": "gpt-4o-mini", "status": "ok",
        "duration_ms": 4799, "input_tokens": 1568, "output_tokens": 423, "cost_usd": 0.000489,
        "cost_source": "reported"}),
    ("llmperf_leaderboard", "llm_call", 0, {
        "provider": "lepton", "model": "13b", "status": "rate_limited", "input_tokens": 550, "output_tokens": 1,
        "duration_ms": None, "time_to_first_token_ms": None, "cost_source": "unpriced"}),
    ("openinference_spans", "llm_call", 0, {
        "ts": datetime(2026, 2, 3, 15, 19, 52, 242000, tzinfo=UTC), "duration_ms": pytest.approx(1779.415),
        "event_id": "b3e700af9eab81e19f72f964d62a35af-39d6e9b3ddec9996", "provider": "openai.responses",
        "model": "gpt-4o-mini-2024-07-18", "status": "ok", "finish_reason": "stop", "input_tokens": 14,
        "output_tokens": 20, "cost_usd": pytest.approx((14 * 0.15 + 20 * 0.60) / 1e6), "cost_source": "priced"}),
    ("upptime_checks", "health", 0, {
        "ts": datetime(2026, 6, 16, 22, 37, tzinfo=UTC), "component": "Honch Ingest", "status": "down",
        "status_code": 502, "response_time_ms": 40}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind", "place", "expected"), VALUES, ids=[f"{name}-{kind}-{place}" for name, kind, place, _ in VALUES]
)
def test_values_of_a_sample_are_those_of_its_rows(
    samples: dict[str, dict[str, Converted]], name: str, kind: str, place: int, expected: dict[str, Any]
) -> None:
    event = samples[name][kind].good.row(place, named=True)
    assert {column: event[column] for column in expected} == expected


def test_durations_are_counted_from_start_to_end_whatever_unit_a_file_has_them_in(
    samples: dict[str, dict[str, Converted]],
) -> None:
    rows = sample("langfuse_observations").filter(pl.col("type") == "GENERATION")
    begun, ended = (rows[name].str.to_datetime(time_zone="UTC") for name in ("start_time", "end_time"))
    calls = samples["langfuse_observations"]["llm_call"].good
    assert calls["duration_ms"].to_list() == [span.total_seconds() * 1000 for span in ended - begun]
    in_milliseconds = calls.filter(pl.col("attributes").map.get("latency_s") == "1707.0")
    assert in_milliseconds["duration_ms"].to_list() == [1707]


def test_costs_of_a_sample_add_up_to_those_it_reports(samples: dict[str, dict[str, Converted]]) -> None:
    rows = sample("aider_analytics").filter(pl.col("event") == "message_send")
    assert samples["aider_analytics"]["llm_call"].good["cost_usd"].sum() == pytest.approx(rows["cost"].sum())


def test_a_cost_of_nothing_is_no_cost_to_langfuse(samples: dict[str, dict[str, Converted]]) -> None:
    calls = samples["langfuse_observations"]["llm_call"].good
    reported = sample("langfuse_observations").filter(pl.col("type") == "GENERATION", pl.col("total_cost") > 0)
    assert calls.filter(cost_source="reported").height == reported.height
    assert calls.filter(pl.col("cost_usd") == 0, pl.col("input_tokens") + pl.col("output_tokens") > 0).is_empty()


def test_outcomes_of_measured_calls_are_those_of_their_codes(samples: dict[str, dict[str, Converted]]) -> None:
    calls = samples["llmperf_leaderboard"]["llm_call"].good
    counts = dict(calls.group_by("status").len().iter_rows())
    # -100 (bedrock, 10) and -1 (together, 1) are failures of the measuring program's own.
    assert counts == {"ok": 150, "rate_limited": 30, "error": 11}
    assert calls.filter(pl.col("duration_ms") == 0).is_empty()


def test_a_file_without_times_is_told_how_to_be_given_them(shipped: Mappings) -> None:
    rows = pl.read_parquet(SAMPLES / f"{UNTIMED}.parquet")
    with pytest.raises(Unrecognized, match=r"`ts: {start: 2026-01-01T00:00:00Z, step_seconds: 1}`"):
        recognize(rows.schema, PurePath("x.parquet"), shipped, None, rows)


def test_probes_without_an_answer_have_no_status_code(samples: dict[str, dict[str, Converted]]) -> None:
    rows = sample("upptime_checks")
    codes = samples["upptime_checks"]["health"].good["status_code"]
    assert codes.null_count() == rows.filter(pl.col("http_status") == 0).height


def test_spans_that_are_no_other_kind_are_steps_of_their_trace(converted: Convert) -> None:
    rows = next(iter(open_file(SAMPLES / "otlp_trace.json", 1000).read())).rows
    (part,) = converted(rows, path="otlp_trace.json").values()
    step = part.good.row(0, named=True)
    assert (part.kind, part.good.height, part.rejected.height) == ("span", 1, 0)
    expected = {
        "name": "I'm a server span", "span_kind": "server", "status": "unset", "service": "my.service",
        "trace_id": "5B8EFFF798038103D269B633813FC60C", "duration_ms": 1000,
    }  # fmt: skip
    assert {column: step[column] for column in expected} == expected
    assert (step["attributes"]["span_id"], step["attributes"]["parent_span_id"]) == (
        "EEE19B7EC3C1B174", "EEE19B7EC3C1B173",
    )  # fmt: skip


BEGUN = datetime(2026, 4, 1, 12, tzinfo=UTC)
COMMON_ATTRIBUTES: Mapping[str, Any] = {
    "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.finish_reasons": ["stop"], "gen_ai.conversation.id": "c-1", "user.id": "ann",
    "service.name": "gateway", "deployment.environment.name": "prod", "cloud.region": "eu-west-1",
}  # fmt: skip
NAMES: Mapping[str, Mapping[str, Any]] = {
    "current": {
        "gen_ai.provider.name": "openai", "gen_ai.usage.input_tokens": 1200, "gen_ai.usage.output_tokens": 80,
        "gen_ai.usage.cache_read.input_tokens": 1000, "gen_ai.usage.cache_creation.input_tokens": 50,
        "gen_ai.usage.reasoning.output_tokens": 30, "gen_ai.response.time_to_first_chunk": 0.25,
    },
    "older": {
        "gen_ai.system": "openai", "gen_ai.usage.prompt_tokens": 1200, "gen_ai.usage.completion_tokens": 80,
        "gen_ai.usage.cache_read_input_tokens": 1000, "gen_ai.usage.cache_creation_input_tokens": 50,
        "gen_ai.usage.reasoning.output_tokens": 30, "gen_ai.server.time_to_first_token": 0.25,
    },
}  # fmt: skip
CALL: Mapping[str, Any] = {
    "ts": BEGUN, "event_id": "t1-s1", "trace_id": "t1", "user_id": "ann", "session_id": "c-1", "service": "gateway",
    "environment": "prod", "region": "eu-west-1", "provider": "openai", "model": "gpt-4o-2024-08-06",
    "operation": "chat", "status": "ok", "duration_ms": 1500, "time_to_first_token_ms": 250, "input_tokens": 1200,
    "cached_input_tokens": 1000, "cache_write_tokens": 50, "output_tokens": 80, "reasoning_tokens": 30,
    "finish_reason": "stop", "cost_source": "priced",
    # gpt-4o: 2.50 USD a million tokens, 1.25 from the cache, 10 written; writing to the cache has no price of its own.
    "cost_usd": pytest.approx((200 * 2.50 + 1000 * 1.25 + 80 * 10) / 1e6),
}  # fmt: skip
SPAN: Mapping[str, Any] = {
    "trace_id": "t1", "span_id": "s1", "name": "chat gpt-4o", "start_time": BEGUN,
    "end_time": BEGUN + timedelta(milliseconds=1500), "status": "STATUS_CODE_OK",
}  # fmt: skip

Attributes = Mapping[str, Any]


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def nested(attributes: Attributes) -> dict[str, Any]:
    """`{"a.b": 1}` as `{"a": {"b": 1}}`."""
    made: dict[str, Any] = {}
    for name, value in attributes.items():
        *outer, last = name.split(".")
        inner = made
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return made


def typed(value: Any) -> dict[str, Any]:
    """A value as OTLP/JSON writes it."""
    if isinstance(value, list):
        return {"arrayValue": {"values": [typed(item) for item in value]}}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def pairs(attributes: Attributes, written: Callable[[Any], Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": written(value)} for name, value in attributes.items()]


def span(**columns: Any) -> pl.DataFrame:
    return pl.DataFrame({name: [value] for name, value in {**SPAN, **columns}.items()})


def as_map(attributes: Attributes) -> pl.Series:
    texts = {name: as_text(value) for name, value in attributes.items()}
    return pl.Series("attributes", [texts], dtype=pl.Map(pl.String, pl.String))


FORMS: Mapping[str, Callable[[Attributes], pl.DataFrame]] = {
    "columns with dots": lambda attributes: span(**attributes),
    "columns with underscores": lambda attributes: span(
        **{name.replace(".", "_"): value for name, value in attributes.items()}
    ),
    "a map": lambda attributes: span().with_columns(as_map(attributes)),
    "a struct": lambda attributes: span(attributes=dict(attributes)),
    "a struct within a struct": lambda attributes: span(attributes=nested(attributes)),
    "a list of keys and texts": lambda attributes: span(attributes=pairs(attributes, as_text)),
    "a list of keys and typed values": lambda attributes: span(attributes=pairs(attributes, typed)),
    "JSON text": lambda attributes: span(attributes=as_text(dict(attributes))),
    "nested JSON text": lambda attributes: span(attributes=as_text(nested(attributes))),
    "JSON text of a list": lambda attributes: span(attributes=as_text(pairs(attributes, typed))),
    "two maps": lambda attributes: span().with_columns(
        as_map({name: value for name, value in attributes.items() if "gen_ai" in name}).alias("span_attributes"),
        as_map({name: value for name, value in attributes.items() if "gen_ai" not in name}).alias("tags"),
    ),
}  # fmt: skip


def attributes_of(names: str) -> dict[str, Any]:
    return {**COMMON_ATTRIBUTES, **NAMES[names]}


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("form", FORMS)
def test_a_span_gives_the_same_event_in_every_form(event: Callable[..., dict[str, Any]], form: str, names: str) -> None:
    found = event(FORMS[form](attributes_of(names)), path="spans.parquet")
    assert {column: found[column] for column in CALL} == CALL


@pytest.fixture
def rows_of(tmp_path: Path) -> Callable[[Any], pl.DataFrame]:
    """A JSON document as the rows that the reading process makes of it."""

    def read(document: Any) -> pl.DataFrame:
        path = tmp_path / "traces.json"
        path.write_bytes(orjson.dumps(document))
        return next(iter(open_file(path, 1000).read())).rows

    return read


def document(*spans: Any, resource: Any = None) -> dict[str, Any]:
    return {"resourceSpans": [{"resource": resource or {}, "scopeSpans": [{"spans": list(spans)}]}]}


def otlp_span(attributes: Attributes, **others: Any) -> dict[str, Any]:
    start = int(BEGUN.timestamp()) * 1_000_000_000
    return {
        "traceId": "t1", "spanId": "s1", "name": "chat gpt-4o", "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 1_500_000_000), "attributes": pairs(attributes, typed), **others,
    }  # fmt: skip


@pytest.mark.parametrize("names", NAMES)
def test_a_document_of_traces_gives_the_same_event(
    event: Callable[..., dict[str, Any]], rows_of: Callable[[Any], pl.DataFrame], names: str
) -> None:
    attributes = attributes_of(names)
    shared = {name: attributes.pop(name) for name in ("service.name", "deployment.environment.name", "cloud.region")}
    rows = rows_of(document(otlp_span(attributes), resource={"attributes": pairs(shared, typed)}))
    found = event(rows, path="traces.json")
    assert {column: found[column] for column in CALL} == CALL


@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [
        ({"code": 2}, "RateLimitError", "rate_limited"), ({"code": 2}, "timeout", "timeout"),
        ({"code": 2}, "500", "error"),
        ({"code": "STATUS_CODE_ERROR"}, None, "error"), ({"code": 1}, None, "ok"), ({}, None, "ok"), (None, None, "ok"),
    ],
)  # fmt: skip
def test_a_spans_status_and_error_are_the_calls_outcome(
    event: Callable[..., dict[str, Any]],
    rows_of: Callable[[Any], pl.DataFrame],
    status: Any,
    error: str | None,
    outcome: str,
) -> None:
    attributes = attributes_of("current") | ({"error.type": error} if error else {})
    found = event(rows_of(document(otlp_span(attributes, status=status))), path="traces.json")
    assert (found["status"], found["error_type"]) == (outcome, error)


def test_a_document_of_both_calls_and_requests_gives_both(
    converted: Convert, rows_of: Callable[[Any], pl.DataFrame]
) -> None:
    http = {"http.request.method": "POST", "http.route": "/api/chat", "http.response.status_code": 200}
    spans = [
        otlp_span(attributes_of("current")), otlp_span(http, spanId="s2"), otlp_span({"db.system": "x"}, spanId="s3"),
    ]  # fmt: skip
    parts = converted(rows_of(document(*spans)), path="traces.json")
    assert {kind: part.good.height for kind, part in parts.items()} == {"llm_call": 1, "request": 1, "span": 1}
    answered = parts["request"].good.row(0, named=True)
    expected = {"endpoint": "/api/chat", "method": "POST", "status_code": 200, "duration_ms": 1500, "event_id": "t1-s2"}
    assert {column: answered[column] for column in expected} == expected
    assert parts["span"].good["event_id"].to_list() == ["t1-s3"]


def moments(*events: tuple[str, int, dict[str, Any]]) -> dict[str, Any]:
    """Events within a span, some milliseconds after its begin."""
    start = int(BEGUN.timestamp()) * 10**9
    return {
        "events": [
            {"name": name, "timeUnixNano": str(start + ms * 10**6), "attributes": pairs(said, typed)}
            for name, ms, said in events
        ]
    }


def test_events_within_a_span_are_errors_judgments_and_opinions(
    converted: Convert, rows_of: Callable[[Any], pl.DataFrame]
) -> None:
    result = "gen_ai.evaluation.result"
    within = moments(
        ("exception", 5, {"exception.type": "ValueError", "exception.message": "no"}),
        ("a note", 6, {}),
        (result, 7, {"gen_ai.evaluation.score.value": 0.5, "gen_ai.prompt.name": "greet"}),
        (result, 8, {"gen_ai.evaluation.score.label": "Fail"}),
        ("user.feedback", 9, {"feedback.rating": 4, "feedback.comment": "fine"}),
    )
    parts = converted(rows_of(document(otlp_span({"db.system": "x"}, **within))), path="traces.json")
    good = {kind: part.good.to_dicts() for kind, part in parts.items()}
    assert {kind: len(rows) for kind, rows in good.items()} == {"error": 1, "prompt": 1, "feedback": 2, "span": 1}
    (error,), (judged,), (failed, liked) = good["error"], good["prompt"], good["feedback"]
    assert (error["event_id"], error["error_type"], error["message"]) == ("t1-s1-0", "ValueError", "no")
    assert (error["attributes"]["parent_span_id"], error["ts"]) == ("s1", BEGUN + timedelta(milliseconds=5))
    assert (judged["event_id"], judged["prompt_id"], judged["quality_score"]) == ("t1-s1-2", "greet", 50)
    assert (failed["sentiment"], liked["csat_score"], liked["comment"]) == ("negative", 4, "fine")


def test_an_exception_that_several_spans_record_is_one_error(
    converted: Convert, rows_of: Callable[[Any], pl.DataFrame]
) -> None:
    within = moments(("exception", 5, {"exception.type": "ValueError", "exception.message": "no"}))
    other = moments(("exception", 5, {"exception.type": "ValueError", "exception.message": "other"}))
    spans = (otlp_span({}, spanId=f"s{number}", **said) for number, said in enumerate((within, within, other)))
    errors = converted(rows_of(document(*spans)), path="traces.json")["error"].good
    assert (errors["event_id"].n_unique(), errors["error_id"].n_unique()) == (3, 2)


@pytest.mark.parametrize(
    ("attributes", "within"),
    [
        ({"ai.response.msToFirstChunk": 250.5}, {}),
        ({"gen_ai.response.time_to_first_chunk": 0.2505}, {}),
        ({}, moments(("First Token Stream Event", 250, {}))),
        ({}, moments(("ai.stream.firstChunk", 250, {}), ("ai.stream.firstChunk", 900, {}))),
        ({}, moments(("llm.content.completion.chunk", 250, {}), ("llm.content.completion.chunk", 260, {}))),
    ],
    ids=["vercel", "current", "openinference", "vercel event", "openllmetry"],
)
def test_the_first_token_is_known_by_whatever_tells_of_it(
    event: Callable[..., dict[str, Any]],
    rows_of: Callable[[Any], pl.DataFrame],
    attributes: dict[str, Any],
    within: dict[str, Any],
) -> None:
    span = otlp_span({**attributes_of("current"), **attributes}, **within)
    assert event(rows_of(document(span)), path="traces.json")["time_to_first_token_ms"] == pytest.approx(
        250.5, abs=0.51
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"attributes": {"key": "a"}}, {"attributes": [{"key": "a", "value": "x"}]}, {"attributes": ["a"]},
        {"attributes": [{"value": {"stringValue": "x"}}]}, {"attributes": [{"key": "a", "value": {"arrayValue": 5}}]},
        {"attributes": [{"key": "a", "value": {"kvlistValue": {"values": 5}}}]}, {"status": "ok"},
        {"startTimeUnixNano": "soon"}, {"startTimeUnixNano": None}, {"traceId": 5}, {"name": None},
    ],
    ids=str,
)  # fmt: skip
def test_an_odd_span_does_not_harm_its_neighbor(
    converted: Convert, rows_of: Callable[[Any], pl.DataFrame], odd: dict[str, Any]
) -> None:
    rows = rows_of(document(otlp_span(attributes_of("current")), {**otlp_span({}, spanId="s2"), **odd}))
    parts = converted(rows, path="traces.json")
    assert parts["llm_call"].good["event_id"].to_list() == ["t1-s1"]
    assert sum(part.good.height + part.rejected.height for part in parts.values()) == 2


@pytest.mark.parametrize("resource", [None, [], "x", {"attributes": None}, {"attributes": [None]}], ids=str)
def test_an_odd_resource_does_not_harm_its_spans(
    event: Callable[..., dict[str, Any]], rows_of: Callable[[Any], pl.DataFrame], resource: Any
) -> None:
    rows = rows_of(document(otlp_span(attributes_of("current")), resource=resource))
    assert event(rows, path="traces.json")["event_id"] == "t1-s1"


def test_values_nested_beyond_reason_are_no_attributes(
    event: Callable[..., dict[str, Any]], rows_of: Callable[[Any], pl.DataFrame]
) -> None:
    deep: Any = {"stringValue": "x"}
    for _ in range(60):
        deep = {"arrayValue": {"values": [deep]}}
    wrapped = otlp_span(attributes_of("current"))
    wrapped["attributes"].append({"key": "deep", "value": deep})
    assert event(rows_of(document(wrapped)), path="traces.json")["model"] == "gpt-4o-2024-08-06"


def test_spans_as_clickhouse_stores_them_have_their_durations(event: Callable[..., dict[str, Any]]) -> None:
    attributes = attributes_of("current")
    resource = {name: attributes.pop(name) for name in ("deployment.environment.name", "cloud.region")}
    del attributes["service.name"]
    rows = pl.DataFrame({
        "Timestamp": [BEGUN], "TraceId": ["t1"], "SpanId": ["s1"], "ServiceName": ["gateway"],
        "Duration": [1_500_000_000], "StatusCode": ["Ok"],
    }).with_columns(
        as_map(resource).alias("ResourceAttributes"), as_map(attributes).alias("SpanAttributes"),
    )  # fmt: skip
    found = event(rows)
    assert {column: found[column] for column in CALL if column != "event_id"} == {
        column: value for column, value in CALL.items() if column != "event_id"
    }


OPENINFERENCE: Mapping[str, Any] = {
    "openinference.span.kind": "LLM", "llm.model_name": "claude-sonnet-4-5", "llm.provider": "anthropic",
    "llm.token_count.prompt": 500, "llm.token_count.completion": 40, "llm.token_count.prompt_details.cache_read": 100,
    "session.id": "c-2",
}  # fmt: skip


@pytest.mark.parametrize("form", ["columns with dots", "a map", "nested JSON text"])
def test_spans_of_openinference_are_calls(event: Callable[..., dict[str, Any]], form: str) -> None:
    found = event(FORMS[form](OPENINFERENCE))
    expected = {
        "model": "claude-sonnet-4-5", "provider": "anthropic", "input_tokens": 500, "output_tokens": 40,
        "cached_input_tokens": 100, "session_id": "c-2",
        "cost_usd": pytest.approx((400 * 3 + 100 * 0.30 + 40 * 15) / 1e6),
    }  # fmt: skip
    assert {column: found[column] for column in expected} == expected


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"input": 10, "input_cache_read": 90, "output": 5}, (100, 90, None, 5)),
        (
            {"input": 10, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 20, "output": 5},
            (120, 90, 20, 5),
        ),
        ({"input": 10, "output": 5}, (10, None, None, 5)),
    ],
    ids=["OpenAI", "Anthropic", "none"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["text", "struct"])
def test_cached_tokens_that_langfuse_counts_apart_are_part_of_the_input(
    event: Callable[..., dict[str, Any]], usage: dict[str, int], tokens: tuple[Any, ...], form: str
) -> None:
    rows = {
        "trace_id": ["t"], "type": ["GENERATION"], "start_time": ["2026-04-01T12:00:00Z"],
        "end_time": ["2026-04-01T12:00:01Z"], "model": ["gpt-4o"],
        "input_usage": [sum(count for name, count in usage.items() if name.startswith("input"))], "output_usage": [5],
        "usage_details": [as_text(usage) if form == "text" else usage],
    }  # fmt: skip
    found = event(rows)
    columns = ("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens")
    assert tuple(found[column] for column in columns) == tokens


@pytest.mark.parametrize("camel", [False, True], ids=["table", "API"])
def test_langfuse_is_read_from_its_tables_and_from_its_api(event: Callable[..., dict[str, Any]], camel: bool) -> None:
    rows = {
        "trace_id": ["t"], "type": ["GENERATION"], "start_time": ["2026-04-01T12:00:00Z"],
        "end_time": ["2026-04-01T12:00:01.5Z"], "completion_start_time": ["2026-04-01T12:00:00.5Z"],
        "model": ["gpt-4o"], "input_usage": [10], "output_usage": [5], "level": ["ERROR"], "total_cost": [0.5],
        "user_id": ["ann"], "session_id": ["c"],
    }  # fmt: skip
    if camel:
        parts = {name: name.split("_") for name in rows}
        rows = {first + "".join(part.title() for part in rest): rows[name] for name, (first, *rest) in parts.items()}
    found = event(rows)
    expected = {
        "duration_ms": 1500, "time_to_first_token_ms": 500, "status": "error", "cost_usd": 0.5, "user_id": "ann",
        "session_id": "c", "trace_id": "t", "input_tokens": 10, "output_tokens": 5, "operation": "GENERATION",
    }  # fmt: skip
    assert {column: found[column] for column in expected} == expected
