"""Raw events as a file."""

from pathlib import Path
from typing import Literal

import polars as pl

from metrics.engine.database import write_file
from metrics.engine.dimension_sql import filter_sql, used_parameters
from metrics.engine.file_pruning import event_files
from metrics.engine.scope import Scope
from metrics.engine.statement import Statement
from metrics.engine.time_sql import span_sql
from metrics.events import KINDS

_FORMULA = "^[=+\\-@\\t\\r\\n＝＋－＠]"
"""A spreadsheet runs a cell that begins so, even when it is text in the data."""
Form = Literal["csv", "parquet"]


def export_events(scope: Scope, kind: str, path: Path, form: Form) -> int:
    """Write all events of the window that pass the filters to a file, in order of time; gives their number.

    In CSV a text that a spreadsheet would run as a formula has an apostrophe before it, and attributes are JSON.
    """
    scope.kinds_for(kind, (kind,))
    events = event_files(scope.lake, kind, [scope.window])
    columns = [_column(name, dtype, form) for name, dtype in KINDS[kind].schema.items()]
    text = (
        f"SELECT {', '.join(columns)} FROM {events.sql} WHERE {span_sql('ts', [scope.window])}{filter_sql(scope)} "
        "ORDER BY ts"
    )
    return write_file(Statement(text, used_parameters(scope, text), (events,)), path, form)


def _column(name: str, dtype: pl.DataType, form: Form) -> str:
    quoted = f'"{name}"'
    if form == "parquet":
        return quoted
    if dtype == pl.String:
        return f"CASE WHEN regexp_matches({quoted}, '{_FORMULA}') THEN '''' || {quoted} ELSE {quoted} END AS {quoted}"
    return quoted if not dtype.is_nested() else f"CAST(to_json({quoted}) AS VARCHAR) AS {quoted}"
