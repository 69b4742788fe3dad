"""Takes events with group commit: whoever sends at the same time shares one conversion and one write to the disk.

    taker = Taker(Log(home), now)
    receipt = await taker.take(events)      # on the disk
    taker.end()

One thread does the work, so that the loop which speaks to the senders is never held up by it. What arrives while it is
at it waits, and is the next group: the more is sent, the larger the groups, and the cheaper each event.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from metrics.collect.receipt import Event, Receipt, Unavailable
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
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Receipt]

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
        heard: Callable[[Mapping[str, pl.DataFrame]], None] = lambda _: None,
    ) -> None:
        """`heard` is told in the worker's thread of the events that were taken, by kind, in the stored schema."""
        self._log, self._now, self._most_waiting, self._heard = log, now, most_waiting, heard
        self._batches: deque[_Batch] = deque()
        self._waiting = 0
        self._ending = False
        self._changed = threading.Condition()
        self._trouble = ""
        self._worker = threading.Thread(target=self._work, name="taking", daemon=True)
        self._worker.start()

    @property
    def waiting(self) -> int:
        """Events that are not written down yet."""
        return self._waiting

    @property
    def trouble(self) -> str:
        """Why nothing could be written down when it was tried last; empty where it could."""
        return self._trouble

    async def take(self, events: Sequence[Event]) -> Receipt:
        """What became of events; those taken are on the disk. Raises Unavailable."""
        if not events:
            return Receipt(0)
        loop = asyncio.get_running_loop()
        batch = _Batch(events, loop, loop.create_future())
        with self._changed:
            if self._ending:
                raise Unavailable(503, "it is ending; try again", BUSY_SECONDS)
            if self._waiting and self._waiting + len(events) > self._most_waiting:
                raise Unavailable(429, f"{self._waiting:,} events are waiting to be written down", BUSY_SECONDS)
            self._batches.append(batch)
            self._waiting += len(events)
            self._changed.notify()
        return await batch.answer

    def end(self) -> None:
        """Write down what waits, close the log, and end. What is sent from now on is refused."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._worker.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._batches and not self._ending:
                    self._changed.wait(self._log.due)
                group, ends = self._group(), self._ending and not self._batches
            if group:
                self._take(group)
            if ends or self._log.due == 0:
                self._close()
            if ends and not group:
                return

    def _group(self) -> list[_Batch]:
        group: list[_Batch] = []
        count = 0
        while self._batches and (not group or count + len(self._batches[0].events) <= MOST_TOGETHER):
            group.append(self._batches.popleft())
            count += len(group[-1].events)
        return group

    def _take(self, group: Sequence[_Batch]) -> None:
        """Convert, write down, and answer."""
        batches = [batch.events for batch in group]
        try:
            results = [received(batches, self._now())]
        except (Exception, pl.exceptions.PanicException):
            # One that nobody thought of must not cost the others their events.
            results = [*each(batches, self._now())]
        try:
            if lines := b"".join(result.lines for result in results):
                self._log.append(lines)
        except OSError as error:
            self._unavailable(group, error)
            return
        self._trouble = ""
        self._done(group)
        for batch, receipt in zip(group, (one for result in results for one in result.receipts), strict=True):
            batch.tell(receipt)
        self._tell(results)

    def _done(self, group: Sequence[_Batch]) -> None:
        """They wait no more; said before their senders hear of it, who may send the next at once."""
        with self._changed:
            self._waiting -= sum(len(batch.events) for batch in group)

    def _tell(self, results: Sequence[Received]) -> None:
        for result in results:
            try:
                self._heard(result.good)
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
