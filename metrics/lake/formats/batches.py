"""What a file is once it is opened: batches of rows, and those that could not even be read as rows."""

import gc
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import polars as pl

TEXT_BATCH_ROWS = 100_000
"""Rows of text that are held at a time."""
LONGEST_SHOWN = 2000
"""Characters of a broken row that are kept."""

T = TypeVar("T")


@dataclass(frozen=True)
class Batch:
    """Rows in file order, and those that could not even be read as rows."""

    rows: pl.DataFrame
    broken: tuple[tuple[int, str, str], ...] = ()
    """Row number from 0, reason, text of the row."""
    start: int = 0
    """Number of the first row of `rows`."""
    numbers: tuple[int, ...] = ()
    """Number of each row, where broken ones lie between them; empty when they follow on from `start`."""


@dataclass(frozen=True)
class Opened:
    """A file that can be read, as often as needed."""

    read: Callable[[], Iterator[Batch]]
    """All rows, from the first on."""
    rows: int | None = None
    """Rows the file says it has."""
    notes: tuple[str, ...] = ()
    """What was found out about it that a person may want to know: its encoding, columns that cannot be read."""
    separator: str = ""
    """What separates the fields of a table of text; empty where it is none."""
    noticed: Callable[[], tuple[str, ...]] = tuple
    """What else is known once it is read."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """All that was found out so far."""
        return (*self.notes, *self.noticed())


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


@contextmanager
def collecting_nothing() -> Generator[None]:
    """While many small objects are made that hold no cycles: looking for some takes as long as making them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
