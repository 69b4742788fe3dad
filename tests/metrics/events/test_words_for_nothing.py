"""What programs write where they have no value is no value in any column; ids and names come without their padding."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.events.values import nothing
from tests.metrics.events.conftest import TIME, Convert, call, request

Event = Callable[..., dict[str, Any]]
WORDS = [
    "null", "None", "nan", "NaN", "NA", "N/A", "n/a", "undefined", "\\N", "-", "--", "(null)", "<null>", "NULL", "nil",
    "#N/A", "(none)", "<NA>", "NaT", "?",
    "NONE", "Undefined", "nAn", "(not set)", "Not Set", " null ", "  ", "",
    "n.a.", "N/D", "—", "…", "#REF!", "#DIV/0!", "[]", "{}", '""', "''", "Not applicable", "[null]",
]  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_a_word_for_nothing_is_no_value_in_any_column(event: Event, word: str) -> None:
    texts = {name: [word] for name in ("user_id", "session_id", "feature", "status", "error_type")}
    numbers = {name: [word] for name in ("input_tokens", "output_tokens", "duration_ms", "cost_usd", "cache_hit")}
    found = event(call(**texts, **numbers))
    names = ("user_id", "session_id", "feature", "input_tokens", "duration_ms", "cost_usd", "cache_hit", "status",
             "error_type")  # fmt: skip
    assert {name: found[name] for name in names} == dict.fromkeys(names)


@pytest.mark.parametrize("word", ["nan", "-", "unknown", ""])
def test_what_must_be_there_is_missing_where_a_word_says_nothing(reasons: Callable[..., list[str]], word: str) -> None:
    assert reasons(request(ts=[word])) == ["ts is missing"]
    assert reasons({"ts": [TIME], "component": [word if word != "unknown" else "-"], "status": ["up"]}) == [
        "component is missing"
    ]


@pytest.mark.parametrize("value", [float("nan"), None])
def test_a_float_that_is_no_number_is_no_value(event: Event, value: float | None) -> None:
    found = event(call(input_tokens=[value], duration_ms=[value], user_id=[value], cost_usd=[value]))
    assert [found[name] for name in ("input_tokens", "duration_ms", "user_id")] == [None] * 3


@pytest.mark.parametrize("value", [float("inf"), "inf", "-Infinity"])
def test_infinity_is_no_number(reasons: Callable[..., list[str]], value: Any) -> None:
    (reason,) = reasons(request(duration_ms=[value]))
    assert reason.endswith("expected a number")


@pytest.mark.parametrize("text", ["none", "-", "n/a", "NA", "All fine, thanks", " nil "])
def test_words_of_people_stay(event: Event, text: str) -> None:
    assert event({"ts": [TIME], "csat_score": [5], "comment": [text]})["comment"] == text


@pytest.mark.parametrize("text", ["NULL", "NaN", "\\N", "None", "<NA>"])
def test_what_only_programs_write_is_no_comment(event: Event, text: str) -> None:
    assert event({"ts": [TIME], "csat_score": [5], "comment": [text]})["comment"] is None


@pytest.mark.parametrize(("region", "expected"), [("NA", "NA"), ("na", None), ("N/A", None), ("eu ", "eu")])
def test_north_america_is_a_region(event: Event, region: str, expected: str | None) -> None:
    assert event(request(region=[region]))["region"] == expected


@pytest.mark.parametrize("name", ["Nana", "nullable", "no", "0", "unknown", "a-b", "Nil Armstrong", "-1"])
def test_what_only_looks_like_it_is_a_name(event: Event, name: str) -> None:
    assert event(request(user_id=[name]))["user_id"] == name


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("17", "17"), ("17.0", "17"), ("17 ", "17"), ("  17", "17"), (17, "17"), (17.0, "17"), ("0.0", "0"),
        ("-3.0", "-3"), ("1.10", "1.10"), ("007", "007"), ("007.0", "007.0"), ("1.2.0", "1.2.0"), ("17.00", "17.00"),
        ("0x17.0", "0x17.0"), ("Ann Lee   ", "Ann Lee"), ("a  b", "a  b"), ("ANN", "ANN"), (17.5, "17.5"),
    ],
)  # fmt: skip
def test_an_id_is_one_however_it_came(event: Event, written: Any, known: str) -> None:
    found = event(request(user_id=[written], session_id=[written]))
    assert (found["user_id"], found["session_id"]) == (known, known)


def test_names_lose_their_padding_and_nothing_else(event: Event) -> None:
    found = event(call(model=["gpt-4.0  "], provider=["openai   "], service=["  api 1.0 "]))
    assert (found["model"], found["provider"], found["service"]) == ("gpt-4.0", "openai", "api 1.0")


def test_ids_that_are_floats_too_large_to_be_exact_are_told_of(converted: Convert) -> None:
    from metrics.events.conversion import Occurrences

    seen = Occurrences()
    converted(request(user_id=[1e17]), occurrences=seen)
    (note,) = seen.remarks.notes
    assert note.startswith("1 user_id are floats of more than 15 digits")


@given(
    word=st.sampled_from(nothing.WORDS),
    upper=st.lists(st.booleans(), min_size=20, max_size=20),
    padding=st.sampled_from(["", " ", "   "]),
)
@settings(max_examples=60, deadline=None)
def test_case_and_spaces_make_no_word_of_them(word: str, upper: list[bool], padding: str) -> None:
    import polars as pl

    written = padding + "".join(one.upper() if up else one for one, up in zip(word, upper, strict=False)) + padding
    assert nothing.named(pl.Series([written])).to_list() == [None]
