"""What a comma and a point mean in the numbers of a file: what `1,234` alone does not tell, the file may.

`0,5` and `1.234,56` have a comma before their decimals, `0.5` and `1,234.56` a point. A column that tells nothing by
itself is read as those beside it; a whole number has no decimals, so that what stands in it stands before thousands.
Where nothing tells what the point of `1.234` is, it is a point before decimals, and that is said. In a table that `;`
separates it may as well be the other: such tables come from where a comma stands before decimals. There it is asked,
should money or time hang on it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.rows.containers import by_name
from metrics.events.schema import Column
from metrics.events.survey.feeding import fed, rule_of, sampled, values_of
from metrics.events.survey.looking import Look, Verdict
from metrics.events.values.numbers import AMBIGUOUS, CERTAIN_COMMA, CERTAIN_POINT, bare

Decimal = str
"""`comma` or `point`, as in a rule."""
_WORDS: dict[Decimal, str] = {"comma": "a comma stands before decimals", "point": "a comma stands before thousands"}
_OF_POINTS: dict[Decimal, str] = {"comma": "a point stands before thousands", "point": "a point stands before decimals"}
_SEPARATED = r"\d[.,]\d|^[.,]\d"
_LONG, _SHORT = r"^[-+]?\d{4,}$", r"^[-+]?\d{1,3}$"
"""Whole numbers that would have something before their thousands, and those that would not."""
_MEASURED = ("USD", "ms")
"""Units of money and time."""
_OURS = ("usd", "us$", "$", "")
_CURRENCIES = ("currency", "cost_currency", "currency_code", "cost.currency", "unit_currency")


@dataclass
class Separators:
    """What the numbers of a column say."""

    column: Column
    certain: dict[Decimal, str] = field(default_factory=dict[Decimal, str])
    """By reading, a number that can be read in no other way."""
    open: dict[str, str] = field(default_factory=dict[str, str])
    """By what stands in it, a number that may be a thousand or one and a bit."""
    ungrouped: str = ""
    """A number of thousands with nothing before them."""
    has_units: bool = False
    """Whether numbers below a thousand stand there without decimals."""

    def add(self, texts: pl.Series) -> None:
        """See more numbers."""
        digits = texts.alias("text").to_frame().select(bare(pl.col("text"), self.column)).to_series()
        if not self.ungrouped and len(long := digits.filter(digits.str.contains(_LONG))):
            self.ungrouped = long[0]
        self.has_units = self.has_units or bool(digits.str.contains(_SHORT).any())
        digits = digits.filter(digits.str.contains(_SEPARATED))
        patterns: tuple[tuple[Decimal, str], ...] = (("comma", CERTAIN_COMMA), ("point", CERTAIN_POINT))
        for reading, pattern in patterns:
            fits = digits.filter(digits.str.contains(pattern))
            if len(fits):
                self.certain.setdefault(reading, fits[0])
        for sign in ",.":
            fits = digits.filter(digits.str.contains(AMBIGUOUS) & digits.str.contains(sign, literal=True))
            if len(fits):
                self.open.setdefault(sign, fits[0])

    @property
    def reading(self) -> Decimal | None:
        """What is certain, where nothing is to the contrary."""
        if self.certain:
            return next(iter(self.certain)) if len(self.certain) == 1 else None
        if self.column.dtype.is_integer() and len(self.open) == 1:
            return "point" if "," in self.open else "comma"
        if self.ungrouped and len(self.open) == 1:
            return "comma" if "," in self.open else "point"
        return None

    @property
    def example(self) -> str:
        """A number that shows it."""
        return next(
            iter((*self.certain.values(), *([self.ungrouped] if self.ungrouped else ()), *self.open.values())), ""
        )


class DecimalSign:
    """The look at one of our numbers; those beside it may tell what its own do not."""

    def __init__(
        self, column: Column, part: Part, own: Sequence[str], beside: dict[str, Column], *, points_may_group: bool
    ) -> None:
        self._column, self._part, self._own = column, part, tuple(own)
        self._asks_of_points = points_may_group and column.unit in _MEASURED
        self._seen = {name: Separators(column) for name in own} | {
            name: Separators(other) for name, other in beside.items()
        }

    @property
    def column(self) -> str:
        """Our column."""
        return self._column.name

    def see(self, rows: pl.DataFrame) -> None:
        """See more rows."""
        for values in values_of(rows, self._part, list(self._seen)):
            if values.dtype == pl.String:
                self._seen[values.name].add(values)

    def verdict(self) -> Verdict:
        """Which it is, or the question."""
        own = [self._seen[name] for name in self._own]
        has_commas = any("," in seen.open or "comma" in seen.certain for seen in own)
        if not has_commas and not any("." in seen.open for seen in own):
            return Verdict()
        readings = {reading for seen in own if (reading := seen.reading) is not None}
        if len(readings) == 1:
            reading = readings.pop()
            if reading == "point" and not has_commas and any(seen.certain for seen in own):
                return Verdict()
            words = _WORDS if has_commas else _OF_POINTS
            return self._settled(words[reading], reading, next(one.example for one in own if one.reading == reading))
        if any(len(seen.certain) > 1 for seen in own):
            return Verdict(question=self._question(own))
        beside = self._beside()
        if beside == "point" and not has_commas:
            return Verdict()
        if beside is not None:
            example = next(seen.example for seen in self._seen.values() if seen.reading == beside)
            return self._settled(_WORDS[beside], beside, f"{example} beside it")
        if has_commas:
            return Verdict(question=self._question(own))
        return Verdict(question=self._about_points(own)) if self._asks_of_points else Verdict(note=self._taken(own))

    def _beside(self) -> Decimal | None:
        found = {reading for name, seen in self._seen.items() if name not in self._own and (reading := seen.reading)}
        return found.pop() if len(found) == 1 else None

    def _settled(self, words: str, reading: Decimal, example: str) -> Verdict:
        return Verdict({self.column: {"decimal": reading}}, f"{self.column}: {words}, as {example} shows")

    def _question(self, own: Iterable[Separators]) -> Question:
        examples = dict.fromkeys(one for seen in own for one in (*seen.open.values(), *seen.certain.values()))
        asks = f"{self._own[0]} has numbers such as {', '.join(examples)}: what does the comma stand before?"
        order: tuple[Decimal, ...] = ("comma", "point")
        options = tuple(Option(_WORDS[one], {self.column: {"decimal": one}}) for one in order)
        return Question(self._part.kind.name, self._own[0], asks, options)

    def _about_points(self, own: Sequence[Separators]) -> Question:
        examples = ", ".join(seen.open["."] for seen in own if "." in seen.open)
        asks = f"{self._own[0]} has numbers such as {examples}, and nothing tells what the point stands before"
        # With decimals, hardly a number would be whole; with thousands, those below one are.
        likely: tuple[Decimal, ...] = ("comma", "point") if any(seen.has_units for seen in own) else ("point", "comma")
        options = tuple(Option(_OF_POINTS[one], {self.column: {"decimal": one}}) for one in likely)
        return Question(self._part.kind.name, self._own[0], asks, options)

    def _taken(self, own: Sequence[Separators]) -> str:
        examples = ", ".join(seen.open["."] for seen in own if "." in seen.open)
        return (
            f"{self.column}: the point in {examples} is taken to stand before decimals, as nothing in the file tells; "
            f"if it stands before thousands: --set {self.column}.decimal=comma"
        )


def look_for_decimals(rows: pl.DataFrame, part: Part, *, points_may_group: bool = False) -> Iterable[Look]:
    """A look for each number of ours that texts are read for which have a comma or a point in them."""
    numbers = [column for column in part.kind.own_columns if column.dtype.is_numeric()]
    if not any(dtype == pl.String for dtype in rows.schema.values()) or not numbers:
        return
    names = fed(rows, part)
    found: dict[str, Column] = {}
    for column in numbers:
        if not rule_of(part, column).decimal:
            for values in values_of(rows, part, names[column.name]):
                if values.dtype == pl.String and sampled(values).str.contains(_SEPARATED).any():
                    found[values.name] = column
    some = [sampled(values) for values in values_of(rows, part, list(found))]
    has_commas = any(values.str.contains(",", literal=True).any() for values in some)
    if not has_commas and any(values.str.strip_chars().str.contains(CERTAIN_POINT).any() for values in some):
        found = {name: column for name, column in found.items() if column.dtype.is_integer()}
    for column in dict.fromkeys(found.values()):
        own = [name for name, other in found.items() if other == column]
        beside = {name: other for name, other in found.items() if name not in own}
        yield DecimalSign(column, part, own, beside, points_may_group=points_may_group)


class Currency:
    """The look at the column that says in which currency a cost is."""

    def __init__(self, part: Part, name: str) -> None:
        self._part, self._name = part, name
        self._foreign: Counter[str] = Counter()

    @property
    def column(self) -> str:
        """Our column."""
        return "cost_usd"

    def see(self, rows: pl.DataFrame) -> None:
        """See more rows."""
        if self._name in rows.columns:
            said = rows[self._name].cast(pl.String).drop_nulls().str.strip_chars().value_counts()
            self._foreign.update({word: count for word, count in said.iter_rows() if word.lower() not in _OURS})

    def verdict(self) -> Verdict:
        """Nothing, or what has to be said before costs can be stored."""
        if not self._foreign:
            return Verdict()
        seen = ", ".join(word for word, _ in self._foreign.most_common(3))
        asks = (
            f"costs are in {seen} ({self._name}), and are stored in US dollars: give the rate, "
            "--set cost_usd.factor=1.08, or leave them out of the mapping, so that calls are priced"
        )
        return Verdict(question=Question(self._part.kind.name, self._name, asks))


def look_for_currency(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look where a column beside a cost names its currency."""
    cost = part.kind.by_name.get("cost_usd")
    if cost is None or rule_of(part, cost).factor is not None:
        return
    name = next(filter(None, map(by_name(rows.columns).get, _CURRENCIES)), None)
    if name is not None and fed(rows, part)["cost_usd"]:
        yield Currency(part, name)
