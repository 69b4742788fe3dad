"""The Delta tables of a home, and nothing about what is in them.

A `Table` is read through cheap snapshots: the Delta log is looked at again only when its directory
has changed. Data files are written elsewhere (they are invisible until committed) and enter a table
through `commit`, which carries the transaction id that makes ingest exactly-once.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import polars as pl
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.transaction import AddAction, RemoveAction

from metrics.events import KINDS
from metrics.events.schema import Kind
from metrics.lake.datafiles import Change, DataFile
from metrics.lake.pending import Pending
from metrics.lake.rollups import ROLLUPS, rollups_of
from metrics.lake.shapes import BUCKET
from metrics.lake.sources import SOURCE_FILE

DATE = "date"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a table held at one version."""

    version: int
    """-1 while the table does not exist."""
    files: tuple[DataFile, ...]

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(file.rows for file in self.files)

    def rows_by(self, partition: str) -> Mapping[str, int]:
        """Rows by the value of a partition column; 0 of a value that there is not."""
        found = Counter[str]()
        for file in self.files:
            found[file.partition[partition]] += file.rows
        return found


EMPTY = Snapshot(-1, ())


class Table:
    """One Delta table; it need not exist before the first commit."""

    def __init__(
        self, root: Path, schema: pl.Schema, partition_by: tuple[str, ...], pending: Pending | None = None
    ) -> None:
        """`pending`: the plans of its home."""
        self.root = root
        self.name = f"{root.parent.name}/{root.name}"
        self.schema = schema
        self.partition_by = partition_by
        self._lock = threading.Lock()
        self._delta: DeltaTable | None = None
        self._pending = pending
        self._planned: tuple[Change, ...] = ()
        self._seen: int | None = None
        self._snapshot = EMPTY

    @cached_property
    def file_schema(self) -> pl.Schema:
        """Schema of the data files: without the partition columns, which are in their paths."""
        return pl.Schema({name: dtype for name, dtype in self.schema.items() if name not in self.partition_by})

    @property
    def moment(self) -> str:
        """The column of which each file's least and greatest value are kept: `ts` of events, `bucket` of a rollup."""
        return next(name for name in ("ts", BUCKET) if name in self.schema)

    @property
    def snapshot(self) -> Snapshot:
        """The newest committed state."""
        self.refresh()
        return self._snapshot

    @property
    def version(self) -> int:
        """The newest committed version, -1 while the table does not exist."""
        return self.snapshot.version

    @property
    def version_text(self) -> str:
        """The newest version, or that nothing can be said of it: other tables answer all the same."""
        try:
            return str(self.version)
        except Exception:  # the kernel raises a dozen types for a damaged log
            return "?"

    @property
    def is_readable(self) -> bool:
        """Whether its log can be read."""
        return self.version_text != "?"

    def refresh(self) -> None:
        """Look for newer commits and plans; costs two `stat`s when there are none."""
        # Plans before commits: one that is gone meanwhile is committed.
        planned = self._pending.of(self.name) if self._pending else ()
        try:
            seen = (self.root / "_delta_log").stat().st_mtime_ns
        except FileNotFoundError:
            with self._lock:
                self._delta, self._snapshot, self._seen = None, EMPTY, None
            return
        with self._lock:
            if seen == self._seen and planned == self._planned:
                return
            if self._delta is None:
                if not DeltaTable.is_deltatable(str(self.root)):
                    return
                self._delta = DeltaTable(str(self.root))
            else:
                self._delta.update_incremental()
            files = tuple(files_of(self._delta, self.moment))
            for change in planned:
                files = change.applied(files)
            self._snapshot, self._planned = Snapshot(self._delta.version(), files), planned
            # A commit that lands within the clock tick of the directory's time stamp must be seen by the next look.
            self._seen = seen if time.time_ns() - seen > 50_000_000 else None

    def files(self, **partition: str) -> list[str]:
        """Absolute paths of the data files whose partition values equal those given."""
        return [
            str(self.root / file.path)
            for file in self.snapshot.files
            if all(file.partition.get(name) == value for name, value in partition.items())
        ]

    def scan(self, paths: Sequence[str]) -> pl.LazyFrame:
        """Rows of data files (absolute paths) in the stored schema: what a file is older than is null in it."""
        return pl.scan_parquet(
            list(paths), hive_partitioning=False, schema=self.file_schema, missing_columns="insert",
            extra_columns="ignore",
        )  # fmt: skip

    def has(self, transaction: str) -> bool:
        """Whether that transaction is committed."""
        self.refresh()
        return self._delta is not None and self._delta.transaction_version(transaction) is not None

    def commit(self, files: Sequence[DataFile], transaction: str, metadata: Mapping[str, str] | None = None) -> None:
        """Make `files` visible at once, unless the transaction is committed already."""
        if not self.has(transaction):
            self.commit_all(files, [transaction], metadata)

    def commit_all(
        self, files: Sequence[DataFile], transactions: Sequence[str], metadata: Mapping[str, str] | None = None
    ) -> None:
        """Make `files` visible at once, and have it known that all these transactions are committed."""
        delta = self._existing_or_new()
        delta.create_write_transaction(
            [_add(file, self.moment) for file in files],
            mode="append",
            schema=delta.schema(),
            partition_by=list(self.partition_by),
            commit_properties=CommitProperties(
                custom_metadata=dict(metadata or {}), app_transactions=[Transaction(one, 1) for one in transactions]
            ),
        )
        self._seen = None

    def create(self) -> None:
        """Make it, without a row, unless it is there."""
        self._existing_or_new()
        self._seen = None

    def replace(
        self,
        removed: Sequence[DataFile],
        added: Sequence[DataFile],
        metadata: Mapping[str, str] | None = None,
        *,
        data_change: bool = False,
        transaction: str | None = None,
    ) -> None:
        """Swap `removed` for `added` in one commit, unless the transaction is committed already.

        `data_change` says whether the rows differ (retention).
        """
        if transaction is not None and self.has(transaction):
            return
        delta = self._existing_or_new()
        actions: list[AddAction | RemoveAction] = [_remove(file, data_change) for file in removed]
        actions.extend(_add(file, self.moment, data_change=data_change) for file in added)
        delta.create_write_transaction(
            actions,
            mode="append",
            schema=delta.schema(),
            partition_by=list(self.partition_by),
            commit_properties=CommitProperties(
                custom_metadata=dict(metadata or {}),
                app_transactions=None if transaction is None else [Transaction(transaction, 1)],
            ),
        )
        self._seen = None

    def make(self) -> None:
        """Create the table, unless it exists: a plan can only count for one that does."""
        self._existing_or_new()

    def _existing_or_new(self) -> DeltaTable:
        self.refresh()
        if self._delta is None:
            self.root.mkdir(parents=True, exist_ok=True)
            self._delta = DeltaTable.create(
                str(self.root),
                schema=self._delta_schema,
                partition_by=list(self.partition_by),
            )
        else:
            self._delta.update_incremental()
            self._complete_schema(self._delta)
        return self._delta

    @cached_property
    def _delta_schema(self) -> Schema:
        return Schema.from_arrow(pl.DataFrame(schema=self.schema).to_arrow().schema)

    def _complete_schema(self, delta: DeltaTable) -> None:
        """Add the columns that a table of an older home lacks: a commit of its own, of no data."""
        there = {field.name for field in delta.schema().fields}
        if lacking := [field for field in self._delta_schema.fields if field.name not in there]:
            delta.alter.add_columns(lacking)
            delta.update_incremental()


def stored_schema(kind: Kind) -> pl.Schema:
    """What is stored of an event: what it says, the file it came from, and the day it lies in."""
    return pl.Schema({**kind.schema, SOURCE_FILE: pl.String(), DATE: pl.Date()})


class Lake:
    """All tables of one home: `lake/<kind>` for events, `rollups/<name>` for partial aggregates."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._pending = Pending(home)
        self._events = {
            name: Table(home / "lake" / name, stored_schema(kind), (DATE,), self._pending)
            for name, kind in KINDS.items()
        }
        self._rollups = {
            name: Table(home / "rollups" / name, rollup.schema, rollup.partition_by, self._pending)
            for name, rollup in ROLLUPS.items()
        }

    def events(self, kind: str) -> Table:
        """The event table of a kind (`stored_schema`); partitioned by `date`, the UTC day of `ts`."""
        return self._events[kind]

    def rollup(self, name: str) -> Table:
        """The table of a rollup; partitioned by `view`."""
        return self._rollups[name]

    @property
    def tables(self) -> tuple[Table, ...]:
        """All of them, events first."""
        return (*self._events.values(), *self._rollups.values())

    def rollups_of(self, kind: str) -> tuple[Table, ...]:
        """The tables of all rollups of a kind."""
        return tuple(self._rollups[rollup.name] for rollup in rollups_of(kind))

    @property
    def data_version(self) -> str:
        """A text that changes whenever any table changes: of a file, events are committed before the rollups."""
        return ".".join((*(table.version_text for table in self.tables), *self._pending.names))

    @cached_property
    def by_name(self) -> Mapping[str, Table]:
        """Every table, by its path below the home."""
        return {table.name: table for table in self.tables}


def files_of(delta: DeltaTable, moment: str) -> Iterator[DataFile]:
    """The files of a version of a table."""
    actions = pl.DataFrame(delta.get_add_actions(flatten=True))
    names = [name for name in actions.columns if name.startswith("partition.")]
    for row in actions.iter_rows(named=True):
        yield DataFile(
            path=row["path"],
            partition={name.removeprefix("partition."): str(row[name]) for name in names},
            rows=row["num_records"] or 0,
            size=row["size_bytes"],
            min_ts=row.get(f"min.{moment}"),
            max_ts=row.get(f"max.{moment}"),
        )


def _add(file: DataFile, moment: str, *, data_change: bool = True) -> AddAction:
    stats: dict[str, object] = {"numRecords": file.rows}
    if file.min_ts is not None and file.max_ts is not None:
        stats |= {"minValues": {moment: _iso(file.min_ts)}, "maxValues": {moment: _iso(file.max_ts)}}
    return AddAction(
        path=file.path,
        size=file.size,
        partition_values=dict(file.partition),
        modification_time=time.time_ns() // 1_000_000,
        data_change=data_change,
        stats=json.dumps(stats),
    )


def _remove(file: DataFile, data_change: bool) -> RemoveAction:
    return RemoveAction(
        path=file.path,
        deletion_timestamp=time.time_ns() // 1_000_000,
        data_change=data_change,
        partition_values=dict(file.partition),
        size=file.size,
    )


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def data_file(
    root: Path,
    path: Path,
    partition: Mapping[str, str],
    rows: int,
    min_ts: datetime | None = None,
    max_ts: datetime | None = None,
) -> DataFile:
    """Describe a data file just written below `root`."""
    return DataFile(path.relative_to(root).as_posix(), dict(partition), rows, path.stat().st_size, min_ts, max_ts)


def span_of(rows: pl.DataFrame, moment: str) -> tuple[datetime | None, datetime | None]:
    """The least and the greatest value of a column of moments."""
    lowest, highest = rows[moment].min(), rows[moment].max()
    return (lowest, highest) if isinstance(lowest, datetime) and isinstance(highest, datetime) else (None, None)
