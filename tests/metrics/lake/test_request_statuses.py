"""The HTTP status of requests, however it is written: an outage must not make the error rate look good."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from metrics.events.questions import Answers
from tests.metrics.lake.meanings import Became, became


def _of(path: Path, codes: Sequence[Any], answers: Answers | None = None) -> Became:
    lines = [
        json.dumps({"ts": f"2026-05-01T10:{number:02}:00Z", "endpoint": "/a", "status_code": code})
        for number, code in enumerate(codes)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return became(path, answers=answers)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("500 Internal Server Error", 500),
        ("HTTP/1.1 503 Service Unavailable", 503),
        ("HTTP 404", 404),
        ("429: Too Many Requests", 429),
        ("200.0", 200),
    ],
)
def test_a_status_in_words_is_its_number(tmp_path: Path, written: str, code: int) -> None:
    outcome = _of(tmp_path / "requests.ndjson", ["200", written])
    assert not outcome.reasons
    assert outcome.events["request"]["status_code"].to_list() == [200, code]


def test_what_is_no_status_is_told(tmp_path: Path) -> None:
    assert list(_of(tmp_path / "requests.ndjson", ["200", "5xx"]).reasons) == [
        "status_code is 5xx; expected a whole number"
    ]


@pytest.mark.parametrize("code", [0, -1, "0", "000"])
def test_a_status_that_no_server_answers_is_asked_about(tmp_path: Path, code: Any) -> None:
    path, codes = tmp_path / "requests.ndjson", [type(code)(200), code, code]
    (question,) = _of(path, codes).questions
    assert "in 2 requests, which no server answers" in question.asks
    for option, read in zip(question.options, (503, None), strict=True):
        outcome = _of(path, codes, Answers(rules=option.rules))
        assert outcome.events["request"]["status_code"].to_list() == [200, read, read]


def test_numbers_of_another_protocol_are_rejected_and_not_asked_about(tmp_path: Path) -> None:
    outcome = _of(tmp_path / "requests.ndjson", [0, 0, 14])
    assert not outcome.questions
    assert outcome.reasons.total() == 3
