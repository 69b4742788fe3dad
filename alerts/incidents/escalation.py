"""Who else is told of what nobody acknowledged in time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from alerts.incidents.batch import Batch
from alerts.incidents.incident import NO_CHANNEL, Incident, Notice
from alerts.rules import EscalationStep, Target
from alerts.rules.durations import written


def escalate(batch: Batch) -> Batch:
    """Take the steps of escalation that fall due, those of the head's rule, each once.

    The time counts from when somebody was first told; where nobody could be, for want of a channel, from the opening.
    Acknowledging stops it, and whatever withholds all alerts of the incident holds it up.
    """
    firing = batch.firing()
    notices: list[Notice] = []
    for incident in batch.incidents:
        alerts = tuple(one for one in firing.get(incident.id, ()) if not one.withheld)
        if alerts and incident.acknowledged_at is None:
            notices += (replace(one, alerts=alerts) for one in _due(incident, batch))
    taken = {one.incident.id: one.incident for one in notices}
    incidents = tuple(taken.get(one.id, one) for one in batch.incidents)
    return replace(batch, incidents=incidents, notices=(*batch.notices, *notices))


def steps_of(incident: Incident, batch: Batch) -> Sequence[EscalationStep]:
    """The steps of escalation of an incident, the soonest first."""
    rule = batch.rules.get(incident.head.rule)
    return sorted(rule.notifications.escalation, key=lambda step: step.after) if rule else ()


def _due(incident: Incident, batch: Batch) -> Iterator[Notice]:
    """A notice for every step that is due, the incident as the step leaves it."""
    since = incident.first_told_at or (incident.opened_at if incident.withheld == NO_CHANNEL else None)
    if since is None:
        return
    for number, step in enumerate(steps_of(incident, batch), 1):
        if number > incident.escalated and batch.now - since >= step.after:
            incident = replace(incident, escalated=number)
            note = f"not acknowledged within {written(step.after)}"
            yield Notice("escalation", incident, (), tuple(map(Target.of, step.to)), at=batch.now, note=note)
