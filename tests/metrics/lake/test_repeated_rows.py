"""Rows that share an id under a name that is not ours: one event where they are equal, else a question."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from metrics.events.questions import Answers
from tests.metrics.lake.meanings import Became, became


def _of(path: Path, rows: Sequence[Mapping[str, Any]], answers: Answers | None = None) -> Became:
    shared = {"ts": "2026-05-01T10:00:00Z", "model": "gpt-4o", "output_tokens": 1}
    path.write_text("\n".join(json.dumps({**shared, **row}) for row in rows), encoding="utf-8")
    return became(path, answers=answers)


def _rows(name: str, ids: Sequence[str], tokens: Sequence[int]) -> list[Mapping[str, Any]]:
    return [{name: one, "input_tokens": count} for one, count in zip(ids, tokens, strict=True)]


@pytest.mark.parametrize("name", ["id", "call_id", "request_id", "Response_ID"])
def test_a_row_that_was_delivered_again_is_one_event(tmp_path: Path, name: str) -> None:
    outcome = _of(tmp_path / "calls.ndjson", _rows(name, "abac", [10, 20, 10, 30]))
    assert outcome.events["llm_call"]["input_tokens"].to_list() == [10, 20, 30]
    assert f"1 rows come again, with the same {name}" in outcome.notes[0]


def test_a_row_that_was_written_again_as_it_went_on_is_asked_about(tmp_path: Path) -> None:
    path, rows = tmp_path / "calls.ndjson", _rows("id", "aabb", [10, 15, 20, 25])
    (question,) = _of(path, rows).questions
    assert "2 rows have the id of another" in question.asks
    read = [
        _of(path, rows, Answers(rules=option.rules)).events["llm_call"]["input_tokens"].to_list()
        for option in question.options
    ]
    assert read == [[10, 15, 20, 25], [10, 20]]


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("request_id", "aabc"),  # two calls of one request
        ("id", "abcd"),
        ("id", "aaaaaaaa"),  # no id of rows
        ("trace_id", "aabb"),
    ],
)
def test_ids_of_other_things_make_no_rows_one(tmp_path: Path, name: str, ids: str) -> None:
    outcome = _of(tmp_path / "calls.ndjson", _rows(name, ids, range(len(ids))))
    assert (outcome.events["llm_call"].height, outcome.notes, outcome.questions) == (len(ids), (), ())


def test_equal_rows_without_an_id_are_as_many_events(tmp_path: Path) -> None:
    assert _of(tmp_path / "calls.ndjson", [{"input_tokens": 10}] * 3).events["llm_call"].height == 3


def test_pieces_of_an_answer_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "calls.ndjson"
    rows = [{"request_id": one, "input_tokens": 10, "output_tokens": count} for one in "ab" for count in (1, 2, 3)]
    (question,) = _of(path, rows).questions
    assert "`repeats: last`" in question.asks
    assert _of(path, rows, Answers(rules=question.options[0].rules)).events["llm_call"].height == len(rows)


@pytest.mark.parametrize(
    ("inputs", "outputs"), [((10, 20, 30), (1, 2, 3)), ((10, 10, 10), (3, 1, 2)), ((10, 10), (1, 2))]
)
def test_calls_of_one_request_are_no_pieces(tmp_path: Path, inputs: Sequence[int], outputs: Sequence[int]) -> None:
    rows = [
        {"request_id": "a", "input_tokens": given, "output_tokens": written}
        for given, written in zip(inputs, outputs, strict=True)
    ]
    assert not _of(tmp_path / "calls.ndjson", rows).questions
