"""Which keys an entry may have at a place, and where a key belongs: read off the JSON schema of its model."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]


def keys_at(schema: Schema, place: Sequence[int | str]) -> set[str]:
    """The keys that may stand at a place, which names members of unions by their tag as pydantic does."""
    parts = list(_members(schema, schema))
    for step in place:
        parts = [member for part in _stepped(parts, step) for member in _members(part, schema)]
    return {name for part in parts for name in part.get("properties", ())}


def home_of(schema: Schema, name: str) -> str | None:
    """The dotted place of the mapping nearest to the top that has a key of that name; empty at the top itself."""
    return next((place for place, names in _mappings(schema) if name in names), None)


def all_keys(schema: Schema) -> set[str]:
    """The keys of all mappings."""
    return {name for _, names in _mappings(schema) for name in names}


def _mappings(schema: Schema) -> Iterator[tuple[str, Sequence[str]]]:
    """Every mapping by its dotted place, those near the top first, with its keys."""
    waiting: deque[tuple[str, Schema]] = deque([("", schema)])
    seen: set[int] = set()
    while waiting:
        place, part = waiting.popleft()
        for member in _members(part, schema):
            if id(member) not in seen:
                seen.add(id(member))
                named: Mapping[str, Schema] = member.get("properties", {})
                yield place, tuple(named)
                waiting.extend((f"{place}.{key}".lstrip("."), one) for key, one in named.items())
                if isinstance(member.get("items"), dict):
                    waiting.append((place, member["items"]))


def _members(part: Schema, schema: Schema) -> Iterator[Schema]:
    """What a part stands for: the definition it refers to, the members of a union."""
    if "$ref" in part:
        yield from _members(schema["$defs"][part["$ref"].rpartition("/")[2]], schema)
    for union in ("anyOf", "oneOf", "allOf"):
        for member in part.get(union, ()):
            yield from _members(member, schema)
    yield part


def _stepped(parts: Sequence[Schema], step: int | str) -> list[Schema]:
    """What stands one step on: an item, the value of a key, or the members that a tag names."""
    if isinstance(step, int):
        return [part["items"] for part in parts if isinstance(part.get("items"), dict)]
    within = [part["properties"][step] for part in parts if step in part.get("properties", ())]
    others = [part["additionalProperties"] for part in parts if isinstance(part.get("additionalProperties"), dict)]
    return within or [part for part in parts if _is_tagged(part, step)] or others or list(parts)


def _is_tagged(part: Schema, tag: str) -> bool:
    return any(one.get("const") == tag for one in part.get("properties", {}).values())
