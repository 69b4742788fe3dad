"""What lies behind a change, as values: where it is, what moved with it, what was changed.

Nothing here is worded; `words` makes sentences of these, the same for a command, a page and a message.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from metrics.engine.query import Filter, Window

LEAST = timedelta(hours=1)
"""How much of the time before says what was usual, at least."""
Through = Literal["volume", "rate", "mix"]
"""By what a place changes a number: more or fewer events, another value of an event there, or a greater or smaller part
of all events where the value always was another."""
Sort = Literal[
    "deployment", "config", "maintenance", "incident", "change",
    "model", "version", "provider", "endpoint", "feature", "users", "error",
]  # fmt: skip
"""Of what was changed: told by a `change` event, or first seen in the events themselves."""


@dataclass(frozen=True, slots=True)
class Where:
    """A place, which is one to three values of dimensions, and its part in the change."""

    values: tuple[tuple[str, str | None], ...]
    """Dimension and value; None is "(none)"."""
    share: float
    """Of the change: 1 is all of it. Above 1 where the rest changed the other way; below 0 where this place did."""
    surprise: float
    """How far its change lies from that of the rest, in standard deviations of what chance alone would give."""
    through: Through
    before: float | None
    """The metric there in the baseline; of what is counted or summed, for a time as long as the span."""
    after: float | None
    elsewhere_before: float | None
    """The metric everywhere else."""
    elsewhere_after: float | None
    events: int
    """Behind it, in the span."""
    above: float | None = None
    """Of a percentile: the values say how many events of hundred lie above this, which it was in the baseline."""
    within: tuple["Where", ...] = ()
    """The second level: where in this place the change is. The values of these hold those of this one, and their
    `share` is of its change. Empty where it changed all through."""

    @property
    def filters(self) -> tuple[Filter, ...]:
        """That show it on any chart."""
        return tuple(Filter(dimension=name, values=(value,)) for name, value in self.values)


@dataclass(frozen=True, slots=True)
class Moved:
    """A series that moved with the metric, or before it."""

    metric: str
    """By which it can be asked for."""
    values: tuple[tuple[str, str | None], ...]
    """Of which service, host or component; empty: of all."""
    before: float
    """Its median before the span."""
    after: float
    """Where it was farthest from that, in the span."""
    shift: float
    """How far that is, in spreads of what it was before."""
    began: datetime | None
    """The bucket in which it left what was usual; None where it did not."""
    correlation: float | None
    """With the metric asked about, at `lead`; from −1 to 1, and None where there is too little to tell."""
    lead: timedelta
    """By how much it went before the metric for that: negative where it followed."""
    depth: int | None
    """Calls below the place asked about, by spans; None where nothing is known of calls."""
    score: float
    """By which all are ranked: greater is likelier to have been first."""

    @property
    def filters(self) -> tuple[Filter, ...]:
        """That show it on any chart."""
        return tuple(Filter(dimension=name, values=(value,)) for name, value in self.values)


@dataclass(frozen=True, slots=True)
class Changed:
    """Something that was changed, or came for the first time, in the hour before the change or in the span."""

    at: datetime
    sort: Sort
    name: str
    description: str = ""
    count: int | None = None
    """Events with it since, or users; None of what a `change` event tells."""
    metric: str = ""
    """That counts it; empty of what a `change` event tells, which every chart over time marks."""
    filters: tuple[Filter, ...] = ()
    """That show it on a chart of that metric."""


@dataclass(frozen=True, slots=True)
class Causes:
    """What explains how a metric changed in a span."""

    metric: str
    filters: tuple[Filter, ...]
    span: Window
    baseline: tuple[Window, ...]
    """What it is set against, the newest first: the time just before, or the same hours of weeks before."""
    before: float | None
    """The metric in the baseline; of what is counted or summed, for a time as long as the span."""
    after: float | None
    where: tuple[Where, ...] = ()
    """The likeliest first; empty where nothing but chance is to be seen."""
    moved: tuple[Moved, ...] = ()
    """The likeliest to have been first comes first."""
    tried: int = 0
    """Series that were looked at for `moved`: among many, some move by chance."""
    changed: tuple[Changed, ...] = ()
    """The newest first."""
    remarks: tuple[str, ...] = ()
    """Sentences about what could not be looked at, and why."""

    @property
    def around(self) -> Window:
        """The span with what it was like before, at least an hour: what charts show of it."""
        return Window(start=self.span.start - max(self.span.length, LEAST), end=self.span.end)
