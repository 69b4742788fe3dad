"""The lock that makes one process the writer of a lake."""

import contextlib
import fcntl
import time
from collections.abc import Callable, Generator
from pathlib import Path

from metrics.lake.intake.marks import Interrupted
from metrics.lake.private import make_private
from metrics.lake.problems import LakeUnavailable

_LOOK_SECONDS = 0.05


@contextlib.contextmanager
def locked(home: Path, stop: Callable[[], bool] | None = None) -> Generator[None]:
    """Hold the lake alone; waits for another writer to finish.

    Raises:
        LakeUnavailable: the home cannot be written.
        Interrupted: told to stop before the other had finished.
    """
    try:
        make_private(home)
        (home / "lake").mkdir(exist_ok=True)
        lock = (home / "lake" / ".lock").open("w")
    except OSError as error:
        raise LakeUnavailable(home, f"cannot be written: {error.strerror}") from error
    with lock:
        if stop is None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        else:
            _lock_unless(stop, lock.fileno())
        yield


def _lock_unless(stop: Callable[[], bool], descriptor: int) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if stop():
                raise Interrupted from None
            time.sleep(_LOOK_SECONDS)
        else:
            return
