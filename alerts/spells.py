"""What fired, spell by spell, as the alerts that the stages are given."""

from datetime import datetime

from alerts.alert import Instance, Key, State
from alerts.evaluation import Outcome
from alerts.incident import Alert
from alerts.rules import AlertRule


def spells(outcome: Outcome) -> tuple[Alert, ...]:
    """Every spell that began or ended within an evaluation, once, in order of when it began to fire.

    One that did both is resolved; one that goes on has its newest values. It is late when its beginning was seen late.
    """
    late: dict[tuple[Key, datetime | None], bool] = {}
    found: list[tuple[Instance, str]] = []
    for change in outcome.changes:
        transition = change.transition
        if transition.kind == "firing":
            late[transition.key, transition.at] = transition.late
        elif transition.kind == "resolved":
            found.append((change.instance, transition.reason))
    found += [
        (one, "") for one in outcome.instances.values() if one.state is State.FIRING and (one.key, one.fired_at) in late
    ]
    alerts = [
        alert_of(
            outcome.rule, one, outcome.recent.get(one.key, ()), late=late.get((one.key, one.fired_at), False),
            reason=reason,
        )
        for one, reason in found
    ]  # fmt: skip
    return tuple(sorted(alerts, key=lambda alert: alert.fired_at))


def alert_of(
    rule: AlertRule, instance: Instance, recent: tuple[float | None, ...] = (), *, late: bool = False, reason: str = ""
) -> Alert:
    """An instance that fires, or has fired and is resolved, as the stages see it. Raises ValueError for any other."""
    if instance.state not in (State.FIRING, State.RESOLVED) or instance.fired_at is None:
        raise ValueError(f"{instance.key} is {instance.state}: no alert")
    return Alert(
        key=instance.key,
        name=rule.name,
        priority=rule.priority,
        state=State.FIRING if instance.state is State.FIRING else State.RESOLVED,
        since=instance.since or instance.fired_at,
        fired_at=instance.fired_at,
        ended_at=instance.ended_at,
        value=instance.value,
        worst=instance.worst,
        recent=recent,
        late=late,
        reason=reason,
    )
