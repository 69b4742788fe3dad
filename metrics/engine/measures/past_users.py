"""How many users there were on each day, month by month: those of months that are over are told apart once.

To tell the users of a day apart takes all their rows. Days are those of the viewer's zone, and a number may look back
on days before its own.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import cast

import polars as pl

from metrics.engine.buckets import DAY, micros
from metrics.engine.measures.step import KEY, Asked, Finish, PastMonth, next_month
from metrics.engine.statement import CUT_DAYS, CUT_KEYS, CUT_MASKS, Relation, Statement
from metrics.lake.derived import source_name

NUMBER = "n"
"""Column of how many users, in the rows of statements by day."""
_CUT = (CUT_DAYS, CUT_MASKS, CUT_KEYS)


@dataclass(frozen=True)
class PastUsers:
    """The numbers of a statement that tells of users by day, as `ByMonth`."""

    statement: Statement
    """It says of a local day nothing but how many users there were on it and on days before it, by the first of its
    relations. Where these are several days in all, it says changes of that number."""
    span: int
    """Over how many days in all."""
    of: str
    """Whose users, and in what zone days begin."""
    told: Finish
    """What the step makes of rows of the statement."""

    @property
    def question(self) -> str:
        """What is asked, in whatever window."""
        return f"users over {self.span} days of {self.of}"

    @property
    def size(self) -> float:
        """Rows of users' days; events are beside them where rollups know nothing."""
        return self._users.rows

    @property
    def months(self) -> Sequence[PastMonth]:
        """The months between the first days and the last all of whose rows may be expected to be there.

        None where files do not say of which they are: what comes late would not be seen.
        """
        return self._months if self._users.months else ()

    def rows(self, known: Container[int], asked: Asked) -> Iterator[pl.DataFrame]:
        """Numbers by day, but for the months that are known; each other month is asked for by itself."""
        keys = cast("Sequence[int]", self.statement.parameters[CUT_KEYS])
        first, last = self.months[0].first, self.months[-1].end
        yield self._numbers(self.statement, keys[0], first, asked).filter(pl.col(KEY) < first)
        for month in self.months:
            if month.first not in known:
                numbers = self._numbers(self._rolled, month.first, month.end, asked)
                yield numbers.filter(pl.col(KEY).is_between(month.first, month.end, "left"))
        yield self._numbers(self.statement, last, keys[-1] + DAY, asked).filter(pl.col(KEY) >= last)

    def finish(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What the step makes of numbers by day."""
        return self.told(_changes(rows) if self.span > 1 else rows)

    @property
    def _users(self) -> Relation:
        return self.statement.relations[0]

    @property
    def _rolled(self) -> Statement:
        """The statement without events: they are read where rollups know nothing, on none of the days of the months."""
        users, *events = self.statement.relations
        return replace(self.statement, relations=(users, *(replace(one, files=()) for one in events)))

    @cached_property
    def _months(self) -> Sequence[PastMonth]:
        return [*self._whole_months()]

    def _whole_months(self) -> Iterator[PastMonth]:
        """The first day and the last may have been cut by the window; all others are whole."""
        keys = cast("Sequence[int]", self.statement.parameters[CUT_KEYS])
        until = min((micros(month.start) for month in self._users.months if not month.is_over), default=None)
        first = next_month(keys[0])
        while (end := next_month(first)) <= keys[-1]:
            part = self._part(self.statement, first, end)
            if until is not None and cast("Sequence[int]", part.parameters[CUT_DAYS])[-1] >= until:
                return
            if first - (self.span - 1) * DAY > keys[0]:
                cut = sha256(repr([part.parameters[name] for name in _CUT]).encode()).hexdigest()[:16]
                files = (file for month in part.relations[0].months for file in month.files)
                yield PastMonth(first, cut, frozenset(map(source_name, files)))
            first = end

    def _part(self, statement: Statement, first: int, end: int) -> Statement:
        """The statement over days with keys from `first` up to `end`, and those on which their numbers look back."""
        cuts = zip(*(cast("Sequence[int]", statement.parameters[name]) for name in _CUT), strict=True)
        chosen = [cut for cut in cuts if first - (self.span - 1) * DAY <= cut[-1] < end]
        users, days = self._users, [cut[0] for cut in chosen]
        months = (month for month in users.months if micros(month.start) <= days[-1] and days[0] < micros(month.end))
        relations = (replace(users, months=tuple(months)), *statement.relations[1:])
        parameters = {**statement.parameters, **dict(zip(_CUT, map(list, zip(*chosen, strict=True)), strict=True))}
        return replace(statement, parameters=parameters, relations=relations)

    def _numbers(self, statement: Statement, first: int, end: int, asked: Asked) -> pl.DataFrame:
        """By day how many users there were, as far back as it looks; of days before the part it may be fewer."""
        rows = asked(self._part(statement, first, end)).select(pl.col(KEY, NUMBER).cast(pl.Int64))
        if self.span == 1:
            return rows
        days = pl.Series(KEY, range(first, end, DAY), pl.Int64)
        grid = pl.concat([rows[KEY], days]).unique().sort().to_frame()
        return grid.join(rows, on=KEY, how="left").sort(KEY).with_columns(pl.col(NUMBER).fill_null(0).cum_sum())


def _changes(numbers: pl.DataFrame) -> pl.DataFrame:
    """What numbers are the running total of."""
    return numbers.sort(KEY).with_columns(pl.col(NUMBER) - pl.col(NUMBER).shift(1, fill_value=0))
