"""P3 once a day: what began, goes on or ended since, in one message to each target.

A batch for it has `open` (P3 incidents that were resolved since the last digest among them) and their alerts as
`ongoing`; nothing has `changed`.
"""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.incidents.batch import Batch
from alerts.incidents.fatigue import repeat_after
from alerts.incidents.incident import WAITING, Incident, Notice
from alerts.rules import Priority, Target

EARLY = timedelta(hours=1)
"""How much sooner than `repeat` an incident is told again: a digest is not to the second, nor is a day 24 hours."""


def newest_due(now: datetime, at: str, timezone: str) -> datetime:
    """The newest moment at or before `now` that is `at` (`09:00`) on a wall in the time zone, in UTC.

    A digest is due when the last one was before it. Raises ValueError when `at` is no time of day.
    """
    try:
        wanted = time.fromisoformat(at)
    except ValueError as error:
        raise ValueError(f"alerts.digest_at: {at!r} is no time of day; expected such as 09:00") from error
    local = now.astimezone(ZoneInfo(timezone))
    days = (local.date() - timedelta(days=back) for back in range(3))
    moments = (datetime.combine(day, wanted, local.tzinfo).astimezone(now.tzinfo) for day in days)
    return next(moment for moment in moments if moment <= now)


def due(batch: Batch) -> tuple[Incident, ...]:
    """The incidents that a digest now speaks of, the earliest first.

    Those that waited for it; those told before that ended since; and those that fire on, unacknowledged, for so long
    that they are told again.
    """
    firing = batch.firing()
    tellable = {name for name, alerts in firing.items() if any(not alert.withheld for alert in alerts)}
    found = (one for one in batch.open if one.priority is Priority.P3 and _is_due(one, one.id in tellable, batch))
    return tuple(sorted(found, key=lambda one: (one.opened_at, one.id)))


def collect(batch: Batch) -> Batch:
    """A notice for every incident that is due; they are put together once it is known whom each is for."""
    firing = batch.firing()
    notices = (Notice("digest", one, firing.get(one.id, ())[:1], at=batch.now) for one in due(batch))
    return replace(batch, notices=(*batch.notices, *notices))


def bundle(batch: Batch) -> Batch:
    """One notice for all that the same targets are to hear."""
    heard: defaultdict[Target, list[Notice]] = defaultdict(list)
    for notice in batch.notices:
        for target in notice.targets:
            heard[target].append(notice)
    listeners: defaultdict[tuple[str, ...], list[Target]] = defaultdict(list)
    for target, notices in heard.items():
        listeners[tuple(one.incident.id for one in notices)].append(target)
    bundles = (_bundled(heard[targets[0]], tuple(targets)) for targets in listeners.values())
    return replace(batch, notices=(*(one for one in batch.notices if not one.targets), *bundles))


def _is_due(incident: Incident, tellable: bool, batch: Batch) -> bool:
    if incident.resolved_at is None and not tellable:
        return False
    if incident.told_at is None:
        return incident.withheld == WAITING
    if incident.resolved_at is not None:
        return incident.resolved_at > incident.told_at
    waited = batch.now - incident.told_at
    return incident.acknowledged_at is None and waited >= repeat_after(incident, batch.rules) - EARLY


def _bundled(notices: list[Notice], targets: tuple[Target, ...]) -> Notice:
    alerts = tuple(alert for one in notices for alert in one.alerts)
    return replace(notices[0], alerts=alerts, targets=targets, others=tuple(one.incident for one in notices))
