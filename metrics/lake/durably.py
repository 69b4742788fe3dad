"""Files that must be whole after a crash, and what is said where there is no room for them."""

import contextlib
import errno
import os
from collections.abc import Generator
from pathlib import Path
from secrets import token_hex

from metrics.lake.problems import LakeUnavailable

_WANT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})


def is_want_of_space(error: OSError) -> bool:
    """Whether there is no room, or no permission: of the home, and of no single file in it."""
    return error.errno in _WANT


@contextlib.contextmanager
def space_needed(home: Path) -> Generator[None]:
    """What cannot be written in the block makes the home unavailable."""
    try:
        yield
    except OSError as error:
        raise LakeUnavailable(home, f"cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def replaced(path: Path) -> Generator[Path]:
    """Where to write what takes the place of a file once the block has ended, whole and on the disk.

    Any number of threads and processes may do so at once. Raises OSError.
    """
    scratch = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        yield scratch
        with scratch.open("rb") as file:
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def write_durably(path: Path, text: str) -> None:
    """Write a file whole, on the disk."""
    scratch = path.with_suffix(".writing")
    with scratch.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
