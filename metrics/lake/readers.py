"""Who reads files for the writer: reading processes, and whatever does in their place (`metrics.lake.executors`)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, Self

from metrics.lake.child import Reader
from metrics.lake.reader import Task, Together
from metrics.settings import Ingest


class FileReader(Protocol):
    """Reads files, and stages what is in them; may be ended from another thread than the one that waits for it."""

    def read(self, task: Task, told: Callable[[int, int | None], None], /) -> dict[str, Any]:
        """As of `Reader`."""
        ...

    def read_together(self, task: Together, told: Callable[[int, int | None], None], /) -> dict[str, Any]:
        """As of `InterruptibleReader`."""
        ...

    def rest(self) -> None:
        """Nothing is to be read now."""
        ...

    def interrupt(self) -> None:
        """End what is being read; whoever waits for it hears that it has ended."""
        ...


class ReaderPool(Protocol):
    """Several readers."""

    @property
    def most(self) -> int:
        """How many are worth having."""
        ...

    def some(self, count: int, /) -> Sequence[FileReader]:
        """So many of them."""
        ...

    def rest(self) -> None:
        """Nothing is to be read now."""
        ...


class InterruptibleReader(Reader):
    """One reading process."""

    def __enter__(self) -> Self:
        return self

    @property
    def pid(self) -> int | None:
        """The number of the process, while there is one."""
        return None if self._process is None else self._process.pid

    def read_together(self, task: Together, told: Callable[[int, int | None], None]) -> dict[str, Any]:
        """What was staged of small files; `told` hears the number of each before it is begun, and how many there are.

        Raises as `read` does.
        """
        return self._staged({"together": asdict(task)}, Path(task.home), told)

    def interrupt(self) -> None:
        """End what is being read; whoever waits for it hears that the process has ended."""
        process = self._process
        if process is not None:
            process.kill()


MOST = 2
"""Files read at a time: one is read while another is committed."""
IDLE_SECONDS = 60.0
"""How long a process is kept that nothing was read by."""


class Readers:
    """Reading processes, kept until nothing was read for a while: starting one takes most of a second of work.

    They are those of the thread that asks for `some`, and end with it. Use as a context manager.
    """

    most = MOST

    def __init__(self, limits: Ingest, steady: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._steady = limits, steady
        self._readers: list[InterruptibleReader] = []
        self._used = steady()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def some(self, count: int) -> Sequence[InterruptibleReader]:
        """So many of them."""
        self._used = self._steady()
        while len(self._readers) < count:
            self._readers.append(InterruptibleReader(self._limits.timeout_seconds, self._limits.memory_mb))
        some = self._readers[:count]
        for reader in some:
            reader.begin()
        return some

    def rest(self) -> None:
        """Nothing is to be read now: end them if it has been so for a while."""
        if self._steady() - self._used > IDLE_SECONDS:
            self.end()

    def end(self) -> None:
        """End them all."""
        for reader in self._readers:
            reader.rest()
