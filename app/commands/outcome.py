"""How a command ends: its exit code and the sentence that says why."""

import difflib
from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class Exit(IntEnum):
    """Exit codes that scripts may rely on."""

    DONE = 0
    DIFFERENT = 1
    """Done, but something was rejected, or two figures differ."""
    WRONG_USE = 2
    """Arguments or settings that cannot be."""
    ENVIRONMENT = 3
    """Disk, permissions, ports."""
    DEFECT = 70
    """The program itself is wrong; a traceback says where."""


class Stop(Exception):
    """Ends the command with a sentence for the person who typed it."""

    def __init__(self, code: Exit, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def wrong(sentence: str) -> Stop:
    """The command was used in a way that cannot be."""
    return Stop(Exit.WRONG_USE, sentence)


def invalid(what: str, error: "ValidationError") -> Stop:
    """Values that pydantic refused, one sentence for all of them."""
    wrongs: list[str] = []
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        wrongs.append(f"{place}: {message}" if place else message)
    return wrong(f"{what}: {'; '.join(wrongs)}")


def unknown(what: str, name: str, valid: Iterable[str], see: str) -> Stop:
    """A name that does not exist, with those nearest to it; `see` says where all of them are listed."""
    near = difflib.get_close_matches(name.lower(), list(valid), n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else see
    return wrong(f"unknown {what} {name!r}: {hint}")
