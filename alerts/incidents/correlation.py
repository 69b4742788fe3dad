"""Alerts that belong together are one incident: who joins which is said in `grouping.py`, what comes of it here."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from alerts.incidents.batch import Batch, rank
from alerts.incidents.grouping import Group, Groups
from alerts.incidents.incident import UNSEEN, Alert, Incident
from alerts.judging import State
from alerts.rules import AlertRule

RECOVERED = "recovered"
"""Why an incident ended, where it was the values."""


def correlate(batch: Batch) -> Batch:
    """Give every alert its incident, and every incident its members, its head and, when none fires, its end.

    The head is the earliest of the most severe alerts that somebody may be told of; once the incident was told, only
    a more severe one takes its place. An incident keeps its id whatever joins it, and one that flaps stays open.
    """
    known, ended = batch.firing(), _ended(batch)
    groups = Groups(batch.rules, batch.policy)
    for incident in sorted(batch.open, key=lambda one: one.opened_at):
        alerts = (*known.get(incident.id, ()), *ended.get(incident.id, ()))
        group = _known(incident, alerts, batch)
        groups.add(group)
        groups.speaks(group, alerts)
    groups.place(one for one in batch.alerts if not one.incident)
    placed = {(one.key, one.fired_at): group.id for group in groups.all for one in group.joined}
    with_incident = tuple(
        one if one.incident else replace(one, incident=placed[one.key, one.fired_at]) for one in batch.alerts
    )
    batch = replace(batch, alerts=with_incident)
    firing, before = batch.firing(), {incident.id: incident for incident in batch.open}
    return replace(
        batch,
        incidents=tuple(
            _now(group, before.get(group.id), firing.get(group.id, ()), ended.get(group.id, ()), batch.now)
            for group in groups.all
        ),
    )


def grouped(alerts: Iterable[Alert], rules: Mapping[str, AlertRule]) -> int:
    """How many incidents alerts of the past would have made, each with the time at which it was resolved."""
    groups = Groups(rules)
    groups.place(alerts)
    return len(groups.all)


def title(alert: Alert) -> str:
    """What an incident is called after its head: `Error rate above 5 % on /api/v1/chat`."""
    values = ", ".join("(none)" if value is None else value for _, value in alert.key.labels)
    return f"{alert.name} on {values}" if values else alert.name


def _known(incident: Incident, alerts: Sequence[Alert], batch: Batch) -> Group:
    """An incident from before, with those of its alerts that fire or were just resolved."""
    fires = any(one.state is State.FIRING for one in alerts)
    began = [one.fired_at for one in alerts]
    began += [past.at for key in incident.members for past in batch.history.get(key, ()) if past.kind == "firing"]
    goes_on = fires or incident.flapping_since is not None
    ends = None if goes_on else max((one.ended_at or batch.now for one in alerts), default=None)
    group = Group(incident.id, incident.opened_at, max([incident.opened_at, *began]), ends, set(incident.members), True)
    for alert in alerts:
        if alert.key == incident.head:
            group.show(alert)
    return group


def _ended(batch: Batch) -> Mapping[str, list[Alert]]:
    """Alerts resolved in this tick, by incident."""
    found: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in batch.changed:
        if alert.state is State.RESOLVED and alert.incident:
            found[alert.incident].append(alert)
    return found


def _now(
    group: Group, before: Incident | None, firing: Sequence[Alert], ended: Sequence[Alert], now: datetime
) -> Incident:
    """An incident as it stands: `firing` of its alerts, the most severe first, and those that `ended` in this tick."""
    incident = before or _opened(group, firing)
    head = _head(incident, firing)
    if head is not None:
        incident = replace(incident, head=head.key, title=title(head), priority=head.priority)
    if group.joined or head is not None:
        members = dict.fromkeys((incident.head, *incident.members, *(one.key for one in group.joined)))
        incident = replace(incident, members=tuple(members))
    incident = replace(incident, firing=tuple(one.key for one in firing))
    if firing or (incident.flapping_since and not any(one.reason for one in ended)):
        return incident
    return _resolved(incident, ended or group.joined, now)


def _opened(group: Group, firing: Sequence[Alert]) -> Incident:
    told = [one for one in firing if not one.withheld]
    head = min(told or firing or group.joined, key=rank)
    return Incident(
        id=group.id,
        head=head.key,
        title=title(head),
        priority=head.priority,
        opened_at=group.joined[0].fired_at,
        late=not firing,
        withheld="" if firing else UNSEEN,
    )


def _head(incident: Incident, firing: Sequence[Alert]) -> Alert | None:
    """The alert that takes the head's place, if any does."""
    told = [one for one in firing if not one.withheld]
    best = next(iter(told or ([] if incident.told_at else firing)), None)
    if best is None:
        return None
    untold = incident.told_at is None and any(one.key == incident.head and one.withheld for one in firing)
    return best if best.priority < incident.priority or (untold and told) else None


def _resolved(incident: Incident, ended: Sequence[Alert], now: datetime) -> Incident:
    reasons = dict.fromkeys(one.reason or RECOVERED for one in ended)
    return replace(
        incident,
        resolved_at=max((one.ended_at or now for one in ended), default=now),
        resolution=", ".join(reasons) or RECOVERED,
    )
