"""Tables of text as office programs, databases and scripts write them."""

from pathlib import Path

import polars as pl
import pytest

from metrics.lake.problems import Unreadable
from tests.metrics.lake.formats.reading import CASES, read, read_text, written

COLUMNS = ["ts", "model", "provider", "input_tokens", "output_tokens", "cost_usd"]
FOLDER = CASES / "01-csv-encodings-separators"
FILES = sorted(path.name for path in FOLDER.iterdir() if path.suffix != ".md")
HEAD = "ts,model,input_tokens,cost\n"
ROWS = "2026-05-01T10:00:00Z,gpt-4o,100,0.5\n2026-05-01T11:00:00Z,gpt-4o,200,1.25\n"
CALLS = [("2026-05-01T10:00:00Z", "gpt-4o", "100", "0.5"), ("2026-05-01T11:00:00Z", "gpt-4o", "200", "1.25")]


@pytest.mark.parametrize("name", FILES)
def test_every_way_to_write_the_same_two_calls(name: str) -> None:
    found = read(FOLDER / name)
    rows = found.rows.rename({name: name.lower().replace(" ", "_") for name in found.rows.columns})
    assert found.broken == ()
    assert rows["model"].to_list() == ["gpt-4o", "gpt-4o"]
    assert rows["ts"].to_list() == ["2026-05-01T10:00:00Z", "2026-05-01T11:00:00Z"]
    numbers = rows.select(pl.col("input_tokens", "output_tokens", "cost_usd").cast(pl.Float64)).sum().row(0)
    assert numbers == (300, 50, 1.75)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", [".csv", ".txt", ".log", "", ".tsv"])
def test_the_separator_is_seen_and_not_taken_from_the_name(separator: str, ending: str, tmp_path: Path) -> None:
    found = read_text(tmp_path, (HEAD + ROWS).replace(",", separator), f"calls{ending}")
    assert found.rows.rows() == CALLS


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("Usage report, May 2026\n\n" + HEAD + ROWS, CALLS),
        ("# made by a script\n# with, commas, in, it\n" + HEAD + ROWS, CALLS),
        ("# " + HEAD + ROWS, CALLS),
        (HEAD + "# a remark\n" + ROWS, CALLS),
        (HEAD + ROWS + ",,,\n,,,\n", CALLS),
        (HEAD + ROWS + HEAD, CALLS),
        ((HEAD + ROWS).replace("\n", "\r"), CALLS),
        ((HEAD + ROWS).replace("\n", ",\r\n"), CALLS),
        ((HEAD + ROWS).replace("gpt-4o", "gpt-4o\0\0  "), CALLS),
        ("\n\n   \n" + HEAD + ROWS.rstrip("\n"), CALLS),
        ("sep=,\r\n" + HEAD + ROWS, CALLS),
        (HEAD.replace("model", " model ").replace("ts", '"\ufeffts"') + ROWS, CALLS),
        ('ts,model,note\na,b,"say \\"hi, there\\""\n', [("a", "b", 'say "hi, there"')]),
        ('ts,path,n\na,"C:\\dir\\",5\n', [("a", "C:\\dir\\", "5")]),
        ('ts,meta\na,"{""k"": ""v, \\""q\\""""}"\n', [("a", '{"k": "v, \\"q\\""}')]),
        ("ts;note\na;x,y,z\nb;u,v,w\n", [("a", "x,y,z"), ("b", "u,v,w")]),
    ],
)
def test_what_stands_around_a_table_is_no_row_of_it(content: str, rows: list[tuple[str, ...]], tmp_path: Path) -> None:
    found = read_text(tmp_path, content)
    assert (found.rows.rows(), found.broken) == (rows, ())


def test_a_row_is_filled_up_only_with_what_others_leave_empty(tmp_path: Path) -> None:
    found = read_text(tmp_path, "ts,model,cost,note\nc,d,2\na,b,1,\ne,f\n")
    assert found.rows.rows() == [("c", "d", "2", None), ("a", "b", "1", None)]
    assert found.reasons == ["2 fields; expected 4"]


def test_a_row_that_the_end_of_the_file_cuts_off_is_not_filled_up(tmp_path: Path) -> None:
    found = read_text(tmp_path, "ts,model,cost,note\na,b,125,\nc,d,12")
    assert (found.rows.height, found.reasons) == (1, ["3 fields; expected 4"])


def test_a_row_torn_by_a_line_break_is_rejected_as_a_whole(tmp_path: Path) -> None:
    found = read_text(tmp_path, "ts,model,note,cost\na,b,c,\na,b,see\nbelow,5\n")
    assert [number for number, _, _ in found.broken] == [1, 2]


def test_columns_of_one_name_are_one_where_they_say_the_same(tmp_path: Path) -> None:
    same = read_text(tmp_path, "ts,model,model\na,b,b\nc,d,d\n")
    assert (same.rows.columns, len(same.notes)) == (["ts", "model"], 1)
    other = read_text(tmp_path, "ts,model,model,model_2\na,b,b,x\nc,d,e,y\n")
    assert other.rows.columns == ["ts", "model", "model_3", "model_2"]
    assert "differs and is called model_3" in other.notes[0]


@pytest.mark.parametrize(
    ("content", "columns", "rows"),
    [
        ("n;cost\n1.234;1.234,56\n12;0,5\n", (pl.Float64, pl.Float64), [(1234.0, 1234.56), (12.0, 0.5)]),
        ("n;cost\n1\u202f234;-1\u00a0234,56\n12;0,5\n", (pl.Float64, pl.Float64), [(1234.0, -1234.56), (12.0, 0.5)]),
        ("n;cost\n1,234;0,5\n2,500;-\n", (pl.Float64, pl.Float64), [(1.234, 0.5), (2.5, None)]),
        ("n;cost\n1,234;0.5\n2,500;7\n", (pl.String, pl.String), [("1,234", "0.5"), ("2,500", "7")]),
        ("n;cost\n1,234;1,234.5\n2,500;7\n", (pl.Float64, pl.Float64), [(1234.0, 1234.5), (2500.0, 7.0)]),
        ('n,cost\n"1,234","1,234,567"\n5,7\n', (pl.Float64, pl.Float64), [(1234.0, 1234567.0), (5.0, 7.0)]),
        ('n,cost\n5,"0,25"\n7,"1,5"\n', (pl.String, pl.Float64), [("5", 0.25), ("7", 1.5)]),
        ("n;cost\na1;0,5\nb,2;0.5\n", (pl.String, pl.String), [("a1", "0,5"), ("b,2", "0.5")]),
        ("n;cost\n1.234;0.5\n2.500;7\n", (pl.String, pl.String), [("1.234", "0.5"), ("2.500", "7")]),
        ("n;cost\n1.234;2.5\n2.500;0,5\n", (pl.String, pl.String), [("1.234", "2.5"), ("2.500", "0,5")]),
    ],
)
def test_a_comma_in_a_number_is_what_the_whole_file_shows_it_to_be(
    content: str, columns: tuple[type, type], rows: list[tuple[object, object]], tmp_path: Path
) -> None:
    found = read_text(tmp_path, content)
    assert tuple(found.rows.dtypes) == columns
    assert found.rows.rows() == rows


def test_what_numbers_are_taken_for_is_told_and_does_not_depend_on_batches(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "n;cost\n" + "1,234;5\n" * 50 + "0,5;6\n")
    assert read(path, batch_rows=7).rows.equals(read(path).rows)
    assert read(path).notes == ("read with a decimal comma (0,5 is a half, 1.234 a thousand and more): n",)
    left = read_text(tmp_path, "n;cost\n" + "1,234;5\n" * 50)
    assert "can mean decimals or thousands: n" in left.notes[0]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", ROWS, "nothing names its columns: the first line is '2026-05-01T10:00:00Z"),
        ("a.txt", "Hello there.\nNothing, to be read here.\n", "no table"),
        ("a.csv", ",,,\n1,2,3,4\n", "nothing names its columns"),
        ("a.ndjson", "17\n18\n", "not JSON"),
    ],
)
def test_what_is_no_table_is_refused_with_its_words(name: str, content: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=said):
        read(written(tmp_path / name, content))
