"""What people deal with: alerts that belong together are one *incident*, told as *notices*, answered by silences.

Plain values; the stages of `alerts/incidents/pipeline.py` pass them on, `alerts/store/database.py` keeps them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Literal

from alerts.judging import Key, State
from alerts.policy import Matcher, matches
from alerts.policy.labels import RULE
from alerts.rules import Priority, Target


@dataclass(frozen=True, slots=True)
class Alert:
    """An instance that fires or has fired, as the stages see it."""

    key: Key
    name: str
    """The rule's."""
    priority: Priority
    state: Literal[State.FIRING, State.RESOLVED]
    since: datetime
    """When the breach began."""
    fired_at: datetime
    ended_at: datetime | None = None
    value: float | None = None
    worst: float | None = None
    recent: tuple[float | None, ...] = ()
    """The newest values, at most 60, the last one newest: for the picture, and to see what moves together."""
    incident: str = ""
    """The incident it belongs to, once it does."""
    withheld: str = ""
    """Why nobody is told: `silenced: deploy until 14:00`, `suppressed: weekly maintenance`. Empty: somebody is."""
    late: bool = False
    reason: str = ""
    """Why it ended, where it was not the value."""
    basis: str = ""
    """What its value stands on where the rule's window held too few events: `7 of 12 events over 40m`."""


FALSE_ALERT = "false alert"
"""How the resolution begins of an incident in which nothing was wrong."""


class Status(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Incident:
    """Alerts that belong together. The head is the earliest of the most severe; the rest are listed under it."""

    id: str
    head: Key
    title: str
    priority: Priority
    opened_at: datetime
    members: tuple[Key, ...] = ()
    """Every alert that ever belonged to it, the head first."""
    firing: tuple[Key, ...] = ()
    """Those of them that fire now."""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    resolved_at: datetime | None = None
    resolution: str = ""
    """Why it ended: `recovered`, `resolved by ada: …`, `the rule was removed`; `false alert, recovered`."""
    first_told_at: datetime | None = None
    """When that was first done at the priority it has: escalation counts from then, whether it arrives or not."""
    told_at: datetime | None = None
    """When a message that it fires was last put in line: what fatigue counts from."""
    delivered_at: datetime | None = None
    """When a message about it first arrived somewhere; None while nobody knows of it, whatever is in line."""
    told: tuple[str, ...] = ()
    """Targets of those messages, as written (`slack:#incidents`): those to whom its end is told."""
    escalated: int = 0
    """Steps of its escalation that were taken."""
    flapping_since: datetime | None = None
    withheld: str = ""
    """Why nobody was told when it opened; empty once somebody was."""
    late: bool = False
    """Whether it began and ended while nobody was there to see it."""

    @property
    def status(self) -> Status:
        """Where it stands."""
        if self.resolved_at is not None:
            return Status.RESOLVED
        return Status.OPEN if self.acknowledged_at is None else Status.ACKNOWLEDGED

    @property
    def was_false(self) -> bool:
        """Whether somebody said that nothing was wrong."""
        return self.resolution.startswith(FALSE_ALERT)


def incident_id(head: Key, fired_at: datetime) -> str:
    """The same for the same alert at the same time: an evaluation that is done again opens no second incident."""
    return blake2b(f"{head}@{fired_at.isoformat()}".encode(), digest_size=6).hexdigest()


NO_CHANNEL = "no channel is set up"
WAITING = "waits for the digest"
"""P3, until the time of day at which the digest is sent."""
UNSEEN = "began and ended while nobody was there to see it"
"""These three are why nobody is told of an incident where no silence and no rule says so."""

NoticeKind = Literal["firing", "update", "repeat", "escalation", "acknowledged", "resolved", "flapping", "digest"]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told of an incident. A digest is of several: `incident` is the first of `others`."""

    kind: NoticeKind
    incident: Incident
    alerts: tuple[Alert, ...]
    """What it is about, the head first."""
    targets: tuple[Target, ...] = ()
    withheld: str = ""
    """Why it is not told after all: `repeat in 2 h 10 min`, `acknowledged by ada`. Kept for the record."""
    others: tuple[Incident, ...] = ()
    at: datetime | None = None
    """The tick that brought it."""
    note: str = ""
    """What else must be said: `not acknowledged within 15m`."""

    def dedup_key(self, target: Target) -> str:
        """What makes it one message to one target: sent twice under this key, it counts once.

        Firing again after the end, with a higher priority, a repeat and an escalation are messages of their own.
        """
        moments = {
            "firing": self.incident.opened_at,
            "resolved": self.incident.resolved_at,
            "acknowledged": self.incident.acknowledged_at,
            "flapping": self.incident.flapping_since,
        }
        mark = moments.get(self.kind, self.at or self.incident.told_at)
        which = {"firing": f"#{self.incident.priority}", "escalation": f"#{self.incident.escalated}"}
        return f"{self.incident.id}/{self.kind}{which.get(self.kind, '')}/{mark.isoformat() if mark else ''}/{target}"


StepKind = Literal[
    "breach", "pending", "cleared", "firing", "joined", "withheld", "told", "failed", "acknowledged", "escalated",
    "silenced", "resolved", "note",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of an incident's timeline."""

    at: datetime
    kind: StepKind
    text: str
    """A sentence, plain text."""
    incident: str = ""
    key: Key | None = None
    who: str = ""
    """The person who did it; empty where nobody did."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is told of what it matches, from `start` until `end`."""

    id: str
    start: datetime
    end: datetime
    reason: str
    who: str
    matchers: tuple[Matcher, ...] = ()
    """What alerts must be like; none at all match every alert."""

    @property
    def rule(self) -> str:
        """The id of the only rule whose alerts it can match; empty where it may match those of several."""
        return next((one.value for one in self.matchers if one.name == RULE and one.operator == "="), "")

    def matches(self, labels: Mapping[str, str], at: datetime) -> bool:
        """Whether it holds for an alert of these labels (`policy.labels_of`) at a moment."""
        return self.start <= at < self.end and matches(self.matchers, labels)
