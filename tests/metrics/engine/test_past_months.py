"""What was found for a month is told again while it is of the same files, cut the same way."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

from metrics.engine.measures.step import KEY, Asked, PastMonth, first_of_month, next_month
from metrics.engine.past_months import PastMonths
from metrics.engine.statement import Statement

JANUARY, FEBRUARY, MARCH, APRIL = 1_767_225_600, 1_769_904_000, 1_772_323_200, 1_775_001_600
"""The first days of months of 2026, in seconds of the clock on the wall."""
DAYS = (JANUARY, FEBRUARY, MARCH, APRIL)
FILES = frozenset({"a", "b"})


@dataclass
class Told:
    """The number of the day, times ten, of the first days of three months and one after them."""

    months: Sequence[PastMonth] = tuple(PastMonth(first, "cut", FILES) for first in (JANUARY, FEBRUARY, MARCH))
    question: str = "question"
    size: float = 10
    asked: list[int] = field(default_factory=list[int])

    def rows(self, known: Container[int], asked: Asked) -> Iterator[pl.DataFrame]:
        days = [one for one in DAYS if one not in known]
        self.asked += days
        yield pl.DataFrame({KEY: days, "n": [10.0 * day for day in days]})

    def finish(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.sort(KEY)


def nobody(statement: Statement) -> pl.DataFrame:
    raise AssertionError(statement)


def days_asked(past: PastMonths, told: Told) -> list[int]:
    """The days asked for, of all whose numbers are told."""
    frame = past.frame(told, nobody)
    assert frame is not None
    assert frame.rows() == [(day, 10.0 * day) for day in DAYS]
    return told.asked


def test_only_what_is_not_known_is_asked_for(tmp_path: Path) -> None:
    past = PastMonths(tmp_path, 10)
    assert days_asked(past, Told()) == [*DAYS]
    assert days_asked(past, Told()) == [APRIL]
    assert days_asked(PastMonths(tmp_path, 10), Told()) == [APRIL]
    assert days_asked(past, Told(question="another")) == [*DAYS]


@pytest.mark.parametrize(
    "other", [PastMonth(FEBRUARY, "other", FILES), PastMonth(FEBRUARY, "cut", FILES | {"c"})], ids=["cut", "files"]
)
def test_a_month_that_is_cut_otherwise_or_of_other_files_is_asked_for_anew(other: PastMonth, tmp_path: Path) -> None:
    one = PastMonths(tmp_path, 10)
    days_asked(one, Told())
    january, _, march = Told().months
    for past in (one, PastMonths(tmp_path, 10)):
        assert days_asked(past, Told((january, other, march))) == [FEBRUARY, APRIL]
        assert days_asked(past, Told((january, other, march))) == [APRIL]
        days_asked(past, Told())


def test_what_others_found_meanwhile_is_not_asked_for(tmp_path: Path) -> None:
    one, other = (PastMonths(tmp_path, 10) for _ in range(2))
    january, february, march = Told().months
    assert days_asked(one, Told([january])) == [*DAYS]
    assert days_asked(other, Told([january, february, march])) == [FEBRUARY, MARCH, APRIL]
    assert days_asked(one, Told([january, february, march])) == [APRIL]


@pytest.mark.parametrize("told", [Told(size=9), Told(months=())], ids=["few rows", "no month that is over"])
def test_where_it_does_not_pay_nothing_is_told_of(told: Told, tmp_path: Path) -> None:
    assert PastMonths(tmp_path, 10).frame(told, nobody) is None
    assert not told.asked
    assert not [*tmp_path.iterdir()]


def test_months_begin_with_their_first_days() -> None:
    assert [next_month(JANUARY), next_month(FEBRUARY), next_month(MARCH)] == [FEBRUARY, MARCH, APRIL]
    assert {first_of_month(day) for day in range(FEBRUARY, MARCH, 3_600)} == {FEBRUARY}
