"""Who is told: the channels of the head's rule, else the teams of its routes, else the channels of its priority.

Where there are routes (`routing.yaml`), every alert of an incident brings those it goes to: a team hears of an incident
once one of its alerts joins it. A rise in priority goes to whoever knows of the incident, too, and an end to all of
them. A channel that is not set up is left out, and the timeline says so once. Where no channel is left, the incident
stays untold: it is told as soon as one is set up.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from alerts.incidents.batch import Batch
from alerts.incidents.incident import NO_CHANNEL, Alert, Incident, Notice, Step
from alerts.judging import Key
from alerts.policy import labels_of
from alerts.rules import Priority, Target
from metrics.settings import Alerts


def route(batch: Batch) -> Batch:
    """Give every notice its targets, and note on its incident who was told when."""
    incidents = {incident.id: incident for incident in batch.incidents}
    before = {incident.id: incident for incident in batch.open}
    notices: list[Notice] = []
    steps: list[Step] = []
    for notice in (*batch.notices, *_newcomers(batch)):
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


def _newcomers(batch: Batch) -> Iterator[Notice]:
    """A notice for those who are to hear of an incident only now: an alert of theirs joined it, or their time began."""
    if batch.policy.is_plain:
        return
    spoken_of = {notice.incident.id for notice in batch.notices if notice.kind not in ("update", "escalation")}
    joined = {alert.incident for alert in batch.changed} | {one.incident.id for one in batch.notices}
    firing = batch.firing()
    for incident in batch.incidents:
        over = incident.resolved_at is not None or incident.told_at is None or incident.id in spoken_of
        by_time = bool(batch.policy.time_intervals) and incident.acknowledged_at is None
        if over or not (incident.id in joined or by_time):
            continue
        alerts = tuple(one for one in firing.get(incident.id, ()) if not one.withheld)
        new = _set_up([one for one in _usual(incident, alerts, batch) if str(one) not in incident.told], batch)
        if new:
            yield Notice("firing", incident, alerts, new, at=batch.now)


def _wanted(notice: Notice, incident: Incident, batch: Batch) -> tuple[Target, ...]:
    told = _of(incident.told)
    if incident.resolved_at is not None and incident.told:
        return told
    if notice.targets:
        return notice.targets
    match notice.kind:
        case "update":
            return told if notice.note else tuple(one for one in told if one.way in batch.edited)
        case "firing":
            # Whoever was told of it at a lower priority hears that it rose.
            return tuple(dict.fromkeys((*_usual(incident, notice.alerts, batch), *(told if incident.told_at else ()))))
        case _:
            return _usual(incident, notice.alerts, batch)


def _usual(incident: Incident, alerts: Sequence[Alert], batch: Batch) -> tuple[Target, ...]:
    """Who is told of an incident, whether they can be or not: by its head, and where there are routes by its alerts."""
    about = dict.fromkeys([(incident.head, incident.priority)])
    if not batch.policy.is_plain:
        about |= dict.fromkeys((one.key, one.priority) for one in alerts)
    return tuple(dict.fromkeys(target for key, priority in about for target in _of_alert(key, priority, batch)))


def _of_alert(key: Key, priority: Priority, batch: Batch) -> Iterable[Target]:
    rule = batch.rules.get(key.rule)
    if rule is not None and rule.notifications.channels is not None:
        return _of(rule.notifications.channels)
    usual = _of(batch.settings.routes.get(priority.value, ()))
    if batch.policy.is_plain:
        return usual
    ways = batch.policy.ways(labels_of(key, priority, rule))
    named = [batch.policy.targets(way) for way in ways if not batch.policy.muted(way, batch.now)]
    return [target for one in named for target in (usual if one is None else one)]


def _of(texts: Iterable[str]) -> tuple[Target, ...]:
    """The targets that texts name, each once; one that names no known channel is like one that is not set up."""
    return tuple(Target.parted(text) for text in dict.fromkeys(texts))


def _set_up(targets: Sequence[Target], batch: Batch) -> tuple[Target, ...]:
    """Those that can be told: their channel is set up, and knows to whom where the target does not say."""
    nowhere = _without_address(batch.settings)
    return tuple(one for one in targets if one.way in batch.set_up and (one.address or one.way not in nowhere))


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
        said = (*_usual(before, (), batch), *_of(before.told))
    lacking = [one.shown for one in wanted if one not in _set_up(wanted, batch) and one not in said]
    if lacking:
        verb = "is" if len(lacking) == 1 else "are"
        yield Step(batch.now, "note", f"{', '.join(lacking)} {verb} not set up: left out", notice.incident.id)
