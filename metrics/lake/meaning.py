"""What the columns of one file mean, and whether that is sure enough to store it without asking."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePath

import polars as pl

from metrics.events.conversion import NO_PART, Occurrences
from metrics.events.mappings import Mappings
from metrics.events.questions import Answers, Option, Question
from metrics.events.recognition import Recognized, recognize
from metrics.events.survey import Survey
from metrics.events.unseen import unseen
from metrics.lake.formats import Opened

MOST_LOST_BY_A_GUESS = 0.05
"""Share of the rows that may be rejected where names that merely resemble ours decided what they are."""
MOST_LOST = 0.5
"""The same, where an adapter recognized its own marks."""
_TOLD_REASONS = 3
_KEPT = 100
"""Rows that are kept to say what a file has."""


@dataclass
class Tally:
    """What becomes of the rows, so far."""

    good: Counter[str] = field(default_factory=Counter[str])
    """By kind."""
    bad: Counter[str] = field(default_factory=Counter[str])
    reasons: Counter[str] = field(default_factory=Counter[str])

    def add(self, kind: str, good: int, reasons: pl.Series) -> None:
        """Count rows of a kind. Those that belong to no part are no loss: they are meant to be left out."""
        if kind != NO_PART:
            self.good[kind] += good
            self.bad[kind] += len(reasons)
            self.reasons.update(reasons.to_list())

    @property
    def lost(self) -> float:
        """Share of the rows that would be rejected."""
        return self.bad.total() / max(1, self.good.total() + self.bad.total())

    def __str__(self) -> str:
        """What would be stored and what would be lost."""
        stored = ", ".join(f"{count:,} {kind}" for kind, count in self.good.items() if count) or "nothing"
        lost = "; ".join(f"{count:,} rows: {said}" for said, count in self.reasons.most_common(_TOLD_REASONS))
        return f"would store {stored}" + (f" and reject {self.bad.total():,} rows ({lost})" if lost else "")


class Meaning:
    """What a file is recognized as, settled by a look at all of it where its first rows leave something open."""

    def __init__(self, opened: Opened, hint: PurePath, mappings: Mappings, answers: Answers) -> None:
        self._opened, self._hint, self._mappings, self._answers = opened, hint, mappings, answers
        self._recognized: Recognized | None = None
        self._columns: pl.Schema | None = None
        self._survey: Survey | None = None
        self._first: pl.DataFrame | None = None

    def of(self, rows: pl.DataFrame) -> Recognized:
        """What these rows are. Batches of one file may have different columns. Raises `Unrecognized`."""
        if self._first is None:
            self._first = rows.head(_KEPT)
        if self._recognized is None or self._columns != rows.schema:
            plain = self._plain(rows)
            self._survey = self._survey or self._surveyed(rows, plain)
            self._columns, self._recognized = rows.schema, self._survey.settled(plain)
        return self._recognized

    @property
    def questions(self) -> tuple[Question, ...]:
        """What the whole file leaves open."""
        return self._survey.questions if self._survey else ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided."""
        return self._survey.notes if self._survey else ()

    @property
    def is_doubtful(self) -> bool:
        """Whether it is not sure enough to store anything."""
        return bool(self._recognized and self._recognized.doubt) and not self._answers.yes

    def missing(self, seen: Occurrences) -> str:
        """What a mapping of the home names and the file, read to its end, has not; empty where it has all."""
        if self._recognized is None or self._first is None:
            return ""
        return unseen(self._recognized, seen, self._first)

    def doubts(self, tally: Tally) -> tuple[Question, ...]:
        """What has to be asked once it is known what would become of the rows."""
        recognized = self._recognized
        if recognized is None or self._answers.yes:
            return ()
        most = MOST_LOST_BY_A_GUESS if recognized.is_guess else MOST_LOST if recognized.is_adapted else 1.0
        doubt = recognized.doubt or (f"{tally.lost:.0%} of its rows would be rejected" if tally.lost > most else "")
        if not doubt:
            return ()
        kind = next(iter(tally.good or tally.bad), recognized.parts[0].kind.name)
        asks = f"recognized by {recognized.how} as {kind}, but {doubt}: this {tally}. Is that right?"
        return (Question(kind, "", asks, (Option(f"read it so, as {kind}"),)),)

    def _plain(self, rows: pl.DataFrame) -> Recognized:
        return recognize(rows.schema, self._hint, self._mappings, self._answers.map_name, rows)

    def _surveyed(self, rows: pl.DataFrame, recognized: Recognized) -> Survey:
        survey = Survey(self._answers)
        if survey.opens(rows, recognized):
            # A file that is one batch needs no second reading.
            whole = [rows] if self._opened.rows == rows.height else (batch.rows for batch in self._opened.read())
            for more in whole:
                if more.height:
                    survey.see(more, self._plain(more))
        return survey
