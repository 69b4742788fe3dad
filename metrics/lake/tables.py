"""The Delta tables of a home, and nothing about what is in them.

A `Table` is read through cheap snapshots: the Delta log is looked at again only when its directory
has changed. Data files are written elsewhere (they are invisible until committed) and enter a table
through `commit`, which carries the transaction id that makes ingest exactly-once.

Where the tables lie in object storage (`metrics.lake.remote`), the same folders hold a copy of their logs, and the data
files that were asked for: a commit counts once storage has it, and `present` fetches what is missing.
"""

import threading
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path

import polars as pl
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.transaction import AddAction, RemoveAction

from metrics.events import KINDS
from metrics.events.schema import Kind
from metrics.lake.actions import adding, removing
from metrics.lake.committed import EMPTY, Committed, Snapshot, advanced, whole
from metrics.lake.datafiles import Change, DataFile
from metrics.lake.pending import Pending
from metrics.lake.remote.address import settle
from metrics.lake.remote.lake import RemoteLake, Storage
from metrics.lake.remote.log import LOG
from metrics.lake.rollups import ROLLUPS, rollups_of
from metrics.lake.shapes import BUCKET
from metrics.lake.sources import SOURCE_FILE
from metrics.settings import Settings

DATE = "date"
_UNREADABLE = "?"  # in the place of a version
_TICK = 50_000_000  # nanoseconds within which two changes of a directory may leave it with one time stamp
_PROPERTIES = {"delta.checkpointInterval": "20"}  # who commits reads the last checkpoint and all commits since
_REOPENED = 10
"""Commits after which Delta's library reads a log anew, from its last checkpoint: else each costs more than before."""


class Table:
    """One Delta table; it need not exist before the first commit."""

    def __init__(
        self,
        root: Path,
        schema: pl.Schema,
        partition_by: tuple[str, ...],
        pending: Pending | None = None,
        storage: Storage | None = None,
    ) -> None:
        """`pending`: the plans of its home. `storage`: of all tables of its home."""
        self.root = root
        self._log = root / LOG
        self.name = f"{root.parent.name}/{root.name}"
        self.schema = schema
        self.partition_by = partition_by
        self._lock = threading.Lock()
        self._delta: DeltaTable | None = None
        self._committed = Committed()
        self._pending = pending
        self._planned: tuple[Change, ...] = ()
        self._storage = storage
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
            return _UNREADABLE

    @property
    def is_readable(self) -> bool:
        """Whether its log can be read."""
        return self.version_text != _UNREADABLE

    def refresh(self) -> None:
        """Look for newer commits and plans; costs two `stat`s when there are none."""
        if (remote := self.remote) is not None:
            remote.look()
        # Plans before commits: one that is gone meanwhile is committed.
        planned = self._pending.of(self.name) if self._pending else ()
        if (seen := self.stamp) is None:
            with self._lock:
                self._delta, self._committed, self._snapshot, self._seen = None, Committed(), EMPTY, None
            return
        with self._lock:
            if seen == self._seen and planned == self._planned:
                return
            if (committed := advanced(self._committed, self.root, self.moment)) is None:
                self._delta = DeltaTable(str(self.root)) if DeltaTable.is_deltatable(str(self.root)) else None
                committed = whole(self._delta, self.root, self.moment) if self._delta else Committed()
            files = tuple(committed.files.values())
            for change in planned:
                files = change.applied(files)
            self._committed, self._snapshot, self._planned = committed, Snapshot(committed.version, files), planned
            # A commit that lands within the clock tick of the directory's time stamp must be seen by the next look.
            self._seen = seen if time.time_ns() - seen > _TICK else None

    @property
    def stamp(self) -> int | None:
        """When the directory of its log was last changed, in nanoseconds; None while it does not exist."""
        try:
            return self._log.stat().st_mtime_ns
        except FileNotFoundError:
            return None

    @property
    def remote(self) -> RemoteLake | None:
        """The lake in object storage that it is of; None where it is the home's own."""
        return self._storage.remote if self._storage else None

    @property
    def committed(self) -> tuple[DataFile, ...]:
        """The files that commits name, whatever is planned."""
        self.refresh()
        return tuple(self._committed.files.values())

    def files(self, **partition: str) -> list[str]:
        """Absolute paths of the data files whose partition values equal those given; they can be read."""
        return self.local(
            file.path
            for file in self.snapshot.files
            if all(file.partition.get(name) == value for name, value in partition.items())
        )

    def local(self, paths: Iterable[str]) -> list[str]:
        """Absolute paths of data files, which can be read: the one door from a file's name to its rows.

        Raises:
            LakeUnavailable: one is in object storage only, and cannot be read from there.
        """
        places = [str(self.root / path) for path in paths]
        self.present(places)
        return places

    def present(self, places: Sequence[str]) -> None:
        """Have data files (absolute paths) where they can be read. Raises as `local` does."""
        if (remote := self.remote) is not None:
            remote.cache.present(map(Path, places))

    def noted(self) -> None:
        """The note beside it has changed. Raises `LakeUnavailable` where object storage cannot be told."""
        if (remote := self.remote) is not None:
            remote.assure()
            remote.log(self.name).tell()

    def scan(self, paths: Sequence[str]) -> pl.LazyFrame:
        """Rows of data files (absolute paths) in the stored schema: what a file is older than is null in it."""
        self.present(paths)
        return pl.scan_parquet(
            list(paths), hive_partitioning=False, schema=self.file_schema, missing_columns="insert",
            extra_columns="ignore",
        )  # fmt: skip

    def has(self, transaction: str) -> bool:
        """Whether that transaction is committed."""
        delta = self._newest()
        return delta is not None and delta.transaction_version(transaction) is not None

    def _newest(self) -> DeltaTable | None:
        """As Delta's library knows it, for whoever commits; None while the table does not exist."""
        delta = self._delta if (version := self.version) >= 0 else None
        if delta is not None and version % _REOPENED == 0:
            delta = self._delta = DeltaTable(str(self.root))
        elif delta is not None and delta.version() != version:
            delta.update_incremental()
        return delta

    def commit(self, files: Sequence[DataFile], transaction: str, metadata: Mapping[str, str] | None = None) -> None:
        """Make `files` visible at once, unless the transaction is committed already."""
        if not self.has(transaction):
            self.send(files)
            self.commit_all(files, [transaction], metadata)

    def commit_all(
        self, files: Sequence[DataFile], transactions: Sequence[str], metadata: Mapping[str, str] | None = None
    ) -> None:
        """Make `files`, which were sent, visible at once, and have it known that these transactions are committed."""
        self._commit([adding(file, self.moment) for file in files], transactions, metadata)

    def create(self) -> None:
        """Make it, without a row, unless it is there: a plan, too, can only count for one that is."""
        with self._changing():
            pass

    def replace(
        self,
        removed: Sequence[DataFile],
        added: Sequence[DataFile],
        metadata: Mapping[str, str] | None = None,
        *,
        data_change: bool = False,
        transaction: str | None = None,
        is_sent: bool = False,
    ) -> None:
        """Swap `removed` for `added` in one commit, unless the transaction is committed already.

        `data_change` says whether the rows differ (retention); `is_sent` that object storage holds `added` already.
        """
        if transaction is not None and self.has(transaction):
            return
        actions: list[AddAction | RemoveAction] = [removing(file, data_change) for file in removed]
        actions.extend(adding(file, self.moment, data_change=data_change) for file in added)
        if not is_sent:
            self.send(added)
        self._commit(actions, [] if transaction is None else [transaction], metadata)

    def send(self, files: Sequence[DataFile]) -> None:
        """Have object storage hold data files, where it is to. Raises `LakeUnavailable`."""
        if (remote := self.remote) is not None:
            remote.cache.send([self.root / file.path for file in files])

    def _commit(
        self,
        actions: Sequence[AddAction | RemoveAction],
        transactions: Sequence[str],
        metadata: Mapping[str, str] | None,
    ) -> None:
        with self._changing() as delta:
            delta.create_write_transaction(
                list(actions),
                mode="append",
                schema=delta.schema(),
                partition_by=list(self.partition_by),
                commit_properties=CommitProperties(
                    custom_metadata=dict(metadata or {}),
                    app_transactions=[Transaction(one, 1) for one in transactions] or None,
                ),
            )

    @contextmanager
    def _changing(self) -> Generator[DeltaTable]:
        """The table at its newest version, to be committed to."""
        newest = self._newest()
        if (remote := self.remote) is None:
            self._delta = self._complete(newest, self.root)
            yield self._delta
        else:
            if (log := remote.log(self.name)).version < 0:
                remote.make(self.name)
            with log.draft() as root:
                there = DeltaTable(str(root)) if DeltaTable.is_deltatable(str(root)) else None
                yield self._complete(there, root)
        self._seen = None

    def _complete(self, delta: DeltaTable | None, root: Path) -> DeltaTable:
        """The table at `root`, made unless it is there, with all its columns."""
        if delta is None:
            root.mkdir(parents=True, exist_ok=True)
            by = list(self.partition_by)
            return DeltaTable.create(str(root), self._delta_schema, partition_by=by, configuration=_PROPERTIES)
        self._complete_schema(delta)
        return delta

    @cached_property
    def _delta_schema(self) -> Schema:
        return Schema.from_arrow(pl.DataFrame(schema=self.schema).to_arrow().schema)

    def _complete_schema(self, delta: DeltaTable) -> None:
        """Add the columns that a table of an older home lacks: a commit of its own, of no data."""
        there = {field.name for field in delta.schema().fields}
        if lacking := [field for field in self._delta_schema.fields if field.name not in there]:
            delta.alter.add_columns(lacking)
            delta.update_incremental()


@cache
def stored_schema(kind: Kind) -> pl.Schema:
    """What is stored of an event: what it says, the file it came from, and the day it lies in."""
    return pl.Schema({**kind.schema, SOURCE_FILE: pl.String(), DATE: pl.Date()})


class Lake:
    """All tables of one home: `lake/<kind>` for events, `rollups/<name>` for partial aggregates."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._pending = Pending(home)
        self._storage = Storage(home)
        self._events = {
            name: Table(home / "lake" / name, stored_schema(kind), (DATE,), self._pending, self._storage)
            for name, kind in KINDS.items()
        }
        self._rollups = {
            name: Table(home / "rollups" / name, rollup.schema, rollup.partition_by, self._pending, self._storage)
            for name, rollup in ROLLUPS.items()
        }
        self._known: tuple[object, str] | None = None  # the newest text of its version, and what it was told by

    @classmethod
    def of(cls, settings: Settings) -> "Lake":
        """The lake of a home, at the address that settings say.

        Raises:
            LakeUnavailable: the home's tables are those of another.
        """
        settle(settings)
        lake = cls(settings.home)
        lake._storage.is_awaited = bool(settings.lake.url)
        return lake

    @property
    def remote(self) -> RemoteLake | None:
        """The lake in object storage that the tables are those of; None where they are the home's own."""
        return self._storage.remote

    def events(self, kind: str) -> Table:
        """The event table of a kind (`stored_schema`); partitioned by `date`, the UTC day of `ts`."""
        return self._events[kind]

    def rollup(self, name: str) -> Table:
        """The table of a rollup; partitioned by `view`."""
        return self._rollups[name]

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """All of them, events first."""
        return (*self._events.values(), *self._rollups.values())

    def rollups_of(self, kind: str) -> tuple[Table, ...]:
        """The tables of all rollups of a kind."""
        return tuple(self._rollups[rollup.name] for rollup in rollups_of(kind))

    def send(self, parts: Sequence[tuple[Table, Sequence[DataFile]]]) -> None:
        """Have object storage hold data files of tables, several at once. Raises `LakeUnavailable`."""
        if (remote := self.remote) is not None:
            remote.cache.send([table.root / file.path for table, files in parts for file in files])

    def tell(self) -> None:
        """Have homes that read the same lake in object storage know of its commits. Raises `LakeUnavailable`."""
        if (remote := self.remote) is not None:
            remote.tell({table.name: table.version for table in self.tables})

    @property
    def data_version(self) -> str:
        """A text that changes whenever any table changes: of a file, events are committed before the rollups.

        Costs a `stat` a table while none does.
        """
        if (remote := self.remote) is not None:
            remote.look()
        now, seen = time.time_ns(), (self._pending.names, [table.stamp for table in self.tables])
        if (known := self._known) and known[0] == seen:  # another thread may put another in its place
            return known[1]
        versions = [table.version_text for table in self.tables]
        version = ".".join((*versions, *seen[0]))
        # As of one table: what lands within a tick of a time stamp must be seen by the next look.
        is_settled = now - max((one or 0 for one in seen[1]), default=0) > _TICK and _UNREADABLE not in versions
        self._known = (seen, version) if is_settled else None
        return version

    @cached_property
    def by_name(self) -> Mapping[str, Table]:
        """Every table, by its path below the home."""
        return {table.name: table for table in self.tables}
