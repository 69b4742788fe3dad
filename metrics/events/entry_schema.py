"""What JSON Schemas of the files that a person writes into a home have in common."""

from typing import Any

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The newest that editors know in full."""


def list_of(name: str, item: dict[str, Any], title: str) -> dict[str, Any]:
    """The schema of a file that holds a list; `name` is that of the schema of its items."""
    return {
        "$schema": DRAFT, "title": title, "type": "array", "items": {"$ref": f"#/$defs/{name}"}, "$defs": {name: item},
    }  # fmt: skip


def without_titles(part: Any) -> Any:
    """A schema without the titles that only repeat the names."""
    if isinstance(part, dict):
        return {key: without_titles(one) for key, one in part.items() if key != "title" or not isinstance(one, str)}
    return [without_titles(one) for one in part] if isinstance(part, list) else part
