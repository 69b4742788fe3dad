"""Data files of a plan that may yet come to nothing: named for the plan, invisible until it counts."""

from collections.abc import Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex

import polars as pl
import pyarrow.parquet as pq

from metrics.lake import pending
from metrics.lake.datafiles import DataFile, data_file, span_of
from metrics.lake.sources import SOURCE_FILE, sourced
from metrics.lake.staging import COMPRESSION_LEVEL, ROW_GROUP_ROWS, group_rows
from metrics.lake.tables import Lake, Table


class Drafts:
    """The files of one plan."""

    def __init__(self, act: str) -> None:
        self.act = act
        self._written = 0

    def put(self, table: Table, partition: Mapping[str, str], rows: pl.DataFrame) -> DataFile:
        """Write rows as a data file of one partition."""
        path = self._path(table, partition)
        stored = rows.drop(list(partition), strict=False)
        stored.write_parquet(path, compression_level=COMPRESSION_LEVEL, row_group_size=group_rows(table))
        return data_file(table.root, path, partition, rows.height, *span_of(stored, table.moment))

    def kept(self, table: Table, file: DataFile, keep: pl.Expr) -> DataFile | None:
        """Write those rows of a data file anew that are kept, in their order; None where none is."""
        path = self._path(table, file.partition)
        rows = sourced(table, [file.path]) if SOURCE_FILE in table.schema else table.scan([str(table.root / file.path)])
        rows.filter(keep).sink_parquet(path, compression_level=COMPRESSION_LEVEL, row_group_size=group_rows(table))
        moment = pl.col(table.moment)
        written = pl.scan_parquet(path, hive_partitioning=False)
        count, first, last = written.select(pl.len(), moment.min().alias("a"), moment.max().alias("z")).collect().row(0)
        if not count:
            path.unlink()
            return None
        return data_file(table.root, path, file.partition, count, first, last)

    def batches(self, table: Table, file: DataFile, batches: Iterable[pl.DataFrame]) -> DataFile:
        """Write batches of rows, one at least, in the place of a data file whose partition they are of."""
        path, rows = self._path(table, file.partition), 0
        with ExitStack() as closing:
            writer: pq.ParquetWriter | None = None
            for batch in batches:
                told = batch.to_arrow()
                writer = writer or closing.enter_context(
                    pq.ParquetWriter(path, told.schema, compression="zstd", compression_level=COMPRESSION_LEVEL)
                )
                writer.write_table(told, row_group_size=ROW_GROUP_ROWS)
                rows += batch.height
        return data_file(table.root, path, file.partition, rows, file.min_ts, file.max_ts)

    def _path(self, table: Table, partition: Mapping[str, str]) -> Path:
        ((name, value),) = partition.items()
        self._written += 1
        path = table.root / f"{name}={value}" / f"{self.act}-{self._written:05d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


@contextmanager
def drafted(home: Path) -> Generator[Drafts]:
    """Files of a new plan. What no plan names when this ends is removed; after a kill, the next writer does that.

    The mark that says so is that of files being staged.
    """
    drafts = Drafts(f"swap.{token_hex(8)}")
    folder = pending.folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / f"{drafts.act}.staging"
    mark.touch()
    try:
        yield drafts
    except Exception:
        removed(home, drafts.act)
        raise
    if mark.exists():
        removed(home, drafts.act)


def removed(home: Path, act: str) -> None:
    """Remove the files of a plan that was never made, then its mark."""
    for table in Lake(home).tables:
        for path in table.root.glob(f"*/{act}-*.parquet"):
            path.unlink()
    (pending.folder(home) / f"{act}.staging").unlink(missing_ok=True)
