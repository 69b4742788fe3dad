"""What a file of rules may hold, as a JSON Schema: for editors that complete and check while one types.

    promptpilot alerts schema --out data/alerts.schema.json

and, as the first line of `data/alerts/mine.yaml` (of `data/alerts.yaml` without the dots):

    # yaml-language-server: $schema=../alerts.schema.json
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from alerts.rules.durations import written
from alerts.rules.model import AlertRule
from metrics.catalog import Metric
from metrics.catalog.dimensions import DIMENSION_SCHEMA
from metrics.events.entry_schema import DRAFT, without_titles


class _Written(GenerateJsonSchema):
    def encode_default(self, dft: object) -> Any:
        """Lengths as they are written."""
        return written(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def schema(metrics: Mapping[str, Metric]) -> dict[str, Any]:
    """The schema of a file: one rule or a list of them, over these metrics."""
    rule: dict[str, Any] = without_titles(AlertRule.model_json_schema(schema_generator=_Written))
    parts: dict[str, Any] = rule.pop("$defs")
    fields = rule["properties"]
    fields["metric"]["enum"] = list(metrics)
    fields["by"]["items"] = DIMENSION_SCHEMA
    fields["where"]["propertyNames"] = DIMENSION_SCHEMA
    steps = parts["Notifications"]["properties"]["escalation"]
    steps["anyOf"] = [steps["items"], {"type": steps.pop("type"), "items": steps.pop("items")}]
    parts["AlertRule"] = rule
    one = {"$ref": "#/$defs/AlertRule"}
    return {
        "$schema": DRAFT,
        "title": "Alert rules of PromptPilot",
        "anyOf": [one, {"type": "array", "items": one}],
        "$defs": parts,
    }
