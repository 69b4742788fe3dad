"""What the log of a Delta table says of data files: read, and written."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from metrics.lake.datafiles import DataFile
from metrics.lake.remote.log import LOG

NAMED = "_named.ndjson"
"""Beside the log of a table: what commits that are gone said of the files whose events they stored, line by line."""


def commit_path(root: Path, version: int) -> Path:
    """Where the log of the table at `root` says what a version changed."""
    return root / LOG / f"{version:020d}.json"


def actions_of(commit: Path) -> list[Mapping[str, Any]]:
    """What the file of a commit says, line by line. Raises `OSError`, and `ValueError` where it is damaged.

    Lines are told apart by their bytes: in text there are other ends of lines, which a name may hold.
    """
    return [orjson.loads(line) for line in commit.read_bytes().splitlines()]


def readable_actions_of(commit: Path) -> Iterator[Mapping[str, Any]]:
    """What can be read of the file of a commit that may be damaged. Raises `OSError`."""
    for line in commit.read_bytes().splitlines():
        try:
            action = json.loads(line.decode(errors="replace"))
        except ValueError:
            continue
        if isinstance(action, dict):
            yield action


def checkpointed_actions_of(checkpoint: Path) -> Iterator[Mapping[str, Any]]:
    """The transactions that a checkpoint knows, and files taken out of the table lately, as commits say them.

    Raises whatever Polars does for a damaged file.
    """
    for column in pl.read_parquet(checkpoint, columns=["txn", "remove"]):
        yield from ({column.name: action} for action in column.drop_nulls())


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


def apply(action: Mapping[str, Any], files: dict[str, DataFile], moment: str) -> None:
    """Change `files`, by their paths, as an action of a commit says. Raises `KeyError`, `ValueError`, `TypeError`."""
    if "remove" in action:
        files.pop(action["remove"]["path"], None)
    if "add" in action:
        file = _added(action["add"], moment)
        files[file.path] = file


def _added(add: Mapping[str, Any], moment: str) -> DataFile:
    stats = json.loads(add.get("stats") or "{}")
    span = [stats.get(name, {}).get(moment) for name in ("minValues", "maxValues")]
    first, last = (datetime.fromisoformat(one) if one else None for one in span)
    return DataFile(add["path"], add["partitionValues"], stats.get("numRecords", 0), add["size"], first, last)


def adding(file: DataFile, moment: str, *, data_change: bool = True) -> AddAction:
    """A data file comes; `moment` is the column of its span."""
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


def removing(file: DataFile, data_change: bool) -> RemoveAction:
    """A data file goes; `data_change` says whether its rows do."""
    return RemoveAction(
        path=file.path,
        deletion_timestamp=time.time_ns() // 1_000_000,
        data_change=data_change,
        partition_values=dict(file.partition),
        size=file.size,
    )


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
