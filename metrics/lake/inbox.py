"""Which files are there to be read, and where they go afterwards."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from pathlib import Path

from metrics.lake.formats import is_parquet, parquet_end

UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".download", ".swp")
HIDDEN = (".", "_", "~")
LONGEST_FOLDER = 200
"""Bytes of a name that a folder is named for; file systems allow 255."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file to be read."""

    path: Path
    hint: str
    """Its path below the folder that was looked through."""


def found_in(roots: Sequence[Path]) -> Iterator[Found]:
    """Files at or below `roots`, in order of name; hidden and unfinished ones left out."""
    for root in roots:
        if root.is_dir() and not root.is_symlink():
            for path in sorted(_below(root)):
                yield Found(path, str(path.relative_to(root.parent if root.name != "inbox" else root)))
        else:
            yield Found(root, str(Path(*root.absolute().parts[-2:])))


def _below(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = [
            name for name in folders if not name.startswith(HIDDEN) and not (Path(folder) / name).is_symlink()
        ]
        for name in files:
            if not name.startswith(HIDDEN) and not name.lower().endswith(UNFINISHED):
                yield Path(folder) / name
        # Links to folders are no files of `os.walk`, and must not be passed over in silence.
        links = (path for path in Path(folder).iterdir() if path.is_symlink() and path.is_dir())
        yield from (path for path in links if not path.name.startswith(HIDDEN))


def is_complete(path: Path, now: datetime, settle_seconds: float, incomplete_seconds: float) -> bool:
    """Whether a file of the inbox is not being written any more.

    Parquet says so with its last bytes; a file without that end has `incomplete_seconds` to get one. Others
    must have been left alone for `settle_seconds`.
    """
    if path.is_symlink():
        return True
    try:
        unchanged = now.timestamp() - path.stat().st_mtime
        if is_parquet(path):
            return parquet_end(path) is None or unchanged >= incomplete_seconds
    except OSError:
        return True  # reading it will say what is wrong
    return unchanged >= settle_seconds


def identity(file: BufferedReader) -> str:
    """What identifies the bytes of a file."""
    return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def archive(path: Path, hint: str, home: Path, at: datetime) -> None:
    """Move a file whose events are stored to `archive/<day>/`."""
    target = _free(home / "archive" / at.date().isoformat() / hint)
    _move(path, target)


def reject(path: Path, folder: Path, reason: Mapping[str, object], *, move: bool) -> None:
    """Put a bad file whole into `folder`, beside `reason.json`. What cannot be copied stays where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reason.json").write_text(json.dumps(reason, indent=2, ensure_ascii=False), encoding="utf-8")
    target = folder / path.name
    try:
        if move:
            _move(path, target)
        elif not path.is_symlink() and path.is_file():
            _link_or_copy(path, target)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise


def rejected_folder(home: Path, path: Path, hash: str) -> Path:
    """Where a file's rejected rows, or the whole file, are kept."""
    shown = path.name[:120].encode("utf-8", "surrogateescape")[:LONGEST_FOLDER].decode("utf-8", "ignore")
    return home / "rejected" / f"{shown}-{hash[:8]}"


def remove_empty_folders(inbox: Path) -> None:
    """Take away folders that emptied files have left."""
    for folder, _, _ in os.walk(inbox, topdown=False):
        if Path(folder) != inbox and not any(Path(folder).iterdir()):
            Path(folder).rmdir()


def _link_or_copy(path: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(path, target)
    except OSError:
        shutil.copy2(path, target)


def _move(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(str(path), str(target))


def _free(target: Path) -> Path:
    """`target`, or the same with a number where a file of that name is there."""
    number, free = 1, target
    while free.exists():
        free, number = target.with_name(f"{target.stem}-{number}{target.suffix}"), number + 1
    return free
