"""One sidecar a home: another says so, and stands by until the first has ended.

The lock is held for as long as the process lives; the system gives it back however it ends.
"""

import contextlib
import fcntl
import logging
import os
import threading
from collections.abc import Generator
from pathlib import Path

LOCK_FILE = ".sidecar.lock"
_LOOK_SECONDS = 0.5
LOG = logging.getLogger("promptpilot.sidecar")


@contextlib.contextmanager
def alone(home: Path, stop: threading.Event) -> Generator[bool]:
    """Be the only sidecar of a home; False when told to stop before the other one had ended."""
    with (home / LOCK_FILE).open("a+", encoding="ascii") as lock:
        told = False
        while not (held := _held(lock.fileno())):
            if not told:
                lock.seek(0)
                LOG.warning(
                    "another sidecar works on %s (process %s): standing by until it ends", home, lock.read().strip()
                )
                told = True
            if stop.wait(_LOOK_SECONDS):
                break
        if held:
            if told:
                LOG.warning("the other sidecar has ended: taking over %s", home)
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
        yield held


def _held(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
