"""The home is its owner's alone: events, questions and databases are nobody else's business on a shared machine."""

import contextlib
import os
import stat
from pathlib import Path

OWNER_ONLY_FOLDER, OWNER_ONLY_FILE = 0o700, 0o600
OWNER_ONLY_MASK = 0o077
"""For `os.umask` of a process that writes nothing but the home."""


def make_private(home: Path) -> bool:
    """Make a home that only its owner can look into, or put one right that all others can; whether that was needed.

    A home of somebody else is left alone, and so is one that is open to its group only: that was somebody's decision.
    Raises OSError when the home cannot be made.
    """
    home.parent.mkdir(parents=True, exist_ok=True)
    try:
        home.mkdir(OWNER_ONLY_FOLDER)
    except FileExistsError:
        if not _is_to_be_put_right(home.stat()):
            return False
        home.chmod(OWNER_ONLY_FOLDER)
        return True
    return False


def who_else(path: Path) -> str:
    """Who but its owner can read a file or look into a folder: "everybody", "its group", or "" for nobody."""
    mode = path.stat().st_mode
    return "everybody" if mode & stat.S_IRWXO else "its group" if mode & stat.S_IRWXG else ""


def make_private_file(path: Path) -> None:
    """Make an empty file that only its owner can read, where there is none and one can be made."""
    with contextlib.suppress(OSError):  # whoever opens it next says what is wrong with it
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NONBLOCK, OWNER_ONLY_FILE))


def _is_to_be_put_right(found: os.stat_result) -> bool:
    mode = found.st_mode
    is_shared = mode & stat.S_ISVTX  # sticky, such as /tmp: on purpose
    return bool(stat.S_ISDIR(mode) and mode & stat.S_IRWXO and not is_shared and found.st_uid == os.geteuid())
