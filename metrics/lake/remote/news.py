"""What the commits of a table say that were made since a version: which files came, and of which files of people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from metrics.lake.actions import actions_of, commit_path


@dataclass(frozen=True, slots=True)
class Commit:
    """One version of a table."""

    version: int
    at: datetime
    added: tuple[tuple[str, Mapping[str, str]], ...]
    """Data files with rows that were not in the table: path below its root, and values of the partition columns."""
    transaction: str
    """Its id; empty of one that changed no rows."""
    metadata: Mapping[str, Any]
    """What whoever committed says of it."""


def commits(root: Path, after: int, upto: int) -> list[Commit] | None:
    """The commits of a table later than one version, up to another; None where the log does not hold all of them."""
    found: list[Commit] = []
    for version in range(after + 1, upto + 1):
        try:
            actions = actions_of(commit_path(root, version))
        except FileNotFoundError:
            return None
        found.append(_commit(version, actions))
    return found


def _commit(version: int, actions: Sequence[Mapping[str, Any]]) -> Commit:
    said = next(_of(actions, "commitInfo"), {})
    transactions = [one["appId"] for one in _of(actions, "txn")]
    return Commit(
        version,
        datetime.fromtimestamp(said.get("timestamp", 0) / 1000, UTC),
        tuple((one["path"], one["partitionValues"]) for one in _of(actions, "add") if one["dataChange"]),
        transactions[0] if transactions else "",
        said,
    )


def _of(actions: Sequence[Mapping[str, Any]], sort: str) -> Iterator[Mapping[str, Any]]:
    return (action[sort] for action in actions if action.get(sort))
