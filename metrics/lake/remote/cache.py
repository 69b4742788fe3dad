"""Data files of a lake in object storage, on the disk of the home: fetched when they are first asked for.

They lie where a lake of the home's own has them and never change: whoever reads them reads plain files. Which was not
asked for longest is told by the time of its last use, kept with the file: all processes of the home share it.
"""

import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from metrics.lake.problems import LakeUnavailable
from metrics.lake.remote.objects import Objects

AT_ONCE = 8
"""Files that are fetched, or put into storage, at a time."""
TOLD_SECONDS = 60
"""How exactly it is known when a file was last asked for."""
IN_USE_SECONDS = 600
"""For how long a file that was asked for is taken to be read still."""


@dataclass(frozen=True, slots=True)
class Cached:
    """A data file on the disk that is in storage, too."""

    path: Path
    size: int
    """Bytes."""
    used: float
    """When it was last asked for, in seconds of the epoch."""
    is_rollup: bool


class Cache:
    """The data files of one home. Safe to share between threads and processes."""

    def __init__(self, home: Path, objects: Objects) -> None:
        self._home = home
        self._objects = objects
        self._lock = threading.Lock()
        self._coming: dict[Path, Future[None]] = {}

    def present(self, paths: Iterable[Path]) -> None:
        """Have data files on the disk, and not go from there soon.

        Raises:
            LakeUnavailable: one is in storage only, and cannot be read from there.
        """
        missing = [path for path in paths if not _touched(path)]
        for path, coming in [(path, self._fetching(path)) for path in missing]:
            try:
                coming.result()
            except FileNotFoundError as error:
                reason = f"is neither here nor in {self._objects.url}; promptpilot repair says what to do"
                raise LakeUnavailable(path, reason) from error

    def send(self, paths: Sequence[Path]) -> None:
        """Put data files into storage. Raises `LakeUnavailable`."""
        for sent in [self._workers.submit(self._objects.put, self._name(path), path) for path in paths]:
            sent.result()

    def _fetching(self, path: Path) -> Future[None]:
        with self._lock:
            if path not in self._coming:
                self._coming[path] = self._workers.submit(self._fetch, path)
            return self._coming[path]

    def _fetch(self, path: Path) -> None:
        try:
            self._objects.fetch(self._name(path), path)
        finally:
            with self._lock:
                del self._coming[path]

    def _name(self, path: Path) -> str:
        return path.absolute().relative_to(self._home).as_posix()

    @cached_property
    def _workers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="storage")


def evict(cached: Iterable[Cached], most_bytes: float, now: float) -> int:
    """Delete what was not asked for longest until the rest takes no more than `most_bytes`; how many files went.

    Rollups go last, and what may be being read stays: then the rest takes more.
    """
    ordered = sorted(cached, key=lambda file: (file.is_rollup, file.used))
    taken, gone = sum(file.size for file in ordered), 0
    for file in ordered:
        if taken <= most_bytes:
            break
        if file.used < now - IN_USE_SECONDS and not _is_used_since(file):
            file.path.unlink(missing_ok=True)
            taken, gone = taken - file.size, gone + 1
    return gone


def on_disk(paths: Iterable[Path], *, are_rollups: bool) -> Iterator[Cached]:
    """Those of the files that are on the disk."""
    for path in paths:
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        yield Cached(path, found.st_size, found.st_atime, are_rollups)


def _is_used_since(file: Cached) -> bool:
    try:
        return file.path.stat().st_atime > file.used
    except FileNotFoundError:
        return True


def _touched(path: Path) -> bool:
    """Whether a file is there; then its last use is now."""
    try:
        found = path.stat()
        if time.time() - found.st_atime > TOLD_SECONDS:
            os.utime(path, ns=(time.time_ns(), found.st_mtime_ns))
    except FileNotFoundError:
        return False
    return True
