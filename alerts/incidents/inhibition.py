"""What is told already says enough: while one alert fires, others that follow from it are not told.

What matches both sides of an inhibition is inhibited by nothing that does so too, as in Alertmanager; nor are two
alerts ever silent because of each other. An alert that is silenced inhibits all the same: its consequences are known.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from alerts.incidents.batch import Batch
from alerts.incidents.incident import Alert
from alerts.judging import State
from alerts.policy import Inhibition, matches
from alerts.policy.labels import METRIC, Place, around, place, subject
from alerts.rules import Priority

Labels = Mapping[str, str]


def inhibit(batch: Batch) -> Batch:
    """Withhold alerts while another one fires that inhibits them; told if they fire on once it no longer does."""
    rules = batch.policy.inhibit_rules or ()
    firing = [one for one in batch.alerts if one.state is State.FIRING]
    if not rules or len(firing) < 2:
        return batch
    labelled = [(one, batch.labels(one)) for one in firing]
    applied = [sources for one in rules if (sources := _sources(one, labelled)) is not None]
    if not applied:
        return batch

    def inhibited(alert: Alert) -> Alert:
        if alert.withheld or alert.state is not State.FIRING:
            return alert
        labels = batch.labels(alert)
        source = next((found for one in applied if (found := one.of(alert, labels))), None)
        return replace(alert, withheld=f"inhibited while it fires: {source.name} ({source.key})") if source else alert

    return replace(batch, alerts=tuple(map(inhibited, batch.alerts)))


@dataclass(frozen=True)
class _Sources:
    """The alerts that inhibit others by one rule, the most severe of each kind."""

    rule: Inhibition
    found: Mapping[tuple[object, ...], Sequence[Alert]]

    def of(self, target: Alert, labels: Labels) -> Alert | None:
        """The alert that inhibits a target."""
        if not matches(self.rule.target_matchers, labels):
            return None
        lower = self.rule.only_lower
        where: Iterable[Place] = around(place(labels)) if self.rule.only_within else ((),)
        mutual = (False,) if not lower and matches(self.rule.source_matchers, labels) else (False, True)
        kinds = ((*_equal(self.rule, labels), at, both) for at in where for both in mutual)
        candidates = chain.from_iterable(self.found.get(kind, ()) for kind in kinds)
        return next(
            (one for one in candidates if one.key != target.key and (not lower or target.priority > one.priority)), None
        )


def _sources(rule: Inhibition, firing: Sequence[tuple[Alert, Labels]]) -> _Sources | None:
    """None where none of the alerts that fire is a source of this rule for another."""
    if rule.only_lower and len({alert.priority for alert, _ in firing}) < 2:
        return None
    lowest = Priority.P3 if rule.only_lower else None
    found: defaultdict[tuple[object, ...], list[Alert]] = defaultdict(list)
    for alert, labels in firing:
        if alert.priority is not lowest and matches(rule.source_matchers, labels):
            both = not rule.only_lower and matches(rule.target_matchers, labels)
            kind = (*_equal(rule, labels), place(labels) if rule.only_within else (), both)
            same = found[kind]
            # Two are enough: of a kind, one that is not the target itself.
            if len(same) < 2 or alert.priority < same[-1].priority:
                found[kind] = sorted((*same, alert), key=_severest)[:2]
    return _Sources(rule, found) if found else None


def _severest(alert: Alert) -> tuple[Priority, str]:
    return alert.priority, str(alert.key)


def _equal(rule: Inhibition, labels: Labels) -> tuple[str, ...]:
    return tuple(subject(labels[METRIC]) if name == METRIC else labels.get(name, "") for name in rule.equal)
