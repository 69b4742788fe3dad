"""Bundles of files one after the other, the next one being read while one is committed.

What is read ahead is checked against the lake as it was when its reading began. Should a file committed
since then hold one of its ids, it is read again: rare, and as right as one at a time.

Large files are a bundle each. Small ones are put together; one that ends the process which reads it, or changes
meanwhile, is taken out, and the others are read again without it. A file that wants more time or memory than there
was beside the others is read again with nothing beside it.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

from metrics.events.questions import Answers
from metrics.lake.identity.runs import Hashes, contained
from metrics.lake.intake.arriving import Arrival, Bundle
from metrics.lake.intake.inbox import Found, is_left_aside
from metrics.lake.intake.marks import Changing, Gone, Interrupted, is_same, mark_of
from metrics.lake.ledger import FileOutcome
from metrics.lake.readers import FileReader
from metrics.lake.writer import Staged, Writer

SMALL_BYTES = 2**20
"""Files up to this size are put together."""
MOST_FILES = 200
MOST_BYTES = 64 * 2**20
"""Files, and bytes of them, in one bundle."""
TRIES = 3
"""How often a file that is not ours is read again because it has changed meanwhile."""
_LOOK_SECONDS = 0.1


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
    """A bundle being read ahead."""

    bundle: Bundle
    first: int
    """Number of its first file."""
    staged: Future[Staged]
    seen: int
    """How many commits of this line its reading knows of."""


class ReadAhead:
    """Stores files in their order, with as many bundles read at a time as there are readers."""

    def __init__(
        self,
        writer: Writer,
        readers: Sequence[FileReader],
        answers: Answers,
        progress: Progress,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._answers = answers
        self._progress = progress
        self._stop = stop
        self._free: SimpleQueue[FileReader] = SimpleQueue()
        for reader in readers:
            self._free.put(reader)
        self._of = 0
        self._shown = 0
        self._ending = False
        self._ahead: deque[_Ahead] = deque()
        self._committed: list[Mapping[str, Hashes]] = []
        self._pool: ThreadPoolExecutor
        self._at_work: dict[str, Future[Staged]] = {}
        self.changing: list[Path] = []
        """Files that were written to while they were read."""
        self.gone: list[Path] = []
        """Files that had vanished before they could be read."""
        self.aside: list[Path] = []
        """Files that are no events and nobody's mistake."""

    def stored(self, found: Sequence[Found], *, owned: bool) -> Iterator[FileOutcome]:
        """What becomes of each file, until told to stop: what is being committed then still is, and told.

        Raises `LakeUnavailable` as soon as there is no room.
        """
        self._of = len(found)
        with ThreadPoolExecutor(max_workers=max(1, len(self._readers)), thread_name_prefix="reading") as self._pool:
            try:
                first = 1
                for arrivals in self._bundles(found, owned):
                    hashes = {one.hash for one in arrivals}
                    while len(self._ahead) == len(self._readers) or any(
                        one.hash in hashes for other in self._ahead for one in other.bundle.arrivals
                    ):
                        yield from self._finish(self._ahead.popleft())
                    self._ahead.append(self._begun(self._writer.bundle(arrivals), first))
                    first += len(arrivals)
                while self._ahead:
                    yield from self._finish(self._ahead.popleft())
            except Interrupted:
                pass
            finally:
                self._end()

    def _bundles(self, found: Sequence[Found], owned: bool) -> Iterator[list[Arrival]]:
        """Files as they are put together."""
        together: list[Arrival] = []
        for one in found:
            if is_left_aside(one.path):
                self.aside.append(one.path)
                continue
            arrival = self._arrival(one, owned)
            if arrival is None:
                continue
            size = arrival.mark.size
            bytes = sum(other.mark.size for other in together)
            if together and (size > SMALL_BYTES or len(together) == MOST_FILES or bytes + size > MOST_BYTES):
                yield together
                together = []
            together.append(arrival)
            if size > SMALL_BYTES:
                yield together
                together = []
        if together:
            yield together

    def _arrival(self, found: Found, owned: bool) -> Arrival | None:
        """The file; None when nothing can be said of it now."""
        if self._stop():
            raise Interrupted
        try:
            return self._writer.arrival(found, owned=owned, stop=self._stop)
        except Gone:
            self.gone.append(found.path)
        except Changing:
            self.changing.append(found.path)
        return None

    def _begun(self, bundle: Bundle, first: int) -> _Ahead:
        return _Ahead(bundle, first, self._submitted(bundle, first), len(self._committed))

    def _submitted(self, bundle: Bundle, first: int) -> Future[Staged]:
        if not bundle.read:
            return _nothing()
        self._at_work[bundle.transaction] = staged = self._pool.submit(self._read, bundle, first)
        return staged

    def _settled(self, bundle: Bundle, first: int, staged: Staged) -> Staged:
        """What was staged of a bundle, if need be with nothing beside it."""
        if "wanting" not in staged:
            return staged
        for other in self._ahead:
            self._result(other.staged)
        for reader in [self._free.get() for _ in self._readers]:
            reader.rest()
            self._free.put(reader)
        self._at_work[bundle.transaction] = again = self._pool.submit(self._read, bundle, first, is_alone=True)
        return self._result(again)

    def _read(self, bundle: Bundle, first: int, *, is_alone: bool = False) -> Staged:
        reader = self._free.get()
        try:
            if self._ending:
                return {"files": [], "kinds": []}
            is_one = len(bundle.read) == 1
            return self._writer.stage(
                bundle, reader, lambda done, of: self._tell(first, done, of, is_one), self._answers, is_alone=is_alone
            )
        finally:
            self._free.put(reader)

    def _tell(self, number: int, done: int, of: int | None, is_one: bool) -> None:
        if is_one and number == self._shown:
            self._progress.rows(done, of)

    def _finish(self, one: _Ahead) -> Iterator[FileOutcome]:
        self._shown = one.first
        bundle = one.bundle
        self._progress.begun(bundle.arrivals[0].found.path, one.first, self._of)
        staged = self._settled(bundle, one.first, self._result(one.staged))
        runs = self._writer.runs(bundle, staged)
        if any(_share(runs, later) for later in self._committed[one.seen :]):
            self._take_back(bundle)
            bundle = self._writer.bundle(bundle.arrivals)
            staged = self._settled(bundle, one.first, self._result(self._submitted(bundle, one.first)))
            runs = self._writer.runs(bundle, staged)
        changed = [arrival for arrival in bundle.read if not is_same(arrival.found.path, arrival.known)]
        if changed or "fell" in staged:
            self._take_back(bundle)
            yield from self._parted(bundle, staged, changed, one.first)
            return
        self._at_work.pop(bundle.transaction, None)  # it counts as soon as its commit has begun
        outcomes = self._writer.commit(bundle, staged)
        self._committed.append(runs)
        # Before a bundle that is read ahead there may be any number of commits: of files that have to be read by
        # themselves. What is older than all that are read ahead is looked at no more.
        oldest = min((other.seen for other in self._ahead), default=len(self._committed))
        self._committed[:oldest] = [{}] * oldest
        self._writer.tidy({other.bundle.transaction for other in self._ahead})
        for number, arrival in enumerate(bundle.arrivals, start=one.first):
            if arrival in outcomes:
                yield self._told(arrival, number, outcomes[arrival])
        for number, arrival in enumerate(bundle.arrivals, start=one.first):
            if arrival not in outcomes:
                yield from self._once_more(arrival, number)

    def _told(self, arrival: Arrival, number: int, outcome: FileOutcome) -> FileOutcome:
        self._progress.begun(arrival.found.path, number, self._of)
        self._progress.finished(outcome)
        return outcome

    def _parted(self, bundle: Bundle, staged: Staged, changed: Sequence[Arrival], first: int) -> Iterator[FileOutcome]:
        """The files of a bundle that cannot be committed as it is, without those whose fault that is."""
        fell = bundle.read[staged["fell"]] if "fell" in staged and not changed else None
        if fell is not None and len(bundle.read) == 1:
            refused = tuple(replace(one, problem=staged["reason"]) if one is fell else one for one in bundle.arrivals)
            yield from self._finish(self._begun(Bundle(bundle.transaction, refused, ()), first))
            return
        part: list[Arrival] = []
        begin = first
        for number, arrival in enumerate(bundle.arrivals, start=first):
            if arrival not in changed and arrival is not fell:
                part.append(arrival)
                continue
            if part:
                yield from self._finish(self._begun(self._writer.bundle(part), begin))
            part, begin = [], number + 1
            if arrival is fell:
                yield from self._finish(self._begun(self._writer.bundle([arrival]), number))
            else:
                yield from self._once_more(arrival, number)
        if part:
            yield from self._finish(self._begun(self._writer.bundle(part), begin))

    def _once_more(self, arrival: Arrival, number: int) -> Iterator[FileOutcome]:
        """A file that has changed since it was hashed, or has to be read by itself."""
        if is_same(arrival.found.path, arrival.known):
            yield from self._finish(self._begun(self._writer.bundle([arrival]), number))
        elif mark_of(arrival.found.path) is None:
            self.gone.append(arrival.found.path)
        elif arrival.owned or arrival.tries == TRIES:
            self.changing.append(arrival.found.path)
        elif (again := self._arrival(arrival.found, arrival.owned)) is not None:
            again = replace(again, tries=arrival.tries + 1)
            yield from self._finish(self._begun(self._writer.bundle([again]), number))

    def _result(self, staged: Future[Staged]) -> Staged:
        while not wait([staged], _LOOK_SECONDS).done:
            if self._stop():
                raise Interrupted
        return staged.result()

    def _take_back(self, bundle: Bundle) -> None:
        self._writer.unstage(bundle.transaction)
        self._at_work.pop(bundle.transaction, None)

    def _end(self) -> None:
        """End what is being read, and take back what was."""
        self._ending = True
        while wait(self._at_work.values(), _LOOK_SECONDS if self._at_work else 0).not_done:
            for reader in self._readers:
                reader.interrupt()
        for transaction in self._at_work:
            self._writer.unstage(transaction)
        self._at_work.clear()
        self._ahead.clear()


def _nothing() -> Future[Staged]:
    future: Future[Staged] = Future()
    future.set_result({"files": [], "kinds": []})
    return future


def _share(runs: Mapping[str, Hashes], later: Mapping[str, Hashes]) -> bool:
    """Whether an id is in both."""
    return any(bool(contained(run, [later[kind]]).any()) for kind, run in runs.items() if kind in later)
