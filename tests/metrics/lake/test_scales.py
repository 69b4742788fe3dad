"""Numbers of another scale than that of their column are asked about, and an answer is taken."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from metrics.events.questions import Answers
from tests.metrics.lake.meanings import Became, became

HOST, PROMPT, USER = {"host": "a"}, {"prompt_id": "p"}, {"user_id": "u"}
MB, GB = {**HOST, "cpu_percent": 20}, {**HOST, "cpu_percent": 20}
ODD: Sequence[tuple[Mapping[str, Any], str, Sequence[Any], Sequence[Sequence[Any]]]] = (
    (HOST, "cpu_percent", [0.25, 0.5, 0.75], [[25, 50, 75], [0.25, 0.5, 0.75]]),
    (HOST, "cpu_usage", ["0.25", "0.5", "1"], [[25, 50, 100], [0.25, 0.5, 1]]),
    (PROMPT, "quality_score", [0.5, 0.75, 1], [[50, 75, 100], [0.5, 0.75, 1]]),
    (PROMPT, "quality_score", [4, 3, 5], [[40, 30, 50], [80, 60, 100], [4, 3, 5]]),
    (MB, "memory_used_mb", [2**33, 2**34], [[8192, 16384], [2**23, 2**24], [2**33, 2**34]]),
    (MB, "memory_used_mb", [7.5, 8], [[7680, 8192], [7.5, 8]]),
    (GB, "storage_used_gb", [5e11, 7e11], [[500, 700], [5e8, 7e8], [5e11, 7e11]]),
)
USUAL: Sequence[tuple[Mapping[str, Any], str, Sequence[Any]]] = (
    (HOST, "cpu_percent", [0.25, 0.5, 0.75, 30]),
    (HOST, "cpu_percent", [0, 0, 0]),
    (HOST, "cpu_percent", ["0.25%", "0.5%", "0.75%"]),
    (PROMPT, "quality_score", [0.5, 62, 88]),
    (MB, "memory_used_mb", [900_000, 1_000_000]),
    (USER, "csat_score", [1, 5, 3]),
    (USER, "nps_score", [1, 5, 3, 4, 10]),
)


def _of(
    path: Path, beside: Mapping[str, Any], name: str, values: Sequence[Any], answers: Answers | None = None
) -> Became:
    lines = [
        json.dumps({"ts": f"2026-05-01T10:{number:02}:00Z", **beside, name: value})
        for number, value in enumerate(values)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return became(path, answers=answers)


@pytest.mark.parametrize(("beside", "name", "values", "readings"), ODD)
def test_what_may_be_of_another_scale_is_asked(
    tmp_path: Path, beside: Mapping[str, Any], name: str, values: Sequence[Any], readings: Sequence[Sequence[Any]]
) -> None:
    path = tmp_path / "events.ndjson"
    (question,) = _of(path, beside, name, values).questions
    for option, reading in zip(question.options, readings, strict=True):
        outcome = _of(path, beside, name, values, Answers(rules=option.rules))
        (column,) = option.rules
        (events,) = outcome.events.values()
        assert not outcome.questions
        assert events[column].to_list() == pytest.approx(reading)


@pytest.mark.parametrize(("beside", "name", "values"), USUAL)
def test_what_is_usual_is_not_asked_about(
    tmp_path: Path, beside: Mapping[str, Any], name: str, values: Sequence[Any]
) -> None:
    outcome = _of(tmp_path / "events.ndjson", beside, name, values)
    assert (outcome.asks, len(outcome.events)) == ("", 1)


@pytest.mark.parametrize(
    ("name", "values"), [("csat_score", [1, 5, 10]), ("nps_score", [9, 40, 100]), ("nps_score", [1, 2, 4, 5])]
)
def test_answers_of_people_on_another_scale_are_asked_about(tmp_path: Path, name: str, values: Sequence[int]) -> None:
    (question,) = _of(tmp_path / "events.ndjson", USER, name, values).questions
    assert question.options[0].rules == {name: {"from": []}}


def test_shares_of_one_core_are_asked_about(tmp_path: Path) -> None:
    (question,) = _of(tmp_path / "events.ndjson", HOST, "cpu_percent", [80, 150, 310]).questions
    assert question.options[0].rules == {"cpu_percent": {"from": []}}


def test_our_own_form_says_what_it_means(tmp_path: Path) -> None:
    outcome = _of(tmp_path / "events.ndjson", {**HOST, "event_id": None}, "cpu_percent", [0.25, 0.5, 0.75])
    assert not outcome.questions


def _vitals(path: Path, rows: Sequence[tuple[str, float]], answers: Answers | None = None) -> Became:
    path.write_text(
        "ts,name,value,page\n" + "".join(f"2026-05-01T10:00:00Z,{name},{value},/a\n" for name, value in rows),
        encoding="utf-8",
    )
    return became(path, answers=answers)


def test_vitals_in_seconds_are_asked_about(tmp_path: Path) -> None:
    path, rows = tmp_path / "vitals.csv", [("LCP", 1.5), ("LCP", 2.5), ("TTFB", 0.5)]
    (question,) = _vitals(path, rows).questions
    answered = _vitals(path, rows, Answers(rules=question.options[0].rules))
    assert answered.events["web_vital"]["value"].to_list() == [1500, 2500, 500]


def test_beside_a_layout_shift_only_a_mapping_says_that_vitals_are_in_seconds(tmp_path: Path) -> None:
    (question,) = _vitals(tmp_path / "vitals.csv", [("lcp", 1.5), ("cls", 0.1)]).questions
    assert "in a part of their own" in question.asks
    assert [option.says for option in question.options] == ["milliseconds"]


def test_vitals_in_milliseconds_are_as_they_are(tmp_path: Path) -> None:
    outcome = _vitals(tmp_path / "vitals.csv", [("lcp", 1500), ("cls", 0.1), ("ttfb", 12), ("inp", 8)])
    assert not outcome.questions
