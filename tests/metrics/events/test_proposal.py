"""What columns of an unknown file probably mean."""

from collections.abc import Mapping, Sequence

import polars as pl
import pytest

from metrics.events import KINDS, Column
from metrics.events.proposing.evidence import Seen, evidence, unmatched
from metrics.events.proposing.proposal import Proposal, proposals, propose
from metrics.events.proposing.similarity import distance, likeness

GATEWAY = {
    "called_at": ("2026-05-30 10:00:00", "2026-05-30 10:02:00"),
    "engine": ("gpt-4o", "claude"),
    "prompt_tokens": ("12", "99"),
    "completion_tokens": ("3", "4"),
    "took_s": ("0.3", "1.9"),
    "state": ("fine", "throttled"),
    "tenant": ("acme", "umbrella"),
}
ACCESS_LOG = {
    "zeit": ("1780000000", "1780000100"),
    "url": ("/a", "/b"),
    "antwort": ("200", "404"),
    "millis": ("120", "80"),
}


def seen(columns: Mapping[str, Sequence[str | None]]) -> list[Seen]:
    return [Seen(name, tuple(values)) for name, values in columns.items()]


def sources(proposal: Proposal) -> dict[str, str]:
    return {name: one.source for name, one in proposal.columns.items()}


def test_the_readmes_example_is_proposed_as_it_is_mapped_there() -> None:
    best = proposals(seen(GATEWAY))[0]
    assert best.kind == "llm_call"
    assert sources(best) == {
        "ts": "called_at",
        "model": "engine",
        "input_tokens": "prompt_tokens",
        "output_tokens": "completion_tokens",
        "duration_ms": "took_s",
        "status": "state",
    }
    assert best.columns["duration_ms"].unit == "s"
    assert all(one.reason and 0 < one.score <= 1 for one in best.columns.values())


def test_values_tell_what_foreign_names_do_not() -> None:
    best = proposals(seen(ACCESS_LOG))[0]
    assert best.kind == "request"
    assert sources(best) == {"ts": "zeit", "endpoint": "url", "status_code": "antwort", "duration_ms": "millis"}
    assert best.columns["ts"].unit == "s"
    assert "HTTP status codes" in best.columns["status_code"].reason


def believable(column: Column) -> str:
    return column.one_of[0] if column.one_of else "true" if column.dtype == pl.Boolean else "1"


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_in_the_words_of_a_kind_is_proposed_as_that_kind(kind: str) -> None:
    said = {
        "ts": "2026-05-30T10:00:00Z",
        "event_id": "a",
        "status_code": "200",
        "method": "GET",
        "endpoint": "/a",
        "page": "/a",
        "action": "click",
        "source_ip": "10.0.0.1",
        "model": "gpt-4o",
    }
    columns = {column.name: (said.get(column.name) or believable(column),) for column in KINDS[kind].columns}
    best = proposals(seen(columns))[0]
    assert best.kind == kind
    assert all(name == source for name, source in sources(best).items())


def test_what_could_not_be_stored_is_not_proposed() -> None:
    proposal = propose(
        seen({"ts": ("soon", "later"), "status_code": ("999", "7"), "duration_ms": ("fast",)}), KINDS["request"]
    )
    assert sources(proposal) == {}


def test_names_of_nothing_are_proposed_for_nothing() -> None:
    best = proposals(seen({"a": ("x", "y"), "b": ("1.5", "2"), "": ("z",), "<b>" * 4_000: ("z",)}))[0]
    assert sources(best) == {}
    assert best.score < 0.1


def test_a_file_without_columns_or_values_is_proposed_nothing() -> None:
    assert proposals([])[0].columns == {}
    assert sources(propose(seen({"duration_ms": (None, "")}), KINDS["request"])) == {"duration_ms": "duration_ms"}


def test_a_column_serves_once() -> None:
    chosen = list(sources(propose(seen({"time": ("2026-05-30T10:00:00Z",)}), KINDS["change"])).values())
    assert chosen == ["time"]


@pytest.mark.parametrize(
    ("name", "values", "unit"),
    [
        ("latency", ("0.21", "1.9", "0.4"), "s"),
        ("latency", ("210", "1900", "400"), "ms"),
        ("latency", ("12.5", "480.1", "90"), "ms"),
        ("latency", ("210000", "1900000", "400000"), "us"),
        ("latency", ("210000000", "1900000000", "400000000"), "ns"),
        ("latency_ms", ("0.21", "1.9", "0.4"), "ms"),
        ("latency_seconds", ("210", "1900", "400"), "s"),
    ],
)
def test_the_unit_of_a_duration_is_told_by_its_name_else_by_its_size(
    name: str, values: tuple[str, ...], unit: str
) -> None:
    assert evidence(KINDS["request"].by_name["duration_ms"], Seen(name, values), "request").unit == unit


@pytest.mark.parametrize(
    ("values", "unit"),
    [(("1780000000",), "s"), (("1780000000000",), "ms"), (("1780000000000000",), "us"), (("178" + "0" * 16,), "ns")],
)
def test_the_unit_of_a_time_is_told_by_its_size(values: tuple[str, ...], unit: str) -> None:
    assert evidence(KINDS["request"].by_name["ts"], Seen("x", values), "request").unit == unit


def test_words_that_mean_nothing_come_with_the_nearest_meaning() -> None:
    status = KINDS["llm_call"].by_name["status"]
    column = Seen("state", ("fine", "throttled", "timeot", "ok", "success", "purple", None, " "))
    assert unmatched(status, column.values, "llm_call") == {
        "fine": "ok",
        "timeot": "timeout",
        "purple": None,
    }


def test_a_name_is_like_itself_in_any_writing() -> None:
    tokens = KINDS["llm_call"].by_name["input_tokens"]
    assert {likeness(tokens, name, "llm_call").score for name in ("input_tokens", "InputTokens", "PROMPT-TOKENS")} == {
        1
    }
    assert likeness(tokens, "inputtoken", "llm_call").score > 0.8
    assert likeness(tokens, "weather", "llm_call").score < 0.35


@pytest.mark.parametrize(
    ("first", "second", "letters"), [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
)
def test_distance_counts_letters(first: str, second: str, letters: int) -> None:
    assert distance(first, second) == distance(second, first) == letters
