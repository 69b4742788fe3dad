"""Which file each stored event came from: a column of every event table, the hash of the file's bytes.

Files that older versions stored have no such column: there the name of the data file says it, until they are merged.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from metrics.lake.tables import Table

SOURCE_FILE = "source_file"
"""Null where nothing says it: the file was merged with others by a version that did not write it down."""
_BEHIND = "\x1fpath"
_IN_NAME = r"(?:^|[/\\])([0-9a-f]{32})(?:\.[0-9a-z]+)?-\d{5}\.parquet$"


def transaction_source(path: str) -> str | None:
    """The file from which a data file was staged, by its name: `date=2026-06-01/<hash>-00001.parquet`."""
    found = re.search(_IN_NAME, path)
    return found[1] if found else None


def sourced(table: "Table", paths: Iterable[str]) -> pl.LazyFrame:
    """The events of data files (relative to the table's root) in the stored schema, each with its source."""
    places = [table.root / path for path in paths]
    events = pl.scan_parquet(
        places, hive_partitioning=False, schema=table.file_schema, missing_columns="insert", extra_columns="ignore",
        include_file_paths=_BEHIND,
    )  # fmt: skip
    named = pl.col(_BEHIND).str.extract(_IN_NAME)
    return events.with_columns(pl.coalesce(SOURCE_FILE, named).alias(SOURCE_FILE)).select(table.file_schema.names())
