"""`composite`: other rules fire at once. It looks at when they fired, and so is judged after them.

Without `by`, a named rule fires when any of its instances does. With `by`, there is an instance for each of the
values that instances of the named rules have, and a rule counts for it whose firing labels agree with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from graphlib import CycleError, TopologicalSorter

import numpy as np

from alerts.judging.instance import Instance, Key, Labels, State
from alerts.judging.instants import Instants, micros
from alerts.judging.lifecycle import Changed
from alerts.judging.verdicts import Bools, Judged, verdicts
from alerts.rules import AlertRule, Composite


@dataclass(frozen=True, slots=True)
class Firing:
    """A span in which an instance fires; no end is going on."""

    labels: Labels
    start: datetime
    end: datetime | None = None


def in_order(rules: Sequence[AlertRule]) -> tuple[AlertRule, ...]:
    """The rules, each after those it looks at.

    Raises ValueError that names a rule which is not there, or the rules that look at one another in a circle.
    """
    known = {rule.id: rule for rule in rules}
    looks_at = {rule.id: rule.condition.rules for rule in rules if isinstance(rule.condition, Composite)}
    for name, others in looks_at.items():
        for other in others:
            if other not in known:
                raise ValueError(f"rule {name!r} looks at rule {other!r}, which does not exist")
    try:
        order = TopologicalSorter({rule.id: looks_at.get(rule.id, ()) for rule in rules}).static_order()
        return tuple(known[name] for name in order)
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        raise ValueError(f"composite rules look at one another in a circle: {circle}") from error


def firings(known: Iterable[Instance], changes: Iterable[Changed]) -> tuple[Firing, ...]:
    """When the instances of one rule fired: from how they were before, and what changed since."""
    begun = {one.key: one.fired_at for one in known if one.state is State.FIRING and one.fired_at is not None}
    found: list[Firing] = []
    for change in changes:
        transition = change.transition
        if transition.kind == "firing":
            begun[transition.key] = transition.at
        elif transition.kind == "resolved" and (start := begun.pop(transition.key, None)) is not None:
            found.append(Firing(transition.key.labels, start, transition.at))
    return (*found, *(Firing(key.labels, start) for key, start in begun.items()))


def instances_of(rule: AlertRule, fired: Mapping[str, Sequence[Firing]], known: Iterable[Key]) -> tuple[Labels, ...]:
    """The instances that a composite rule has."""
    if not rule.by:
        return ((),)
    assert isinstance(rule.condition, Composite)
    seen = dict.fromkeys(key.labels for key in known)
    for other in rule.condition.rules:
        for firing in fired.get(other, ()):
            values = dict(firing.labels)
            if all(name in values for name in rule.by):
                seen.setdefault(tuple((name, values[name]) for name in rule.by))
    return tuple(seen)


def judged_by_rules(
    condition: Composite, fired: Mapping[str, Sequence[Firing]], labels: Sequence[Labels], instants: Instants
) -> Judged:
    """All, or any, of the rules fire at the instant. There is always a verdict, and never a value."""
    each = np.array([[_fires(fired.get(other, ()), one, instants) for other in condition.rules] for one in labels])
    shape = (len(labels), len(instants))
    each = each.reshape(len(labels), len(condition.rules), len(instants))
    breach = (np.logical_and if condition.all else np.logical_or).reduce(each, axis=1)
    return Judged(verdicts(np.ones(shape, np.bool_), breach), np.full(shape, np.nan))


def _fires(spans: Sequence[Firing], labels: Labels, instants: Instants) -> Bools:
    fires = np.zeros(len(instants), np.bool_)
    for span in spans:
        values = dict(span.labels)
        if all(values.get(name, value) == value for name, value in labels):
            end = len(instants) if span.end is None else int(instants.searchsorted(micros(span.end)))
            fires[int(instants.searchsorted(micros(span.start))) : end] = True
    return fires
