"""Frames as files that other programs open."""

import csv
import json
from datetime import datetime, time
from io import StringIO

import polars as pl
import polars.selectors as cs

_FORMULA = r"^([=+\-@\t\r\n＝＋－＠])"
"""A spreadsheet runs a cell that begins so, even when it is text in the data."""
_QUOTED = "'${1}"
_ISO = "%Y-%m-%dT%H:%M:%S%.6f"


def safe_csv(frame: pl.DataFrame) -> str:
    """Comma-separated values with a heading; times are ISO in UTC, lists and structs JSON, no data is an empty cell.

    A text that a spreadsheet would run as a formula has an apostrophe before it; headings are texts, too.
    """
    texts = frame.with_columns(_as_json(frame[name]) for name in frame.columns if frame.schema[name].is_nested())
    texts = texts.with_columns(
        cs.float().fill_nan(None),
        cs.datetime(time_zone="*").dt.convert_time_zone("UTC").dt.strftime(_ISO + "Z"),
        cs.datetime(time_zone=None).dt.strftime(_ISO),
        cs.binary().bin.encode("hex"),
        cs.by_dtype(pl.Categorical, pl.Enum).cast(pl.String),
    )
    return _heading(frame.columns) + texts.with_columns(_harmless(cs.string())).write_csv(include_header=False)


def file_name(name: str, start: datetime, end: datetime) -> str:
    """A name without an ending for what shows `name` from `start` to `end`: `cost 2026-05-01 to 2026-05-08`."""
    whole_days = start.time() == end.time() == time()
    form = "%Y-%m-%d" if whole_days else "%Y-%m-%d %H.%M"
    return f"{name} {start:{form}} to {end:{form}}"


def _harmless(texts: pl.Expr) -> pl.Expr:
    return texts.str.replace(_FORMULA, _QUOTED)


def _heading(names: list[str]) -> str:
    written = StringIO()
    harmless = pl.DataFrame({"name": names}, {"name": pl.String}).select(_harmless(pl.col("name"))).to_series()
    csv.writer(written, lineterminator="\n").writerow(harmless)
    return written.getvalue()


def _as_json(values: pl.Series) -> pl.Series:
    cells = (None if cell is None else json.dumps(_plain(cell), default=str, ensure_ascii=False) for cell in values)
    return pl.Series(values.name, cells, pl.String)


def _plain(cell: object) -> object:
    return cell.to_list() if isinstance(cell, pl.Series) else cell
