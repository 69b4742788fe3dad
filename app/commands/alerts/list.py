"""`promptpilot alerts list`: which rules are in force?"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.commands.options import Home, Json, settings_of
from app.commands.printing import print_json, say_lines, table_text, warn

if TYPE_CHECKING:
    from alerts.rules import AlertRule
    from alerts.rules.reading import RuleSet
    from metrics.catalog import Metric
    from metrics.settings import Settings

COLUMNS = ("rule", "priority", "what", "window", "for", "channels", "origin")


def list(as_json: Json = False, home: Home = None) -> None:
    """Every alert rule that is in force: what it watches, who is told, and where it is written."""
    from alerts.rules.reading import Rules
    from metrics.catalog import catalog

    settings = settings_of(home)
    metrics = catalog(settings)
    found = Rules().load(settings, metrics)
    rules = sorted(found.rules.values(), key=lambda rule: (rule.priority, rule.id))
    documents = [_document(rule, found, settings, metrics) for rule in rules]
    if as_json:
        print_json(documents)
    else:
        rows = [_row(document) for document in documents]
        say_lines(table_text("", COLUMNS, rows).rstrip() if rows else "no rule")
    if found.problems:
        warn("promptpilot: something is wrong with alert rules: promptpilot alerts check says what")


def _document(
    rule: "AlertRule", found: "RuleSet", settings: "Settings", metrics: "Mapping[str, Metric]"
) -> dict[str, object]:
    """A rule as scripts read it."""
    from alerts.rules.durations import written
    from alerts.rules.model import shown

    channels = rule.notifications.channels
    told = settings.alerts.routes.get(rule.priority.value, ()) if channels is None else channels
    return {
        "rule": rule.id,
        "name": rule.name,
        "priority": rule.priority,
        "what": _what(rule, metrics),
        "by": rule.by,
        "where": rule.where,
        "window": written(rule.window),
        "for": written(rule.condition.duration),
        "channels": [shown(target) for target in told],
        "origin": str(found.origins[rule.id]),
        "enabled": rule.enabled,
    }


def _what(rule: "AlertRule", metrics: "Mapping[str, Metric]") -> str:
    """`error_rate > 5 %`."""
    from alerts.judging.thresholds import compared_unit, threshold_text

    at_once = rule.condition.model_copy(update={"duration": timedelta()})
    unit = metrics[rule.metric].unit if rule.metric else ""
    said = threshold_text(rule.model_copy(update={"condition": at_once}), compared_unit(rule, unit))
    return f"{rule.metric} {said}".strip()


def _row(document: Mapping[str, Any]) -> Sequence[str]:
    by = f" by {', '.join(document['by'])}" if document["by"] else ""
    where = "".join(f", {name}={_listed(values)}" for name, values in document["where"].items())
    shown = {
        **document,
        "what": f"{document['what']}{by}{where}{'' if document['enabled'] else ' (disabled)'}",
        "channels": ", ".join(document["channels"]) or "nobody",
    }
    return [str(shown[name]) for name in COLUMNS]


def _listed(values: str | tuple[str, ...]) -> str:
    return values if isinstance(values, str) else ",".join(values)
