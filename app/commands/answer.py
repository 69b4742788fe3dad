"""An answer of the engine, written down: table, JSON, CSV or Parquet."""

import sys
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from app.commands.printing import json_bytes, moment, say, table_text, warn
from app.terminal import visible_lines

if TYPE_CHECKING:
    import polars as pl

    from metrics.catalog import Metric
    from metrics.engine import Result
    from metrics.engine.query import Query

Format = Literal["table", "json", "csv", "parquet"]

_ISO = "%Y-%m-%dT%H:%M:%S%.fZ"


def rendered(result: "Result", question: "Query", metrics: "Mapping[str, Metric]", form: Format) -> bytes:
    """The answer in that form. Times are UTC, but for a table, whose times are in the zone asked for."""
    import polars as pl
    import polars.selectors as cs

    frame = result.frame.with_columns(cs.float().fill_nan(None))
    match form:
        case "json":
            return json_bytes(frame.to_dicts()) + b"\n"
        case "csv":
            return frame.with_columns(pl.col(pl.Datetime).dt.strftime(_ISO)).write_csv().encode()
        case "parquet":
            written = BytesIO()
            frame.write_parquet(written)
            return written.getvalue()
        case "table":
            return _table(frame, question, metrics).encode()


def _table(frame: "pl.DataFrame", question: "Query", metrics: "Mapping[str, Metric]") -> str:
    zone = ZoneInfo(question.tz)
    window = question.window
    return table_text(
        f"{moment(window.start)} to {moment(window.end)}",
        [_heading(name, question, metrics) for name in frame.columns],
        [
            [_cell(name, value, question, metrics, zone) for name, value in row.items()]
            for row in frame.iter_rows(named=True)
        ],
        right=len(frame.columns) - len({"time", *question.by} & set(frame.columns)),
    )


def _heading(column: str, question: "Query", metrics: "Mapping[str, Metric]") -> str:
    from metrics.engine import PREVIOUS

    name = column.removesuffix(PREVIOUS)
    return f"{column} [{metrics[name].unit}]" if name in question.metrics and metrics[name].unit else column


def _cell(column: str, value: object, question: "Query", metrics: "Mapping[str, Metric]", zone: ZoneInfo) -> str:
    from metrics.engine import PREVIOUS

    if value is None:
        return "(none)" if column in question.by else "–"
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")
    if isinstance(value, int | float):
        return f"{value:,.{metrics[column.removesuffix(PREVIOUS)].decimals}f}"
    return str(value)


def write(answer: bytes, out: Path | None) -> None:
    """Put the answer into `out`, else on standard output."""
    if out is not None:
        out.write_bytes(answer)
        return
    sys.stdout.flush()
    if sys.stdout.isatty():  # a file or a program gets what was asked for, byte by byte
        answer = visible_lines(answer.decode("utf-8", "backslashreplace")).encode()
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()


def remark(result: "Result", *, explain: bool, beside: bool) -> None:
    """What else is to be said: what answered it, and which events are missing. `beside`: on standard error."""
    if explain:
        tell = warn if beside else say
        tell(f"answered from: {result.source}")
        tell(result.sql)
    for why in result.failed.values():
        warn(f"promptpilot: {why}")
    for metric, kind in result.missing.items():
        warn(f"{metric}: no data yet: needs `{kind}` events")
    for metric, reason in result.dropped.items():
        warn(f"{metric}: no data where {reason}")
