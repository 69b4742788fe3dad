"""Whether rules fit what there is: their metric, dimensions and levels the catalog, their composites each other."""

from collections.abc import Iterator, Mapping

from alerts.rules.model import AlertRule, Composite, Static
from metrics.catalog import Metric
from metrics.catalog.dimensions import misfits
from metrics.events.entries import Place, nearest

RESERVED = "promptpilot-"
"""How the ids of the rules begin that the program has about itself."""
Complaint = tuple[Place, str]
"""Where in a rule, and what is wrong there."""


def complaints(rule: AlertRule, metrics: Mapping[str, Metric]) -> Iterator[Complaint]:
    """What one rule has that the catalog does not."""
    if rule.id.startswith(RESERVED):
        yield ("id",), f"ids that begin with {RESERVED} are the program's own"
    if not rule.metric:
        return
    metric = metrics.get(rule.metric)
    if metric is None:
        yield ("metric",), f"{rule.metric!r} is no metric{nearest(rule.metric, metrics)}"
        return
    for number, name in enumerate(rule.by):
        if name in rule.by[:number]:
            yield ("by", number), f"{name} is given twice"
        yield from ((("by", number), said) for said in misfits(name, metric))
    for name in rule.where:
        yield from ((("where", name), said) for said in misfits(name, metric))
    if rule.over and not metric.adds_up:
        yield ("over",), f"{metric.name} of several windows cannot be added up: only counts and sums can"
    yield from _of_level(rule, metric)


def references(rules: Mapping[str, AlertRule]) -> Iterator[tuple[str, Complaint]]:
    """What composite rules look at that they cannot: the id of the rule, and what is wrong with it."""
    for rule in rules.values():
        condition = rule.condition
        if isinstance(condition, Composite):
            key = "all" if condition.all else "any"
            for number, name in enumerate(condition.rules):
                place = ("condition", key, number)
                if name not in rules:
                    others = [one for one in rules if one != rule.id]
                    yield rule.id, (place, f"there is no rule {name!r}{nearest(name, others)}")
                elif circle := _way_back(rule.id, name, rules, (rule.id,)):
                    yield rule.id, (place, f"goes round in a circle: {' → '.join(circle)}")


def _way_back(goal: str, name: str, rules: Mapping[str, AlertRule], way: tuple[str, ...]) -> tuple[str, ...]:
    """The way over composites from a rule to itself; empty where there is none."""
    way = (*way, name)
    if name == goal or len(way) > len(rules) + 1:
        return way if name == goal else ()
    rule = rules.get(name)
    further = rule.condition.rules if rule and isinstance(rule.condition, Composite) else ()
    return next((found for one in further if one not in way[1:] and (found := _way_back(goal, one, rules, way))), ())


def _of_level(rule: AlertRule, metric: Metric) -> Iterator[Complaint]:
    condition = rule.condition
    if not isinstance(condition, Static) or not isinstance(condition.threshold, str):
        return
    place, text, levels = ("condition", "threshold"), condition.threshold, metric.levels
    if not levels:
        yield place, f"expected a number, not {text!r}: {metric.name} has no named levels"
    elif condition.operator == "contains":
        if not any(text in level for level in levels):
            yield place, f"{text!r} is part of no level; known are {', '.join(levels)}"
    elif text not in levels:
        yield place, f"{text!r} is no level{nearest(text, levels)}; known are {', '.join(levels)}"
