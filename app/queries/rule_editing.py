"""A rule as text that somebody edits: read, checked while it is typed, written into the home, taken out of it."""

import textwrap
from collections.abc import Mapping
from typing import Any

import yaml

from alerts.rules import AlertRule
from alerts.rules.reading import check_text, read
from alerts.rules.writing import RuleError, as_yaml, remove_rule, write_rule
from app.queries import alert_home, ruling
from app.queries.acting import NotDone
from app.source import source
from metrics.events.entries import Document, NotYaml, Problem

EXAMPLE = """\
id: my-rule
name: Error rate above 5 %
priority: P2
metric: error_rate
window: 1m
condition: {operator: ">", threshold: 5, duration: 5m}
"""
"""What a new rule begins with."""
_NAME = "the rule"


def text_of(rule_id: str) -> str:
    """The YAML of a rule in force: as its file has it, comments too, where it is one's own."""
    found = ruling.rule_set()
    return _own_text(rule_id) or as_yaml(found.rules[rule_id])


def document_of(text: str) -> Mapping[str, Any] | None:
    """What a text says, right or wrong; None where it is not YAML of one rule."""
    try:
        value = Document.of(text, _NAME).value
    except NotYaml:
        return None
    if isinstance(value, list) and len(value) == 1:  # pyright: ignore[reportUnknownArgumentType]
        (value,) = value
    return value if isinstance(value, dict) else None


def written(rule: Mapping[str, Any] | AlertRule) -> str:
    """A rule, or its document, as tidy YAML."""
    return as_yaml(rule)


def problems_of(text: str) -> tuple[Problem, ...]:
    """What is wrong with a text."""
    return check_text(text, source().engine.metrics, ruling.in_force(), _NAME)


def rule_of(text: str) -> AlertRule | None:
    """The rule of a text with which nothing is wrong."""
    found = read(text, _NAME, source().engine.metrics)
    return found.rules[0].rule if len(found.rules) == 1 and not found.problems else None


def save(text: str, *, who: str) -> str:
    """Write a rule into the home. Raises NotDone."""
    del who  # files have no place for it
    try:
        path = write_rule(alert_home.of_rules(), text, source().engine.metrics)
    except (RuleError, OSError) as problem:
        raise NotDone(str(problem)) from problem
    return f"Saved in {path.name}: in force within seconds."


def switch(rule_id: str, on: bool, *, who: str) -> str:
    """Turn a rule on or off. Raises NotDone."""
    rule = ruling.in_force().get(rule_id)
    if rule is None:
        raise NotDone("There is no such rule any more.")
    save(as_yaml(rule.model_copy(update={"enabled": on})), who=who)
    return f"{rule.name} is {'on' if on else 'off'}."


def remove(rule_id: str, *, who: str) -> str:
    """Take a rule out of the home; where it is a version of a shipped one, that is in force again. Raises NotDone."""
    del who
    try:
        path = remove_rule(alert_home.of_rules().home, rule_id)
    except (RuleError, OSError) as problem:
        raise NotDone(str(problem)) from problem
    if path is None:
        raise NotDone("No file of the home holds it.")
    return "As shipped again." if rule_id in ruling.shipped() else "Deleted."


def _own_text(rule_id: str) -> str:
    """The lines of a rule in its file of the home, without the indentation of the list; empty where it has none."""
    found = ruling.rule_set()
    origin = found.origins[rule_id]
    text = found.texts.get(origin.file, "")
    root = yaml.compose(text, yaml.SafeLoader) if text else None
    if isinstance(root, yaml.MappingNode):
        return text
    for item in root.value if isinstance(root, yaml.SequenceNode) else ():
        if isinstance(item, yaml.MappingNode) and not item.flow_style and _id_of(item) == rule_id:
            lines = text[: item.end_mark.index].splitlines()[item.start_mark.line :]
            first = " " * item.start_mark.column + lines[0][item.start_mark.column :]
            return textwrap.dedent("\n".join([first, *lines[1:]])).rstrip() + "\n"
    return ""


def _id_of(item: yaml.MappingNode) -> str:
    return next((value.value for key, value in item.value if key.value == "id"), "")
