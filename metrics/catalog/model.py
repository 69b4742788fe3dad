"""The vocabulary of the catalog: measures, metrics and dimensions, all plain values.

A measure is a number the engine knows how to take from events, in one of a few ways; a metric is a
formula over measures with a unit and a definition. `METRICS.md`'s rows are rows here.
"""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["up", "down", "neutral"]
"""Which way is good."""


@dataclass(frozen=True, slots=True)
class Additive:
    """An aggregate over the events of one kind whose parts add up (or whose greatest part is the whole).

    A counts rollup that has a column of this name answers it.
    """

    name: str
    kind: str
    sql: str
    """Aggregate over the columns of the kind."""
    merge: Literal["sum", "max"] = "sum"


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile of a column of durations, with linear interpolation."""

    name: str
    kind: str
    column: str
    q: float
    rollup: str
    """The histogram rollup that answers it closely enough over long windows."""
    where: str = ""
    """Condition on the events taken; a rollup, which holds all of them, then cannot answer."""


@dataclass(frozen=True, slots=True)
class DistinctUsers:
    """Users (`user_id` not null) with an event of any of the kinds in the bucket."""

    name: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DailyUsers:
    """Users with an event of any of the kinds on the day with which the bucket ends."""

    name: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FirstSeenUsers:
    """Users by their first event ever: those of the bucket, or all up to its end."""

    name: str
    kinds: tuple[str, ...]
    counted: Literal["new", "total"]


@dataclass(frozen=True, slots=True)
class ConcurrentUsers:
    """Users with an event in the five minutes before the end of the bucket."""

    name: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LastSample:
    """The last sample of each host in the bucket, put together over hosts."""

    name: str
    kind: str
    sql: str
    """Expression over the columns of the kind."""
    over_hosts: Literal["sum", "avg", "max"]


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Errors by `error_id`: opened in the bucket, those of them resolved by the window's end, or pending at its end."""

    name: str
    counted: Literal["opened", "resolved", "pending"]
    severity: str | None = None


@dataclass(frozen=True, slots=True)
class MinuteSlots:
    """One-minute slots by the state of the components probed: those observed, or those down."""

    name: str
    counted: Literal["observed", "down"]


Measure = (
    Additive
    | Quantile
    | DistinctUsers
    | DailyUsers
    | FirstSeenUsers
    | ConcurrentUsers
    | LastSample
    | ErrorCount
    | MinuteSlots
)


def kinds_of(measure: Measure) -> tuple[str, ...]:
    """The event kinds a measure reads."""
    match measure:
        case Additive() | Quantile() | LastSample():
            return (measure.kind,)
        case DistinctUsers() | DailyUsers() | FirstSeenUsers() | ConcurrentUsers():
            return measure.kinds
        case ErrorCount():
            return ("error",)
        case MinuteSlots():
            return ("health",)


@dataclass(frozen=True, slots=True)
class Metric:
    """A number people ask for."""

    name: str
    title: str
    unit: str
    direction: Direction
    doc: str
    """Its definition, as shown on hover."""
    formula: str
    """SQL over measure names and `seconds`, the covered length of the bucket."""
    measures: tuple[Measure, ...]
    decimals: int = 1
    empty_is_zero: bool = False
    """Whether nothing counted means 0 once the kind has been seen (errors), not "no data"."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Event kinds it is made of; any one of them is enough for a number."""
        return tuple(dict.fromkeys(kind for measure in self.measures for kind in kinds_of(measure)))


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column to group and filter by."""

    name: str
    title: str
    doc: str
    kinds: tuple[str, ...]
    """Event kinds that have it."""
