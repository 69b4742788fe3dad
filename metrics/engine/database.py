"""DuckDB, in this process: one database, a cursor a statement."""

import atexit
import warnings
from functools import cache
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from tempfile import gettempdir
from typing import Literal, cast

import duckdb
import polars as pl
import polars.selectors as cs

from metrics.engine.statement import Statement

MEMORY_LIMIT = "900MB"
"""What queries and cached Parquet metadata may take of the web process."""


# It would have a relation made of every statement, which plans each twice: that takes longer than to copy its few rows.
warnings.filterwarnings("ignore", "Arrow output on a DB-API result makes an extra copy", UserWarning)


@cache
def _database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    # Left alone, it spills into `.tmp` of whatever directory the process was started in. Made when it is needed.
    spill = Path(gettempdir(), f"promptpilot-spill-{token_hex(8)}")
    atexit.register(rmtree, spill, ignore_errors=True)
    connection.execute("SET temp_directory = $spill", {"spill": str(spill)})
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    # As many as Polars takes: the cores that this process may use, or POLARS_MAX_THREADS.
    connection.execute(f"SET threads = {pl.thread_pool_size()}")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET parquet_metadata_cache = true")
    connection.execute("SET enable_progress_bar = false")
    return connection


def rows_of(statement: Statement) -> pl.DataFrame:
    """Run a statement; may be called from many threads at once."""
    cursor = _database().cursor()
    try:
        found = cursor.execute(statement.duckdb_sql(), dict(statement.parameters)).to_arrow_table()
        rows = cast("pl.DataFrame", pl.from_arrow(found, rechunk=False))
        return rows.with_columns(cs.datetime().dt.convert_time_zone("UTC"))
    finally:
        cursor.close()


def write_parquet(statement: Statement, path: Path) -> int:
    """Write the rows of a statement to a Parquet file; gives their number."""
    return write_file(statement, path, "parquet")


def write_file(statement: Statement, path: Path, form: Literal["csv", "parquet"]) -> int:
    """Write the rows of a statement to a file, piece by piece; gives their number."""
    cursor = _database().cursor()
    try:
        sql = f"COPY ({statement.duckdb_sql()}) TO $path (FORMAT {form})"
        found = cursor.execute(sql, {**statement.parameters, "path": str(path)}).fetchone()
        return found[0] if found else 0
    finally:
        cursor.close()
