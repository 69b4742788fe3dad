"""A point in `1.234` stands before decimals or thousands: the file tells, or it is said or asked, never guessed."""

from pathlib import Path

import pytest

from metrics.events.questions import Answers
from tests.metrics.lake.meanings import Became, became


def read(
    tmp_path: Path, separator: str, took: list[str], cost: list[str], answers: Answers | None = None, sent: int = 100
) -> Became:
    """Calls with these durations and costs, in a table of text."""
    rows = [
        separator.join((f"2026-05-01T10:00:{place:02d}Z", "gpt-4o", str(sent), "10", *values))
        for place, values in enumerate(zip(took, cost, strict=True))
    ]
    header = separator.join(("timestamp", "model", "input_tokens", "output_tokens", "duration_ms", "cost_usd"))
    path = tmp_path / "calls.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return became(path, answers=answers)


OPEN = ["131.234", "142.500", "153.125"]
COSTS = ["1.234", "2.500", "3.125"]


def test_where_a_semicolon_separates_money_and_time_are_asked_about(tmp_path: Path) -> None:
    found = read(tmp_path, ";", OPEN, COSTS)
    assert not found.events
    assert [one.about for one in found.questions] == ["duration_ms", "cost_usd"]
    assert "1.234" in found.asks
    assert "what the point stands before" in found.asks
    said = Answers(rules={"duration_ms": {"decimal": "comma"}, "cost_usd": {"decimal": "point"}})
    calls = read(tmp_path, ";", OPEN, COSTS, said).events["llm_call"].sort("ts")
    assert calls["duration_ms"].to_list() == [131_234, 142_500, 153_125]
    assert calls["cost_usd"].to_list() == [1.234, 2.5, 3.125]


def test_numbers_below_a_thousand_that_are_whole_make_thousands_likelier(tmp_path: Path) -> None:
    (question,) = read(tmp_path, ";", ["1.234", "850", "990"], ["", "", ""]).questions
    assert question.options[0].rules == {"duration_ms": {"decimal": "comma"}}


@pytest.mark.parametrize("separator", [",", "\t", "|"])
def test_elsewhere_it_is_read_with_decimals_and_that_is_said(tmp_path: Path, separator: str) -> None:
    found = read(tmp_path, separator, OPEN, COSTS)
    assert not found.questions
    assert found.events["llm_call"].sort("ts")["cost_usd"].to_list() == [1.234, 2.5, 3.125]
    assert [note.partition(":")[0] for note in found.notes] == ["duration_ms", "cost_usd"]
    assert "--set cost_usd.decimal=comma" in found.notes[1]


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("certain", ["0.5", "12.25", "1234.5", "0.123"])
def test_a_number_of_the_file_that_is_certain_tells(tmp_path: Path, separator: str, certain: str) -> None:
    found = read(tmp_path, separator, OPEN, [certain, "1.234", "2.345"])
    assert (found.questions, found.notes) == ((), ())
    assert found.events["llm_call"].sort("ts")["duration_ms"].to_list() == [131.234, 142.5, 153.125]


def test_a_decimal_comma_beside_it_tells(tmp_path: Path) -> None:
    found = read(tmp_path, ";", OPEN, ["0,5", "0,25", "1"])
    assert not found.questions
    assert found.events["llm_call"].sort("ts")["duration_ms"].to_list() == [131_234, 142_500, 153_125]


def test_tokens_with_points_between_their_thousands_tell(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(
        "timestamp;model;input_tokens;output_tokens;cost_usd\n"
        "2026-05-01T10:00:00Z;gpt-4o;1.200;10;1.234\n2026-05-01T10:00:01Z;gpt-4o;900;10;2.500\n",
        encoding="utf-8",
    )
    found = became(path)
    assert not found.questions
    calls = found.events["llm_call"].sort("ts")
    assert calls["input_tokens"].to_list() == [1200, 900]
    assert calls["cost_usd"].to_list() == [1234, 2500]
    assert "cost_usd: a comma stands before decimals, as 1.200 beside it shows" in found.notes


def test_thousands_without_a_point_tell(tmp_path: Path) -> None:
    found = read(tmp_path, ";", ["131.234", "2500", "153.125"], ["0.5"] * 3)
    assert not found.questions
    assert found.events["llm_call"].sort("ts")["duration_ms"].to_list() == [131.234, 2500, 153.125]


def test_quoted_commas_that_can_be_either_are_asked_about(tmp_path: Path) -> None:
    found = read(tmp_path, ",", ['"1,234"', '"2,500"', '"3,125"'], ["", "", ""])
    (question,) = found.questions
    assert question.about == "duration_ms"
    assert "1,234" in question.asks
