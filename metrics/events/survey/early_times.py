"""Numbers that are too small to be times since 1970: days as Excel counts them, or seconds from some start."""

from collections.abc import Iterable

import polars as pl

from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.survey.feeding import fed, rule_of, sampled, values_of
from metrics.events.survey.looking import Look, Verdict

_EARLIEST = 631_152_000
"""1990 in seconds since 1970; smaller numbers are no times in any unit."""
_DATES = 19_000_000
"""From here on a number may be a date in digits: 20260501."""
_EXCEL = (32_874, 73_050)
"""1990 and 2100 in days since the end of 1899."""
_EXCEL_START = "1899-12-30T00:00:00Z"


class EarlyTimes:
    """The look at `ts` where its numbers are small."""

    def __init__(self, part: Part, name: str) -> None:
        self._part, self._name = part, name
        self._low, self._high = float("inf"), float("-inf")

    @property
    def column(self) -> str:
        """Our column."""
        return "ts"

    def see(self, rows: pl.DataFrame) -> None:
        """See more rows."""
        for values in values_of(rows, self._part, [self._name]):
            numbers = _numbers(values)
            if len(numbers):
                self._low = min(self._low, float(numbers.min() or 0))  # pyright: ignore[reportArgumentType]
                self._high = max(self._high, float(numbers.max() or 0))  # pyright: ignore[reportArgumentType]

    def verdict(self) -> Verdict:
        """The question; nothing is known without an answer."""
        if self._high >= _DATES or self._low > self._high:
            return Verdict()
        about = f"{self._name} is {self._low:g} to {self._high:g}: that is no time since 1970"
        if _EXCEL[0] <= self._low and self._high <= _EXCEL[1]:
            rule = {"ts": {"start": _EXCEL_START, "unit": "d"}}
            options = (Option("days as Excel counts them, from the end of 1899", rule),)
            return Verdict(question=self._question(f"{about}. Is it the day, as Excel counts them?", options))
        asks = (
            f"{about}. If it counts seconds from a start, say the start: --set ts.start=2026-05-01T00:00:00Z, and "
            "--set ts.unit=ms (or us, min, h, d) where it does not count seconds"
        )
        return Verdict(question=self._question(asks, ()))

    def _question(self, asks: str, options: tuple[Option, ...]) -> Question:
        return Question(self._part.kind.name, self._name, asks, options)


def _numbers(values: pl.Series) -> pl.Series:
    if not (values.dtype.is_numeric() or values.dtype == pl.String):
        return pl.Series(dtype=pl.Float64)
    return values.cast(pl.Float64, strict=False).fill_nan(None).drop_nulls()


def look_for_early_times(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look where the first times are numbers too small to be any."""
    rule = rule_of(part, part.kind.by_name["ts"])
    if rule.start is not None or rule.format or rule.unit or rule.value is not None or rule.map:
        return
    for values in values_of(rows, part, fed(rows, part)["ts"][:1]):
        numbers = _numbers(sampled(values))
        if len(numbers) and len(numbers) == len(sampled(values).drop_nulls()) and float(numbers.max() or 0) < _DATES:  # pyright: ignore[reportArgumentType]
            yield EarlyTimes(part, values.name)
