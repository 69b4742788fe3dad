"""Which file each stored event came from: a column of every event table, the hash of the file's bytes.

Files that older versions stored have no such column: there the name of the data file says it, until they are merged.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from metrics.lake.datafiles import DataFile
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
    return _placed(table, paths).select(table.file_schema.names())


def counted(table: "Table", files: Sequence["DataFile"], source: str) -> list[tuple["DataFile", int, int]]:
    """Data files that hold events of the source, or events of which nothing says where they came from.

    Each with the numbers of both.
    """
    if not files:
        return []
    of_it, unknown = pl.col(SOURCE_FILE) == source, pl.col(SOURCE_FILE).is_null()
    placed = _placed(table, [file.path for file in files]).select(_BEHIND, SOURCE_FILE).filter(of_it | unknown)
    found = placed.group_by(_BEHIND).agg(of_it.sum().alias("of it"), unknown.sum().alias("unknown"))
    by_place = {place: (own, other) for place, own, other in found.collect(engine="streaming").iter_rows()}
    return [(file, *by_place[place]) for file in files if (place := str(table.root / file.path)) in by_place]


def _placed(table: "Table", paths: Iterable[str]) -> pl.LazyFrame:
    events = pl.scan_parquet(
        table.local(paths), hive_partitioning=False, schema=table.file_schema, missing_columns="insert",
        extra_columns="ignore", include_file_paths=_BEHIND,
    )  # fmt: skip
    named = pl.col(_BEHIND).str.extract(_IN_NAME)
    return events.with_columns(pl.coalesce(SOURCE_FILE, named).alias(SOURCE_FILE))
