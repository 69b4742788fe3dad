"""How calls ended, whatever their source calls that; and that an outage does not make the error rate look good."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.events import KINDS
from metrics.events.conversion import Occurrences
from tests.metrics.events.conftest import Convert, call

Event = Callable[..., dict[str, Any]]
OUTCOMES = KINDS["llm_call"].by_name["status"].one_of


def by_code(code: int) -> str:
    special = {429: "rate_limited", 408: "timeout", 504: "timeout", 499: "cancelled"}
    return special.get(code, "ok" if 200 <= code < 300 else "error")


@pytest.mark.parametrize("code", [200, 201, 204, 400, 401, 403, 404, 408, 422, 429, 499, 500, 502, 503, 504, 524, 529])
@pytest.mark.parametrize("spelling", ["{}", "{}.0", "HTTP {}", "HTTP/1.1 {} Some Words", "{} Words", int, float])
def test_every_http_code_is_an_outcome(event: Event, code: int, spelling: Any) -> None:
    status = spelling.format(code) if isinstance(spelling, str) else spelling(code)
    found = event(call(status=[status]))
    assert found["status"] == by_code(code)
    assert found["error_type"] == (str(code) if by_code(code) == "error" else None)


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("completed Success SUCCEEDED stop end_turn tool_use max_tokens STOP DEFAULT incomplete OK unset true 0 1",
        "ok"),
        ("failed FAILURE Exception false 2 STATUS_CODE_ERROR errored", "error"),
        ("ThrottlingException RESOURCE_EXHAUSTED rate-limit rate_limit_error openai.RateLimitError 8", "rate_limited"),
        ("DEADLINE_EXCEEDED timed-out ModelTimeoutException APITimeoutError 4", "timeout"),
        ("content_filter content-filtered SAFETY refusal guardrail_intervened", "content_filtered"),
        ("canceled CANCELLED aborted -3", "cancelled"),
        ("pending in_progress queued running", None),
        ("overloaded_error UNAVAILABLE INTERNAL purple 14 -1", "error"),
    ],
)  # fmt: skip
def test_words_of_vendors_are_outcomes(event: Event, words: str, outcome: str | None) -> None:
    assert {word: event(call(status=[word]))["status"] for word in words.split()} == dict.fromkeys(
        words.split(), outcome
    )


def test_a_status_of_several_words_is_one(event: Event) -> None:
    assert event(call(status=["Too Many Requests"]))["status"] == "rate_limited"
    assert event(call(status=['{"code": 2, "message": "no"}']))["status"] == "error"


@pytest.mark.parametrize(
    ("status", "own", "named"),
    [
        ("overloaded_error", None, "overloaded_error"), ("Purple Haze", None, "Purple Haze"), ("503", None, "503"),
        ("overloaded_error", "Mine", "Mine"), ("ThrottlingException", None, "ThrottlingException"),
        ("failed", None, None), ("ok", None, None), ("nan", None, None), ("pending", None, None),
    ],
)  # fmt: skip
def test_a_failure_is_named_by_its_word(event: Event, status: str, own: str | None, named: str | None) -> None:
    assert event(call(status=[status], error_type=[own]))["error_type"] == named


@pytest.mark.parametrize(
    ("name", "value", "outcome"),
    [("success", True, "ok"), ("success", False, "error"), ("is_error", True, "error"), ("is_error", "false", "ok"),
     ("ok", "yes", "ok"), ("failed", 0, "ok"), ("has_error", 1, "error")],
)  # fmt: skip
def test_yes_and_no_mean_what_the_columns_name_says(event: Event, name: str, value: Any, outcome: str) -> None:
    from metrics.events.mapping.mappings import Mappings
    from tests.metrics.events.conftest import TIME

    columns = {"ts": "at", "model": "model", "status": name}
    own = Mappings.model_validate({"own": [{"name": "own", "kind": "llm_call", "columns": columns}]})
    found = event({"at": [TIME], "model": ["m"], name: [value]}, mappings=own, map_name="own")
    assert found["status"] == outcome


def test_a_call_that_failed_is_kept_without_what_cannot_be(converted: Convert) -> None:
    seen = Occurrences()
    cannot_be = {"duration_ms": [-3.0], "time_to_first_token_ms": ["soon"], "output_tokens": [-1], "cost_usd": [-0.5]}
    rows = call(status=["500"], cached_input_tokens=[5000], **cannot_be)
    part = converted(rows, occurrences=seen)["llm_call"]
    assert part.rejected.is_empty()
    left_out = ("duration_ms", "time_to_first_token_ms", "output_tokens", "cached_input_tokens")
    assert {name: part.good[name].item() for name in left_out} == dict.fromkeys(left_out)
    (note,) = seen.remarks.notes
    assert note.startswith("of failed calls, measurements that cannot be were left out: ")
    assert all(f"1 {name}" in note for name in (*left_out, "cost_usd"))


@pytest.mark.parametrize("bad", [{"duration_ms": [-3.0]}, {"output_tokens": ["many"]}])
def test_a_call_that_succeeded_is_rejected_for_it(converted: Convert, bad: dict[str, Any]) -> None:
    assert converted(call(status=["ok"], **bad))["llm_call"].rejected.height == 1
    assert converted(call(**bad))["llm_call"].rejected.height == 1


def test_what_must_be_there_is_missing_from_a_failed_call_too(converted: Convert) -> None:
    assert converted(call(ts=["soon"], status=["error"]))["llm_call"].rejected.height == 1


@given(word=st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_no_word_ever_drops_a_call(word: str) -> None:
    from metrics.events.conversion import convert
    from metrics.events.pricing import PriceBook
    from metrics.events.recognition.recognition import Part, Recognized
    from tests.metrics.events.conftest import NOW, frame

    outcome = convert(
        frame(call(status=[word])),
        Recognized((Part(KINDS["llm_call"], {}),), "test"),
        now=NOW,
        prices=PriceBook(),
        source="x",
    )["llm_call"]
    assert outcome.rejected.is_empty()
    assert outcome.good["status"].item() in (*OUTCOMES, None)
