"""Small files become few large ones: a day of events in order of time, a view of a rollup merged.

Events are carried over in slices of time, so that whatever a day holds, no more than a slice of it is in memory. Files
come out alike in size, near the target, and follow one another in time where the small ones did not have to overlap.
"""

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from uuid import uuid4

import polars as pl
import pyarrow.parquet as pq

from metrics.lake.datafiles import DataFile, data_file
from metrics.lake.rollups import merge_view
from metrics.lake.shapes import VIEW
from metrics.lake.sources import sourced
from metrics.lake.staging import COMPRESSION_LEVEL, ROW_GROUP_ROWS
from metrics.lake.tables import DATE, Table
from metrics.lake.upkeep.rewriting import by_partition, rows_of_view, written

SAMPLED_EVERY = 1_000
"""Of so many events one is looked at to find where slices begin."""
MOST_TARGETS = 8
"""Files of the target's size that one commit makes of a day: upkeep holds the lake no longer than that takes."""
_OLDEST = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is merged, and into what."""

    small: int
    """Bytes below which a file is merged."""
    target: int
    """Bytes that files come near to."""
    enough: int
    """Small files of one day or view that are worth it."""
    slice_rows: int
    """Events held in memory at a time."""


def merge_days(table: Table, sizes: Sizes) -> int:
    """Merge the small files of each day that has enough of them; how many were."""
    merged = 0
    for day, files in by_partition(table, DATE).items():
        small = [file for file in files if file.size < sizes.small]
        if len(small) < sizes.enough:
            continue
        small.sort(key=lambda file: (file.min_ts or _OLDEST, file.path))
        for group in _groups(small, MOST_TARGETS * sizes.target):
            with _in_order(table, day, group, sizes) as larger:
                table.replace(group, larger)
            merged += len(group)
    return merged


def merge_views(table: Table, name: str, sizes: Sizes) -> int:
    """Merge the small files of partial aggregates of each view that has enough of them; how many were."""
    merged = 0
    for view, stored in by_partition(table, VIEW).items():
        small = [file for file in stored if file.size < sizes.small]
        if len(small) < sizes.enough:
            continue
        for group in _groups(small, sizes.target):
            with written(table, {VIEW: view}, merge_view(name, view, rows_of_view(table, view, group))) as file:
                table.replace(group, [file])
            merged += len(group)
    return merged


def _groups(files: Sequence[DataFile], most: int) -> Iterator[list[DataFile]]:
    """Files one after the other, put together up to so many bytes; one alone stays as it is."""
    group: list[DataFile] = []
    for file in files:
        if group and sum(one.size for one in group) + file.size > most:
            if len(group) > 1:
                yield group
            group = []
        group.append(file)
    if len(group) > 1:
        yield group


@contextlib.contextmanager
def _in_order(table: Table, day: str, files: Sequence[DataFile], sizes: Sizes) -> Generator[list[DataFile]]:
    """New files with the events of others, in order of time; removed again should their commit fail."""
    count = max(1, round(sum(file.size for file in files) / sizes.target))
    each = max(1, ceil(sum(file.rows for file in files) / (count * sizes.slice_rows)))
    slices = _slices(table, files, count * each)
    made: list[Path] = []
    try:
        larger: list[DataFile] = []
        for number in range(count):
            path = table.root / f"{DATE}={day}" / f"merged-{uuid4().hex}.parquet"
            made.append(path)
            if file := _file(table, path, day, slices[number * each : (number + 1) * each]):
                larger.append(file)
        yield larger
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _file(table: Table, path: Path, day: str, slices: Sequence[pl.LazyFrame]) -> DataFile | None:
    """One file of the events of slices that follow one another; None when there are none."""
    schema = pl.DataFrame(schema=table.file_schema).to_arrow().schema
    rows, first, last = 0, None, None
    with contextlib.ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for one in slices:
            events = one.collect().sort("ts", maintain_order=True)
            if events.is_empty():
                continue
            if writer is None:
                writer = stack.enter_context(
                    pq.ParquetWriter(path, schema, compression="zstd", compression_level=COMPRESSION_LEVEL)
                )
            writer.write_table(events.to_arrow(), row_group_size=ROW_GROUP_ROWS)
            rows, first, last = rows + events.height, first or events["ts"][0], events["ts"][-1]
    return data_file(table.root, path, {DATE: day}, rows, first, last) if rows else None


def _slices(table: Table, files: Sequence[DataFile], count: int) -> list[pl.LazyFrame]:
    """All events of the files, in so many parts, as even as a sample of their times tells."""
    bounds = _bounds(table, files, count)
    ends = [*bounds, None]
    return [_between(table, files, start, end) for start, end in zip([None, *bounds], ends, strict=True)]


def _bounds(table: Table, files: Sequence[DataFile], count: int) -> list[datetime]:
    if count == 1:
        return []
    paths = table.local(file.path for file in files)
    times = (pl.scan_parquet(path, hive_partitioning=False).select("ts") for path in paths)
    sampled = pl.concat(one.select(pl.col("ts").gather_every(SAMPLED_EVERY)) for one in times)
    moments = sampled.collect(engine="streaming")["ts"].sort()
    return [moments[number * len(moments) // count] for number in range(1, count)]


def _between(table: Table, files: Sequence[DataFile], start: datetime | None, end: datetime | None) -> pl.LazyFrame:
    """Events from one moment up to another; columns that a file is older than are null."""
    within = [
        file.path
        for file in files
        if (start is None or file.max_ts is None or file.max_ts >= start)
        and (end is None or file.min_ts is None or file.min_ts < end)
    ]
    if not within:
        return pl.LazyFrame(schema=table.file_schema)
    events = sourced(table, within)
    if start is not None:
        events = events.filter(pl.col("ts") >= start)
    return events if end is None else events.filter(pl.col("ts") < end)
