"""A column that says a zone beside times that say none: theirs, or where somebody was."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from metrics.events.questions import Answers
from tests.metrics.lake.meanings import Became, became


def _of(path: Path, name: str, rows: Sequence[tuple[str, str]], answers: Answers | None = None) -> Became:
    lines = "".join(f"{ts},{zone},gpt-4o,10,1\n" for ts, zone in rows)
    path.write_text(f"timestamp,{name},model,input_tokens,output_tokens\n{lines}", encoding="utf-8")
    return became(path, answers=answers)


@pytest.mark.parametrize(
    ("name", "zones", "hours"),
    [
        ("timezone", ["America/New_York"] * 2, [14, 15]),
        ("tz_offset", ["-04:00"] * 2, [14, 15]),
        ("utc_offset", ["+02:00", "-04:00"], [8, 15]),
    ],
)
def test_it_is_asked_whose_the_zone_is(tmp_path: Path, name: str, zones: Sequence[str], hours: Sequence[int]) -> None:
    path, rows = tmp_path / "calls.csv", list(zip(["2026-05-01 10:00:00", "2026-05-01 11:00:00"], zones, strict=True))
    (question,) = _of(path, name, rows).questions
    read = [
        _of(path, name, rows, Answers(rules=option.rules)).events["llm_call"]["ts"].dt.hour().to_list()
        for option in question.options
    ]
    assert read == [hours, [10, 11]]


def test_names_of_several_zones_can_only_be_somebody_elses(tmp_path: Path) -> None:
    rows = [("2026-05-01 10:00:00", "Europe/Berlin"), ("2026-05-01 10:00:00", "America/New_York")]
    (question,) = _of(tmp_path / "calls.csv", "timezone", rows).questions
    assert "write their offsets" in question.asks
    assert [option.rules for option in question.options] == [{"ts": {"zone": "UTC"}}]


@pytest.mark.parametrize(
    ("ts", "name", "zone"),
    [
        ("2026-05-01T10:00:00Z", "timezone", "America/New_York"),
        ("2026-05-01 10:00:00", "timezone", "UTC"),
        ("2026-05-01 10:00:00", "utc_offset", "+00:00"),
        ("2026-05-01 10:00:00", "zone", "us-east-1a"),
        ("1777629600", "timezone", "Europe/Berlin"),
    ],
)
def test_where_nothing_is_open_nothing_is_asked(tmp_path: Path, ts: str, name: str, zone: str) -> None:
    outcome = _of(tmp_path / "calls.csv", name, [(ts, zone)])
    assert not outcome.questions
    assert outcome.events["llm_call"]["ts"].dt.hour().to_list() == [10]
