"""A question, as a value: what the dashboards, alert rules, the command line and Explore all ask with.

Every question names the type of its answer. `Query`, metrics by dimensions and time, is the one that most are asked
with; the others are in `metrics.engine.questions`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Generic, Literal, Self, TypeVar

import polars as pl
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, model_validator

from metrics.engine.statement import Statement, laid_out
from metrics.zones import Zone

TIME = "time"
PREVIOUS = "__previous"
"""Suffix of a metric's column that holds its value in the window before."""
EVENTS = "__events"
"""Suffix of the column that holds how many events are behind a metric's value: of its kinds, past the filters."""
Answer_co = TypeVar("Answer_co", covariant=True)


class Grain(StrEnum):
    """Width of a time bucket. `AUTO` is chosen from the window, `NONE` is one bucket for all of it."""

    AUTO = "auto"
    NONE = "none"
    SECONDS_5 = "5s"
    SECONDS_10 = "10s"
    SECONDS_30 = "30s"
    MINUTE = "1m"
    MINUTES_5 = "5m"
    MINUTES_15 = "15m"
    MINUTES_30 = "30m"
    HOUR = "1h"
    HOURS_2 = "2h"
    HOURS_3 = "3h"
    HOURS_6 = "6h"
    HOURS_12 = "12h"
    DAY = "1d"
    WEEK = "1w"
    MONTH = "1mo"


Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
"""A moment in UTC: two of one zone would be subtracted by the clock on the wall, an hour off across a change."""


class Value(BaseModel):
    """A frozen value that takes no field it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Question(Value, Generic[Answer_co]):
    """What `Engine.answer` can be asked; a subclass `Journeys(Question[UserFlows])` is answered by `UserFlows`."""


class Window(Value):
    """A half-open span of time `[start, end)`, in UTC."""

    start: Moment
    end: Moment

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"a window must end after it starts: {self.start.isoformat()} to {self.end.isoformat()}")
        return self

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start

    @property
    def previous(self) -> "Window":
        """The window of equal length just before this one."""
        return Window(start=self.start - self.length, end=self.start)

    @classmethod
    def last(cls, length: timedelta, now: datetime) -> "Window":
        """The span of `length` that ends at `now`."""
        return cls(start=now.astimezone(UTC) - length, end=now.astimezone(UTC))


class Filter(Value):
    """Keeps the events whose `dimension` compares so with `values`; `None` among them is "(none)", no value."""

    dimension: str
    """A dimension of the catalog, or `attributes.<key>`."""
    operator: Literal["in", "not in", "contains"] = "in"
    values: tuple[str | None, ...]


class Query(Question["Result"]):
    """Metrics by dimensions and time."""

    metrics: tuple[str, ...]
    window: Window
    by: tuple[str, ...] = ()
    grain: Grain = Grain.NONE
    filters: tuple[Filter, ...] = ()
    tz: Zone = "UTC"
    """Zone in which buckets of a day and more begin."""
    compare: bool = False
    """Whether each metric also comes as `<metric>__previous`, from the window before."""
    raw: bool = False
    """Never answer from a rollup."""
    with_events: bool = False
    """Whether each metric also comes with the number of events behind it, as `<metric>__events`."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.metrics:
            raise ValueError("a query names at least one metric")
        return self


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
    failed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Metrics of the home's own that fail over their events, and why: their columns are null."""

    @property
    def sql(self) -> str:
        """The statements, over logical tables, laid out to be read."""
        return laid_out(self.statements)
