"""What the timeline of an incident says of a tick, read off what the stages made of it.

What people do, and what was delivered, is entered by those who do it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from alerts.incidents.batch import Batch
from alerts.incidents.correlation import RECOVERED
from alerts.incidents.escalation import steps_of
from alerts.incidents.incident import Alert, Incident, Step
from alerts.judging import State
from alerts.rules.durations import written
from alerts.rules.model import shown

MOST_NAMED = 10
"""Alerts of one tick that are entered one by one; of others, their number."""


def record(batch: Batch) -> Batch:
    """Enter what happened to each incident."""
    before = {incident.id: incident for incident in batch.open}
    changed = {(one.key, one.fired_at) for one in batch.changed}
    moved: dict[str, list[Alert]] = {}
    for alert in batch.alerts:
        if (alert.key, alert.fired_at) in changed:
            moved.setdefault(alert.incident, []).append(alert)
    steps = [
        step
        for incident in batch.incidents
        for step in _entries(incident, before.get(incident.id), moved.get(incident.id, ()), batch)
    ]
    return replace(batch, steps=(*steps, *batch.steps))


def _entries(incident: Incident, before: Incident | None, moved: Sequence[Alert], batch: Batch) -> Iterator[Step]:
    entered = [*_of_alerts(incident, before, moved), *_of_itself(incident, before, batch)]
    yield from (replace(step, incident=incident.id) for step in sorted(entered, key=lambda step: step.at))


def _of_alerts(incident: Incident, before: Incident | None, moved: Sequence[Alert]) -> Iterator[Step]:
    """Alerts that joined or left."""
    if before is None:
        head = next((one for one in moved if one.key == incident.head), None)
        yield from _run_up(head) if head else ()
        yield Step(incident.opened_at, "firing", f"{incident.title} fires", key=incident.head)
    alone = incident.resolved_at is not None and len(incident.members) == 1  # its end is that of the incident
    others = [one for one in moved if not alone and (before is not None or one.key != incident.head)]
    for alert in others[:MOST_NAMED]:
        if alert.state is State.FIRING:
            yield Step(alert.fired_at, "joined", f"{alert.key} fires, too", key=alert.key)
        else:
            ended_at, why = alert.ended_at or alert.fired_at, alert.reason or RECOVERED
            yield Step(ended_at, "note", f"{alert.key}: {why}", key=alert.key)
    if len(others) > MOST_NAMED:
        last = max(one.ended_at or one.fired_at for one in others)
        yield Step(last, "note", f"{len(others) - MOST_NAMED:,} more alerts joined or left")


def _run_up(alert: Alert) -> Iterator[Step]:
    """What came before the head fired, where it did not fire at once."""
    lasted = alert.fired_at - alert.since
    if lasted:
        yield Step(alert.since, "breach", f"{alert.key} breaches", key=alert.key)
        yield Step(alert.since, "pending", f"pending: it is to last {written(lasted)} before it fires", key=alert.key)


def _of_itself(incident: Incident, before: Incident | None, batch: Batch) -> Iterator[Step]:
    """What became of the incident as a whole."""
    if before is not None and incident.priority < before.priority:
        again = ", no longer acknowledged" if before.acknowledged_at and not incident.acknowledged_at else ""
        yield Step(batch.now, "note", f"{before.priority} became {incident.priority}{again}: {incident.title}")
    was_flapping = before is not None and before.flapping_since is not None
    if incident.flapping_since is not None and not was_flapping:
        yield Step(batch.now, "note", "flaps: told again once nothing has changed for an hour")
    elif incident.flapping_since is None and was_flapping:
        yield Step(batch.now, "note", "no longer flaps")
    if incident.withheld and incident.withheld != (before.withheld if before else ""):
        yield Step(batch.now, "withheld", incident.withheld)
    yield from _of_escalation(incident, before, batch)
    if incident.resolved_at is not None and (before is None or before.resolved_at is None):
        yield Step(incident.resolved_at, "resolved", incident.resolution)


def _of_escalation(incident: Incident, before: Incident | None, batch: Batch) -> Iterator[Step]:
    earlier = before.escalated if before else 0
    for step in steps_of(incident, batch)[earlier : incident.escalated]:
        named = ", ".join(shown(text) for text in step.to)
        yield Step(batch.now, "escalated", f"not acknowledged within {written(step.after)}: {named}")
