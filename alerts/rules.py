"""What is watched: an alert rule and its parts, as they stand in YAML (see `alerts/rules/` for those that ship).

Models only: reading files, naming lines and reloading are `alerts/reading.py`'s.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from alerts.calendar import Weekly
from alerts.spans import Length, parsed, written
from metrics.engine.buckets import SECONDS
from metrics.engine.query import Filter
from metrics.events.entries import Entry, nearest

CHANNELS = ("slack", "email", "pagerduty", "webhook")
"""Ways to reach a person or a program."""
WINDOWS = tuple(sorted({parsed(grain.value): grain for grain in SECONDS}.items()))
"""Widths that a window may have, and the grain of each: evaluations lie on the buckets of the engine."""


class Priority(StrEnum):
    """How much an alert may disturb."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


def _known_window(length: Length) -> Length:
    known = [one for one, _ in WINDOWS]
    if length not in known:
        raise ValueError(f"a window is one of {', '.join(map(written, known))}, not {written(length)}")
    return length


Window = Annotated[Length, AfterValidator(_known_window)]
"""What one evaluation looks at; also the time from one evaluation to the next."""


class Target(Entry):
    """One who is told: `slack`, `slack:#incidents`, `email:oncall@example.com`."""

    channel: str
    address: str = ""
    """Empty: the channel's own default."""

    @classmethod
    def of(cls, text: str) -> Self:
        """The target that a text names. Raises ValueError with the nearest channel."""
        channel, _, address = text.partition(":")
        if channel not in CHANNELS:
            raise ValueError(f"{channel!r} is no channel{nearest(channel, CHANNELS)}; known are {', '.join(CHANNELS)}")
        return cls(channel=channel, address=address)

    def __str__(self) -> str:
        return f"{self.channel}:{self.address}" if self.address else self.channel


def _is_a_target(text: str) -> str:
    return str(Target.of(text))


TargetText = Annotated[str, AfterValidator(_is_a_target)]
"""A `Target` as it is written."""


class _Condition(Entry):
    duration: Length = parsed("0s")
    """How long every evaluation must have breached before the alert fires."""
    recover_for: Length = parsed("0s")
    """How long the recover condition must hold before it is resolved."""


class Static(_Condition):
    """The value against a fixed threshold."""

    kind: Literal["static"] = "static"
    operator: Literal[">", "<", ">=", "<=", "==", "!=", "contains"]
    threshold: float | str
    """A number; or, for metrics with named levels (`component_status`), a level's name."""
    recover: float | None = None
    """The value must be on the other side of this one before it counts as recovered (hysteresis)."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if isinstance(self.threshold, str) and self.operator not in ("==", "!=", "contains"):
            raise ValueError(f"a text is compared by ==, != or contains, not by {self.operator}")
        if self.operator == "contains" and not isinstance(self.threshold, str):
            raise ValueError("contains looks for a text")
        if self.recover is not None:
            if isinstance(self.threshold, str) or self.operator in ("==", "!="):
                raise ValueError("recover goes with >, <, >= or <=")
            beyond = self.recover > self.threshold if ">" in self.operator else self.recover < self.threshold
            if beyond:
                side = "at most" if ">" in self.operator else "at least"
                raise ValueError(f"recover must be {side} the threshold, {self.threshold:g}, not {self.recover:g}")
        return self


class Dynamic(_Condition):
    """Outside of the band learned from the same hour of the week in the weeks before."""

    kind: Literal["dynamic"]
    sensitivity: Literal["low", "medium", "high"] = "medium"
    direction: Literal["up", "down", "both"] = "both"
    weeks: Annotated[int, Field(ge=1, le=12)] = 4


class Anomaly(_Condition):
    """Unlike what was usual, as a detector sees it."""

    kind: Literal["anomaly"]
    method: Literal["isolation-forest", "one-class-svm"] = "isolation-forest"
    sensitivity: Literal["low", "medium", "high"] = "medium"
    history: Length = parsed("14d")


class Forecast(_Condition):
    """Will cross the threshold within the horizon, going on as over the history."""

    kind: Literal["forecast"]
    operator: Literal[">", "<", ">=", "<="]
    threshold: float
    horizon: Length
    history: Length = parsed("6h")


class Absent(_Condition):
    """No data at all for `duration`."""

    kind: Literal["absent"]


class BurnRate(_Condition):
    """The error budget of an objective is spent too fast, over a long and a short window at once.

    The metric is the percentage that is bad. Source: Google, The Site Reliability Workbook, ch. 5.
    """

    kind: Literal["burn_rate"]
    objective: Annotated[float, Field(gt=0, lt=100)]
    """Percentage that is to be good, such as 99.9."""
    burns: tuple["Burn", ...] = ()
    """Empty: 14.4 × over 1 h and 5 m, 6 × over 6 h and 30 m."""


class Burn(Entry):
    """One pair of windows; any pair that burns is a breach."""

    rate: Annotated[float, Field(gt=0)]
    long: Length
    short: Length


class Change(_Condition):
    """The value against the one `against` earlier, in percent of that."""

    kind: Literal["change"]
    operator: Literal[">", "<", ">=", "<="]
    threshold: float
    """Percent: 50 is half as much again, -50 is half."""
    against: Length = parsed("7d")


class Composite(_Condition):
    """Other rules are firing at once: all of some, or any of some."""

    kind: Literal["composite"]
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_rules(self) -> Self:
        if bool(self.all) == bool(self.any):
            raise ValueError("expected either `all` or `any`, each a list of rule ids")
        return self

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules it looks at."""
        return self.all or self.any


def _kind_of(given: object) -> str | None:
    """The kind that a condition names, static where it names none."""
    named = given.get("kind", "static") if isinstance(given, dict) else getattr(given, "kind", None)
    return named if named is None else str(named)


Condition = Annotated[
    Annotated[Static, Tag("static")]
    | Annotated[Dynamic, Tag("dynamic")]
    | Annotated[Anomaly, Tag("anomaly")]
    | Annotated[Forecast, Tag("forecast")]
    | Annotated[Absent, Tag("absent")]
    | Annotated[BurnRate, Tag("burn_rate")]
    | Annotated[Change, Tag("change")]
    | Annotated[Composite, Tag("composite")],
    Discriminator(_kind_of),
]
"""Any of them, told apart by `kind`."""
KINDS: Mapping[str, type[_Condition]] = {
    "static": Static, "dynamic": Dynamic, "anomaly": Anomaly, "forecast": Forecast, "absent": Absent,
    "burn_rate": BurnRate, "change": Change, "composite": Composite,
}  # fmt: skip
"""The kinds of condition by name."""


class EscalationStep(Entry):
    """Whom to tell besides, if nobody has acknowledged in time."""

    after: Length
    to: Annotated[tuple[TargetText, ...], Field(min_length=1)]


class Notifications(Entry):
    """Who is told."""

    channels: tuple[TargetText, ...] | None = None
    """None: those of the rule's priority."""
    escalation: tuple[EscalationStep, ...] = ()
    repeat: Length | None = None
    """Time after which a firing alert is told again; None: that of its priority."""

    @model_validator(mode="before")
    @classmethod
    def _one_step_is_a_list_of_one(cls, given: object) -> object:
        if isinstance(given, dict) and isinstance(given.get("escalation"), dict):
            return {**given, "escalation": [given["escalation"]]}  # pyright: ignore[reportUnknownVariableType]
        return given  # pyright: ignore[reportUnknownVariableType]


class Suppression(Entry):
    """When nobody is told, though the alert fires: during a weekly span, or around a change of some name."""

    during: str = ""
    """`sun 02:00-04:00 Europe/Berlin`; without a day, every day."""
    change: Annotated[str, Field(alias="if")] = ""
    """Name of a `change` event: while it is open, and `settle` longer."""
    settle: Length = parsed("10m")
    reason: str = ""

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if bool(self.during) == bool(self.change):
            raise ValueError("expected either `during` or `if`")
        if self.during:
            Weekly.of(self.during)
        return self


class AlertRule(Entry):
    """One rule."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    priority: Priority
    metric: str = ""
    """A metric of the catalog; a composite rule has none."""
    by: tuple[str, ...] = ()
    """One alert instance a value of these dimensions."""
    where: Mapping[str, str | tuple[str, ...]] = {}
    """Values of dimensions that events must have."""
    window: Window = parsed("1m")
    condition: Condition
    min_events: Annotated[int, Field(ge=0)] = 20
    """Ratios and percentiles over fewer events than this are no data."""
    no_data: Literal["keep", "ok", "alert"] = "keep"
    notifications: Notifications = Notifications()
    suppression: tuple[Suppression, ...] = ()
    runbook: str = ""
    description: str = ""
    enabled: bool = True

    @model_validator(mode="after")
    def _has_a_metric(self) -> Self:
        if isinstance(self.condition, Composite) == bool(self.metric):
            raise ValueError(
                "a composite rule has no metric of its own"
                if self.metric
                else "metric: a metric of the catalog is missing"
            )
        return self

    @property
    def filters(self) -> tuple[Filter, ...]:
        """`where`, as a query has it."""
        return tuple(
            Filter(dimension=name, values=(value,) if isinstance(value, str) else value)
            for name, value in sorted(self.where.items())
        )
