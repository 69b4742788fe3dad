"""Files that come by another way than a copy: put into the inbox whole, under a safe name, over nobody else's.

A name from a browser is hostile: it may hold separators, control characters, or nothing at all. What becomes of it
is recognizable, is one plain name of the inbox, and is not taken for a hidden or an unfinished file.
"""

import os
import re
import shutil
import unicodedata
import uuid
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import BinaryIO

from metrics.lake.intake.inbox import HIDDEN, UNFINISHED
from metrics.lake.intake.marks import identity

LONGEST_NAME = 120
"""Bytes of a name; file systems allow 255, and the folder of a rejected file adds some."""
NAMELESS = "upload"
CHUNK = 2**20
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}(?:\.gz)?$")
_GUARDED = frozenset('<>:"|?*\\/')
"""Characters that some file system, or some shell command typed later, reads as more than a letter."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that lies in the inbox."""

    name: str
    """Its name there."""
    hash: str
    """Identity of its bytes, by which the ledger knows it."""
    size: int
    """Bytes."""


def drop(content: BinaryIO, name: str, home: Path) -> Dropped:
    """Put what `content` says into the inbox. It is seen there whole or not at all, and replaces nothing.

    Raises OSError: no room, no permission.
    """
    inbox = home / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    scratch = inbox / f".{uuid.uuid4().hex}.part"
    try:
        with scratch.open("xb") as file:
            shutil.copyfileobj(content, file, CHUNK)
            file.flush()
            os.fsync(file.fileno())
        dropped = _described(scratch)
        return replace(dropped, name=placed(scratch, inbox, safe_name(name)).name)
    finally:
        scratch.unlink(missing_ok=True)


def drop_again(path: Path, home: Path) -> Dropped:
    """Move a file of the home that was put away back into the inbox, to be read anew.

    Raises OSError: it is gone, or cannot be moved.
    """
    inbox = home / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    dropped = replace(_described(path), name=placed(path, inbox, safe_name(path.name)).name)
    path.unlink(missing_ok=True)
    return dropped


def _described(path: Path) -> Dropped:
    with path.open("rb") as file:
        return Dropped(path.name, identity(file), os.fstat(file.fileno()).st_size)


def safe_name(name: str) -> str:
    """A plain file name that resembles `name`, at most `LONGEST_NAME` bytes long, with its ending."""
    whole = unicodedata.normalize("NFC", name)
    letters = (letter if letter.isprintable() and letter not in _GUARDED else "_" for letter in whole)
    plain = " ".join("".join(letters).split()).rstrip(". ")
    ending = _ending(plain)
    stem = plain.removesuffix(ending).lstrip("".join(HIDDEN) + " ") or NAMELESS
    kept = stem.encode("utf-8", "replace")[: LONGEST_NAME - len(ending)].decode("utf-8", "ignore").rstrip()
    return kept + ending + ("_" if ending.lower().endswith(UNFINISHED) else "")


def _ending(name: str) -> str:
    found = _ENDING.search(name)
    return found[0] if found else ""


def placed(path: Path, folder: Path, name: str) -> Path:
    """Give a file a place in `folder` under `name`, or under the next free one with a number; `path` may stay, too."""
    ending = _ending(name)
    stem = name.removesuffix(ending)
    for number in count():
        target = folder / (f"{stem}-{number}{ending}" if number else name)
        try:
            os.link(path, target)
        except FileExistsError:
            continue
        except OSError:  # a file system without hard links: here a name taken in between would be taken over
            if target.exists():
                continue
            path.rename(target)
        return target
    raise AssertionError
