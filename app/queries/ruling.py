"""Questions about alert rules: which are in force, what they watch."""

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from alerts.incident import Step
from alerts.rules import AlertRule, Static
from alerts.spans import written
from app import wording
from app.charts.watched import Watch
from app.source import source
from app.state import View


@dataclass(frozen=True)
class Way:
    page: str
    label: str
    icon: str
    query: Mapping[str, str]


def in_force() -> Mapping[str, AlertRule]:
    found = {}
    for path in sorted((source().own_home / "alerts").glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text()):
            rule = AlertRule.model_validate(entry)
            found[rule.id] = rule
    return found


def problems() -> tuple[object, ...]:
    return ()


def watch(rule: AlertRule | None) -> Watch:
    if rule is None:
        return Watch("Value")
    metric = source().engine.metrics.get(rule.metric)
    unit = metric.unit if metric else ""
    condition = rule.condition
    if isinstance(condition, Static) and not isinstance(condition.threshold, str):
        text = f"{condition.operator} {wording.quantity(condition.threshold, unit)} for {written(condition.duration)}"
        return Watch(
            metric.title if metric else rule.metric, unit, metric.decimals if metric else 1, condition.threshold, text
        )
    return Watch(metric.title if metric else rule.metric, unit)


def course(case: object, steps: tuple[Step, ...], view: View) -> None:
    return None


def ways_on(case: object, view: View) -> tuple[Way, ...]:
    return ()
