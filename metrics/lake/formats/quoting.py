"""Rows of a table of text whose quotation marks may not close: then a row would take in those that follow it.

A field in quotes may hold line breaks, and a mark that somebody forgot makes it go on to the next one, wherever that
is. Where the lines that it took in look like rows of their own, the first line is broken and the others are read again.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from metrics.lake.formats.dialects import Dialect, looks_of

_LONGEST_SHOWN = 300


class Unclosed(list[str]):
    """A line with a quotation mark that nothing closes: its text, and why it is no row."""

    def __init__(self, line: str, reason: str) -> None:
        super().__init__([line.rstrip("\r\n")[:_LONGEST_SHOWN]])
        self.reason = reason


@dataclass
class _Lines:
    """Lines of a file, of which some can be given back."""

    ahead: Iterator[str]
    number: int = 0
    """Lines that were taken."""

    def __post_init__(self) -> None:
        self.taken: list[str] = []
        self.is_over = False
        self._back: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = self._back.popleft() if self._back else next(self.ahead)
        except StopIteration:
            self.is_over = True
            raise
        self.number += 1
        self.taken.append(line)
        return line

    def give_back(self) -> str:
        """Give back all lines but the first that were taken since `taken` was cleared; that one."""
        first, *others = self.taken
        self.is_over = False
        self._back.extendleft(reversed(others))
        self.number -= len(others)
        self.taken.clear()
        return first


def closed_rows(dialect: Dialect, lines: Iterable[str], width: int) -> Iterator[list[str]]:
    """All rows, `width` fields wide as a rule, with an `Unclosed` in the place of a line that would take in others.

    Raises:
        csv.Error: a line cannot be read.
    """
    source = _Lines(iter(lines))
    reader = dialect.rows(source)
    while True:
        begun = source.number + 1
        source.taken.clear()
        try:
            row = next(reader, None)
        except csv.Error:
            if len(source.taken) < 2:
                raise
            row = []  # a field longer than any may be
        if row is None:
            return
        # A row that is complete needs no look at the next line.
        if source.is_over or (len(source.taken) > 1 and _took_others(dialect, source.taken, row, width)):
            yield Unclosed(source.give_back(), f"a quotation mark in line {begun:,} is not closed there")
            reader = dialect.rows(source)
        else:
            yield row


def _took_others(dialect: Dialect, lines: list[str], row: list[str], width: int) -> bool:
    """Whether several lines are not the one row that they were read as."""
    if _is_strict(dialect, lines):
        return _are_rows(dialect, lines[1:], row, width)
    return len(next(dialect.rows(lines[1:2]), [])) >= max(2, width)


def _is_strict(dialect: Dialect, lines: list[str]) -> bool:
    """Whether every quotation mark is where it may be."""
    try:
        list(dialect.rows(lines, strict=True))
    except csv.Error:
        return False
    return True


def _are_rows(dialect: Dialect, lines: list[str], row: list[str], width: int) -> bool:
    """Whether lines within quotes are as wide as the table, and begin as the row does: with a time, or a number."""
    before = next((place for place, cell in enumerate(row) if "\n" in cell or "\r" in cell), 0)
    looks = looks_of(row[:before])
    if set(looks) <= {"other"}:
        return False
    for line in lines:
        cells = next(dialect.rows([line]), [])
        if len(cells) != width or looks_of(cells[:before]) != looks:
            return False
    return True
