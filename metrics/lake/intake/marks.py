"""What a file is known by: its bytes, and what would differ had it been written to or replaced since they were read.

A file may be a pipe that nobody writes to, be replaced by `mv`, or grow while it is read. Nothing here waits for
anybody, and whatever is said of a file is said of the bytes that were hashed.
"""

import hashlib
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from metrics.lake.problems import Unreadable

CHUNK = 2**20
CLOCK_STEP_NS = 100_000_000
"""File systems keep time in steps: what is written within one of them can look unchanged."""
_SORTS = (
    (stat.S_ISLNK, "a symbolic link; put the file itself here"),
    (stat.S_ISDIR, "a folder without any event file"),
    (stat.S_ISFIFO, "a named pipe, which has no end; write a file instead"),
    (stat.S_ISSOCK, "a socket; put a file here instead"),
    (stat.S_ISCHR, "a device; put a file here instead"),
    (stat.S_ISBLK, "a device; put a file here instead"),
)


class Mark(NamedTuple):
    """What differs once a file was written to or replaced."""

    device: int
    inode: int
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Identified:
    """A file whose bytes were hashed."""

    hash: str
    mark: Mark
    is_fresh: bool
    """It was written so lately that its mark may not tell whether it was written to again."""


class Gone(Exception):
    """There is no such file any more."""


class Changing(Exception):
    """It is being written to."""


class Interrupted(Exception):
    """Whoever waited for it was told to stop."""


def mark_of(path: Path) -> Mark | None:
    """What a file (or whatever lies there) is known by; None when nothing is there."""
    try:
        return _mark(path.lstat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def identity(file: BufferedReader) -> str:
    """What identifies the bytes of a file."""
    return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def identified(path: Path, stop: Callable[[], bool] = lambda: False) -> Identified:
    """The identity of a file's bytes.

    Raises:
        Unreadable: it is no file, its name is not text, or it may not be read.
        Gone, Changing, Interrupted: nothing can be said of it now.
    """
    try:
        problem = _no_file(path)
        if problem:
            raise Unreadable(problem)
        with _opened(path) as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise Changing
            hash = _digest(file, stop)
            after = os.fstat(file.fileno())
        if not _mark(before) == _mark(after) == mark_of(path):
            raise Changing
        is_fresh = abs(time.time_ns() - after.st_mtime_ns) < CLOCK_STEP_NS or after.st_mtime_ns > time.time_ns()
        return Identified(hash, _mark(after), is_fresh)
    except PermissionError as error:
        raise Unreadable("permission denied") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Gone from error
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from error


def is_same(path: Path, known: Identified) -> bool:
    """Whether the file still holds the bytes that were hashed."""
    if mark_of(path) != known.mark:
        return False
    try:
        return not known.is_fresh or identified(path).hash == known.hash
    except (Unreadable, Gone, Changing):
        return False


def named(path: Path) -> Path:
    r"""The path as it can be shown and kept: bytes that are not UTF-8 are written out (`caf\xe9.csv`)."""
    return Path(str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


def _no_file(path: Path) -> str:
    if named(path) != path:
        return f"its name is not UTF-8: {named(path).name}; rename it"
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode) and not os.access(path, os.R_OK | os.X_OK):
        return "permission denied"
    return next((words for is_so, words in _SORTS if is_so(mode)), "")


def _opened(path: Path) -> BufferedReader:
    # A pipe put in the file's place this instant must not hold us up.
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")


def _digest(file: BufferedReader, stop: Callable[[], bool]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        if stop():
            raise Interrupted
    return digest.hexdigest()[:32]


def _mark(found: os.stat_result) -> Mark:
    return Mark(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
