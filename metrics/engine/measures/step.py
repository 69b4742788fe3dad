"""One step of an answer: a statement, and what is made of its rows.

Every step ends in a frame with the bucket's `t` (Int64), the grouping columns `d0`, `d1`, … (String)
and a column for each measure; the engine joins the frames of all steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from metrics.engine.statement import Statement

Finish = Callable[[pl.DataFrame], pl.DataFrame]
Rest = Callable[[pl.DataFrame], Statement | None]


def as_it_is(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of the statement are the answer."""
    return rows


def nothing_left(rows: pl.DataFrame) -> None:
    """The statement has answered all of it."""
    del rows


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


KEY = "t"
