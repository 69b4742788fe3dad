"""Whether the day or the month comes first in dates such as 03/04/2026: what no single date tells, and the file may.

A number above 12 is certain. Where there is none, a file whose days are in order under one reading only tells as much.
Where dates are written with points the day comes first, unless one says otherwise. Else somebody is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import polars as pl

from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.survey.feeding import fed, rule_of, sampled, values_of
from metrics.events.survey.looking import Look, Verdict
from metrics.events.survey.short_years import ShortYears
from metrics.events.values.written_times import ORDERED

Order = Literal["day_first", "month_first"]
YEAR = "year_first"
DAY: Order = "day_first"
MONTH: Order = "month_first"
_TOLD_BY: Mapping[Order, str] = {DAY: "first", MONTH: "second"}
"""Which of both numbers is the day."""
_FIRST_WORD = {DAY: "day", MONTH: "month"}
_OTHER: dict[Order, Order] = {DAY: MONTH, MONTH: DAY}
_FORMATS: Mapping[Order, str] = {DAY: "%d/%m/%Y", MONTH: "%m/%d/%Y"}
_MONTHS = 12
_ENOUGH_DAYS = 4
"""Different days that must be in order before their order tells anything."""


@dataclass
class Dates:
    """What the dates of a column say."""

    above: dict[Order, str] = field(default_factory=dict[Order, str])
    """By reading, a date that can be read in no other way."""
    open: str = ""
    """A date that means one day under one reading and another under the other."""
    is_dotted: bool = True
    """Whether all of them are written with points."""
    breaks: dict[Order, int] = field(default_factory=lambda: {DAY: 0, MONTH: 0})
    """By reading, how often the next date is of an earlier day."""
    steps: int = 0
    """How often the next date is of another day."""
    _last: dict[Order, date] = field(default_factory=dict[Order, date])

    def add(self, texts: pl.Series) -> None:
        """See more dates, in file order."""
        parts = texts.alias("text").to_frame().select("text", pl.col("text").str.extract_groups(ORDERED).alias("said"))
        rows = parts.unnest("said").rename({"1": "first", "2": "between", "3": "second", "4": "year"})
        rows = rows.filter(pl.col("first").is_not_null()).with_columns(
            pl.col("first").cast(pl.Int32), pl.col("second").cast(pl.Int32)
        )
        if rows.is_empty():
            return
        self.is_dotted &= bool((rows["between"] == ".").all())
        for order, above in _TOLD_BY.items():
            certain = rows.filter(pl.col(above) > _MONTHS)
            if certain.height:
                self.above.setdefault(order, certain["text"][0].strip())
        doubtful = rows.filter(
            (pl.max_horizontal("first", "second") <= _MONTHS) & (pl.col("first") != pl.col("second"))
        )
        self.open = self.open or (doubtful["text"][0].strip() if doubtful.height else "")
        days = rows.select(pl.format("{}/{}/{}", pl.col("first"), pl.col("second"), pl.col("year"))).to_series()
        self.steps += int((days != days.shift(1)).sum())
        for order, form in _FORMATS.items():
            self._follow(order, days.str.to_date(form, strict=False).drop_nulls())

    def _follow(self, order: Order, days: pl.Series) -> None:
        if days.is_empty():
            return
        before = self._last.get(order, days[0])
        self._last[order] = days[-1]
        self.breaks[order] += int(
            (pl.concat([pl.Series([before], dtype=pl.Date), days]).cast(pl.Int32).diff() < 0).sum()
        )

    @property
    def certain(self) -> Order | None:
        """What a number above 12 tells, where none tells the contrary."""
        return next(iter(self.above)) if len(self.above) == 1 else None

    @property
    def by_sequence(self) -> Order | None:
        """The one reading under which the days follow one another."""
        if self.steps < _ENOUGH_DAYS:
            return None
        return next((order for order in (DAY, MONTH) if not self.breaks[order] and self.breaks[_OTHER[order]]), None)


class DayOrder:
    """The look at the dates of one of our columns; those beside it may tell what its own do not."""

    def __init__(self, column: str, part: Part, own: Sequence[str], beside: Sequence[str]) -> None:
        self._column, self._part, self._own = column, part, tuple(own)
        self._dates = {name: Dates() for name in (*own, *beside)}
        self._years = ShortYears()

    @property
    def column(self) -> str:
        """Our column."""
        return self._column

    def see(self, rows: pl.DataFrame) -> None:
        """See more rows, in file order."""
        for values in values_of(rows, self._part, list(self._dates)):
            if values.dtype == pl.String:
                self._dates[values.name].add(values)
                if values.name in self._own:
                    self._years.add(values)

    def verdict(self) -> Verdict:
        """What comes first, or the question."""
        return self._of_years() or self._of_days()

    def _of_years(self) -> Verdict | None:
        """What follows where the year may come first; None where it is last."""
        years = self._years
        if years.place == "open":
            return Verdict(question=self._question_of_years())
        note = f"{self._column}: the year comes first in dates such as {years.example}"
        return Verdict({self._column: {"order": YEAR}}, note) if years.place == "first" else None

    def _of_days(self) -> Verdict:
        own = [self._dates[name] for name in self._own]
        readings: set[Order] = {order for dates in own for order in dates.above}
        if len(readings) > 1:
            return Verdict(question=self._contradiction(own))
        told = next((dates for dates in own if dates.above), None)
        if told is not None and told.certain:
            return self._settled(told.certain, f"as {told.above[told.certain]} shows")
        if not any(dates.open for dates in own):
            return self._settled(DAY, "")
        if all(dates.is_dotted for dates in own):
            return self._settled(DAY, "as is usual with points")
        beside: set[Order] = set()
        for name, dates in self._dates.items():
            if name not in self._own and dates.certain is not None:
                beside.add(dates.certain)
        if len(beside) == 1:
            order = beside.pop()
            example = next(dates.above[order] for dates in self._dates.values() if order in dates.above)
            return self._settled(order, f"as {example} beside it shows")
        in_order: set[Order | None] = {dates.by_sequence for dates in own}
        tells = in_order.pop() if len(in_order) == 1 else None
        if tells is not None:
            return self._settled(tells, "since only so the days of the file follow one another")
        return Verdict(question=self._question(own))

    def _settled(self, order: Order, why: str) -> Verdict:
        example = next((self._dates[name].open for name in self._own if self._dates[name].open), "")
        of = f" in dates such as {example}" if example else ""
        note = f"{self._column}: the {_FIRST_WORD[order]} comes first{of}, {why}" if why else ""
        return Verdict({self._column: {"order": order}}, note)

    def _question(self, own: Iterable[Dates]) -> Question:
        example = next(dates.open for dates in own if dates.open)
        first, second = example.replace("-", "/").replace(".", "/").split("/")[:2]
        asks = f"{self._own[0]} has dates such as {example}, and none with a number above 12: is {first} day or month?"
        return Question(
            self._part.kind.name,
            self._own[0],
            asks,
            (
                Option(f"the day comes first: day {first}, month {second}", {self._column: {"order": DAY}}),
                Option(f"the month comes first: month {first}, day {second}", {self._column: {"order": MONTH}}),
            ),
        )

    def _question_of_years(self) -> Question:
        years, example = self._years, self._years.example
        first, second, last = example.replace("-", "/").replace(".", "/")[:8].split("/")
        readings = (
            (DAY, years.may_begin_with_day, f"day {first}, month {second}, year 20{last}"),
            (MONTH, years.may_begin_with_month, f"month {first}, day {second}, year 20{last}"),
            (YEAR, years.may_be_first, f"year 20{first}, month {second}, day {last}"),
        )
        options = tuple(Option(says, {self._column: {"order": order}}) for order, can_be, says in readings if can_be)
        asks = f"{self._own[0]} has dates such as {example}: which of it is the year, and which the day?"
        return Question(self._part.kind.name, self._own[0], asks, options)

    def _contradiction(self, own: Iterable[Dates]) -> Question:
        examples = {order: example for dates in own for order, example in dates.above.items()}
        asks = (
            f"{self._own[0]} has dates of both orders, {examples[DAY]} and {examples[MONTH]}: what the others mean "
            f"cannot be known. Write them in one order; or say one with --set {self._column}.order=day_first (or "
            "month_first), and those that do not fit are rejected"
        )
        return Question(self._part.kind.name, self._own[0], asks)


def look_for_day_order(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look for each of our columns whose dates may be read in two ways."""
    names = fed(rows, part)
    found: dict[str, list[str]] = {}
    for column in part.kind.columns:
        rule = rule_of(part, column)
        is_time, is_span = isinstance(column.dtype, pl.Datetime), column.unit == "ms" and bool(rule.ends)
        if not (is_time or is_span) or rule.order or rule.format:
            continue
        wanted = names[column.name] if is_time else (*rule.starts, *rule.ends)
        found[column.name] = [values.name for values in values_of(rows, part, wanted) if _is_open(values)]
    if found.get("ts"):  # the moments of a duration are read as those of `ts` are
        found = {name: own for name, own in found.items() if part.kind.by_name[name].unit != "ms"}
    for name, own in found.items():
        if own:
            yield DayOrder(name, part, own, [other for many in found.values() for other in many if other not in own])


def _is_open(values: pl.Series) -> bool:
    return values.dtype == pl.String and bool(sampled(values).str.contains(ORDERED).any())
