"""The values of a JSON text one after another, however they are broken into lines.

The items of an array at the top, or objects that follow each other; read piece by piece, so that a long array is
never held whole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from metrics.lake.formats.batches import LONGEST_SHOWN
from metrics.lake.formats.encodings import NO_UTF8
from metrics.lake.formats.json_values import NotJson, value_at
from metrics.lake.formats.packing import PROBLEMS
from metrics.lake.formats.text import shown_bytes
from metrics.lake.problems import Unreadable

LARGEST_VALUE = 512 * 2**20
"""Characters of one value that are held."""
_PIECE = 2**20
_BETWEEN = re.compile(r"[\s,\x1e\ufeff]*")
_KEPT = 256
"""Characters that stay of what is read: they show how far a value is from the left."""


@dataclass(frozen=True)
class Broken:
    """A stretch of the text that is no value."""

    reason: str
    text: str


class JsonStream:
    """Reads one text."""

    def __init__(self, file: IO[str], *, may_be_broken: bool = False) -> None:
        self._file = file
        self._may_be_broken = may_be_broken
        self._text = ""
        self._at = 0
        self._is_all = False

    def values(self) -> Iterator[Any | Broken]:
        """All values, the items of arrays at the top as values of their own.

        Raises:
            Unreadable: one of them is too large, or the file is damaged.
        """
        is_list = False
        while self._skip():
            sign = self._text[self._at]
            if not is_list and sign == "[":
                is_list, self._at = True, self._at + 1
            elif is_list and sign == "]":
                is_list, self._at = False, self._at + 1
            else:
                yield self._value()
        if is_list:
            yield Broken("the list does not end: the file is cut off", "")

    def _skip(self) -> bool:
        """Go to the next value; False at the end."""
        while True:
            found = _BETWEEN.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return True
            if not self._more():
                return False

    def _value(self) -> Any | Broken:
        while True:
            try:
                value, end = value_at(self._text, self._at)
            except NotJson as error:
                if error.may_go_on and self._more():
                    continue
                if error.end is not None:
                    begun, self._at = self._at, error.end
                    return Broken(f"not JSON: {error}", self._text[begun : begun + LONGEST_SHOWN])
                return self._broken(str(error), 0 if error.place is None else error.place - self._at)
            if end == len(self._text) and self._more():  # a number may go on
                continue
            begun, self._at = self._at, end
            if self._may_be_broken and (reason := shown_bytes(self._text[begun:end])):
                return Broken(f"not JSON: {reason}", NO_UTF8.sub("?", self._text[begun : begun + LONGEST_SHOWN]))
            return value

    def _broken(self, reason: str, after: int) -> Broken:
        """What cannot be read, up to the next object that begins as far from the left as this one."""
        left = self._text[self._text.rfind("\n", 0, self._at) + 1 : self._at]
        indent = left if left.isspace() else ""
        again = re.compile(rf"\n{indent}(?=\{{)")
        shown = self._text[self._at : self._at + LONGEST_SHOWN]
        while True:
            found = again.search(self._text, self._at + max(0, after - 1))
            if found:
                self._at = found.end()
                break
            after = max(0, len(self._text) - self._at - len(indent) - 2)
            if not self._more():
                self._at = len(self._text)
                break
        return Broken(f"not JSON: {reason}", NO_UTF8.sub("?", shown))

    def _more(self) -> bool:
        """Hold more of the text: as much again as is waiting, so that a long value is not begun too often."""
        if self._is_all:
            return False
        waiting = len(self._text) - self._at
        if waiting > LARGEST_VALUE:
            raise Unreadable(
                f"a JSON value of more than {LARGEST_VALUE // 2**20} MB; write one object a line (.ndjson) instead"
            )
        try:
            piece = self._file.read(max(_PIECE, waiting))
        except PROBLEMS as error:
            raise Unreadable(f"reading stopped: {error}") from error
        self._is_all = not piece
        done = max(0, self._at - _KEPT)
        self._text = self._text[done:] + piece
        self._at -= done
        return bool(piece)
