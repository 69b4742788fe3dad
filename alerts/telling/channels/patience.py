"""How long a channel waits for the other side, all in all.

The timeouts of sockets begin anew with every byte: a peer that sends one now and then would hold a channel for ever.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")
SECONDS = 15.0
AT_ONCE = 8


class OutOfTime(Exception):
    """The other side did not come to an end in time."""


class Patience:
    """Bounds calls: each ends after `seconds`, with what it gave or with `OutOfTime`.

    A call that is given up goes on in its thread until its sockets end it, and counts until then among those that may
    run at once with the same peer: one that hangs costs that many threads and no more, and holds up no other.
    """

    def __init__(self, seconds: float = SECONDS, at_once: int = AT_ONCE) -> None:
        self.seconds = seconds
        self._free = defaultdict[str, threading.BoundedSemaphore](lambda: threading.BoundedSemaphore(at_once))

    @property
    def silence(self) -> float:
        """Seconds without a byte after which a socket is to give up: somewhat before the call is given up."""
        return self.seconds * 0.8

    def call(self, work: Callable[[], T], peer: str = "") -> T:
        """What `work` returns or raises; `peer` is whom it speaks to, where there are several. Raises OutOfTime."""
        free = self._free[peer]
        if not free.acquire(timeout=self.seconds):
            raise OutOfTime("earlier calls still wait for an answer")
        ended: Future[T] = Future()

        def run() -> None:
            try:
                ended.set_result(work())
            except BaseException as error:
                ended.set_exception(error)
            finally:
                free.release()

        threading.Thread(target=run, daemon=True, name="channel").start()
        try:
            return ended.result(self.seconds)
        except TimeoutError as error:
            if ended.done():
                raise
            raise OutOfTime(f"no whole answer within {self.seconds:g} s") from error
