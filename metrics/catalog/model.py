"""The vocabulary of the catalog: measures, metrics and dimensions, all plain values.

A measure is a number the engine knows how to take from events, in one of a few ways; a metric is a
formula over measures with a unit and a definition. `METRICS.md`'s rows are rows here.
"""

from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

Direction = Literal["up", "down", "neutral"]
"""Which way is good."""
Aggregate = Literal["sum", "amount", "max", "min", "share", "mean", "other"]
"""What an aggregate over events comes to.

A count or a sum, whose parts add up; a distinct count or another amount, whose do not; the greatest, the least; a count
divided by one; another quotient of sums, or a mean; a quantile, and all else.
"""
_AMOUNTS: Container[Aggregate | None] = ("sum", "amount")
_GROWING: Container[Aggregate] = ("sum", "amount", "max")
_OF_FEW: Container[Aggregate | None] = ("share", "mean", "other")
"""What says little over few events."""


@dataclass(frozen=True, slots=True)
class Additive:
    """An aggregate over the events of one kind whose parts add up (or whose greatest part is the whole).

    A counts rollup that has a column of this name answers it. One that a home writes itself may be any aggregate.
    """

    name: str
    kind: str
    sql: str
    """Aggregate over the columns of the kind."""
    aggregate: Aggregate = "sum"
    """Where a rollup holds it, this is also how parts become the whole."""


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
    without: tuple[str, ...] = ()
    """Dimensions by which it is neither grouped nor filtered: the whole that parts are set against."""


@dataclass(frozen=True, slots=True)
class DailyUsers:
    """Users with an event of any of the kinds in the `days` days that end with the last day of the bucket."""

    name: str
    kinds: tuple[str, ...]
    days: int = 1


@dataclass(frozen=True, slots=True)
class UserDays:
    """Pairs of a user and a day (of the viewer's time zone) on which there is an event of any of the kinds."""

    name: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RetainedUsers:
    """Users whose first day lies in the bucket, if the day `day` days later is over; of these, who came back then."""

    name: str
    kinds: tuple[str, ...]
    day: int
    counted: Literal["cohort", "returned"]


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
class DistinctValues:
    """Distinct values, not null, of an expression over the events of the bucket."""

    name: str
    kind: str
    sql: str


@dataclass(frozen=True, slots=True)
class SeenValues:
    """Distinct values of a column in all events up to the end of the bucket, or in those of the last `days`."""

    name: str
    kind: str
    column: str
    days: int | None = None


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
class RepairTime:
    """Minutes from the opening of an error to its resolution, over the errors resolved in the bucket."""

    name: str
    statistic: Literal["mean", "median"]


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions by their first event: the given `session_id`, else a user's events without a gap of 30 minutes."""

    name: str
    counted: Literal["sessions", "bounced", "seconds", "views", "distinct_pages"]


@dataclass(frozen=True, slots=True)
class ImprovedPrompts:
    """Prompts whose latest quality score of the bucket exceeds their first one of it."""

    name: str


@dataclass(frozen=True, slots=True)
class Projected:
    """What a sum will have come to: from the days before the window's end, with an interval of 80 %."""

    name: str
    of: Additive
    horizon: Literal["month", "next_30_days"]
    """The whole month in which the window ends, what there was of it included; or the 30 days after the window."""
    bound: Literal["middle", "low", "high"]


@dataclass(frozen=True, slots=True)
class MinuteSlots:
    """One-minute slots by the state of the components probed: those observed, or those down."""

    name: str
    counted: Literal["observed", "down"]


@dataclass(frozen=True, slots=True)
class LastState:
    """The state of the components probed at the end of the bucket, the worst of them: a level of `component_status`."""

    name: str


Measure = (
    Additive
    | Quantile
    | DistinctUsers
    | DailyUsers
    | UserDays
    | RetainedUsers
    | DistinctValues
    | SeenValues
    | FirstSeenUsers
    | ConcurrentUsers
    | LastSample
    | ErrorCount
    | RepairTime
    | Sessions
    | ImprovedPrompts
    | Projected
    | MinuteSlots
    | LastState
)


def counter_of(kind: str) -> Additive:
    """The number of events of a kind; where a metric is just that, its measure."""
    return Additive(_COUNTERS.get(kind, f"{kind}_events"), kind, "count(*)")


_COUNTERS = {"request": "requests", "llm_call": "llm_calls", "change": "changes"}


def kinds_of(measure: Measure) -> tuple[str, ...]:
    """The event kinds a measure reads."""
    match measure:
        case Additive() | Quantile() | LastSample() | DistinctValues() | SeenValues():
            return (measure.kind,)
        case DistinctUsers() | DailyUsers() | UserDays() | RetainedUsers() | FirstSeenUsers() | ConcurrentUsers():
            return measure.kinds
        case ErrorCount() | RepairTime():
            return ("error",)
        case Sessions():
            return ("interaction",)
        case ImprovedPrompts():
            return ("prompt",)
        case Projected():
            return (measure.of.kind,)
        case MinuteSlots() | LastState():
            return ("health",)


def _aggregate(measure: Measure) -> Aggregate | None:
    """What an aggregate over events comes to; None of what is taken in another way."""
    return measure.aggregate if isinstance(measure, Additive) else None


def _grows(measure: Measure) -> bool:
    """Whether a measure only grows until its bucket is over."""
    match measure:
        case Additive():
            return measure.aggregate in _GROWING
        case DistinctUsers() | DistinctValues() | Sessions() | ImprovedPrompts():
            return True
        case ErrorCount():
            return measure.counted != "pending"
        case FirstSeenUsers():
            return measure.counted == "new"
        case SeenValues():
            return measure.days is not None
        case _:
            return False


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
    needs_all: bool = True
    """Whether it needs events for each of its measures; else those of any one are enough."""
    levels: tuple[str, ...] = ()
    """Names of the values 0, 1, 2, … of a metric that is a state and no quantity."""
    origin: str = ""
    """File and line of one that a home defines itself; empty: it ships."""

    @property
    def is_judged_by_events(self) -> bool:
        """Whether a value over few events says little: percentiles, and ratios and means of what is counted."""
        if any(isinstance(one, Quantile | RepairTime) or _aggregate(one) in _OF_FEW for one in self.measures):
            return True
        counted = any(isinstance(one, Additive | Sessions | RetainedUsers | DistinctUsers) for one in self.measures)
        return counted and self._is_ratio

    @property
    def is_mean(self) -> bool:
        """Whether its value over several buckets is about the mean of theirs, each weighed by its events.

        Not so what is taken of distinct users, nor quantiles and spreads: those of parts say nothing of the whole.
        """
        parts = (not isinstance(one, Quantile | DistinctUsers) and _aggregate(one) != "other" for one in self.measures)
        return self.is_judged_by_events and all(parts)

    @property
    def is_share(self) -> bool:
        """Whether its values are percentages of the events behind them."""
        return self.is_mean and self.unit == "%" and all(_aggregate(one) != "mean" for one in self.measures)

    @property
    def is_summed(self) -> bool:
        """Whether it counts events or adds something up over them: over few, it changes much for no reason."""
        summed = any(
            isinstance(one, ErrorCount | DistinctUsers | Sessions) or _aggregate(one) in _AMOUNTS
            for one in self.measures
        )
        return summed and not self.is_judged_by_events

    @property
    def days_back(self) -> int:
        """Days that each value looks back over, the one of the bucket's end included; 0: it is not taken by day."""
        return max((measure.days for measure in self.measures if isinstance(measure, DailyUsers)), default=0)

    @property
    def returns_after(self) -> int | None:
        """Days after their first one on which users are looked for again; None: it is no retention."""
        return next((measure.day for measure in self.measures if isinstance(measure, RetainedUsers)), None)

    @property
    def adds_up(self) -> bool:
        """Whether its values of several buckets, added, are that of all of them."""
        parts = all(
            one.aggregate == "sum"
            if isinstance(one, Additive)
            else isinstance(one, ErrorCount) and one.counted != "pending"
            for one in self.measures
        )
        return self.is_summed and parts and "seconds" not in self.formula and "/" not in self.formula

    @property
    def fills(self) -> bool:
        """Whether a bucket that is not over has less of it than it will have: counts, sums, and what is taken by day.

        Not so ratios of two such, percentiles, and what is a state at one moment.
        """
        if self.days_back or any(isinstance(one, UserDays) for one in self.measures):
            return True
        return not self._is_ratio and all(map(_grows, self.measures))

    @property
    def _is_ratio(self) -> bool:
        return "/ nullif(" in self.formula

    @property
    def counts_events(self) -> bool:
        """Whether it counts events, one by one, and its values of several buckets add up."""
        counted = (not isinstance(one, Additive) or one.sql.startswith("count(") for one in self.measures)
        return self.adds_up and all(counted)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Event kinds it is made of."""
        return tuple(dict.fromkeys(kind for measure in self.measures for kind in kinds_of(measure)))

    def lacks(self, present: Container[str]) -> str | None:
        """The event kind without which there is no number, where only kinds `present` were ever ingested."""
        absent = [kinds_of(one)[0] for one in self.measures if not any(kind in present for kind in kinds_of(one))]
        enough = len(absent) < (1 if self.needs_all else len(self.measures))
        return None if enough else absent[0]


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column to group and filter by."""

    name: str
    title: str
    doc: str
    kinds: tuple[str, ...]
    """Event kinds that have it."""
