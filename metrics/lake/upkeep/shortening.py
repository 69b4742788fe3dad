"""Logs of tables, kept short: a commit that a checkpoint has taken the place of goes, once nobody reads it any more.

Whoever commits to a table looks through the folder of its log. Events that come live bring a commit every few seconds,
17,000 a day: with so many there, one costs twelve times what it does among few.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from metrics.lake.actions import NAMED, readable_actions_of
from metrics.lake.durably import space_needed
from metrics.lake.intake.received import is_segment
from metrics.lake.remote.log import LAST_CHECKPOINT, LOG, version_of
from metrics.lake.tables import Lake, Table

KEPT = timedelta(minutes=30)
"""For how long commits stay at least: a reader that was not told of one reads the table's whole log."""
REMEMBERED = timedelta(days=7)
"""For how long a checkpoint knows files that were taken out of a table, as Delta has it."""
FEWEST = 50
"""Files that are worth the way: in object storage, each shortening goes over all there is."""


def shorten(lake: Lake, grace: timedelta, now: datetime) -> int:
    """Shorten all logs; how many files went. `grace` is that after which files taken out of tables are deleted.

    Only inside the writer's lock. Raises `LakeUnavailable`.
    """
    # Who sweeps object storage asks commits, and checkpoints, what was taken out within the grace.
    before = now - (KEPT if grace < REMEMBERED else max(KEPT, grace))
    return sum(_shortened(table, before) for table in lake.tables if table.version >= 0)


def _shortened(table: Table, before: datetime) -> int:
    gone = _superseded(table.root, before)
    if len(gone) < FEWEST:
        return 0
    _note(table.root / NAMED, gone)
    if (remote := table.remote) is None:
        _remove(table.root, gone)
    else:
        with remote.log(table.name).draft() as root:
            _remove(root, gone)
    return len(gone)


def _superseded(root: Path, before: datetime) -> Sequence[Path]:
    """Files of the log of the table at `root` from before its last checkpoint and before a moment, the oldest first."""
    log = root / LOG
    try:
        checkpoint = int(json.loads((log / LAST_CHECKPOINT).read_bytes())["version"])
        if not (log / f"{checkpoint:020d}.checkpoint.parquet").is_file():
            return ()
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    older = [path for path in log.iterdir() if 0 <= version_of(path.name) < checkpoint]
    return sorted(path for path in older if path.stat().st_mtime < before.timestamp())


def _remove(root: Path, gone: Sequence[Path]) -> None:
    for path in gone:
        (root / LOG / path.name).unlink(missing_ok=True)


def _note(note: Path, gone: Sequence[Path]) -> None:
    """Write down what files commits stored, before these go: the book of files may have to be made anew."""
    told = [one for path in gone if path.suffix == ".json" for one in _naming(path)]
    dropped = [one for one in told if not one.is_received]
    if received := [one for one in told if one.is_received]:  # by the thousand, and all have one name
        dropped.append(_Named(received[-1].at, [file for one in received for file in one.files], is_received=True))
    if dropped:
        with space_needed(note.parent), note.open("a", encoding="utf-8") as file:
            file.write("\n".join(["", *(one.line for one in dropped), ""]))  # whatever was cut off before
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class _Named:
    """What a commit says of files: as `metrics.lake.writer` writes it."""

    at: int
    """Milliseconds."""
    files: Sequence[Any]
    is_received: bool

    @property
    def line(self) -> str:
        return json.dumps({"commitInfo": {"timestamp": self.at, "files": json.dumps(self.files)}})


def _naming(commit: Path) -> Iterator[_Named]:
    """What a commit says, where it names files."""
    for action in readable_actions_of(commit):
        try:
            told = action["commitInfo"]
            files = json.loads(told["files"])
            yield _Named(told["timestamp"], files, all(is_segment(file[1]) for file in files))
        except (KeyError, ValueError, TypeError, AttributeError, IndexError):
            continue  # not ours
