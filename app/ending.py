"""Hears that a process is to end, whatever it is in the middle of.

A handler of signals runs between two steps of the main thread, which may hold the very lock that `Event.set` or a log
needs: it would wait for itself, for ever. So the handler only writes a byte, and a thread of its own does the rest.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Generator, Sequence

ENDING = (signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def heard(then: Callable[[], object], numbers: Sequence[signal.Signals] = ENDING) -> Generator[None]:
    """While it lasts, each of these signals has `then` called, in another thread. To be entered in the main thread."""
    hears, tells = os.pipe()
    os.set_blocking(tells, False)

    def tell(_number: int, _frame: object) -> None:
        with contextlib.suppress(BlockingIOError):  # as many bytes as a pipe holds are enough
            os.write(tells, b".")

    def listen() -> None:
        while os.read(hears, 1):
            then()

    listening = threading.Thread(target=listen, name="ending", daemon=True)
    listening.start()
    before = {number: signal.signal(number, tell) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(tells)
        listening.join()
        os.close(hears)
