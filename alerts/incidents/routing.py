"""Who is told: the channels of the head's rule, else those of its priority; of an end, those who were told.

A channel that is not set up is left out, and the timeline says so once. Where no channel is left, the incident stays
untold: it is told as soon as one is set up.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from alerts.incidents.batch import Batch
from alerts.incidents.incident import NO_CHANNEL, Incident, Notice, Step
from alerts.judging import Key
from alerts.rules import Priority, Target
from metrics.settings import Alerts

EDITED = ("slack", "webhook")
"""Channels that take an update: Slack changes the message it wrote, a program can tell one from a page."""


def route(batch: Batch) -> Batch:
    """Give every notice its targets, and note on its incident who was told when."""
    incidents = {incident.id: incident for incident in batch.incidents}
    before = {incident.id: incident for incident in batch.open}
    notices: list[Notice] = []
    steps: list[Step] = []
    for notice in batch.notices:
        incident = incidents[notice.incident.id]
        wanted = _wanted(notice, incident, batch)
        targets = wanted if incident.resolved_at and incident.told else _set_up(wanted, batch)
        if notice.kind in ("firing", "repeat", "flapping"):
            targets = targets or _set_up(_of(incident.told), batch)
        told = _noted(incident, notice, targets)
        notices += _sent(notice, incident, told, targets)
        steps += _left_out(notice, wanted, before.get(incident.id), batch)
        incidents[incident.id] = told
    return replace(batch, incidents=tuple(incidents.values()), notices=tuple(notices), steps=(*batch.steps, *steps))


def _wanted(notice: Notice, incident: Incident, batch: Batch) -> tuple[Target, ...]:
    if incident.resolved_at is not None and incident.told:
        return _of(incident.told)
    match notice.kind:
        case "update":
            return tuple(one for one in _of(incident.told) if one.channel in EDITED)
        case "escalation":
            return notice.targets
        case _:
            return _usual(incident.head, incident.priority, batch)


def _usual(head: Key, priority: Priority, batch: Batch) -> tuple[Target, ...]:
    """Who is told of a head at a priority, whether they can be or not."""
    rule = batch.rules.get(head.rule)
    named = rule.notifications.channels if rule else None
    return _of(batch.settings.routes.get(priority.value, ()) if named is None else named)


def _of(texts: Iterable[str]) -> tuple[Target, ...]:
    """The targets that texts name, each once; one that names no known channel is like one that is not set up."""
    parts = (text.partition(":") for text in dict.fromkeys(texts))
    return tuple(Target(channel=channel, address=address) for channel, _, address in parts)


def _set_up(targets: Sequence[Target], batch: Batch) -> tuple[Target, ...]:
    """Those that can be told: their channel is set up, and knows to whom where the target does not say."""
    nowhere = _without_address(batch.settings)
    return tuple(one for one in targets if one.channel in batch.set_up and (one.address or one.channel not in nowhere))


def _without_address(settings: Alerts) -> frozenset[str]:
    """Channels that have no address of their own."""
    own = {"email": settings.email.to, "webhook": settings.webhook.url, "slack": settings.slack.channel}
    return frozenset(channel for channel, address in own.items() if not address)


def _noted(incident: Incident, notice: Notice, targets: Sequence[Target]) -> Incident:
    """The incident, once these were told."""
    if notice.kind in ("update", "resolved"):
        return incident
    if not targets:
        return incident if incident.told_at or notice.kind == "escalation" else replace(incident, withheld=NO_CHANNEL)
    return replace(
        incident,
        told=tuple(dict.fromkeys((*incident.told, *map(str, targets)))),
        first_told_at=incident.first_told_at or notice.at,
        told_at=(incident.told_at or notice.at) if notice.kind == "escalation" else notice.at,
        withheld="",
    )


def _sent(notice: Notice, before: Incident, told: Incident, targets: tuple[Target, ...]) -> Iterator[Notice]:
    """The notice with its targets; without any it is kept once, for the record."""
    about = replace(told, escalated=notice.incident.escalated)
    if targets:
        yield replace(notice, incident=about, targets=targets)
    elif told.withheld == NO_CHANNEL != before.withheld:
        yield replace(notice, incident=about, targets=(), withheld=NO_CHANNEL)


def _left_out(notice: Notice, wanted: Sequence[Target], before: Incident | None, batch: Batch) -> Iterator[Step]:
    """An entry for the targets that cannot be told, unless that was said of the incident before."""
    if notice.kind in ("update", "resolved"):
        return
    said: tuple[Target, ...] = ()
    if notice.kind != "escalation" and before and (before.told_at or before.withheld == NO_CHANNEL):
        said = _usual(before.head, before.priority, batch)
    lacking = [str(one) for one in wanted if one not in _set_up(wanted, batch) and one not in said]
    if lacking:
        verb = "is" if len(lacking) == 1 else "are"
        yield Step(batch.now, "note", f"{', '.join(lacking)} {verb} not set up: left out", notice.incident.id)
