"""Times of day at which a route tells nobody: an alert that no route lets through now waits until one does."""

from dataclasses import replace

from alerts.incidents.batch import Batch
from alerts.incidents.incident import Alert


def mute(batch: Batch) -> Batch:
    """Withhold alerts all of whose routes are muted now. Once one is not, they are told if they still fire."""
    policy = batch.policy
    if policy.is_plain or not policy.time_intervals:
        return batch

    def muted(alert: Alert) -> Alert:
        if alert.withheld:
            return alert
        reasons = [policy.muted(way, batch.now) for way in policy.ways(batch.labels(alert))]
        return replace(alert, withheld=reasons[0]) if all(reasons) else alert

    return replace(batch, alerts=tuple(map(muted, batch.alerts)))
