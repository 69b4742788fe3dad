"""Where tests write their files: in memory, where to write one, keep it for certain and remove it costs a tenth."""

import atexit
import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")
"""What Linux keeps in memory. Containers have little of it, and may let no program be run from there."""
ROOM = 4 * 2**30
"""How many bytes have to be free in it, several times what all tests leave; of memory, twice as many."""

PREFIX = "promptpilot-tests-"


def in_memory() -> None:
    """Have all files of this process, and of those it starts, in memory, until it ends.

    They stay where they would be where that has not enough room, or where somebody says by TMPDIR where they are to be.
    """
    if "TMPDIR" in os.environ or not _fit():
        return
    _remove_left()
    folder = _claimed()
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    atexit.register(_remove, folder, os.getpid())


def _fit() -> bool:
    """Whether there is room for all, and programs and devices can be used there."""
    if not os.access(MEMORY, os.W_OK | os.X_OK):
        return False
    found = os.statvfs(MEMORY)
    roomy = found.f_bavail * found.f_frsize >= ROOM and psutil.virtual_memory().available >= 2 * ROOM
    return roomy and not found.f_flag & (os.ST_NOEXEC | os.ST_NODEV)


def _claimed() -> Path:
    """A folder of our own, which has its name once it is locked, and is locked until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=MEMORY))
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)
    folder.chmod(0o1777)  # as any folder of this sort: who is not root writes there, too
    return folder.rename(MEMORY / folder.name.removeprefix("."))


def _remove_left() -> None:
    """Remove what processes left that were killed."""
    for folder in MEMORY.glob(f"{PREFIX}*"):
        with suppress(OSError):
            held = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(held)


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # none that was forked from it
        shutil.rmtree(folder, ignore_errors=True)
