"""What values say outvotes what names say, and columns speak for one another."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest

from metrics.events import KINDS
from metrics.events.proposing.looks import Seen
from metrics.events.proposing.proposal import Proposal, proposals, propose

ROWS = 24
Columns = Mapping[str, Sequence[Any]]
TIMES = [f"2026-05-30T10:{minute:02d}:00Z" for minute in range(ROWS)]
MODELS = ["gpt-4o", "claude-3-5-sonnet"] * (ROWS // 2)
READ = [100 + 7 * number for number in range(ROWS)]
WRITTEN = [10 + number % 5 for number in range(ROWS)]
CALL: Columns = {"when": TIMES, "engine": MODELS, "tokens_in": READ, "tokens_out": WRITTEN}
UUIDS = [str(UUID(int=number * 7_919 + 2**100)) for number in range(ROWS)]


def seen(columns: Columns) -> list[Seen]:
    return [
        Seen(name, tuple(None if value is None else str(value) for value in values)) for name, values in columns.items()
    ]


def proposed(kind: str, columns: Columns) -> Proposal:
    return propose(seen(columns), KINDS[kind])


def source(kind: str, column: str, columns: Columns) -> str | None:
    found = proposed(kind, columns).columns.get(column)
    return found.source if found else None


@pytest.mark.parametrize(
    ("values", "is_user"),
    [
        (["curl/8.1", "python-requests/2.31"] * 12, False),
        (["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"] * ROWS, False),
        (UUIDS, False),
        (UUIDS[:6] * 4, True),
        ([f"u{number}@x.example" for number in range(ROWS)], False),
        ([f"u{number % 5}@x.example" for number in range(ROWS)], True),
        ([f"https://x.example/u/{number % 5}" for number in range(ROWS)], False),
        ([f"u{number % 5}" for number in range(ROWS)], True),
        (TIMES, False),
        ([number % 7 + 0.5 for number in range(ROWS)], False),
        ([f"{1000000000 + number % 5}.16{number % 5}" for number in range(ROWS)], True),
    ],
    ids=[
        "agents",
        "browsers",
        "uuids once",
        "uuids again",
        "mails once",
        "mails again",
        "urls",
        "names",
        "times",
        "fractions",
        "client ids",
    ],
)
def test_a_user_is_who_comes_again(values: list[Any], is_user: bool) -> None:
    assert (source("llm_call", "user_id", {**CALL, "user": values}) == "user") is is_user


def test_an_address_is_a_user_only_by_name_and_with_a_warning() -> None:
    addresses = [f"10.0.0.{number % 5}" for number in range(ROWS)]
    assert source("llm_call", "user_id", {**CALL, "remote_addr": addresses}) is None
    named = proposed("llm_call", {**CALL, "user": addresses})
    assert any("several people may share one" in check for check in named.checks)


def test_mail_addresses_that_come_again_are_users_under_any_name() -> None:
    mails = [f"u{number % 5}@x.example" for number in range(ROWS)]
    assert source("llm_call", "user_id", {**CALL, "kunde": mails}) == "kunde"


@pytest.mark.parametrize("name", ["user_agent", "user_country", "user_plan", "user_type"])
def test_what_a_user_has_is_no_user(name: str) -> None:
    assert source("llm_call", "user_id", {**CALL, name: ["a", "b", "c"] * (ROWS // 3)}) is None


@pytest.mark.parametrize(
    ("name", "values", "is_identity"),
    [
        ("id", UUIDS, True),
        ("event_id", UUIDS[:12] * 2, False),
        ("id", [*UUIDS[:-1], None], False),
        ("line", range(1, ROWS + 1), False),
        ("id", [number * 37 + 100 for number in range(ROWS)], True),
        ("commit", UUIDS, False),
        ("trace_id", UUIDS, False),
        ("response_id", [f"resp-{number * 7_919:012d}" for number in range(ROWS)], True),
        ("customer_id", [f"c-{number * 7_919:012d}" for number in range(ROWS)], False),
    ],
)
def test_an_identity_never_repeats_and_is_no_number_of_a_row(
    name: str, values: Sequence[Any], is_identity: bool
) -> None:
    assert (source("llm_call", "event_id", {**CALL, name: list(values)}) == name) is is_identity


def test_a_model_full_of_urls_is_none_and_the_model_is_found_elsewhere() -> None:
    lying = {
        "time": TIMES,
        "model": [f"https://x.example/{number}" for number in range(ROWS)],
        "weird": MODELS,
        "tokens_in": READ,
        "tokens_out": WRITTEN,
    }
    assert source("llm_call", "model", lying) == "weird"


def test_an_empty_column_gives_way_to_a_full_one_and_stands_where_there_is_none() -> None:
    people = [f"u{number % 5}" for number in range(ROWS)]
    both = {**CALL, "user_id": [None] * ROWS, "user_pseudo_id": people}
    assert source("llm_call", "user_id", both) == "user_pseudo_id"
    assert source("llm_call", "user_id", {**CALL, "user_id": [None] * ROWS}) == "user_id"


@pytest.mark.parametrize(
    "names",
    [
        ("started_at", "ended_at"),
        ("created_at", "exported_at"),
        ("timestamp", "ingested_at"),
        ("request_time", "updated_at"),
        ("event_time", "session_start"),
        ("startTime", "endTime"),
        ("occurred_at", "received_at"),
        ("begin", "finished"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_time_is_the_moment_of_the_event(names: tuple[str, str], turned: bool) -> None:
    columns: Columns = {"model": MODELS, "tokens_in": READ, "tokens_out": WRITTEN}
    times = {names[0]: TIMES, names[1]: [time.replace("T10", "T12") for time in TIMES]}
    order = reversed(list(times)) if turned else times
    assert source("llm_call", "ts", {**{name: times[name] for name in order}, **columns}) == names[0]


def test_a_time_that_is_only_when_it_was_exported_is_to_be_looked_at() -> None:
    assert any(
        "another moment" in check
        for check in proposed("llm_call", {**CALL, "when": [None] * ROWS, "exported_at": TIMES}).checks
    )


def test_a_day_in_one_column_and_a_time_of_day_in_another_are_joined() -> None:
    found = proposed("llm_call", {**CALL, "when": ["2026-05-30"] * ROWS, "clock": [time[11:19] for time in TIMES]})
    assert found.entry["columns"]["ts"] == {"join": ["when", "clock"]}


def later(seconds: Sequence[float]) -> list[str]:
    return [f"{time[:17]}{second:06.3f}Z" for time, second in zip(TIMES, seconds, strict=True)]


SECONDS = [0.4 + number / 4 for number in range(ROWS)]


@pytest.mark.parametrize(
    ("factor", "unit"), [(1, "s"), (1_000, "ms"), (1_000_000, "us"), (0.5, None)], ids=["s", "ms", "us", "neither"]
)
def test_start_and_end_beside_it_say_the_unit_of_a_latency(factor: float, unit: str | None) -> None:
    columns = {
        "start_time": TIMES,
        "end_time": later(SECONDS),
        "model": MODELS,
        "tokens_in": READ,
        "tokens_out": WRITTEN,
        "latency": [second * factor for second in SECONDS],
    }
    found = proposed("llm_call", columns)
    if unit:
        assert found.columns["duration_ms"].unit == unit
        assert not found.checks
    else:
        assert any("not what lies between" in check for check in found.checks)


def test_start_and_end_are_a_duration_where_no_column_is() -> None:
    found = proposed("llm_call", {**CALL, "ended_at": later(SECONDS)})
    assert found.entry["columns"]["duration_ms"] == {"ends": ["ended_at"]}


@pytest.mark.parametrize(
    ("values", "unit", "is_open"),
    [
        ([0.4, 4.7, 9.1], "s", False),
        ([400, 4_700, 9_100], "ms", False),
        ([2, 3, 5], "ms", True),
        ([0.02, 0.05, 0.1], "s", True),
    ],
)
def test_a_latency_of_open_size_is_to_be_looked_at(values: list[float], unit: str, is_open: bool) -> None:
    found = proposed("llm_call", {**CALL, "latency": values * (ROWS // 3)})
    assert found.columns["duration_ms"].unit == unit
    assert any("latency is" in check for check in found.checks) is is_open


def test_sums_tell_the_input_from_the_output_and_the_total_where_names_do_not() -> None:
    sums = [read + written for read, written in zip(READ, WRITTEN, strict=True)]
    found = proposed("llm_call", {"when": TIMES, "engine": MODELS, "tok_a": WRITTEN, "tok_b": sums, "tok_c": READ})
    assert found.columns["input_tokens"].source == "tok_c"
    assert found.columns["output_tokens"].source == "tok_a"
    assert any("because it is the larger" in check for check in found.checks)


def test_a_total_alone_is_neither_input_nor_output() -> None:
    found = proposed("llm_call", {"when": TIMES, "engine": MODELS, "total_tokens": READ})
    assert not {"input_tokens", "output_tokens"} & found.columns.keys()
    assert any("input and output together" in check for check in found.checks)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("usage.prompt_tokens", "input_tokens"),
        ("inputTokenCount", "input_tokens"),
        ("tokens_sent", "input_tokens"),
        ("completion_tokens", "output_tokens"),
        ("usageMetadata.candidatesTokenCount", "output_tokens"),
        ("usage.prompt_tokens_details.cached_tokens", "cached_input_tokens"),
        ("cachedContentTokenCount", "cached_input_tokens"),
        ("cache_creation_input_tokens", "cache_write_tokens"),
        ("prompt_cache_write_tokens", "cache_write_tokens"),
        ("usage.completion_tokens_details.reasoning_tokens", "reasoning_tokens"),
        ("thoughtsTokenCount", "reasoning_tokens"),
        ("max_tokens", None),
        ("tokens_per_second", None),
        ("input_token_price", None),
        ("input_audio_tokens", None),
        ("prompt_cache_miss_tokens", "input_tokens"),
        ("input_uncached_tokens", None),
    ],
)
def test_the_words_of_a_name_say_which_tokens(name: str, meant: str | None) -> None:
    found = proposed("llm_call", {"when": TIMES, "engine": MODELS, name: READ})
    assert next((column for column, one in found.columns.items() if one.source == name), None) == meant


@pytest.mark.parametrize(
    ("given", "total", "said"),
    [
        ([50] * ROWS, None, "excluded"),
        ([200] * ROWS, [300] * ROWS, "excluded"),
        ([200] * ROWS, [220] * ROWS, "included"),
    ],
    ids=["more than the input", "counted in the total", "not in the total"],
)
def test_numbers_say_whether_the_input_counts_cached_tokens(
    given: list[int], total: list[int] | None, said: str
) -> None:
    columns = {
        "when": TIMES,
        "engine": MODELS,
        "tokens_in": given,
        "tokens_out": [20] * ROWS,
        "cached": [80] * ROWS,
        **({"total_tokens": total} if total else {}),
    }
    columns["cached_tokens"] = columns.pop("cached")
    assert proposed("llm_call", columns).entry["columns"]["input_tokens"]["cached"] == said


def test_where_nothing_says_whether_cached_tokens_are_counted_it_is_asked() -> None:
    found = proposed("llm_call", {**CALL, "cached_tokens": [80] * ROWS})
    assert any("are they beside it" in check for check in found.checks)


def prices(factor: float) -> list[float]:
    rates = {"gpt-4o": (2.5, 10.0), "claude-3-5-sonnet": (3.0, 15.0)}
    return [
        (read * rates[model][0] + written * rates[model][1]) / 1e6 * factor
        for model, read, written in zip(MODELS, READ, WRITTEN, strict=True)
    ]


def test_a_cost_in_cents_is_seen_by_list_prices_and_by_name() -> None:
    assert "factor" not in proposed("llm_call", {**CALL, "cost": prices(1)}).columns["cost_usd"].rule
    by_size = proposed("llm_call", {**CALL, "cost": prices(100)})
    assert by_size.columns["cost_usd"].rule["factor"] == pytest.approx(0.01)
    assert any("list prices" in check for check in by_size.checks)
    by_name = proposed("llm_call", {**CALL, "cost_cents": prices(100)})
    assert by_name.columns["cost_usd"].rule == {"factor": 0.01}


def test_a_cost_in_two_parts_is_their_sum() -> None:
    found = proposed("llm_call", {**CALL, "input_cost": prices(1), "output_cost": prices(1)})
    assert found.entry["columns"]["cost_usd"] == {"from": "input_cost", "plus": ["output_cost"]}


def test_a_flag_of_failure_is_the_status_the_other_way_round() -> None:
    found = proposed("llm_call", {**CALL, "is_error": ["true", "false"] * 12})
    assert found.entry["columns"]["status"] == {"from": "is_error", "map": {"true": "error", "false": "ok"}}
    found = proposed("llm_call", {**CALL, "success": ["true", "false"] * 12})
    assert found.entry["columns"]["status"] == "success"


@pytest.mark.parametrize("name", ["run_type", "span_kind", "type", "attributes.gen_ai.operation.name"])
def test_rows_around_calls_are_left_out(name: str) -> None:
    found = proposed("llm_call", {**CALL, name: ["llm", "chain", "tool"] * 8})
    assert found.rows.when == {name: ("llm",)}
    assert found.entry["parts"][0]["when"] == {name: ["llm"]}


def test_rows_without_tokens_are_told_apart_by_what_names_them() -> None:
    half = [read if number % 2 else None for number, read in enumerate(READ)]
    found = proposed(
        "llm_call", {"when": TIMES, "event": ["opened", "sent"] * 12, "tokens_in": half, "tokens_out": half}
    )
    assert found.rows.when == {"event": ("sent",)}


@pytest.mark.parametrize("name", ["num_model_requests", "request_count", "n_requests", "calls", "num_requests"])
def test_a_row_that_is_a_day_stands_for_as_many_calls_as_it_says(name: str) -> None:
    days = [f"2026-05-{day:02d}T00:00:00Z" for day in range(1, ROWS + 1)]
    found = proposed("llm_call", {**CALL, "when": days, name: [number + 2 for number in range(ROWS)]})
    assert found.rows.count == name
    assert any("stands for as many calls" in check for check in found.checks)


def test_a_row_that_is_a_day_of_unknown_many_calls_is_no_event() -> None:
    days = [f"2026-05-{day:02d}T00:00:00Z" for day in range(1, ROWS + 1)]
    ends = [f"2026-05-{day + 1:02d}T00:00:00Z" for day in range(1, ROWS + 1)]
    found = proposed(
        "llm_call", {"start_time": days, "end_time": ends, "model": MODELS, "tokens_in": READ, "tokens_out": WRITTEN}
    )
    assert found.score < 0.5
    assert any("whole day" in check for check in found.checks)


def test_averages_are_no_events() -> None:
    found = proposed(
        "request", {"time": TIMES, "path": ["/a"] * ROWS, "method": ["GET"] * ROWS, "p50_ms": READ, "p95_ms": READ}
    )
    assert found.score < 0.5
    assert any("averages" in check for check in found.checks)


def test_event_names_are_actions_and_only_views_are_page_views() -> None:
    columns = {
        "event_timestamp": TIMES,
        "event_name": ["page_view", "click", "scroll"] * 8,
        "user_pseudo_id": ["a", "b"] * 12,
        "page_location": [f"https://x.example/p{number % 3}?q={number}" for number in range(ROWS)],
    }
    best = proposals(seen(columns))[0]
    assert best.kind == "interaction"
    assert best.columns["action"].source == "event_name"
    assert "pattern" in best.columns["page"].rule
    posthog = proposed("interaction", {**columns, "event_name": ["$pageview", "click", "scroll"] * 8})
    assert posthog.columns["action"].rule == {"map": {"$pageview": "page_view"}}


def test_without_a_name_of_what_was_done_the_views_are_to_be_looked_at() -> None:
    found = proposed("interaction", {"time": TIMES, "page": ["/a", "/b"] * 12, "user_id": ["a", "b", "c"] * 8})
    assert any("counts as the view of a page" in check for check in found.checks)


def test_web_vitals_side_by_side_are_events_of_their_own() -> None:
    columns = {
        "ts": TIMES,
        "url": ["/a", "/b"] * 12,
        "lcp": READ,
        "cls": [0.1] * ROWS,
        "inp_ms": READ,
        "ttfb": [0.1 + number / 100 for number in range(ROWS)],
    }
    best = proposals(seen(columns))[0]
    assert (best.kind, best.is_several) == ("web_vital", True)
    parts = {part["columns"]["name"]["value"]: part for part in best.entry["parts"]}
    assert set(parts) == {"lcp", "cls", "inp", "ttfb"}
    assert parts["ttfb"]["columns"]["value"] == {"from": "ttfb", "factor": 1000.0}
    assert parts["lcp"]["present"] == ["lcp"]


def test_calls_and_page_views_in_one_file_are_two_parts() -> None:
    events = ["$ai_generation", "$pageview", "$ai_span", "clicked"] * 6
    some = [read if event == "$ai_generation" else None for read, event in zip(READ, events, strict=True)]
    columns = {
        "timestamp": TIMES,
        "event": events,
        "distinct_id": ["a", "b", "c"] * 8,
        "$ai_model": ["gpt-4o" if one else None for one in some],
        "$ai_input_tokens": some,
        "$ai_output_tokens": some,
        "$current_url": ["https://x.example/a"] * ROWS,
    }
    best = proposals(seen(columns))[0]
    assert [part["kind"] for part in best.entry["parts"]] == ["llm_call", "interaction"]
    assert best.entry["parts"][0]["when"] == {"event": ["$ai_generation"]}
    assert set(best.entry["parts"][1]["unless"]["event"]) == {"$ai_generation", "$ai_span"}


def test_rows_in_a_list_are_its_items() -> None:
    columns = {f"data.0.{name}": values for name, values in CALL.items()}
    entry = proposed("llm_call", columns).entry
    assert entry["each"] == ["data"]
    assert entry["columns"]["input_tokens"] == "tokens_in"
