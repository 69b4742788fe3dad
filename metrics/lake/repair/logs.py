"""The log of a table, written anew from what of it can be read."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from metrics.lake.actions import apply, checkpointed_actions_of, files_of, readable_actions_of
from metrics.lake.datafiles import DataFile
from metrics.lake.intents import put_aside
from metrics.lake.problems import LakeUnavailable
from metrics.lake.remote.lake import RemoteLake
from metrics.lake.remote.log import LOG
from metrics.lake.tables import Table

_LONGEST_SEARCH = 1000
"""Versions that are tried for one that can be read."""


def written_anew(table: Table, home: Path) -> set[str]:
    """Write the log anew; the days of events that it may have told of and does not any more.

    A data file that no readable commit speaks of was added by one that is lost: its rows are not believed, but read
    again from where they came.
    """
    log = table.root / LOG
    commits = {int(path.stem): path for path in log.glob("*.json") if path.stem.isdigit()}
    base, files = _readable(table, max(commits, default=-1))
    transactions: set[str] = set()
    spoken_of = {file.path for file in files.values()}
    for version, action in _actions(log, commits):
        if "txn" in action:
            transactions.add(action["txn"]["appId"])
        for name in ("add", "remove"):
            spoken_of.update([action[name]["path"]] if name in action else [])
        if version > base:
            apply(action, files, table.moment)
    partition = table.partition_by[0]
    open_still = tuple(path.stem for path in (home / "lake" / "_transactions").glob("*"))
    unspoken = {
        path
        for path in table.root.glob(f"{partition}=*/*.parquet")
        if path.relative_to(table.root).as_posix() not in spoken_of and not path.name.startswith(open_still)
    }
    put_aside(log, home)
    table.commit_all(list(files.values()), sorted(transactions))
    days = {path.parent.name.partition("=")[2] for path in unspoken}
    for path in unspoken:
        put_aside(path, home)
    return days


def _actions(log: Path, commits: Mapping[int, Path]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """All that the log says, with the version that says it; of what was before its checkpoints, they know enough."""
    for path in log.glob("*.checkpoint.parquet"):
        with suppress(Exception):  # Polars raises several types for a damaged file
            yield from ((-1, action) for action in checkpointed_actions_of(path))
    for version, path in sorted(commits.items()):
        yield from ((version, action) for action in readable_actions_of(path))


def copied_anew(table: Table, remote: RemoteLake) -> None:
    """Copy the log of a table from object storage once more.

    Raises:
        LakeUnavailable: it cannot be read there, either.
    """
    log = table.root / LOG
    put_aside(log, remote.home)
    table.refresh()
    remote.log(table.name).follow()
    try:
        table.refresh()
    except Exception as error:  # the kernel raises a dozen types for a damaged log
        where = f"{remote.address.url}/{table.name}/{LOG}"
        raise LakeUnavailable(
            log, f"{where} cannot be read, either: bring its objects back from the versions that the bucket keeps"
        ) from error


def _readable(table: Table, newest: int) -> tuple[int, dict[str, DataFile]]:
    """The newest version that can be read whole, and its files."""
    for version in range(newest, max(-1, newest - _LONGEST_SEARCH), -1):
        try:
            delta = DeltaTable(str(table.root), version=version)
            return version, {file.path: file for file in files_of(delta, table.moment)}
        except Exception:  # the kernel raises a dozen types for a damaged log
            continue
    return -1, {}
