"""Whether files of the inbox are still being written, as far as watching them tells.

The time of a file and the clock of the machine need not agree: one is set back by hand, by a time server, or the file
came from a machine that is ahead; a machine may sleep for an hour. How long a file has been left alone is therefore
measured by a clock that only runs while we do, from the first time it is seen; only for what passed before that, its
own time is believed.
"""

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from metrics.lake.formats import is_parquet, parquet_end
from metrics.lake.intake.marks import Mark, mark_of


@dataclass(frozen=True, slots=True)
class _Sight:
    """A file as it was seen first, and has been since."""

    mark: Mark
    quiet: float
    """Seconds it had been left alone by then."""
    at: float
    """When that was, by the steady clock."""


class Settling:
    """What is known of the files of one inbox. Kept from look to look by whoever looks again and again."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._seen: dict[Path, _Sight] = {}
        self._done: dict[Path, Mark] = {}
        self._last_look: float | None = None

    def sorted_out(
        self, paths: Iterable[Path], now: datetime, settle_seconds: float, incomplete_seconds: float
    ) -> tuple[list[Path], list[Path]]:
        """Files that are complete, and files that may still be written to; what was dealt with is in neither.

        Parquet says that it is complete with its last bytes; a file without that end has `incomplete_seconds` to get
        one. Others must have been left alone for `settle_seconds`. What is no file at all is complete.
        """
        complete: list[Path] = []
        waiting: list[Path] = []
        seen: dict[Path, _Sight] = {}
        done: dict[Path, Mark] = {}
        steady = self._steady()
        for path in paths:
            mark = mark_of(path)
            if mark is None:
                continue
            if self._done.get(path) == mark:
                done[path] = mark
                continue
            seen[path] = self._sight(path, mark, now, steady)
            quiet = seen[path].quiet + steady - seen[path].at
            ready = _is_complete(path, quiet, settle_seconds, incomplete_seconds)
            (complete if ready else waiting).append(path)
        self._seen, self._done, self._last_look = seen, done, steady
        return complete, waiting

    def dealt_with(self, path: Path, unless: Collection[Path]) -> None:
        """It need not be looked at again, should it still be there as it was seen."""
        mark = mark_of(path)
        sight = self._seen.get(path)
        if sight is not None and mark is not None and sight.mark == mark and path not in unless:
            self._done[path] = mark

    def _sight(self, path: Path, mark: Mark, now: datetime, steady: float) -> _Sight:
        before = self._seen.get(path)
        if before is not None and before.mark == mark:
            return before
        age = max(0.0, now.timestamp() - mark.modified_ns / 1e9)
        if before is not None and self._last_look is not None:
            age = min(age, steady - self._last_look)  # then it was another
        return _Sight(mark, age, steady)


def _is_complete(path: Path, quiet: float, settle_seconds: float, incomplete_seconds: float) -> bool:
    if path.is_dir() and not path.is_symlink():
        return quiet >= incomplete_seconds  # somebody may be about to fill it
    if path.is_symlink() or not path.is_file():
        return True
    try:
        if is_parquet(path):
            return parquet_end(path) is None or quiet >= incomplete_seconds
    except OSError:
        return True  # reading it will say what is wrong
    return quiet >= settle_seconds
