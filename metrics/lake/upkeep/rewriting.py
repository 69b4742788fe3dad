"""Data files that take the place of others: read, written anew, and gone again should their commit fail."""

import contextlib
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import polars as pl

from metrics.lake.datafiles import DataFile, data_file, span_of
from metrics.lake.shapes import VIEW
from metrics.lake.staging import COMPRESSION_LEVEL, group_rows
from metrics.lake.tables import Table


def by_partition(table: Table, name: str) -> Mapping[str, list[DataFile]]:
    """The files of a table by the value of a partition column."""
    files: dict[str, list[DataFile]] = defaultdict(list)
    for file in table.snapshot.files:
        files[file.partition[name]].append(file)
    return files


def rows_of_view(table: Table, view: str, files: Sequence[DataFile]) -> pl.DataFrame:
    """The rows of files of one view, in the schema of the rollup."""
    rows = pl.read_parquet(table.local(file.path for file in files), hive_partitioning=False)
    return rows.with_columns(pl.lit(view).alias(VIEW)).select(table.schema.names())


@contextlib.contextmanager
def written(table: Table, partition: Mapping[str, str], rows: pl.DataFrame) -> Generator[DataFile]:
    """A new data file of one partition; removed again should its commit fail."""
    ((name, value),) = partition.items()
    path: Path = table.root / f"{name}={value}" / f"merged-{uuid4().hex}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = rows.drop([name], strict=False)
    stored.write_parquet(path, compression_level=COMPRESSION_LEVEL, row_group_size=group_rows(table))
    try:
        yield data_file(table.root, path, partition, rows.height, *span_of(stored, table.moment))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
