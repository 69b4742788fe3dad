"""Parquet, streamed by Polars; a file with columns of a kind that it cannot hold is read without these by pyarrow."""

import io
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from metrics.lake.formats.arrow_columns import Source, is_strange, opened
from metrics.lake.formats.batches import Batch, Opened
from metrics.lake.formats.signatures import ENCRYPTED_PARQUET, parquet_end
from metrics.lake.problems import Unreadable

_ODD = ("time zone", "precision", "decimal", "not supported", "unsupported", "implemented", "duplicate",
        "more than one occurrence", "logicaltype", "logical type")  # fmt: skip
"""Words by which Polars says that a column is of a kind that it does not know, and not that the file is damaged."""
_ENCRYPTED = "the Parquet file is encrypted; export it without encryption"
_Panic = pl.exceptions.PanicException


def open_parquet(path: Path, batch_rows: int) -> Opened:
    """Open a Parquet file.

    Raises:
        Unreadable: it is damaged, encrypted or empty.
    """
    problem = parquet_end(path)
    if problem:
        raise Unreadable(problem)
    with path.open("rb") as file:
        file.seek(-4, io.SEEK_END)
        if file.read(4) == ENCRYPTED_PARQUET:
            raise Unreadable(_ENCRYPTED)
    try:
        frame = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        schema = frame.collect_schema()
        rows = int(frame.select(pl.len()).collect().item())
    except (Exception, _Panic) as error:  # Polars raises a dozen types for a broken file
        if any(word in str(error).lower() for word in _ODD):
            return _by_columns(path, batch_rows, error)
        raise Unreadable(_words(error)) from error
    _check(schema.names(), rows)
    if any(is_strange(dtype) for dtype in schema.dtypes()):
        return _by_columns(path, batch_rows, None)
    return Opened(partial(_batches, frame, batch_rows, rows), rows)


def _by_columns(path: Path, batch_rows: int, problem: BaseException | None) -> Opened:
    """The file column by column, without those that no reader here can hold."""
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, int(file.metadata.num_rows)
        return opened(Source("Parquet", schema, rows, partial(_record_batches, path)), batch_rows)
    except Unreadable:
        raise
    except Exception as error:  # pyarrow raises a dozen types, too
        raise Unreadable(_words(problem or error)) from error


def _record_batches(path: Path, rows: int, names: Sequence[str]) -> Iterator[Any]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(rows, columns=list(names))


def _check(names: list[str], rows: int) -> None:
    if not names:
        raise Unreadable("the Parquet file has no columns")
    if rows == 0:
        raise Unreadable("the Parquet file has no rows")


def _batches(frame: pl.LazyFrame, batch_rows: int, expected: int) -> Iterator[Batch]:
    start = 0
    try:
        for rows in frame.collect_batches(chunk_size=batch_rows, maintain_order=True):
            yield Batch(rows, start=start)
            start += rows.height
    except pl.exceptions.PolarsError as error:
        raise Unreadable(_words(error)) from error
    if start != expected:
        raise Unreadable(f"the footer promises {expected:,} rows, but {start:,} could be read")


def _words(error: BaseException) -> str:
    words = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "encrypt" in words.lower():
        return _ENCRYPTED
    return f"the Parquet file is damaged or of a kind that cannot be read: {words[:300]}"
