"""What is worth a message now: each incident is told once, again only after a while, and trifles once a day.

| an incident that | is told |
|---|---|
| is new, or of which nobody could be told so far | `firing` |
| rose in priority | `firing`, anew |
| flaps | `flapping`, once, until it was quiet for an hour |
| fires on, is not acknowledged, and was last told `repeat` ago | `repeat` |
| was joined or left by alerts | `update`, for channels that can change what they wrote |
| was joined by another rule at P0 | `update`, to all who were told |
| ended | `resolved`, to those who were told |
| is P3 | in the digest |

An alert that ended and fires again is told again: people were told that it was over. What does that too often flaps.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.incidents.batch import Batch, rank
from alerts.incidents.flapping import MOST_CHANGES
from alerts.incidents.incident import WAITING, Alert, Incident, Notice, NoticeKind
from alerts.judging import Key, State
from alerts.rules import AlertRule, Priority
from alerts.rules.durations import written

REPEATS: Mapping[Priority, timedelta] = {
    Priority.P0: timedelta(hours=1),
    Priority.P1: timedelta(hours=4),
    Priority.P2: timedelta(hours=12),
    Priority.P3: timedelta(hours=24),
}
"""After how long an incident is told again, where its rule does not say."""


def spare(batch: Batch) -> Batch:
    """Decide which incidents are told in this tick, and as what; whom, is for the stages that follow to say."""
    firing = batch.firing()
    before = {incident.id: incident for incident in batch.open}
    moved = _moved(batch)
    incidents: list[Incident] = []
    notices: list[Notice] = []
    for incident in batch.incidents:
        seen = _Seen(
            _risen(incident, before.get(incident.id)),
            before.get(incident.id),
            tuple(one for one in firing.get(incident.id, ()) if not one.withheld),
            moved.get(incident.id, ()),
        )
        kind = _kind(seen, batch)
        incidents.append(replace(seen.incident, withheld=_withheld(seen, firing.get(incident.id, ()))))
        if kind is not None:
            alerts = _head_first(incident.head, seen.tellable or seen.moved)
            notices.append(Notice(kind, incidents[-1], alerts, at=batch.now, note=_note(kind, seen, batch.now)))
    return replace(batch, incidents=tuple(incidents), notices=(*batch.notices, *notices))


def repeat_after(incident: Incident, rules: Mapping[str, AlertRule]) -> timedelta:
    """How long after it was told an incident is told again."""
    rule = rules.get(incident.head.rule)
    return (rule.notifications.repeat if rule else None) or REPEATS[incident.priority]


@dataclass(frozen=True, slots=True)
class _Seen:
    """An incident, and what is known of it in this tick."""

    incident: Incident
    before: Incident | None
    tellable: Sequence[Alert]
    """Its alerts that fire and are not withheld."""
    moved: Sequence[Alert]
    """Its alerts that joined, left or are withheld no longer."""

    @property
    def is_told(self) -> bool:
        return self.incident.told_at is not None

    @property
    def has_risen(self) -> bool:
        return self.is_told and self.before is not None and self.incident.priority < self.before.priority

    @property
    def begins_to_flap(self) -> bool:
        """Whether its flapping is still to be told."""
        flapped = self.is_told and self.before is not None and self.before.flapping_since is not None
        return self.incident.flapping_since is not None and not flapped

    @property
    def may_be_told(self) -> bool:
        """Whether any of its alerts may; one of which nothing fires is spoken of only to those who know of it."""
        return bool(self.tellable) or (self.is_told and not self.incident.firing)

    def has_new_members(self) -> bool:
        known = self.before.members if self.before else ()
        return any(one.key not in known for one in self.moved)

    def gravest_joined(self) -> list[str]:
        """The names of rules at P0 that had no alert in the incident before: worth a word to whoever was told."""
        known = {one.rule for one in self.before.members} if self.before else set[str]()
        new = (one for one in self.moved if one.state is State.FIRING and one.priority is Priority.P0)
        return list(dict.fromkeys(one.name for one in new if one.key.rule not in known))

    def is_due_again(self, batch: Batch) -> bool:
        """Whether it fires unheeded for so long that it is told again."""
        told_at = self.incident.told_at
        if told_at is None or self.incident.acknowledged_at is not None or not self.tellable:
            return False
        return batch.now - told_at >= repeat_after(self.incident, batch.rules)


def _kind(seen: _Seen, batch: Batch) -> NoticeKind | None:
    if seen.incident.priority is Priority.P3:
        return None
    if seen.incident.resolved_at is not None:
        return "resolved" if seen.incident.told else None
    if not seen.may_be_told:
        return None
    if seen.incident.flapping_since is not None:
        return _kind_of_flapping(seen)
    if seen.has_risen or not seen.is_told:
        return "firing"
    if seen.is_due_again(batch):
        return "repeat"
    return "update" if seen.moved else None


def _kind_of_flapping(seen: _Seen) -> NoticeKind | None:
    if seen.begins_to_flap:
        return "flapping"
    if seen.has_risen:
        return "firing"
    return "update" if seen.has_new_members() else None


def _note(kind: NoticeKind, seen: _Seen, now: datetime) -> str:
    """Why it is told now, where that does not go without saying."""
    incident, before = seen.incident, seen.before
    if kind == "repeat" and incident.told_at:
        return f"repeated after {written(now - incident.told_at)}"
    if kind == "flapping":
        return f"{MOST_CHANGES} changes or more within an hour: told again once it was quiet for as long"
    if kind == "update":
        return f"joined by {', '.join(seen.gravest_joined())}" if seen.gravest_joined() else ""
    if kind != "firing":
        return ""
    if before and seen.has_risen:
        return f"was {before.priority}"
    if before and before.withheld not in ("", WAITING):
        return f"told only now: {before.withheld}"
    late = [one.fired_at for one in seen.tellable if one.late]
    return f"late: seen after {written(now - min(late))}" if late else ""


def _risen(incident: Incident, before: Incident | None) -> Incident:
    """The incident; one that rose in priority is no longer what was acknowledged, and escalates from the start."""
    if before is None or before.told_at is None or incident.priority >= before.priority:
        return incident
    return replace(incident, acknowledged_at=None, acknowledged_by="", escalated=0, first_told_at=None)


def _withheld(seen: _Seen, firing: Sequence[Alert]) -> str:
    """Why nobody was told of an incident so far."""
    if seen.is_told:
        return ""
    if firing and not seen.tellable:
        return firing[0].withheld
    waits = seen.incident.priority is Priority.P3 and bool(seen.tellable)
    return WAITING if waits else seen.incident.withheld


def _moved(batch: Batch) -> Mapping[str, list[Alert]]:
    """Alerts that somebody may be told of and that were not there before, or are there no longer; by incident."""
    withheld = {one.key for one in batch.ongoing if one.withheld}
    changed = {(one.key, one.fired_at) for one in batch.changed}
    found: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in batch.alerts:
        fresh = (alert.key, alert.fired_at) in changed or alert.key in withheld
        if fresh and not alert.withheld:
            found[alert.incident].append(alert)
    return found


def _head_first(head: Key, alerts: Sequence[Alert]) -> tuple[Alert, ...]:
    return tuple(sorted(alerts, key=lambda one: (one.key != head, *rank(one))))
