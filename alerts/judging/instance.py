"""One watched thing, an *instance*: a rule and the values of its labels; where it stands, and how it changes."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Literal

Labels = tuple[tuple[str, str | None], ...]
"""Values of the rule's `by`, in its order; None is "(none)"."""
KEYS_REMEMBERED = 50_000
"""Instances of which it is remembered how they are written: a storm is looked at by many, tick after tick."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which instance: the same rule over the same labels is the same instance, also when the rule was edited."""

    rule: str
    labels: Labels = ()

    def __str__(self) -> str:
        """`error-rate-p0{endpoint=/chat}`."""
        return _shown(self)


@lru_cache(maxsize=KEYS_REMEMBERED)
def _shown(key: Key) -> str:
    listed = ", ".join(f"{name}={'(none)' if value is None else value}" for name, value in key.labels)
    return f"{key.rule}{{{listed}}}" if listed else key.rule


class State(StrEnum):
    """Where an instance stands."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Verdict(IntEnum):
    """What a condition says of one evaluation."""

    NO_DATA = 0
    RECOVERED = 1
    """Does not breach, and is beyond the recover threshold where there is one."""
    BETWEEN = 2
    """Neither breaches nor counts as recovered."""
    BREACH = 3
    TOO_FEW = 4
    """There are events, but too few to judge by."""
    CALM = 5
    """Too few events to say that all is well, and none of them says otherwise: enough to end an alert."""
    FADING = 6
    """Breaches over the window that had to grow, while the newest part of it has recovered."""
    GONE = 7
    """No data, while other instances of the rule have some."""
    WAVERING = 8
    """Breaches over the window that had to grow; what came since its newest part had recovered would not by itself."""
    HOLIDAY = 9
    """Below what is usual at this hour of the week, on a day that is not like its weekday."""


BREACHES = (Verdict.BREACH, Verdict.WAVERING)
"""Verdicts by which an alert may begin."""
UNJUDGED = (Verdict.NO_DATA, Verdict.TOO_FEW, Verdict.GONE, Verdict.HOLIDAY)
"""Verdicts that are none."""


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance as the newest evaluation left it."""

    key: Key
    state: State = State.INACTIVE
    breaching_since: datetime | None = None
    """First instant of the unbroken run of breaches that goes on."""
    recovering_since: datetime | None = None
    """While firing: first instant of the unbroken run of recovered evaluations that goes on."""
    since: datetime | None = None
    """When the breach began that made it pending, then firing."""
    fired_at: datetime | None = None
    ended_at: datetime | None = None
    """When it was resolved."""
    value: float | None = None
    """The newest value that was one."""
    worst: float | None = None
    """The value farthest beyond the threshold since `since`."""
    evaluated_at: datetime | None = None
    judged_at: datetime | None = None
    """While pending or firing: the newest instant that had data enough for a verdict."""
    basis: str = ""
    """What the newest verdict stands on where the rule's window held too little: `7 of 12 events over 40m`."""


TransitionKind = Literal["pending", "cleared", "firing", "resolved"]


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state at an instant."""

    key: Key
    kind: TransitionKind
    at: datetime
    """The instant whose evaluation brought it."""
    value: float | None = None
    reason: str = ""
    """Why, where it was not the value: `the rule was removed`, `resolved by ada`."""
    late: bool = False
    """Whether the instant was evaluated after the fact, because nobody was there at its time."""
