"""An answer, with where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from metrics.engine.query import Grain, Query
from metrics.engine.statement import Statement, laid_out

TIME = "time"
PREVIOUS = "__previous"
"""Suffix of a metric's column that holds its value in the window before."""
EVENTS = "__events"
"""Suffix of the column that holds how many events are behind a metric's value: of its kinds, past the filters."""


@dataclass(frozen=True)
class Result:
    """The answer to a query."""

    query: Query
    grain: Grain
    """The grain used; never `AUTO`."""
    frame: pl.DataFrame
    """`time` (start of the bucket, UTC; absent for grain `NONE`), a String column a dimension, a column a metric.
    With `with_events`, an Int64 column `<metric>__events` each; 0 where there are none.

    Rows are in order of time, then dimensions. Null is no data.
    """
    source: str
    """`events`, or the rollups used."""
    statements: tuple[Statement, ...]
    missing: Mapping[str, str]
    """Metrics of which nothing was ever ingested, and the event kind each needs."""
    dropped: Mapping[str, str] = field(default_factory=dict[str, str])
    """Metrics that have no value where the events were dropped that they need, and why."""

    @property
    def sql(self) -> str:
        """The statements, over logical tables, laid out to be read."""
        return laid_out(self.statements)


@dataclass(frozen=True, slots=True)
class KindFreshness:
    """How many events of a kind there are, and from when to when."""

    rows: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """How many events there are, and from when to when."""

    kinds: Mapping[str, KindFreshness]
    """Only kinds with events."""

    @property
    def first(self) -> datetime | None:
        """The oldest event."""
        return min((kind.first for kind in self.kinds.values() if kind.first), default=None)

    @property
    def last(self) -> datetime | None:
        """The newest event."""
        return max((kind.last for kind in self.kinds.values() if kind.last), default=None)
