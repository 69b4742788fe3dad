"""Words for the outcome of calls that nobody knows: errors, unless somebody says what they mean."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from metrics.events.questions import Answers
from tests.metrics.lake.meanings import Became, became


def _of(path: Path, statuses: Sequence[str], answers: Answers | None = None) -> Became:
    lines = [
        json.dumps({"ts": f"2026-05-01T10:00:{number:02}Z", "model": "gpt-4o", "input_tokens": 10, "status": status})
        for number, status in enumerate(statuses)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return became(path, answers=answers)


@pytest.mark.parametrize("statuses", [["partial", "ok", "complete"] * 4, ["erfolgt", "erfolgt", "gefailt"]])
def test_what_does_not_sound_like_a_failure_is_asked_about_and_each_answer_is_taken(
    tmp_path: Path, statuses: Sequence[str]
) -> None:
    path, asked = tmp_path / "calls.ndjson", statuses[0]
    (question,) = _of(path, statuses).questions
    assert f"does {asked} (" in question.asks
    for option, meaning in zip(question.options, ("ok", "error"), strict=True):
        outcome = _of(path, statuses, Answers(rules=option.rules))
        read = dict(zip(statuses, outcome.events["llm_call"]["status"], strict=True))
        assert (outcome.questions, read[asked]) == ((), meaning)


@pytest.mark.parametrize("strange", ["OverloadedError", "upstream unavailable", "137", "quota_used_up"])
def test_what_sounds_like_a_failure_is_one_beside_calls_that_succeeded(tmp_path: Path, strange: str) -> None:
    outcome = _of(tmp_path / "calls.ndjson", ["ok", strange])
    assert not outcome.questions
    assert outcome.events["llm_call"]["status"].to_list() == ["ok", "error"]


def test_a_strange_word_among_many_calls_is_an_error(tmp_path: Path) -> None:
    assert not _of(tmp_path / "calls.ndjson", ["ok"] * 50 + ["odd"]).questions


@pytest.mark.parametrize(
    ("said", "meant"),
    [(["Y", "N"], ["ok", "error"]), (["PASS", "FAIL"], ["ok", "error"]), (["cached", "ok"], ["ok"] * 2)],
)
def test_short_words_are_known(tmp_path: Path, said: Sequence[str], meant: Sequence[str]) -> None:
    assert _of(tmp_path / "calls.ndjson", said).events["llm_call"]["status"].to_list() == meant
