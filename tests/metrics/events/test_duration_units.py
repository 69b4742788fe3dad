"""Seconds or milliseconds: by the name, by start and end, by what can be, and else asked."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.events import KINDS
from metrics.events.questions import Answers
from metrics.events.recognition.recognition import Part, Recognized
from metrics.events.survey.survey import Survey
from tests.metrics.events.surveying import calls, surveyed

SECONDS = [0.4, 1.25, 4.7, 9.0, 2.2, 3.1]
MILLISECONDS = [400, 1250, 4700, 9000, 2200, 3100]
START = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", ["latency", "response_time", "took"])
@pytest.mark.parametrize("values", [SECONDS, [str(one) for one in SECONDS]])
def test_fractions_of_what_no_model_answers_in_are_seconds(name: str, values: Sequence[Any]) -> None:
    found = surveyed(calls(**{name: values}), columns={"duration_ms": name, "ts": "ts", "model": "model"})
    assert not found.questions
    assert found.good["duration_ms"].to_list() == pytest.approx(MILLISECONDS)
    assert "read as seconds" in found.notes[0]


@pytest.mark.parametrize("values", [MILLISECONDS, [float(one) + 0.5 for one in MILLISECONDS], [150, 300, 900]])
def test_what_calls_usually_last_is_milliseconds_without_a_word(values: list[float]) -> None:
    found = surveyed(calls(latency=values))
    assert (found.good["duration_ms"].to_list(), found.notes, found.questions) == (values, (), ())


@pytest.mark.parametrize("values", [[1, 2, 4, 9, 3], [35.5, 60.2, 41.0], [2.5, 1.5, 4000.0]])
def test_what_may_be_either_is_asked(values: list[float]) -> None:
    (question,) = surveyed(calls(latency=values)).questions
    rules = [option.rules for option in question.options]
    assert {"duration_ms": {"unit": "s"}} in rules
    assert {"duration_ms": {"unit": "ms"}} in rules


def test_an_answer_is_followed() -> None:
    answers = Answers(rules={"duration_ms": {"unit": "s"}})
    found = surveyed(calls(latency=[1, 2, 4]), answers=answers)
    assert (found.good["duration_ms"].to_list(), found.questions) == ([1000, 2000, 4000], ())


def test_an_answer_does_not_touch_a_column_that_is_not_used() -> None:
    answers = Answers(rules={"duration_ms": {"unit": "s"}})
    found = surveyed(calls(latency=[1.0, None], response_time_ms=[5.0, 7.0]), answers=answers)
    assert found.good["duration_ms"].null_count() <= 1


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("latency_ms", [0.4, 0.5], [0.4, 0.5]),
        ("duration_s", [900, 300], [900_000, 300_000]),
        ("latencyMs", [3, 4], [3, 4]),
    ],
)
def test_a_name_that_says_its_unit_is_believed(name: str, values: list[float], expected: list[float]) -> None:
    found = surveyed(calls(**{name: values}), columns={"duration_ms": name, "ts": "ts", "model": "model"})
    assert (found.good["duration_ms"].to_list(), found.notes, found.questions) == (expected, (), ())


@pytest.mark.parametrize(("values", "unit"), [([2e6, 3e7, 4e7], "microseconds"), ([2e9, 3e9, 4e9], "nanoseconds")])
def test_what_is_far_too_long_is_of_a_smaller_unit(values: list[float], unit: str) -> None:
    found = surveyed(calls(latency=values))
    assert unit in found.notes[0]
    assert all(value < 100_000 for value in found.good["duration_ms"])


@pytest.mark.parametrize(
    ("values", "units"),
    [
        ([4e5, 7e5, 1e6], ["us", "ms"]),
        ([1.2e8, 1.5e8, 1.7e8], ["us", "ns"]),
        ([0.5, 0.8, 700.0, 900.0, 650.0], ["ms"]),
    ],
)
def test_what_may_be_of_two_small_units_is_asked(values: list[float], units: list[str]) -> None:
    (question,) = surveyed(calls(latency=values)).questions
    assert [option.rules for option in question.options] == [{"duration_ms": {"unit": unit}} for unit in units]


@pytest.mark.parametrize(("values", "unit"), [([0.4, 1.25, 2.2], "seconds"), ([4e8, 7e8, 1e9], "nanoseconds")])
def test_our_own_name_is_asked_about_where_calls_cannot_last_so_long(values: list[float], unit: str) -> None:
    rows = pl.DataFrame(calls(duration_ms=values)).drop("event_id")
    survey = Survey()
    assert survey.opens(rows, Recognized((Part(KINDS["llm_call"], {}),), "its columns"))
    survey.see(rows, Recognized((Part(KINDS["llm_call"], {}),), "its columns"))
    assert survey.questions[0].options[0].says == unit


def test_start_and_end_tell_the_unit_of_a_name_that_says_none() -> None:
    spans = [1, 2, 5, 9, 40]
    found = surveyed(ended("latency", spans, spans))
    assert found.good["duration_ms"].to_list() == [1000 * span for span in spans]
    assert "end_time" in found.notes[0]


def test_start_and_end_are_believed_against_a_name_where_they_are_exact() -> None:
    spans = [1.5, 2.25, 5.125, 9.5]
    found = surveyed(ended("latency_ms", spans, spans))
    assert found.good["duration_ms"].to_list() == [1000 * span for span in spans]
    assert "although its name says milliseconds" in found.notes[0]


def test_start_and_end_that_are_only_about_right_are_asked_about() -> None:
    spans = [1.5, 2.25, 5.125, 9.5]
    (question,) = surveyed(ended("latency_ms", [span * 1.4 for span in spans], spans)).questions
    assert question.options[0].rules == {"duration_ms": {"unit": "s"}}


def test_an_end_of_something_else_changes_nothing() -> None:
    found = surveyed(ended("latency_ms", [300.0, 900.0, 400.0, 700.0], [7.0, 0.1, 2000.0, 31.0]))
    assert (found.notes, found.questions) == ((), ())


def ended(name: str, values: Sequence[float], spans: Sequence[float]) -> dict[str, Any]:
    """Calls with a start, an end and a duration."""
    return calls(**{name: values}) | {
        "ts": [START.isoformat()] * len(spans),
        "end_time": [(START + timedelta(seconds=span)).isoformat() for span in spans],
    }


@given(
    milliseconds=st.lists(st.floats(200, 60_000), min_size=5, max_size=30), is_seconds=st.booleans(), text=st.booleans()
)
@settings(max_examples=50, deadline=None)
def test_a_unit_is_read_rightly_or_asked_about(milliseconds: list[float], is_seconds: bool, text: bool) -> None:
    values = [one / 1000 if is_seconds else one for one in milliseconds]
    found = surveyed(calls(latency=[str(one) for one in values] if text else values))
    assert found.questions or found.good["duration_ms"].to_list() == pytest.approx(milliseconds)


@pytest.mark.parametrize("name", ["duration", "elapsed", "took", "time_taken", "processing_time", "e2e_latency"])
def test_durations_of_calls_have_many_names(name: str) -> None:
    found = surveyed(calls(**{name: SECONDS}))
    assert found.good["duration_ms"].to_list() == pytest.approx(MILLISECONDS)


@pytest.mark.parametrize(("name", "values", "unit"), [("latency_s", MILLISECONDS, "ms"), ("latency_ms", SECONDS, "s")])
def test_a_name_that_says_what_can_hardly_be_is_asked_about(name: str, values: list[float], unit: str) -> None:
    (question,) = surveyed(calls(**{name: values})).questions
    assert question.options[0].rules == {"duration_ms": {"unit": unit}}
    assert f"{name} says" in question.asks


@pytest.mark.parametrize(
    ("name", "values"), [("latency_s", SECONDS), ("latency_ms", MILLISECONDS), ("latency_ms", [4])]
)
def test_a_name_that_says_what_can_be_is_believed(name: str, values: list[float]) -> None:
    assert surveyed(calls(**{name: values})).questions == ()


def test_calls_that_only_have_an_end_last_until_then() -> None:
    ends = [(START + timedelta(seconds=one)).isoformat() for one in SECONDS]
    rows = {**calls(end_time=ends), "ts": [START.isoformat()] * len(SECONDS)}
    found = surveyed(rows)
    assert found.good["duration_ms"].to_list() == pytest.approx(MILLISECONDS)
    assert found.notes == ("duration_ms: from ts to end_time",)


def test_an_end_before_the_start_is_no_duration() -> None:
    ends = [(START - timedelta(days=one)).isoformat() for one in SECONDS]
    rows = {**calls(end_time=ends), "ts": [START.isoformat()] * len(SECONDS)}
    assert surveyed(rows).good["duration_ms"].null_count() == len(SECONDS)
