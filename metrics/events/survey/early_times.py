"""Numbers that are too small to be times since 1970: days as Excel counts them, or seconds from some start."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.survey.feeding import fed, rule_of, sampled, values_of
from metrics.events.survey.looking import Look, Verdict

_EARLY = 1_104_537_600
"""2005 in seconds since 1970: smaller numbers are rather of something else."""
_EARLIEST = 631_152_000
"""1990 in seconds since 1970; smaller numbers are no times in any unit that is told by its size."""
_DATES = (19_900_101, 20_991_231)
"""Numbers that are dates in digits: 20260501."""


@dataclass(frozen=True)
class _Count:
    """What small numbers may count."""

    least: float
    most: float
    says: str
    unit: str
    start: str = ""

    @property
    def rule(self) -> Mapping[str, str]:
        """Keys of a mapping."""
        return {"start": f"{self.start}T00:00:00Z", "unit": self.unit} if self.start else {"unit": self.unit}


_COUNTS = (
    _Count(32_874, 73_050, "days as Excel counts them, from the end of 1899", "d", "1899-12-30"),
    _Count(10_957, 25_567, "days since 1970", "d", "1970-01-01"),
    _Count(262_968, 613_608, "hours since 1970", "h", "1970-01-01"),
    _Count(15_778_080, 36_816_480, "minutes since 1970", "min", "1970-01-01"),
    _Count(283_996_800, _EARLY, "seconds since 2001, as Apple counts them", "s", "2001-01-01"),
    _Count(_EARLIEST, _EARLY, "seconds since 1970", "s"),
)  # fmt: skip
"""In which range each of them is a time of this century; of Excel's days, from 1990 on."""


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
        if self._high >= _EARLY or self._low > self._high:
            return Verdict()
        about = f"{self._name} is {self._low:.10g} to {self._high:.10g}: "
        about += "that is before 2005" if self._low >= _EARLIEST else "that is no time since 1970"
        counts = [one for one in _COUNTS if one.least <= self._low and self._high <= one.most]
        if counts:
            options = tuple(Option(one.says, {"ts": one.rule}) for one in counts)
            asks = f"{about}. Is it {' or '.join(one.says for one in counts)}?"
            return Verdict(question=Question(self._part.kind.name, self._name, asks, options))
        asks = (
            f"{about}. If it counts seconds from a start, say the start: --set ts.start=2026-05-01T00:00:00Z, and "
            "--set ts.unit=ms (or us, min, h, d) where it does not count seconds"
        )
        return Verdict(question=Question(self._part.kind.name, self._name, asks))


def _numbers(values: pl.Series) -> pl.Series:
    if not (values.dtype.is_numeric() or values.dtype == pl.String):
        return pl.Series(dtype=pl.Float64)
    return values.cast(pl.Float64, strict=False).fill_nan(None).drop_nulls()


def look_for_early_times(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look where the first times are numbers too small to be times of this century."""
    rule = rule_of(part, part.kind.by_name["ts"])
    if rule.start is not None or rule.format or rule.unit or rule.value is not None or rule.map:
        return
    for values in values_of(rows, part, fed(rows, part)["ts"][:1]):
        numbers = _numbers(sampled(values))
        if len(numbers) and len(numbers) == len(sampled(values).drop_nulls()) and _are_early(numbers):
            yield EarlyTimes(part, values.name)


def _are_early(numbers: pl.Series) -> bool:
    return bool((numbers < _EARLY).all()) and not numbers.is_between(*_DATES).any()
