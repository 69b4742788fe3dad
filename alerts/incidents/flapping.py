"""What comes and goes: instances that change their state again and again are one matter, told once."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.incidents.batch import Batch
from alerts.incidents.correlation import RECOVERED
from alerts.incidents.incident import Incident
from alerts.judging import Key, State

MOST_CHANGES = 4
"""Changes of state within `SPAN` from which on an instance flaps."""
SPAN = timedelta(hours=1)
"""Also how long nothing must change until it no longer does."""


def flap(batch: Batch) -> Batch:
    """Mark incidents of which an instance flaps; they stay open, also while nothing of them fires, until it is quiet.

    So all the coming and going is one incident: told once as flapping, and once when it is over.
    """
    changes = _changes(batch)
    flapping = {key for key, moments in changes.items() if len(moments) >= MOST_CHANGES}
    return replace(batch, incidents=tuple(_seen(one, changes, flapping, batch.now) for one in batch.incidents))


def _seen(incident: Incident, changes: dict[Key, set[datetime]], flapping: set[Key], now: datetime) -> Incident:
    if incident.late:
        return incident
    if not flapping.isdisjoint(incident.members) and incident.resolution in ("", RECOVERED):
        since = incident.flapping_since or now
        return replace(incident, flapping_since=since, resolved_at=None, resolution="")
    if incident.flapping_since is None or not _is_quiet(incident.members, changes, now):
        return incident
    calm = replace(incident, flapping_since=None)
    return calm if calm.firing else replace(calm, resolved_at=now, resolution="quiet for an hour after flapping")


def _is_quiet(keys: Iterable[Key], changes: dict[Key, set[datetime]], now: datetime) -> bool:
    return all(at <= now - SPAN for key in keys for at in changes.get(key, ()))


def _changes(batch: Batch) -> dict[Key, set[datetime]]:
    """When instances began to fire or were resolved, within the hour that ends now."""
    found = {key: {one.at for one in past if one.kind in ("firing", "resolved")} for key, past in batch.history.items()}
    for alert in batch.changed:
        moments = found.setdefault(alert.key, set())
        moments |= {alert.fired_at} if alert.state is State.FIRING else {alert.ended_at or batch.now}
        if not alert.incident:
            moments.add(alert.fired_at)
    return {key: {at for at in moments if at >= batch.now - SPAN} for key, moments in found.items()}
