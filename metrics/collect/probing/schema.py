"""What `probes.yaml` may hold, as a JSON Schema: for editors that complete and check while one types.

    promptpilot probes schema --out data/probes.schema.json

and, as the first line of `data/probes.yaml`:

    # yaml-language-server: $schema=probes.schema.json
"""

from typing import Any

from metrics.collect.probing.model import SCHEMES, Probe

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The newest that editors know in full."""


def schema() -> dict[str, Any]:
    """The schema of a file: a list of probes."""
    probe = Probe.model_json_schema()
    fields = {
        name: {key: one for key, one in field.items() if key != "title"} for name, field in probe["properties"].items()
    }
    fields["url"]["pattern"] = f"^({'|'.join(SCHEMES)})://[^/?#@]+([/?#].*)?$"
    one = {**{key: value for key, value in probe.items() if key not in ("title", "$defs")}, "properties": fields}
    return {"$schema": DRAFT, "title": "Probes of PromptPilot", "type": "array", "items": one}
