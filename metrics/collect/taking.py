"""Takes events with group commit: whoever sends at the same time shares one conversion and one write to the disk.

    taker = Taker(Log(home), now)
    receipt = await taker.take(events)      # on the disk
    taker.end()

Two threads do the work, so that the loop which speaks to the senders is never held up by it: one converts, and while
the disk takes what came of it, converts the next group. What arrives meanwhile waits, and is the group after it: the
more is sent, the larger the groups, and the cheaper each event.
"""

import asyncio
import logging
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from queue import Empty, Queue

import polars as pl

from metrics.collect.receipt import NONE_READY, Event, Ready, Receipt, Unavailable
from metrics.collect.receiving import Received, each, received
from metrics.collect.wal import Log
from metrics.lake.durably import is_want_of_space

MOST_WAITING = 100_000
"""Events that may wait; a batch that is larger is taken when none does."""
MOST_TOGETHER = 20_000
"""Events after which a group takes in no further batch."""
BUSY_SECONDS, FULL_SECONDS = 1.0, 5.0
"""After how long a sender is asked to come again: when too much waits, and when it cannot be written down."""
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Batch:
    events: Sequence[Event]
    ready: Ready
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Receipt]
    came: datetime

    @property
    def size(self) -> int:
        """How many events they are."""
        return len(self.events) + self.converted

    @property
    def converted(self) -> int:
        """How many of them are converted already."""
        return sum(frame.height for frame in self.ready.values())

    def tell(self, outcome: Receipt | Unavailable) -> None:
        """Answer whoever waits for it, from another thread than theirs."""
        try:
            self.loop.call_soon_threadsafe(self._answer, outcome)
        except RuntimeError:
            """Their loop has ended, and nobody waits any more."""

    def _answer(self, outcome: Receipt | Unavailable) -> None:
        if self.answer.done():
            return
        if isinstance(outcome, Receipt):
            self.answer.set_result(outcome)
        else:
            self.answer.set_exception(outcome)


class Taker:
    """Takes events for one log, from any thread's loop, until it is ended."""

    def __init__(
        self,
        log: Log,
        now: Callable[[], datetime],
        *,
        most_waiting: int = MOST_WAITING,
        heard: Callable[[Mapping[str, pl.DataFrame], datetime], None] = lambda _, __: None,
    ) -> None:
        """`heard` is told in the writer's thread of the events that were taken, by kind, in the stored schema.

        And when the first of those that were taken with them had come.
        """
        self._log, self._now, self._most_waiting, self._heard = log, now, most_waiting, heard
        self._batches: deque[_Batch] = deque()
        self._waiting = 0
        self._ending = False
        self._changed = threading.Condition()
        self._trouble = ""
        self._taken: Mapping[str, int] = {}
        self._to_write: Queue[tuple[Sequence[_Batch], Sequence[Received]] | None] = Queue(1)
        self._workers = (
            threading.Thread(target=self._convert, name="converting", daemon=True),
            threading.Thread(target=self._write, name="writing", daemon=True),
        )
        for worker in self._workers:
            worker.start()

    @property
    def waiting(self) -> int:
        """Events that are not written down yet."""
        return self._waiting

    @property
    def taken(self) -> Mapping[str, int]:
        """Events written down so far, by kind."""
        return self._taken

    @property
    def trouble(self) -> str:
        """Why nothing could be written down when it was tried last; empty where it could."""
        return self._trouble

    async def take(self, events: Sequence[Event], ready: Ready = NONE_READY) -> Receipt:
        """What became of events; those taken are on the disk. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        batch = _Batch(events, ready, loop, loop.create_future(), self._now())
        if not batch.size:
            return Receipt(0)
        with self._changed:
            if self._ending:
                raise Unavailable(503, "it is ending; try again", BUSY_SECONDS)
            if self._waiting and self._waiting + batch.size > self._most_waiting:
                raise Unavailable(429, f"{self._waiting:,} events are waiting to be written down", BUSY_SECONDS)
            self._batches.append(batch)
            self._waiting += batch.size
            self._changed.notify()
        return await batch.answer

    def end(self) -> None:
        """Write down what waits, close the log, and end. What is sent from now on is refused."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        for worker in self._workers:
            worker.join()

    def _convert(self) -> None:
        """Group after group, until the end."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._batches or self._ending)
                group = self._group()
            if not group:
                self._to_write.put(None)
                return
            self._to_write.put((group, self._results(group)))

    def _write(self) -> None:
        """What was converted, and the end of a segment when it is due."""
        while True:
            try:
                converted = self._to_write.get(timeout=self._log.due)
            except Empty:
                self._close()
                continue
            if converted is None:
                self._close()
                return
            self._keep(*converted)
            if self._log.due == 0:
                self._close()

    def _group(self) -> list[_Batch]:
        group: list[_Batch] = []
        count = 0
        while self._batches and (not group or count + self._batches[0].size <= MOST_TOGETHER):
            group.append(self._batches.popleft())
            count += group[-1].size
        return group

    def _results(self, group: Sequence[_Batch]) -> Sequence[Received]:
        batches = [batch.events for batch in group]
        try:
            results = [received(batches, self._now())]
        except (Exception, pl.exceptions.PanicException):
            # One that nobody thought of must not cost the others their events.
            results = [*each(batches, self._now())]
        return [*results, _already(group)] if any(batch.ready for batch in group) else results

    def _keep(self, group: Sequence[_Batch], results: Sequence[Received]) -> None:
        """Write down, and answer."""
        try:
            if lines := b"".join(result.lines for result in results):
                self._log.append(lines)
        except OSError as error:
            self._unavailable(group, error)
            return
        self._trouble = ""
        self._count(results)
        self._done(group)
        for batch, receipt in zip(group, (one for result in results for one in result.receipts), strict=True):
            batch.tell(replace(receipt, taken=receipt.taken + batch.converted))
        self._tell(results, min(batch.came for batch in group))

    def _done(self, group: Sequence[_Batch]) -> None:
        """They wait no more; said before their senders hear of it, who may send the next at once."""
        with self._changed:
            self._waiting -= sum(batch.size for batch in group)

    def _count(self, results: Sequence[Received]) -> None:
        taken = Counter(self._taken)
        for result in results:
            taken.update({kind: frame.height for kind, frame in result.good.items()})
        self._taken = taken  # put in its place as a whole: others read it meanwhile

    def _tell(self, results: Sequence[Received], came: datetime) -> None:
        for result in results:
            try:
                self._heard(result.good, came)
            except Exception:
                LOG.exception("events were taken, and could not be shown")

    def _unavailable(self, group: Sequence[_Batch], error: OSError) -> None:
        why = error.strerror or str(error)
        said = f"events cannot be written down: {why}" + (
            "; make room in the home" if is_want_of_space(error) else ""
        )  # fmt: skip
        if said != self._trouble:  # said once for as long as it stays the same
            LOG.error("%s", said)
        self._trouble = said
        self._done(group)
        for batch in group:
            batch.tell(Unavailable(503, said, FULL_SECONDS))

    def _close(self) -> None:
        try:
            self._log.close()
        except OSError as error:
            LOG.warning("a segment of events cannot be closed yet: %s", error)


def _already(group: Sequence[_Batch]) -> Received:
    """What was converted before it came here."""
    frames: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for batch in group:
        for kind, frame in batch.ready.items():
            frames[kind].append(frame)
    return Received({kind: pl.concat(parts) for kind, parts in frames.items()})
