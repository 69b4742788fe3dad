"""How the columns of a kind are made from those of a file: an expression a column, as the rules of a part say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from metrics.events.mapping.sources import Source
from metrics.events.recognition.recognition import Part
from metrics.events.rows.containers import FLAT, by_name
from metrics.events.schema import FLOAT, STRING, Column, Kind
from metrics.events.values.converting import converted, every_name, failure_named, is_native, name_ranks, text_of
from metrics.events.values.outcome import CALL, ERROR_TYPE, STATUS
from metrics.events.values.texts import holds_objects, names_something

ROW = "\x1frow"
"""Number of a row within its frame: a name that no file gives a column."""
JOINED = "\x1fjoined:"
"""Prefix of the columns in which texts are joined, by our column."""
_NEARLY_WHOLE = 1e-6


@dataclass(frozen=True)
class Planned:
    """How the stored columns come from a frame's columns."""

    expressions: Mapping[str, pl.Expr]
    sources: Mapping[str, tuple[tuple[str, ...], Source]]
    """Columns of the frame each stored column is made from, and how, where making it may fail."""
    used: frozenset[str]
    names: Mapping[str, tuple[str, ...]]
    """Columns of the frame that give each stored column, the first choice first."""
    partly: frozenset[str]
    """Columns used of whose objects only the name is taken."""


def planned(frame: pl.DataFrame, part: Part, earlier_rows: int) -> Planned:
    """How the rows of a part (a prepared and joined frame) become events."""
    plan = _Plan(frame, part, earlier_rows)
    for column in part.kind.columns:
        plan.add(column, part.columns.get(column.name, Source()), is_mapped=column.name in part.columns)
    if part.kind.name == CALL:
        plan.name_failures()
    return Planned(plan.expressions, plan.sources, frozenset(plan.used), plan.names, frozenset(plan.partly))


def joined(frame: pl.DataFrame, part: Part) -> pl.DataFrame:
    """`frame` with a text column for each of ours that is joined from several; rows that lack one have none."""
    named = by_name(frame.columns)
    wanted = {name: [named.get(one.lower()) for one in rule.join] for name, rule in part.columns.items() if rule.join}
    return frame.with_columns(
        pl.concat_str([_words(frame, one) for one in there if one is not None], separator=" ").alias(JOINED + name)
        for name, there in wanted.items()
        if None not in there
    )


def _words(frame: pl.DataFrame, name: str) -> pl.Expr:
    """A text to be joined: of a date that is stored as a time, only the day."""
    dtype = frame.schema[name]
    if isinstance(dtype, pl.Datetime) and frame[name].dt.time().drop_nulls().n_unique() <= 1:
        return pl.col(name).dt.date().cast(pl.String)
    return text_of(name, dtype).str.strip_chars()


class _Plan:
    """What is planned so far, column by column."""

    def __init__(self, frame: pl.DataFrame, part: Part, earlier_rows: int) -> None:
        self._frame, self._part, self._earlier_rows = frame, part, earlier_rows
        self._schema = frame.schema
        self._named = by_name(frame.columns)
        self.expressions: dict[str, pl.Expr] = {}
        self.sources: dict[str, tuple[tuple[str, ...], Source]] = {}
        self.names: dict[str, tuple[str, ...]] = {}
        self.used: set[str] = set()
        self.partly: set[str] = set()

    def add(self, column: Column, rule: Source, *, is_mapped: bool) -> None:
        names = self._names(column, rule, is_mapped=is_mapped)
        if names_something(column):
            self.partly.update(name for name in names if holds_objects(self._frame[name]))
        expression = (
            self._expression(column, rule, names)
            if rule.start is None or names
            else _counted_on(rule.start, rule.step_seconds, self._earlier_rows)
        )
        self.expressions[column.name] = pl.lit(None, column.dtype) if expression is None else expression
        self.names[column.name] = names
        self.used.update(names, self._there(rule.plus), self._there(rule.join))
        native = (is_native(column, self._schema[name], rule) for name in names)
        if column.dtype != STRING and names and not all(native):
            self.sources[column.name] = names, rule

    def name_failures(self) -> None:
        """The class of an error that only the status names."""
        column, rule = self._part.kind.by_name[STATUS], self._part.columns.get(STATUS, Source())
        named = [failure_named(column, name, self._schema[name], rule) for name in self.names[STATUS]]
        if named:
            told = pl.when(self.expressions[STATUS].ne_missing("ok")).then(pl.coalesce(named))
            self.expressions[ERROR_TYPE] = pl.coalesce(self.expressions[ERROR_TYPE], told)

    def _names(self, column: Column, rule: Source, *, is_mapped: bool) -> tuple[str, ...]:
        """Columns of the frame that hold a stored column's values, the first choice first.

        Where no rule names them it is the first that is there, in whatever spelling; tokens are reported under many
        names, which may differ from row to row.
        """
        # A rule for a column of which nobody said where it comes from (an answer) names all that it is known by.
        is_mapped = is_mapped and (len(rule.names) == 1 or rule.names != every_name(column))
        there = self._there(rule.names) if is_mapped else self._known(column)
        joined_here = JOINED + column.name
        if joined_here in self._frame.columns:
            there = (*there, joined_here)
        if is_mapped:
            return there
        fresh = tuple(name for name in there if name not in self.used)
        return fresh if column.unit == "tokens" else tuple(name for name in fresh if _plain(name) == _plain(fresh[0]))

    def _known(self, column: Column) -> tuple[str, ...]:
        """Columns that have any of the names under which one of ours is known."""
        ranks = name_ranks(column)
        return self._there(sorted(self._named.keys() & ranks.keys(), key=lambda name: ranks[name]))

    def _there(self, names: Sequence[str]) -> tuple[str, ...]:
        found = (self._named.get(name.lower()) for name in names)
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def _expression(self, column: Column, rule: Source, names: Sequence[str]) -> pl.Expr | None:
        if rule.value is not None:
            return _constant(column, self._part.kind, rule)
        # What is multiplied may have decimals before it is: 1.5 thousand tokens.
        read = column if rule.factor is None else replace(column, dtype=FLOAT)
        choices = [self._read(read, name, rule) for name in names]
        choices.extend(self._spans(rule))
        value = (choices[0] if len(choices) == 1 else pl.coalesce(choices)) if choices else None
        value = self._added(read, rule, value)
        if value is None:
            return None if rule.default is None else pl.lit(rule.default, column.dtype)
        if rule.factor is not None:
            value = _multiplied(value, rule.factor, column)
        return value if rule.default is None else value.fill_null(pl.lit(rule.default, column.dtype))

    def _read(self, column: Column, name: str, rule: Source) -> pl.Expr:
        dtype = self._schema[name]
        # Whether a text is an object was looked at already, unless a pattern takes a part of it.
        is_plain = names_something(column) and dtype == STRING and name not in self.partly and not rule.pattern
        return converted(column, name, dtype, self._part.kind.name, rule, may_hold_objects=not is_plain)

    def _added(self, column: Column, rule: Source, value: pl.Expr | None) -> pl.Expr | None:
        """With the columns that are added; where there is nothing to add them to, their sum."""
        alike = Source(decimal=rule.decimal, unit=rule.unit, map=rule.map)
        more = [self._read(column, name, alike) for name in self._there(rule.plus)]
        if not more:
            return value
        if value is None:
            some = pl.any_horizontal(one.is_not_null() for one in more)
            return pl.when(some).then(pl.sum_horizontal(more))
        for one in more:
            value = value + one.fill_null(0)
        return value

    def _spans(self, rule: Source) -> list[pl.Expr]:
        """Milliseconds from the start to each moment that is named as the end."""
        if not rule.ends:
            return []
        moment = _moments(rule, self._part.columns.get("ts", Source()))
        ts = self._part.kind.by_name["ts"]
        starts = [self._read(ts, name, moment) for name in self._there(rule.starts)]
        begun = pl.coalesce(starts) if starts else None if rule.starts else self.expressions.get("ts")
        return [_between(begun, self._read(ts, name, moment)) for name in self._there(rule.ends)]


def _moments(rule: Source, ts: Source) -> Source:
    """How the moments of a duration are written: as its rule says, else as those of `ts` are."""
    said = {key: getattr(rule, key) or getattr(ts, key) for key in ("zone", "format", "order")}
    return Source.model_validate({**{key: one for key, one in said.items() if one}, "unit": ts.unit})


def _plain(name: str) -> str:
    """`userId` and `user_id` are one name."""
    return name.removeprefix(FLAT).replace("_", "").lower()


def _constant(column: Column, kind: Kind, rule: Source) -> pl.Expr:
    constant = pl.select(pl.lit(rule.value).alias("constant"))
    read = converted(column, "constant", constant.schema["constant"], kind.name, Source())
    return pl.lit(constant.select(read).item(), column.dtype)


def _multiplied(value: pl.Expr, factor: float, column: Column) -> pl.Expr:
    product = value * factor
    if not column.dtype.is_integer():
        return product
    whole = product.round()
    return pl.when((product - whole).abs() < _NEARLY_WHOLE).then(whole).cast(column.dtype, strict=False)


def _counted_on(start: datetime, step_seconds: float, earlier_rows: int) -> pl.Expr:
    """Times for rows that have none: from `start`, on by the step for each row of the file."""
    number = pl.col(ROW) + earlier_rows
    step = pl.duration(microseconds=(number * step_seconds * 1e6).cast(pl.Int64))
    return pl.lit(start).dt.convert_time_zone("UTC").dt.cast_time_unit("us") + step


def _between(begun: pl.Expr | None, ended: pl.Expr) -> pl.Expr:
    """Milliseconds from one moment to another."""
    span = pl.lit(None, pl.Duration("us")) if begun is None else ended - begun
    return span.dt.total_microseconds().cast(pl.Float64) / 1000
