"""Which data files a table has: told by its whole log once, and from then on by each commit's own file.

Delta's library looks through all files of a table whenever it is asked. Some thirty tables change with every few events
that come, and each page is about the newest.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from metrics.lake.actions import actions_of, apply, commit_path, files_of
from metrics.lake.datafiles import DataFile
from metrics.lake.remote.log import LOG


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


@dataclass(frozen=True, slots=True)
class Committed:
    """What the commits of a table come to."""

    version: int = -1
    """The newest; -1 while there is none."""
    files: Mapping[str, DataFile] = field(default_factory=dict[str, DataFile])
    """By their paths."""
    mark: tuple[int, int] | None = None
    """What tells the file of the newest commit from another one that takes its place; None where it is gone."""


def whole(delta: DeltaTable, root: Path, moment: str) -> Committed:
    """By the whole log of the table at `root`, as Delta's library has read it."""
    version = delta.version()
    return Committed(version, {file.path: file for file in files_of(delta, moment)}, _mark(root, version))


def advanced(known: Committed, root: Path, moment: str) -> Committed | None:
    """By the commits since what is known; None where only the whole log can tell."""
    if known.mark is None or _mark(root, known.version) != known.mark:
        return None
    version, files = known.version, dict(known.files)
    try:
        while (path := commit_path(root, version + 1)).exists():
            actions = actions_of(path)
            if any(map(_is_of_others, actions)):
                return None
            for action in actions:
                apply(action, files, moment)
            version += 1
    except (OSError, KeyError, ValueError, TypeError):
        return None
    if version == known.version:
        return None if _has_later(root, version) else known
    return Committed(version, files, _mark(root, version))


def _is_of_others(action: Mapping[str, Any]) -> bool:
    """Whether somebody writes the table in ways that are not known here."""
    return "protocol" in action or bool(action.get("add", {}).get("deletionVector"))


def _mark(root: Path, version: int) -> tuple[int, int] | None:
    try:
        found = commit_path(root, version).stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _has_later(root: Path, version: int) -> bool:
    """Whether there is a commit beyond the one that would be next: that one is lost."""
    return any(path.stem > f"{version:020d}" for path in (root / LOG).iterdir() if path.suffix == ".json")
