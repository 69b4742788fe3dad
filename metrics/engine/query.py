"""A question, as a value: what the dashboards, alert rules, the command line and Explore all ask with."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, model_validator


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


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone; expected an IANA name such as Europe/Berlin") from error
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]
"""An IANA time zone name."""


Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
"""A moment in UTC: two of one zone would be subtracted by the clock on the wall, an hour off across a change."""


class Value(BaseModel):
    """A frozen value that takes no field it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


class Query(Value):
    """One question to the engine."""

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
