"""Files that one engine writes for itself: they live in a directory of their own and are gone with it."""

import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from weakref import finalize

OUTLIVING = 64
"""Files that stay after they were forgotten: somebody may just be reading them."""


class Scratch:
    """A directory made when it is first needed. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._directory: Path | None = None
        self._written = 0
        self._forgotten: deque[Path] = deque()

    def files(self) -> list[Path]:
        """What is there now."""
        return [] if self._directory is None else sorted(self._directory.iterdir())

    def new_path(self) -> Path:
        """Where the next file may be written."""
        with self._lock:
            if self._directory is None:
                self._directory = Path(mkdtemp(prefix="promptpilot-"))
                finalize(self, rmtree, self._directory, ignore_errors=True)
            self._written += 1
            return self._directory / f"{self._written}.parquet"

    def forget(self, paths: Iterable[Path]) -> None:
        """Remove files before long."""
        with self._lock:
            self._forgotten.extend(paths)
            while len(self._forgotten) > OUTLIVING:
                self._forgotten.popleft().unlink(missing_ok=True)
