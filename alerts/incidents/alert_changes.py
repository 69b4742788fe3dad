"""What the evaluations of a tick mean for alerts: which began, which ended, which go on with other values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from alerts.incidents.incident import Alert
from alerts.judging import Instance, Key, State
from alerts.judging.lifecycle import Changed
from alerts.rules import AlertRule

Recent = Mapping[Key, tuple[float | None, ...]]


@dataclass(frozen=True, slots=True)
class AlertChanges:
    """Alerts as they stand after a tick, as a `Batch` has them."""

    changed: tuple[Alert, ...]
    """Those that began or ended, in order of time. What did both in one tick is one alert, ended, without incident."""
    ongoing: tuple[Alert, ...]
    """All others that fire."""
    renewed: tuple[Alert, ...]
    """Those of them that are not as they were."""


def alert_changes(
    changes: Iterable[Changed],
    firing: Iterable[Alert],
    instances: Mapping[Key, Instance],
    recent: Recent,
    rules: Mapping[str, AlertRule],
) -> AlertChanges:
    """Put the changes of a tick, in order, to the alerts that fired before it.

    `instances` and `recent` are what the tick found. Alerts get the name and priority their rule has by now.
    """
    before = {alert.key: alert for alert in firing}
    now = dict(before)
    begun: set[Key] = set()
    ended: list[Alert] = []
    for change in changes:
        key, transition = change.transition.key, change.transition
        if transition.kind == "firing" and key.rule in rules:
            now[key] = _begun(change, rules[key.rule], recent)
            begun.add(key)
        elif transition.kind == "resolved" and key in now:
            begun.discard(key)
            alert = replace(now.pop(key), reason=transition.reason, ended_at=transition.at, state=State.RESOLVED)
            ended.append(replace(alert, worst=change.instance.worst, late=alert.late or transition.late))
    changed = [*ended, *(now[key] for key in begun)]
    ongoing = [_renewed(alert, instances, recent, rules) for key, alert in now.items() if key not in begun]
    return AlertChanges(
        tuple(sorted(changed, key=lambda alert: (alert.ended_at or alert.fired_at, alert.key.rule, str(alert.key)))),
        tuple(ongoing),
        tuple(alert for alert in ongoing if alert != before[alert.key]),
    )


def _begun(change: Changed, rule: AlertRule, recent: Recent) -> Alert:
    instance, transition = change.instance, change.transition
    return Alert(
        key=transition.key,
        name=rule.name,
        priority=rule.priority,
        state=State.FIRING,
        since=instance.since or transition.at,
        fired_at=transition.at,
        value=transition.value,
        worst=instance.worst,
        recent=recent.get(transition.key, ()),
        late=transition.late,
        basis=instance.basis,
    )


def _renewed(alert: Alert, instances: Mapping[Key, Instance], recent: Recent, rules: Mapping[str, AlertRule]) -> Alert:
    rule, instance = rules.get(alert.key.rule), instances.get(alert.key)
    if rule is not None:
        alert = replace(alert, name=rule.name, priority=rule.priority)
    if instance is None:
        return alert
    shown = recent.get(alert.key, alert.recent)
    return replace(alert, value=instance.value, worst=instance.worst, recent=shown, basis=instance.basis)
