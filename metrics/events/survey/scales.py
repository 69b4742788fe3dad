"""Numbers that fit the limits of a column and are of another scale all the same.

Shares of one stand for percents, bytes for megabytes, scores out of ten for those out of a hundred, seconds for
milliseconds.

No single number tells, and the whole file can: a host that is at 0.45 may be idle or busy, one that never is above 1
is asked about. Files in our own form say what they mean.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.schema import FLOAT
from metrics.events.survey.feeding import fed, rule_of, sampled
from metrics.events.survey.looking import Look, Verdict
from metrics.events.values.converting import converted, text_of

_PER_BATCH = 20_000
"""Values of a batch that are looked at; spread evenly over it."""
_FEW = 3
"""Different numbers without which nothing is odd about any of them."""
_RATINGS = 5
"""The best of five."""
_TERABYTES = 4e6
"""Megabytes above which the memory of a host is rather in something smaller."""
_LEAST_MEMORY = 32
"""Megabytes below which it is rather in gigabytes."""
_PETABYTE = 1e6
"""Gigabytes above which its storage is."""
_VITALS: Mapping[str, float] = {"lcp": 30, "fcp": 30, "ttfb": 3, "inp": 3}
"""By vital, milliseconds below which its median cannot be."""
_WITHOUT_UNIT = "cls"


@dataclass(frozen=True)
class Spread:
    """What the numbers of a column are."""

    least: float
    middle: float
    largest: float
    different: int
    is_broken: bool
    """Whether any has decimals."""


@dataclass(frozen=True)
class Scale:
    """How the numbers of one of our columns look where they are of another scale."""

    kind: str
    column: str
    is_odd: Callable[[Spread], bool]
    asks: str
    options: tuple[tuple[str, Mapping[str, Any]], ...]
    """What may be meant, and the keys that say so; the likeliest first."""


def _are_shares(seen: Spread) -> bool:
    return seen.largest <= 1 and seen.is_broken and seen.different >= _FEW


_AS_IS: Mapping[str, Any] = {"factor": 1}
_LEFT_OUT: Mapping[str, Any] = {"from": []}
_MEMORY = (("bytes", {"factor": 1 / 2**20}), ("kilobytes", {"factor": 1 / 2**10}), ("megabytes", _AS_IS))
_STORAGE = (("bytes", {"factor": 1e-9}), ("megabytes", {"factor": 1e-3}), ("gigabytes", _AS_IS))
SCALES: tuple[Scale, ...] = (
    Scale("resource", "cpu_percent", _are_shares, "is 1 all of the host's cores, or one hundredth of them?",
          (("shares: 1 is 100 %", {"factor": 100}), ("percents", _AS_IS))),
    Scale("resource", "cpu_percent", lambda seen: seen.largest > 100,
          "100 is all of the host's cores; a share of one core tells nothing without their number",
          (("shares of one core: leave them out", _LEFT_OUT), ("those above 100 are mistakes: reject them", _AS_IS))),
    Scale("prompt", "quality_score", _are_shares, "is 1 the best score, or one of a hundred points?",
          (("1 is the best", {"factor": 100}), ("100 is the best", _AS_IS))),
    Scale("prompt", "quality_score", lambda seen: seen.largest <= 10 and seen.different >= _FEW,
          "is it a score of a hundred points at best, or of fewer?",
          (("10 is the best", {"factor": 10}), ("5 is the best", {"factor": 20}), ("100 is the best", _AS_IS))),
    Scale("feedback", "csat_score", lambda seen: seen.largest > _RATINGS,
          "satisfaction is stored as 1 to 5, and what 4 and 5 are on another scale cannot be known",
          (("another scale: leave the scores out", _LEFT_OUT), ("those above 5 are mistakes: reject them", _AS_IS))),
    Scale("feedback", "nps_score", lambda seen: seen.largest > 10,
          "whether somebody would recommend it is stored as 0 to 10, and what 9 is on another scale cannot be known",
          (("another scale: leave the scores out", _LEFT_OUT), ("those above 10 are mistakes: reject them", _AS_IS))),
    Scale("feedback", "nps_score", lambda seen: 0 < seen.largest <= _RATINGS and seen.different > _FEW,
          "nobody would recommend it if it went up to 10: is 5 the best?",
          (("5 is the best: leave the scores out", _LEFT_OUT), ("10 is the best", _AS_IS))),
    *(Scale("resource", name, lambda seen: seen.middle > _TERABYTES, "bytes, kilobytes or megabytes?", _MEMORY)
      for name in ("memory_used_mb", "memory_available_mb")),
    *(Scale("resource", name, lambda seen: seen.is_broken and seen.largest < _LEAST_MEMORY, "gigabytes or megabytes?",
            (("gigabytes", {"factor": 2**10}), ("megabytes", _AS_IS)))
      for name in ("memory_used_mb", "memory_available_mb")),
    *(Scale("resource", name, lambda seen: seen.middle > _PETABYTE, "bytes, megabytes or gigabytes?", _STORAGE)
      for name in ("storage_used_gb", "storage_available_gb")),
)  # fmt: skip
"""What is looked for; of several for one column the first that is odd asks."""


@dataclass
class Scaled:
    """The look at the scale of one of our columns."""

    column: str
    part: Part
    name: str
    _values: list[pl.Series] = field(default_factory=list[pl.Series])

    def see(self, rows: pl.DataFrame) -> None:
        """See more rows."""
        if self.name in rows.columns:
            own = rows.gather_every(max(1, rows.height // _PER_BATCH))
            self._values.append(_numbers(own, self.part, self.column, self.name))

    def verdict(self) -> Verdict:
        """The question, where the numbers of the whole file are odd."""
        values = pl.concat(self._values) if self._values else pl.Series(dtype=FLOAT)
        seen = _spread(values)
        odd = None if seen is None else _odd(self.part, self.column, seen)
        if odd is None or seen is None:
            return Verdict()
        asks = f"{self.name} is {seen.least:g} to {seen.largest:g}: {odd.asks}"
        options = tuple(Option(says, {self.column: keys}) for says, keys in odd.options)
        return Verdict(question=Question(self.part.kind.name, self.name, asks, options))


class VitalUnit:
    """The look at web vitals, which are in milliseconds but for one."""

    column = "value"

    def __init__(self, part: Part, name: str, value: str) -> None:
        self._part, self._name, self._value = part, name, value
        self._seen: list[pl.DataFrame] = []

    def see(self, rows: pl.DataFrame) -> None:
        """See more rows."""
        if {self._name, self._value} <= set(rows.columns):
            self._seen.append(_vitals(rows, self._part, self._name, self._value))

    def verdict(self) -> Verdict:
        """The question; with a layout shift beside them, which has no unit, only a mapping can answer."""
        seen = pl.concat(self._seen) if self._seen else pl.DataFrame()
        short = _too_short(seen)
        if not short:
            return Verdict()
        asks = f"half of {self._value} is below {short[1]:g} where {self._name} is {short[0]}: seconds or milliseconds?"
        if (seen["name"] == _WITHOUT_UNIT).any():
            asks += (
                f" Where it is seconds, a mapping says so of all vitals but {_WITHOUT_UNIT}, in a part of their own: "
                "`value: {from: value, factor: 1000}`"
            )
            options = (Option("milliseconds", {"value": _AS_IS}),)
        else:
            options = (Option("seconds", {"value": {"factor": 1000}}), Option("milliseconds", {"value": _AS_IS}))
        return Verdict(question=Question(self._part.kind.name, self._value, asks, options))


def _numbers(rows: pl.DataFrame, part: Part, column: str, name: str) -> pl.Series:
    """The numbers of a column; those that say their own unit are left out."""
    ours = replace(part.kind.by_name[column], dtype=FLOAT)
    value = converted(ours, name, rows.schema[name], part.kind.name, rule_of(part, part.kind.by_name[column]))
    bare = ~text_of(name, rows.schema[name]).str.contains("%", literal=True)
    return rows.select(pl.when(bare).then(value).alias(column)).to_series().cast(FLOAT).drop_nulls()


def _spread(values: pl.Series) -> Spread | None:
    if values.is_empty():
        return None
    least, middle, largest = (float(one or 0) for one in (values.min(), values.median(), values.max()))  # pyright: ignore[reportArgumentType]
    return Spread(least, middle, largest, values.n_unique(), bool((values != values.round()).any()))


def _odd(part: Part, column: str, seen: Spread) -> Scale | None:
    own = (one for one in SCALES if (one.kind, one.column) == (part.kind.name, column))
    return next((one for one in own if one.is_odd(seen)), None)


def _vitals(rows: pl.DataFrame, part: Part, name: str, value: str) -> pl.DataFrame:
    own = rows.gather_every(max(1, rows.height // _PER_BATCH))
    columns = part.kind.by_name
    return own.select(
        converted(columns[ours], theirs, own.schema[theirs], part.kind.name, rule_of(part, columns[ours])).alias(ours)
        for ours, theirs in (("name", name), ("value", value))
    ).drop_nulls()


def _too_short(seen: pl.DataFrame) -> tuple[str, float] | None:
    """A vital half of whose numbers are below what it can be, and their middle."""
    if seen.is_empty():
        return None
    middles = dict(seen.filter(pl.col("value") > 0).group_by("name").agg(pl.col("value").median()).iter_rows())
    return next(((name, middles[name]) for name, least in _VITALS.items() if middles.get(name, least) < least), None)


def look_for_scales(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look for each column whose first numbers are odd, and of which no rule says by what they are multiplied."""
    columns = dict.fromkeys(one.column for one in SCALES if one.kind == part.kind.name)
    if not (columns or part.kind.name == "web_vital") or {"ts", "event_id"} <= set(rows.columns):
        return
    names = fed(rows, part)
    for column in columns:
        name = next(iter(names[column]), None)
        if name is None or name not in rows.columns or rule_of(part, part.kind.by_name[column]).factor is not None:
            continue
        values = _numbers(sampled(rows[name]).to_frame(), part, column, name)
        seen = _spread(values)
        # What is looked for by its largest number may still come.
        if seen is not None and (part.kind.name == "feedback" or _odd(part, column, seen) is not None):
            yield Scaled(column, part, name)
    if part.kind.name == "web_vital" and names["name"] and names["value"] and "value" not in part.columns:
        yield VitalUnit(part, names["name"][0], names["value"][0])
