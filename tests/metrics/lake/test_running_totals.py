"""Sums that go on from call to call: they are no calls' own numbers, and somebody is asked."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from metrics.events.questions import Answers
from tests.metrics.lake.meanings import Became, became


def _of(
    path: Path, name: str, values: Sequence[Any], answers: Answers | None = None, **beside: Sequence[Any]
) -> Became:
    lines: list[str] = []
    for number, value in enumerate(values):
        more: Mapping[str, Any] = {key: said[number] for key, said in beside.items()}
        row = {"ts": f"2026-05-01T10:{number:02}:00Z", "model": "gpt-4o", "output_tokens": 5, "prompt_tokens": 10}
        lines.append(json.dumps({**row, name: value, **more}))
    path.write_text("\n".join(lines), encoding="utf-8")
    return became(path, answers=answers)


@pytest.mark.parametrize("name", ["total_cost", "total_cost_usd"])
def test_a_cost_that_never_falls_is_asked_about(tmp_path: Path, name: str) -> None:
    path, sums = tmp_path / "calls.ndjson", [0.25, 0.5, 1, 1, 2, 3, 4]
    (question,) = _of(path, name, sums).questions
    left_out, own = (
        _of(path, name, sums, Answers(rules=option.rules)).events["llm_call"] for option in question.options
    )
    assert set(left_out["cost_source"]) == {"priced"}
    assert own["cost_usd"].to_list() == sums


def test_each_session_has_a_sum_of_its_own(tmp_path: Path) -> None:
    found = _of(tmp_path / "calls.ndjson", "total_cost", [1, 5, 2, 6, 3, 7, 4, 9], session_id=list("abababab"))
    assert "never falls within any session_id" in found.asks


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("total_cost", [0.25, 0.5, 1, 0.5, 2, 3, 4]),
        ("total_cost", [0.25, 0.5, 1]),
        ("total_cost", [0.5] * 8),
        ("cost", [0.25, 0.5, 1, 2, 3, 4, 5]),
    ],
)
def test_what_each_call_used_is_not_asked_about(tmp_path: Path, name: str, values: Sequence[float]) -> None:
    outcome = _of(tmp_path / "calls.ndjson", name, values)
    assert (outcome.asks, outcome.events["llm_call"]["cost_usd"].to_list()) == ("", values)
