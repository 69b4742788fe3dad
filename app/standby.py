"""One sidecar and one collector a home: another says so, and stands by until the first has ended.

The lock is held for as long as the process lives; the system gives it back however it ends.
"""

import contextlib
import fcntl
import logging
import os
import threading
from collections.abc import Generator
from pathlib import Path

_LOOK_SECONDS = 0.5


def lock_file(name: str) -> str:
    """The file of the home that the process of this name locks."""
    return f".{name}.lock"


@contextlib.contextmanager
def alone(home: Path, stop: threading.Event, name: str = "sidecar") -> Generator[bool]:
    """Be the only process of this name of a home; False when told to stop before the other one had ended."""
    log = logging.getLogger(f"promptpilot.{name}")
    with (home / lock_file(name)).open("a+", encoding="ascii") as lock:
        told = False
        while not (held := _held(lock.fileno())):
            if not told:
                lock.seek(0)
                log.warning(
                    "another %s works on %s (process %s): standing by until it ends", name, home, lock.read().strip()
                )
                told = True
            if stop.wait(_LOOK_SECONDS):
                break
        if held:
            if told:
                log.warning("the other %s has ended: taking over %s", name, home)
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
