"""A quotation mark that somebody forgot takes no rows with it: the line is told, what follows is read."""

from pathlib import Path

import pytest

from tests.metrics.lake.formats.reading import read_text

HEAD = "ts,model,note,cost\n"


def row(number: int, note: str = "fine") -> str:
    return f"2026-05-01T10:00:{number:02d}Z,gpt-4o,{note},0.{number + 1}\n"


def lines(**notes: str) -> str:
    """Twelve rows; those that are named have a note of their own."""
    return HEAD + "".join(row(number, notes.get(f"at{number}", "fine")) for number in range(12))


@pytest.mark.parametrize(
    ("content", "line", "good"),
    [
        (lines(at3='"never closed'), 5, 11),
        (lines(at3='"never closed', at7='"a, b"'), 5, 11),
        (lines(at3='"never closed', at7='5" wide'), 5, 11),
        (lines(at3='"never closed', at4='""'), 5, 11),
        (lines(at11='"never closed'), 13, 11),
        (lines(at3='"never closed', at5='"nor this', at8='"but, this"'), 5, 10),
        (lines(at3='"never closed').replace("\n", "\r\n"), 5, 11),
        (lines(at3='"never closed').replace("\n", "\r"), 5, 11),
        (lines(at0='"never closed'), 2, 11),
        (lines(at3='"never closed').replace(",", ";"), 5, 11),
    ],
)
def test_the_line_is_told_and_those_below_it_are_rows(content: str, line: int, good: int, tmp_path: Path) -> None:
    found = read_text(tmp_path, content)
    assert found.rows.height == good
    assert found.rows.height + len(found.broken) == 12
    assert found.reasons[0].startswith(f"a quotation mark in line {line} is not closed there")
    assert "never closed" in found.broken[0][2]


def test_one_that_closes_at_the_end_of_another_row_hides_no_row(tmp_path: Path) -> None:
    found = read_text(tmp_path, "ts,n,note\n" + "".join(
        f"2026-05-01T10:00:{number:02d}Z,{number},{note}\n"
        for number, note in enumerate(['"never closed', "fine", 'wide 5"', '"good, one"'])
    ))  # fmt: skip
    assert found.rows["note"].to_list() == ["fine", 'wide 5"', "good, one"]
    assert len(found.broken) == 1


@pytest.mark.parametrize(
    "note",
    [
        '"two\nlines"', '"with ""marks"" in it\nand a line"', '"a, b, c, d\ne, f, g, h"', '"\n\n"',
        '"ts,model,note,cost\nx,y,z,1\nx,y,z,2"', '"{""k"":\n 1}"',
    ],
)  # fmt: skip
def test_lines_within_quotes_that_close_are_one_field(note: str, tmp_path: Path) -> None:
    found = read_text(tmp_path, lines(at3=note))
    assert (found.rows.height, found.broken) == (12, ())
    assert found.rows["note"][3] == (note[1:-1].replace('""', '"').strip() or None)


def test_a_file_that_ends_within_quotes_is_told(tmp_path: Path) -> None:
    found = read_text(tmp_path, lines(at11='"cut off').rstrip("\n")[:-5])
    assert found.rows.height == 11
    assert "line 13" in found.reasons[0]
