"""The write-ahead log: what is in it outlives this process and the machine's power.

Events are appended to the open segment, a file of the home's folder `live/` with one event a line. After a few seconds
or megabytes it is closed: renamed so that it is stored as a file of the inbox is (`metrics.lake.intake.received`). A
process that was killed leaves its segment open: whoever comes next cuts off the line that was not written to its end,
and closes it.
"""

import os
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson

from metrics.lake.intake.received import ENDING, folder

OPEN = ".open"
"""How the name of a segment ends that is written to."""
MOST_BYTES = 8 * 2**20
MOST_SECONDS = 2.0
"""Bytes, and seconds since its first event, after which a segment is closed."""


class Log:
    """The log of one home. For one thread; there is one log of a home at a time."""

    def __init__(
        self,
        home: Path,
        *,
        most_bytes: int = MOST_BYTES,
        most_seconds: float = MOST_SECONDS,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Put right what was left by a process that was killed. Raises OSError."""
        self._folder = folder(home)
        self._most_bytes, self._most_seconds, self._steady = most_bytes, most_seconds, steady
        self._segment: _Segment | None = None
        self._left: list[_Segment] = []
        """Those that something went wrong with, and that could not be closed yet."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._folder.glob(f"*{OPEN}")):
            _put_right(path)

    def append(self, lines: bytes) -> None:
        """Keep whole lines; once this returns they are on the disk.

        Raises OSError: none of them is kept, and the next ones are as welcome as these were.
        """
        segment = self._segment or _Segment(self._folder, self._steady())
        self._segment = segment
        try:
            segment.append(lines)
        except OSError:
            self._segment = None
            self._left.append(segment)
            raise

    @property
    def due(self) -> float | None:
        """Seconds until the segment is to be closed, 0 when it is high time; None while there is none."""
        if self._segment is None:
            return self._most_seconds if self._left else None
        if self._segment.size >= self._most_bytes:
            return 0.0
        return max(0.0, self._segment.begun + self._most_seconds - self._steady())

    def close(self) -> None:
        """Close the segment, if there is one. Raises OSError: then that is to be tried again."""
        if self._segment is not None:
            self._left.append(self._segment)
            self._segment = None
        while self._left:
            self._left[0].close()
            del self._left[0]


class _Segment:
    """The open file. What lies behind `size` is not in it."""

    def __init__(self, folder: Path, begun: float) -> None:
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
        self.begun = begun
        self.size = 0
        self._path = folder / f"{name}{OPEN}"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _on_disk(folder)
        except OSError:
            os.close(self._file)
            self._path.unlink(missing_ok=True)
            raise

    def append(self, lines: bytes) -> None:
        left = memoryview(lines)
        at = self.size
        while left:
            written = os.pwrite(self._file, left, at)
            left, at = left[written:], at + written
        os.fdatasync(self._file)
        self.size = at

    def close(self) -> None:
        """Give it the name by which it is found, on the disk. Raises OSError; may be called again then."""
        os.ftruncate(self._file, self.size)
        os.fdatasync(self._file)
        if not self.size:
            self._path.unlink(missing_ok=True)
        elif self._path.exists():
            self._path.rename(self._path.with_suffix(ENDING))
        _on_disk(self._path.parent)
        os.close(self._file)


def _put_right(path: Path) -> None:
    """Cut a segment off behind its last whole event, and close it."""
    with path.open("r+b") as file:
        size = _whole(path.read_bytes())
        file.truncate(size)
        os.fsync(file.fileno())
    if size:
        path.rename(path.with_suffix(ENDING))
    else:
        path.unlink()
    _on_disk(path.parent)


def _whole(content: bytes) -> int:
    """How many bytes of a segment are whole events: lines may be missing or half there at its end."""
    end = content.rfind(b"\n") + 1
    while end:
        begin = content.rfind(b"\n", 0, end - 1) + 1
        try:
            if isinstance(orjson.loads(content[begin:end]), dict):
                return end
        except orjson.JSONDecodeError:
            pass
        end = begin
    return 0


def _on_disk(folder: Path) -> None:
    """Have the names of a folder's files on the disk."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
