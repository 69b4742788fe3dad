"""What a look at a whole file is: it sees the rows, and then says what follows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import polars as pl

from metrics.events.questions import Question, Rules
from metrics.events.recognition.recognition import Part, Without


@dataclass(frozen=True)
class Verdict:
    """What a look at the whole file comes to."""

    rules: Rules = field(default_factory=dict[str, Mapping[str, Any]])
    """Keys to add to the rules of our columns."""
    note: str = ""
    """What was decided and by which evidence, to be told beside the outcome; empty where it goes without saying."""
    question: Question | None = None
    """What is still open; its first option is the guess."""
    without: Without | None = None
    """Rows that are not of the part after all."""


class Look(Protocol):
    """What is to be found out about one of our columns, over the rows of one part."""

    @property
    def column(self) -> str:
        """Our column whose rule it settles; empty where it settles none."""
        ...

    def see(self, rows: pl.DataFrame) -> None:
        """Look at more rows of the part (a prepared frame), in file order."""
        ...

    def verdict(self) -> Verdict:
        """What follows, once all rows were seen."""
        ...


@dataclass(frozen=True)
class Decided:
    """A look that is over before it began: names and first rows say what follows."""

    column: str
    """Our column."""
    outcome: Verdict

    def see(self, rows: pl.DataFrame) -> None:
        """Nothing is left open."""
        del rows

    def verdict(self) -> Verdict:
        """What follows."""
        return self.outcome


@runtime_checkable
class LookAround(Protocol):
    """A look that needs the rows beside those of its part, too."""

    def see_all(self, rows: pl.DataFrame) -> None:
        """Look at more rows of the file (a prepared frame), of whatever part."""
        ...


Opener = Callable[[pl.DataFrame, Part], Iterable[Look]]
"""Looks that the first rows of a part make necessary."""
