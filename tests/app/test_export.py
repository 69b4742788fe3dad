"""What a spreadsheet makes of a file."""

import csv
from datetime import UTC, date, datetime
from io import StringIO

import polars as pl
import pytest

from app.export import safe_csv


def cells(frame: pl.DataFrame) -> list[list[str]]:
    return list(csv.reader(StringIO(safe_csv(frame), newline="")))


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_text_that_would_run_as_a_formula_is_quoted(begin: str) -> None:
    text = begin + "HYPERLINK(1)"
    assert cells(pl.DataFrame({"endpoint": [text, "a" + text]})) == [["endpoint"], ["'" + text], ["a" + text]]


def test_a_heading_is_a_text_too() -> None:
    assert cells(pl.DataFrame({"=1+1": [1], "a,b": [2]})) == [["'=1+1", "a,b"], ["1", "2"]]


def test_numbers_keep_their_sign_and_no_data_is_an_empty_cell() -> None:
    frame = pl.DataFrame({"change": [-1.5, None, float("nan")], "count": [-3, 0, None]})
    assert cells(frame) == [["change", "count"], ["-1.5", "-3"], ["", "0"], ["", ""]]


def test_times_are_iso_in_utc() -> None:
    moment = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
    frame = pl.DataFrame({"time": [moment], "day": [date(2026, 5, 1)], "wall": [moment.replace(tzinfo=None)]})
    local = frame.with_columns(pl.col("time").dt.convert_time_zone("Asia/Kathmandu"))
    assert cells(local)[1] == ["2026-05-01T12:30:00.000000Z", "2026-05-01", "2026-05-01T12:30:00.000000"]


def test_lists_and_structs_are_json() -> None:
    frame = pl.DataFrame({"tags": [["=a", "b"], None], "who": [{"x": 1}, {"x": None}], "kind": ["=k", "l"]})
    frame = frame.with_columns(pl.col("kind").cast(pl.Categorical))
    assert cells(frame)[1:] == [['["=a", "b"]', '{"x": 1}', "'=k"], ["", '{"x": null}', "l"]]


def test_a_frame_without_rows_has_its_heading() -> None:
    assert safe_csv(pl.DataFrame(schema={"a": pl.Int64, "b": pl.String})) == "a,b\n"
