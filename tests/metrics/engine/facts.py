"""A question and the events it is asked about: what every calculation of the oracle begins with."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import polars as pl

from metrics.engine.query import Filter, Query
from tests.metrics.engine.wall import TIMESTAMP, calendar

Events = Mapping[str, pl.DataFrame]
"""All events by kind, each with all columns of its kind."""
PEOPLE = (
    "request", "llm_call", "prompt", "pipeline_run", "interaction", "web_vital", "feedback", "error", "security",
)  # fmt: skip
"""Kinds that a person causes."""


@dataclass(frozen=True)
class Facts:
    """A query and the events it is asked about, which are sought out once for all metrics."""

    events: Events
    query: Query
    critical: tuple[str, ...] = ()
    _sought: dict[Hashable, pl.DataFrame] = field(default_factory=dict[Hashable, pl.DataFrame])

    @cached_property
    def calendar(self) -> pl.DataFrame:
        """`time`, `end`, `seconds` of every bucket."""
        return calendar(self.query)

    @property
    def groups(self) -> list[str]:
        """Columns of the dimensions, as text."""
        return [f"by {name}" for name in self.query.by]

    @property
    def keys(self) -> list[str]:
        """What a row of the answer is told by."""
        return ["time", *self.groups]

    def once(self, what: Hashable, seek: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """What `seek` finds, sought only by the first who asks for it."""
        if what not in self._sought:
            self._sought[what] = seek()
        return self._sought[what]

    def kept(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows that pass the filters, with the dimensions as text."""
        passing = frame.filter(_passes(item) for item in self.query.filters) if self.query.filters else frame
        return passing.with_columns(text(name).alias(f"by {name}") for name in self.query.by)

    def of(self, kind: str, start: datetime | None = None, end: datetime | None = None) -> pl.DataFrame:
        """Events of a kind from `start` to `end` (the window's, where not given) that pass the filters."""
        since, until = start or self.query.window.start, end or self.query.window.end
        between = pl.col("ts") >= since, pl.col("ts") < until
        return self.once((kind, since, until), lambda: self.kept(self.events[kind].filter(*between)))

    def bucketed(self, frame: pl.DataFrame, column: str = "ts") -> pl.DataFrame:
        """`frame` with the bucket in which `column` lies."""
        return frame.sort(column).join_asof(self.calendar, left_on=column, right_on="time", coalesce=False)

    def people(self, start: datetime | None = None, kinds: tuple[str, ...] = PEOPLE) -> pl.DataFrame:
        """`ts`, `user_id` and dimensions of what people did, from all of `kinds` that know the dimensions in use."""
        return self.once(("people", start, kinds), lambda: self._people(start, kinds))

    def _people(self, start: datetime | None, kinds: tuple[str, ...]) -> pl.DataFrame:
        used = {*self.query.by, *(item.dimension for item in self.query.filters)}
        able = [k for k in kinds if k in self.events and all(knows(self.events[k], name) for name in used)]
        nobody = pl.DataFrame(schema={"ts": TIMESTAMP, **dict.fromkeys(("user_id", *self.groups), pl.String)})
        rows = pl.concat([nobody, *(self.of(kind, start).select(nobody.columns) for kind in able)])
        return rows.filter(pl.col("user_id").is_not_null())


def knows(frame: pl.DataFrame, dimension: str) -> bool:
    """Whether the events have the dimension."""
    return dimension in frame.columns or dimension.startswith("attributes.")


def text(dimension: str) -> pl.Expr:
    """A dimension as text."""
    if dimension.startswith("attributes."):
        return pl.col("attributes").map.get(dimension.removeprefix("attributes."))
    return pl.col(dimension).cast(pl.String)


def _passes(item: Filter) -> pl.Expr:
    column, values = text(item.dimension), [value for value in item.values if value is not None]
    if item.operator == "contains":
        found = [column.str.to_lowercase().str.contains(value.lower(), literal=True) for value in values]
        named = pl.any_horizontal(*found, pl.lit(False))
    else:
        named = column.is_in(values)
    chosen = named.fill_null(False) | (column.is_null() & (None in item.values))
    return ~chosen if item.operator == "not in" else chosen
