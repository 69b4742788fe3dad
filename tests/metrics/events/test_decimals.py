"""What a comma stands before is told by the whole file, or asked; and times and outcomes that the file leaves open."""

from typing import Any

import pytest

from metrics.events.questions import Answers, how_to_answer
from tests.metrics.events.surveying import calls, surveyed


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        (["1,234", "0,5"], [1.234, 0.5]), (["1,234", "1,234.5"], [1234, 1234.5]), (["1.234", "0.5"], [1.234, 0.5]),
        (["0,0123", "12"], [0.0123, 12]), (["1.234", "1.234,5"], [1234, 1234.5]),
    ],
)  # fmt: skip
def test_a_number_that_is_certain_tells_what_the_others_mean(costs: list[str], expected: list[float]) -> None:
    found = surveyed(calls(cost_usd=costs))
    assert not found.questions
    assert found.reasons == []
    assert found.good["cost_usd"].to_list() == expected


def test_numbers_that_tell_nothing_are_asked_about() -> None:
    (question,) = surveyed(calls(cost_usd=["1,234", "2,500"])).questions
    assert [option.rules for option in question.options] == [
        {"cost_usd": {"decimal": "comma"}}, {"cost_usd": {"decimal": "point"}},
    ]  # fmt: skip


def test_the_numbers_beside_it_tell_too() -> None:
    found = surveyed(calls(cost_usd=["1,234", "2,500"], latency_ms=["850,5", "900,25"]))
    assert not found.questions
    assert found.good["cost_usd"].to_list() == [1.234, 2.5]


@pytest.mark.parametrize("tokens", [["1,234", "12"], ["1.234", "12"]])
def test_what_stands_in_a_whole_number_stands_before_thousands(tokens: list[str]) -> None:
    assert surveyed(calls(output_tokens=tokens)).good["output_tokens"].to_list() == [1234, 12]


def test_costs_in_another_currency_are_asked_about() -> None:
    (question,) = surveyed(calls(cost_usd=[0.5, 0.1], currency=["EUR", "USD"])).questions
    assert "EUR" in question.asks
    assert not surveyed(calls(cost_usd=[0.5], currency=["usd"])).questions
    found = surveyed(calls(cost_usd=[0.5], currency=["EUR"]), answers=Answers(rules={"cost_usd": {"factor": 2}}))
    assert (found.questions, found.good["cost_usd"].to_list()) == ((), [1.0])


@pytest.mark.parametrize("times", [[46143.4, 46143.5], ["46143.4", "46143.5"]])
def test_days_of_excel_are_asked_about(times: list[Any]) -> None:
    (question,) = surveyed(calls(ts=times)).questions
    answers = Answers(rules=question.options[0].rules)
    found = surveyed(calls(ts=times), answers=answers)
    assert [at.isoformat()[:16] for at in found.good["ts"]] == ["2026-05-01T09:36", "2026-05-01T12:00"]


def test_seconds_from_a_start_are_asked_about() -> None:
    (question,) = surveyed(calls(ts=[0.0, 1.5])).questions
    assert "--set ts.start=" in question.asks
    found = surveyed(calls(ts=[0.0, 1.5]), answers=Answers(rules={"ts": {"start": "2026-05-01T00:00:00Z"}}))
    assert [at.isoformat()[11:21] for at in found.good["ts"]] == ["00:00:00+0", "00:00:01.5"]


def test_a_word_that_may_mean_success_is_asked_about_where_no_call_succeeds_by_another() -> None:
    found = surveyed(calls(status=["prima", "prima", "kaputt"]))
    (question,) = found.questions
    assert question.options[0].rules == {"status": {"map": {"prima": "ok"}}}
    assert "--yes (prima means success)" in how_to_answer([question])
    said_yes = surveyed(calls(status=["prima", "prima", "kaputt"]), answers=Answers(yes=True))
    assert said_yes.good["status"].to_list() == ["ok", "ok", "error"]


@pytest.mark.parametrize("words", [["ok"] * 30 + ["prima"], ["error", "503"], [None, "pending"]])
def test_few_words_beside_a_known_success_are_no_question(words: list[str | None]) -> None:
    assert not surveyed(calls(status=words)).questions
