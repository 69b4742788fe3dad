"""Files one after the other, the next one being read while one is committed.

What is read ahead is checked against the lake as it was when its reading began. Should a file committed
since then hold one of its ids, it is read again: rare, and as right as one at a time. So is a file that wanted more
time or memory than there was beside the other: with nothing beside it.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

from metrics.events.questions import Answers
from metrics.lake.child import Reader
from metrics.lake.inbox import Found
from metrics.lake.ledger import FileOutcome
from metrics.lake.runs import Hashes, contained
from metrics.lake.writer import Arrival, Staged, Writer


class Progress(Protocol):
    """Someone who shows how far the reading is."""

    def begun(self, path: Path, number: int, of: int) -> None:
        """File `number` (from 1) of `of` is the next to be stored."""
        ...

    def rows(self, done: int, of: int | None) -> None:
        """So many rows of it are read; `of` is None when the file does not say how many it has."""
        ...

    def finished(self, outcome: FileOutcome) -> None:
        """It is done."""
        ...


@dataclass(frozen=True)
class _Ahead:
    """A file being read ahead."""

    number: int
    arrival: Arrival
    staged: Future[Staged]
    seen: int
    """How many commits of this line its reading knows of."""


class Line:
    """Stores files in their order, with as many read at a time as there are readers."""

    def __init__(self, writer: Writer, readers: Sequence[Reader], answers: Answers, progress: Progress) -> None:
        self._writer = writer
        self._answers = answers
        self._progress = progress
        self._count = len(readers)
        self._free: SimpleQueue[Reader] = SimpleQueue()
        for reader in readers:
            self._free.put(reader)
        self._shown = 0
        self._ahead: deque[_Ahead] = deque()
        self._committed: list[Mapping[str, Hashes]] = []

    def stored(self, found: Sequence[Found], *, owned: bool, stop: Callable[[], bool]) -> Iterator[FileOutcome]:
        """What becomes of each file. Raises `LakeUnavailable` as soon as there is no room."""
        ahead = self._ahead
        with ThreadPoolExecutor(max_workers=max(1, self._count), thread_name_prefix="reading") as pool:
            for number, one in enumerate(found, start=1):
                if stop():
                    break
                arrival = self._writer.arrival(one, owned=owned)
                while len(ahead) == self._count or any(other.arrival.hash == arrival.hash for other in ahead):
                    yield self._finish(ahead.popleft(), len(found))
                readable = self._writer.is_readable(arrival)
                staged = pool.submit(self._read, arrival, number) if readable else _nothing()
                ahead.append(_Ahead(number, arrival, staged, len(self._committed)))
            while ahead:
                yield self._finish(ahead.popleft(), len(found))

    def _read(self, arrival: Arrival, number: int, *, is_alone: bool = False) -> Staged:
        reader = self._free.get()
        try:
            return self._writer.stage(
                arrival, reader, lambda done, of: self._tell(number, done, of), self._answers, is_alone=is_alone
            )
        finally:
            self._free.put(reader)

    def _settled(self, one: _Ahead, staged: Staged) -> Staged:
        """What was staged of a file, if need be with nothing beside it."""
        if "wanting" not in staged:
            return staged
        wait([other.staged for other in self._ahead])
        for reader in [self._free.get() for _ in range(self._count)]:
            reader.rest()
            self._free.put(reader)
        return self._read(one.arrival, one.number, is_alone=True)

    def _tell(self, number: int, done: int, of: int | None) -> None:
        if number == self._shown:
            self._progress.rows(done, of)

    def _finish(self, one: _Ahead, of: int) -> FileOutcome:
        self._shown = one.number
        self._progress.begun(one.arrival.found.path, one.number, of)
        staged = self._settled(one, one.staged.result())
        runs = self._writer.runs(one.arrival, staged)
        if any(_share(runs, later) for later in self._committed[one.seen :]):
            self._writer.unstage(one.arrival.hash)
            staged = self._settled(one, self._read(one.arrival, one.number))
            runs = self._writer.runs(one.arrival, staged)
        outcome = self._writer.commit(one.arrival, staged)
        self._committed.append(runs)
        self._committed[: -2 * self._count] = [{}] * max(0, len(self._committed) - 2 * self._count)
        self._writer.tidy({other.arrival.hash for other in self._ahead})
        self._progress.finished(outcome)
        return outcome


def _nothing() -> Future[Staged]:
    future: Future[Staged] = Future()
    future.set_result({})
    return future


def _share(runs: Mapping[str, Hashes], later: Mapping[str, Hashes]) -> bool:
    """Whether an id is in both."""
    return any(bool(contained(run, [later[kind]]).any()) for kind, run in runs.items() if kind in later)
