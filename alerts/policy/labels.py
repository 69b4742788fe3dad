"""What matchers look at: an alert's labels, with what its rule says of it."""

from collections.abc import Iterator, Mapping
from itertools import chain, combinations

from alerts.judging import Key
from alerts.policy.matchers import Matcher
from alerts.rules import AlertRule, Priority
from metrics.catalog import METRICS

PRIORITY, RULE, METRIC = "priority", "rule", "metric"
OF_RULES = (PRIORITY, RULE, METRIC)
"""Names that every alert has beside the labels of its rule."""

MOST_LABELS = 6
"""Labels of which subsets are looked up; an alert of more is only within one of the very same labels."""
Place = tuple[tuple[str, str], ...]


def labels_of(key: Key, priority: Priority, rule: AlertRule | None) -> Mapping[str, str]:
    """Every name that a matcher may ask for, with its value; what events do not say is empty.

    What a rule looks at only (`where`) is a label, too; of several values, all of them: `eu|us`.
    """
    where = rule.where if rule else {}
    narrowed = {name: value if isinstance(value, str) else "|".join(value) for name, value in where.items()}
    own = {name: value or "" for name, value in key.labels}
    return {**narrowed, **own, PRIORITY: priority.value, RULE: key.rule, METRIC: rule.metric if rule else ""}


def only(key: Key) -> tuple[Matcher, ...]:
    """Matchers that hold for one instance and no other."""
    return Matcher(RULE, "=", key.rule), *(Matcher(name, "=", value or "") for name, value in key.labels)


def subject(metric: str) -> str:
    """What a metric speaks of: metrics that are made of the same measures (errors and successes) speak of the same."""
    known = METRICS.get(metric)
    return ",".join(sorted(measure.name for measure in known.measures)) if known else metric


def place(labels: Mapping[str, str]) -> Place:
    """The labels that say where, in order."""
    return tuple(sorted((name, value) for name, value in labels.items() if name not in OF_RULES))


def around(where: Place) -> Iterator[Place]:
    """Every place that a place lies within, itself first."""
    if len(where) > MOST_LABELS:
        return iter((where,))
    return chain.from_iterable(combinations(where, size) for size in range(len(where), -1, -1))
