"""Days before months behind a year of four digits, `2026-13-05`: what looks like ISO 8601 and is none.

A third of such dates could be read with the month first, and would be stored in other months than they are of.
"""

from collections.abc import Iterable

import polars as pl

from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.survey.feeding import fed, rule_of, sampled, values_of
from metrics.events.survey.looking import Look, Verdict

_DAY_FIRST = r"^\s*\d{4}[-/.](?:1[3-9]|[23]\d)[-/.](?:0[1-9]|1[0-2])(?:\D|$)"
_DAY_LAST = r"^\s*\d{4}[-/.](?:0[1-9]|1[0-2])[-/.](?:1[3-9]|[23]\d)(?:\D|$)"

_NUMBERS = r"^\s*\d{4}[-/.](\d{2})[-/.](\d{2})"
_CHANGING = 2
"""Different numbers above which a month changes much for the days that change little beside it."""


class DayBeforeMonth:
    """The look at `ts` where a month is above 12."""

    column = "ts"

    def __init__(self, part: Part, name: str) -> None:
        self._part, self._name = part, name
        self._example = ""
        self._is_last = False

    def see(self, rows: pl.DataFrame) -> None:
        """See more rows."""
        for values in values_of(rows, self._part, [self._name]):
            if values.dtype == pl.String:
                certain = values.filter(values.str.contains(_DAY_FIRST).fill_null(False))
                self._example = self._example or (certain[0].strip() if len(certain) else "")
                self._is_last |= bool(values.str.contains(_DAY_LAST).any())

    def verdict(self) -> Verdict:
        """The question, unless other dates are certain to have their day last: then this one is no date."""
        if not self._example or self._is_last:
            return Verdict()
        asks = f"{self._name} has dates such as {self._example}: do their days come before their months?"
        rule = {"ts": {"format": _forms(self._example)}}
        return Verdict(question=Question(self._part.kind.name, self._name, asks, (Option("the day first", rule),)))


def _forms(example: str) -> list[str]:
    """How such dates are written, with what may follow."""
    between = example[4]
    day = f"%Y{between}%d{between}%m"
    clocks = ("T%H:%M:%S.%f%z", "T%H:%M:%S%z", "T%H:%M:%S.%f", "T%H:%M:%S", " %H:%M:%S.%f", " %H:%M:%S", " %H:%M", "")
    return [f"{day}{clock}" for clock in clocks]


def _may_be(texts: pl.Series) -> bool:
    if texts.str.contains(_DAY_FIRST).any():
        return True
    first, last = (texts.str.extract(_NUMBERS, group).n_unique() for group in (1, 2))
    return first > _CHANGING > last


def look_for_days_before_months(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look where the first times have a month that there is not, or change their month and stay at one day."""
    rule = rule_of(part, part.kind.by_name["ts"])
    if rule.format or rule.start is not None:
        return
    for values in values_of(rows, part, fed(rows, part)["ts"][:1]):
        if values.dtype == pl.String and _may_be(sampled(values)):
            yield DayBeforeMonth(part, values.name)
