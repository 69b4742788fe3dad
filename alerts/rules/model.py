"""What is watched: an alert rule and its parts, as they stand in YAML (those that ship are in `shipped/`).

Models only: reading files, naming lines and reloading are `reading.py`'s.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from alerts.rules.durations import Length, parsed, written
from alerts.rules.kinds import (
    KINDS,
    Absent,
    Anomaly,
    Budget,
    Burn,
    BurnRate,
    Change,
    Composite,
    Condition,
    Dynamic,
    Forecast,
    Part,
    Some,
    Static,
)  # fmt: skip
from alerts.rules.time_intervals import Weekly
from metrics.engine.buckets import SECONDS
from metrics.engine.query import Filter
from metrics.engine.where import NONE, Values, filters_of
from metrics.events.entries import nearest

MIN_BAD_EVENTS = 3
"""Fewer could be chance."""
CHANNELS = ("slack", "email", "pagerduty", "webhook", "msteams", "discord", "telegram", "opsgenie", "googlechat")
"""Ways to reach a person or a program."""
LEAST_STALE, WINDOWS_STALE = timedelta(minutes=15), 3
"""How long an alert outlives its data where its rule does not say: the longer of a time and so many windows."""
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


Window = Annotated[
    Length, AfterValidator(_known_window), WithJsonSchema({"enum": [written(length) for length, _ in WINDOWS]})
]
"""What one evaluation looks at; also the time from one evaluation to the next."""


class Target(Part):
    """One who is told: `slack`, `slack:#incidents`, `email:oncall@example.com`, `pagerduty@checkout`."""

    channel: str
    address: str = ""
    """Empty: the channel's own default."""
    point: str = ""
    """Contact point of `routing.yaml`, with settings and secrets of its own; empty: those of the home."""

    @classmethod
    def of(cls, text: str) -> Self:
        """The target that a text names. Raises ValueError with the nearest channel."""
        found = cls.parted(text)
        if found.channel not in CHANNELS:
            near = nearest(found.channel, CHANNELS)
            raise ValueError(f"{found.channel!r} is no channel{near}; known are {', '.join(CHANNELS)}")
        if found.way + "@" == text.partition(":")[0]:
            raise ValueError(
                f"{text!r}: expected the name of a contact point after the @, such as {found.way}@checkout"
            )
        return found

    @classmethod
    def parted(cls, text: str) -> Self:
        """The target that a text names, whether there is such a channel or not."""
        way, _, address = text.partition(":")
        channel, _, point = way.partition("@")
        return cls(channel=channel, address=address, point=point)

    @property
    def way(self) -> str:
        """Which channel it takes: `slack`, or that of a contact point, `slack@checkout`."""
        return f"{self.channel}@{self.point}" if self.point else self.channel

    def __str__(self) -> str:
        return f"{self.way}:{self.address}" if self.address else self.way

    @property
    def shown(self) -> str:
        """The target as people may read it: a web address may hold a token, and is told by its host.

        Of a channel that nobody knows, what the address is cannot be told either.
        """
        if self.channel not in CHANNELS:
            return self.way
        if "://" not in self.address and not (self.address and self.channel == "webhook"):
            return str(self)
        try:
            return f"{self.way}:{urlsplit(self.address).hostname or '…'}"
        except ValueError:
            return f"{self.way}:…"


def shown(text: str) -> str:
    """A target that a text names, as people may read it, whether there is such a channel or not."""
    return Target.parted(text).shown


_WEBHOOKS = re.compile(r"""webhook:https?://[^\s"',\]}]+""")


def without_addresses(text: str) -> str:
    """The text of a rule file with its webhooks told by their hosts."""
    return _WEBHOOKS.sub(lambda found: shown(found[0]), text)


def _is_a_target(text: str) -> str:
    return str(Target.of(text))


TargetText = Annotated[
    str,
    AfterValidator(_is_a_target),
    WithJsonSchema({
        "type": "string",
        "anyOf": [{"enum": list(CHANNELS)}, {"pattern": f"^({'|'.join(CHANNELS)})(@[^:]+)?(:.*)?$"}],
        "examples": ["slack", "slack:#incidents", "email:oncall@example.com", "pagerduty@checkout"],
    }),
]  # fmt: skip
"""A `Target` as it is written."""


class EscalationStep(Part):
    """Whom to tell besides, if nobody has acknowledged in time."""

    after: Some
    """Time since the alert was told first."""
    to: Annotated[tuple[TargetText, ...], Field(min_length=1)]
    """Who is told besides."""


class Notifications(Part):
    """Who is told."""

    channels: tuple[TargetText, ...] | None = None
    """Left out: those of the rule's priority (`alerts.routes` in the settings)."""
    escalation: tuple[EscalationStep, ...] = ()
    """Steps that are taken one after the other until somebody acknowledges."""
    repeat: Some | None = None
    """Time after which a firing alert is told again; left out: that of its priority."""

    @model_validator(mode="before")
    @classmethod
    def _one_step_is_a_list_of_one(cls, given: object) -> object:
        if isinstance(given, dict) and isinstance(given.get("escalation"), dict):
            return {**given, "escalation": [given["escalation"]]}  # pyright: ignore[reportUnknownVariableType]
        return given  # pyright: ignore[reportUnknownVariableType]


class Suppression(Part):
    """When nobody is told, though the alert fires: during a weekly span, or around a change of some name."""

    during: str = ""
    """`sun 02:00-04:00 Europe/Berlin`; without a day, every day."""
    change: Annotated[str, Field(alias="if")] = ""
    """Name of a `change` event: while it is open, and `settle` longer."""
    settle: Length = parsed("10m")
    """How long after the end of the change nobody is told yet."""
    reason: str = ""
    """Why, for those who wonder."""

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if bool(self.during) == bool(self.change):
            raise ValueError("expected either `during` or `if`")
        if self.during:
            Weekly.of(self.during)
        return self


class AlertRule(Part):
    """One rule."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
    """What the rule is known by, also when it is renamed: letters, digits, `.`, `_` and `-`."""
    name: Annotated[str, Field(min_length=1, max_length=200)]
    """What people are told fires."""
    priority: Priority
    """How much it may disturb: P0 the most."""
    metric: str = ""
    """A metric of the catalog; a composite rule has none."""
    by: tuple[str, ...] = ()
    """One alert instance a value of these dimensions."""
    where: Mapping[str, Values] = {}
    """Values of dimensions that events must have."""
    window: Window = parsed("1m")
    """What one evaluation looks at; also the time from one evaluation to the next."""
    over: Some | None = None
    """Of counts and sums: the time that an evaluation adds up; left out: a window. Its newest quarter ends an alert."""
    condition: Condition
    """When something is wrong; static, unless `kind` says otherwise."""
    min_events: Annotated[int, Field(ge=0)] = 20
    """Ratios and percentiles over fewer events than this say nothing, and neither do changes of counts and sums."""
    max_window: Some = parsed("1h")
    """How far a window grows that holds fewer than `min_events`, so that a threshold can be judged all the same."""
    min_bad_events: Annotated[int, Field(ge=0)] = MIN_BAD_EVENTS
    """Bad events without which a window that had to grow is no breach."""
    stale_after: Some | None = None
    """How long an alert outlives the last data that it could be judged by; left out: 15 minutes, or three windows."""
    no_data: Literal["keep", "ok", "alert"] = "keep"
    """What no data means: `keep` changes nothing, `ok` counts as recovered, `alert` as a breach."""
    notifications: Notifications = Notifications()
    """Who is told, where that is not to be as the priority says."""
    suppression: tuple[Suppression, ...] = ()
    """When nobody is told, though it fires."""
    runbook: str = ""
    """Address of what to do."""
    description: str = ""
    """Why it matters, and what to do first."""
    enabled: bool = True
    """Whether it is evaluated."""

    @model_validator(mode="after")
    def _has_a_metric(self) -> Self:
        if isinstance(self.condition, Composite) == bool(self.metric):
            raise ValueError(
                "a composite rule has no metric of its own"
                if self.metric
                else "metric: a metric of the catalog is missing"
            )
        return self

    @model_validator(mode="after")
    def _adds_up_windows(self) -> Self:
        if self.over is None:
            return self
        if self.condition.kind not in ("static", "change"):
            raise ValueError(f"over goes with static and change, not with {self.condition.kind}")
        if self.over <= self.window or self.over % self.window:
            raise ValueError(f"over: expected several windows of {written(self.window)}, not {written(self.over)}")
        return self

    @property
    def stale(self) -> timedelta:
        """How long an alert outlives its data."""
        return self.stale_after or max(LEAST_STALE, WINDOWS_STALE * self.window)

    @property
    def filters(self) -> tuple[Filter, ...]:
        """`where`, as a query has it."""
        return filters_of(self.where)


__all__ = [
    "CHANNELS", "KINDS", "NONE", "WINDOWS", "Absent", "AlertRule", "Anomaly", "Budget", "Burn", "BurnRate", "Change",
    "Composite", "Condition", "Dynamic", "EscalationStep", "Forecast", "Notifications", "Priority", "Static",
    "Suppression", "Target", "Window",
]  # fmt: skip
