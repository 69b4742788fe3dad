"""How many users there were on the days of months that are over: told apart once, and kept in the home.

A question over years asks about all its days, and to tell the users of a day apart takes all their rows. What was found
for the days of a month holds for as long as the same data files tell of them, whatever window is asked about: then rows
of its first and its last month are all that is read. Days are those of the viewer's zone, and a number may look back on
days before its own.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import cast

import polars as pl

from metrics.engine.buckets import DAY, micros
from metrics.engine.measures.step import KEY
from metrics.engine.statement import CUT_DAYS, CUT_KEYS, CUT_MASKS, Relation, Statement
from metrics.engine.userdays import MERGE_FROM
from metrics.lake.derived import found, keep, source_name

Asked = Callable[[Statement], pl.DataFrame]
NUMBER = "n"
"""Column of how many users, in the rows of statements by day."""
_CUT = (CUT_DAYS, CUT_MASKS, CUT_KEYS)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Part:
    """Days of a statement, from one with a key up to that with another, and what has to be asked for them."""

    first: int
    end: int
    statement: Statement

    @property
    def sources(self) -> frozenset[str]:
        """The data files that tell of them."""
        return frozenset(source_name(file) for month in _users(self.statement).months for file in month.files)

    @property
    def name(self) -> str:
        """What is asked, in whatever window: the same days of other zones are cut differently."""
        cut = sha256(repr([self.statement.parameters[name] for name in _CUT]).encode()).hexdigest()[:16]
        tables = ", ".join(sorted({source.split("/")[0] for source in self.sources}))
        return f"users over {self.statement.by_day} days, of {self.first} to {self.end} cut as {cut}, by {tables}"


class PastDays:
    """The numbers found so far. Safe to share between threads."""

    def __init__(self, home: Path, keep_from: float = MERGE_FROM) -> None:
        """`keep_from`: rows of users' days in question from which it pays to keep what comes of them."""
        self._home, self._keep_from = home, keep_from
        self._known: dict[str, tuple[frozenset[str], pl.DataFrame]] = {}

    def rows(self, statement: Statement, asked: Asked) -> pl.DataFrame:
        """The rows of a statement; `asked` gives those of one over fewer days."""
        months = [*_months_over(statement)] if self._pays(statement) else []
        if not months:
            return asked(statement)
        keys = cast("Sequence[int]", statement.parameters[CUT_KEYS])
        first, last = months[0].first, months[-1].end
        numbers = pl.concat(
            [
                _numbers(_part(statement, keys[0], first), asked).filter(pl.col(KEY) < first),
                *(self._of_month(month, asked) for month in months),
                _numbers(_part(statement, last, keys[-1] + DAY), asked).filter(pl.col(KEY) >= last),
            ]
        )
        return _changes(numbers) if statement.by_day > 1 else numbers

    def _pays(self, statement: Statement) -> bool:
        """Whether to look for months: where files do not say of which they are, what comes late would not be seen."""
        if not statement.by_day:
            return False
        users = _users(statement)
        return bool(users.months) and users.rows >= self._keep_from

    def _of_month(self, month: _Part, asked: Asked) -> pl.DataFrame:
        name, sources = month.name, month.sources
        known = self._known.get(name)
        if known is None or known[0] != sources:
            kept = self._kept(name, sources)
            known = self._known[name] = sources, self._made(month, asked) if kept is None else kept
        return known[1]

    def _kept(self, name: str, sources: frozenset[str]) -> pl.DataFrame | None:
        kept = found(self._home, name, sources)
        try:
            return pl.read_parquet(kept.path) if kept and kept.sources == sources else None
        except (OSError, pl.exceptions.PolarsError):
            return None

    def _made(self, month: _Part, asked: Asked) -> pl.DataFrame:
        days = pl.col(KEY).is_between(month.first, month.end, closed="left")
        numbers = _numbers(month, asked).filter(days)
        try:
            keep(self._home, month.name, month.sources, numbers.write_parquet)
        except OSError as error:  # it may be read-only
            _LOG.warning("%s: not kept in the home: %s", month.name, error)
        return numbers


def _users(statement: Statement) -> Relation:
    """What a statement by day tells users' days from; beside it there may be events."""
    return statement.relations[0]


def _months_over(statement: Statement) -> Iterator[_Part]:
    """The months between the first days of a statement and its last all of whose rows may be expected to be there.

    The first day and the last may have been cut by the window; all others are whole.
    """
    keys = cast("Sequence[int]", statement.parameters[CUT_KEYS])
    users, *events = statement.relations
    # Events are read where rollups know nothing: on none of the days of which these months tell.
    rolled = replace(statement, relations=(users, *(replace(one, files=()) for one in events)))
    until = min((micros(month.start) for month in users.months if not month.is_over), default=None)
    first = _next_month(keys[0])
    while (end := _next_month(first)) <= keys[-1]:
        part = _part(rolled, first, end)
        if until is not None and cast("Sequence[int]", part.statement.parameters[CUT_DAYS])[-1] >= until:
            return
        if first - (statement.by_day - 1) * DAY > keys[0]:
            yield part
        first = end


def _part(statement: Statement, first: int, end: int) -> _Part:
    """The statement over days with keys from `first` up to `end`, and over those on which their numbers look back."""
    cuts = zip(*(cast("Sequence[int]", statement.parameters[name]) for name in _CUT), strict=True)
    chosen = [cut for cut in cuts if first - (statement.by_day - 1) * DAY <= cut[-1] < end]
    users, days = _users(statement), [cut[0] for cut in chosen]
    months = (month for month in users.months if micros(month.start) <= days[-1] and days[0] < micros(month.end))
    relations = (replace(users, months=tuple(months)), *statement.relations[1:])
    parameters = {**statement.parameters, **dict(zip(_CUT, map(list, zip(*chosen, strict=True)), strict=True))}
    return _Part(first, end, replace(statement, parameters=parameters, relations=relations))


def _numbers(part: _Part, asked: Asked) -> pl.DataFrame:
    """By day how many users there were, as far back as it looks; of days before the part it may be fewer."""
    rows = asked(part.statement).select(pl.col(KEY, NUMBER).cast(pl.Int64))
    if part.statement.by_day == 1:
        return rows
    days = pl.Series(KEY, range(part.first, part.end, DAY), pl.Int64)
    grid = pl.concat([rows[KEY], days]).unique().sort().to_frame()
    return grid.join(rows, on=KEY, how="left").sort(KEY).with_columns(pl.col(NUMBER).fill_null(0).cum_sum())


def _changes(numbers: pl.DataFrame) -> pl.DataFrame:
    """What numbers are the running total of."""
    return numbers.sort(KEY).with_columns(pl.col(NUMBER) - pl.col(NUMBER).shift(1, fill_value=0))


def _next_month(key: int) -> int:
    """The key of the first day of the month after the one with a day of that key."""
    wall = datetime.fromtimestamp(key, UTC)
    return int((wall.replace(day=1) + timedelta(days=32)).replace(day=1).timestamp())
