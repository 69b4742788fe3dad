"""One step of an answer: a statement, and what is made of its rows.

Every step ends in a frame with the bucket's `t` (Int64), the grouping columns `d0`, `d1`, … (String)
and a column for each measure; the engine joins the frames of all steps.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import polars as pl

from metrics.engine.statement import Statement

Finish = Callable[[pl.DataFrame], pl.DataFrame]
Rest = Callable[[pl.DataFrame], Statement | None]
Asked = Callable[[Statement], pl.DataFrame]
"""Runs a statement."""


def as_it_is(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of the statement are the answer."""
    return rows


def nothing_left(rows: pl.DataFrame) -> None:
    """The statement has answered all of it."""
    del rows


@dataclass(frozen=True, slots=True)
class PastMonth:
    """A month that is over, whose buckets (those that begin in it) lie whole in a window."""

    first: int
    """The key of its first day, by which it is known."""
    cut: str
    """How its buckets are cut, and what is read of the files: what is found for it otherwise is another thing."""
    sources: frozenset[str]
    """The data files that tell of it, as `source_name` names them."""

    @property
    def end(self) -> int:
        """The key of the first day of the month after it."""
        return next_month(self.first)


class ByMonth(Protocol):
    """What a step finds bucket by bucket, where a month's buckets depend on nothing but data files that are known."""

    @property
    def question(self) -> str:
        """What is asked, in whatever window: the same text asks the same."""
        ...

    @property
    def size(self) -> float:
        """About how many rows are in question."""
        ...

    @property
    def months(self) -> Sequence[PastMonth]:
        """The months that are over within the window, in order."""
        ...

    def rows(self, known: Container[int], asked: Asked) -> Iterator[pl.DataFrame]:
        """Rows of all buckets but those of the months that are `known` by their first day; by `t`, in any order."""
        ...

    def finish(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The frame of the step, of rows of all its buckets."""
        ...


@dataclass(frozen=True)
class Step:
    """A statement and what is made of its rows."""

    statement: Statement
    source: str
    """`events` or the name of a rollup."""
    finish: Finish = as_it_is
    rest: Rest = nothing_left
    """What is still to be asked once the rows of the statement are known; `finish` is given the rows of both."""
    is_shared: bool = False
    """Whether other questions have the same statement, so that its rows are worth keeping."""
    by_month: ByMonth | None = None
    """Another way to the same frame, where there is one: what is known of months need not be asked again."""


KEY = "t"


def next_month(key: int) -> int:
    """The key of the first day of the month after the one with a day of that key."""
    return first_of_month(first_of_month(key) + timedelta(days=32) // timedelta(seconds=1))


def first_of_month(key: int) -> int:
    """The key of the first day of the month with a day of that key."""
    return int(datetime.fromtimestamp(key, UTC).replace(day=1, hour=0, minute=0, second=0).timestamp())
