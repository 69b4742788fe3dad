"""Calls whose outcome is 0 or 1: which of both is the failure is asked, unless the file says it."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from metrics.events.questions import Answers
from tests.metrics.lake.meanings import Became, became


def calls(folder: Path, statuses: Sequence[object]) -> Path:
    path = folder / "calls.ndjson"
    call = {"model": "gpt-4o", "input_tokens": 1, "output_tokens": 1}
    rows = ({"ts": f"2026-05-01T10:00:{n:02d}Z", **call, "status": one} for n, one in enumerate(statuses))
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def ended(file: Became) -> list[str]:
    return file.events["llm_call"]["status"].to_list()


@pytest.mark.parametrize("both", [[1, 0, 1], ["1", "0", "1"], [1.0, 0.0, 1.0], ["1.0", "0", "1"]])
def test_both_are_asked_about_and_the_answer_is_taken(both: Sequence[object], tmp_path: Path) -> None:
    path = calls(tmp_path, both)
    (question,) = became(path).questions
    assert "status is 0 in 1 calls and 1 in 2" in question.asks
    answers = [became(path, answers=Answers(rules=option.rules)) for option in question.options]
    assert not any(file.questions for file in answers)
    assert [ended(file) for file in answers] == [["ok", "error", "ok"], ["error", "ok", "error"], ["ok", "ok", "ok"]]
    assert ended(became(path, answers=Answers(yes=True))) == ["ok", "error", "ok"]


@pytest.mark.parametrize(
    ("statuses", "outcomes"),
    [
        ([1, 1], ["ok", "ok"]),
        ([0, 0], ["ok", "ok"]),
        ([0, 1, 2], ["ok", "ok", "error"]),
        ([1, 0, "timeout"], ["ok", "ok", "timeout"]),
        ([True, False], ["ok", "error"]),
        ([200, 500], ["ok", "error"]),
    ],
    ids=["one alone", "the other alone", "OpenTelemetry", "words", "yes and no", "HTTP"],
)
def test_what_a_file_says_is_not_asked(statuses: Sequence[object], outcomes: Sequence[str], tmp_path: Path) -> None:
    file = became(calls(tmp_path, statuses))
    assert not file.questions
    assert ended(file) == outcomes
