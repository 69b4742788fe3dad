"""Files that one engine writes for itself: they live in a directory of their own and are gone with it."""

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from weakref import finalize

OUTLIVING = 64
"""Files that stay after they were forgotten: somebody may just be reading them."""


@dataclass
class Copies:
    """Files that stand for one part of the lake, by the lake's files that they were made of."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    """To be held by whoever looks at or changes the rest."""
    parts: dict[frozenset[str], Path] = field(default_factory=dict[frozenset[str], Path])
    is_too_much: bool = False
    """Whether it was found that to copy does not pay."""


class Scratch:
    """A directory made when it is first needed, and what its files stand for. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._directory: Path | None = None
        self._written = 0
        self._forgotten: deque[Path] = deque()
        self._copies: OrderedDict[Hashable, Copies] = OrderedDict()

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

    def copies(self, key: Hashable, most: int) -> Copies:
        """What stands under a key; of more than `most` keys, the one not asked about for longest is forgotten."""
        with self._lock:
            found = self._copies.setdefault(key, Copies())
            self._copies.move_to_end(key)
            oldest = [self._copies.popitem(last=False)[1] for _ in range(len(self._copies) - most)]
        for one in oldest:
            self.forget(one.parts.values())
        return found

    def drop(self, copies: Copies, parts: Sequence[frozenset[str]]) -> None:
        """Forget some of the copies, or all."""
        self.forget([copies.parts.pop(files) for files in parts])

    def forget(self, paths: Iterable[Path]) -> None:
        """Remove files before long."""
        with self._lock:
            self._forgotten.extend(paths)
            while len(self._forgotten) > OUTLIVING:
                self._forgotten.popleft().unlink(missing_ok=True)
