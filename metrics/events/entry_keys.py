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
    """The dotted place of the mapping nearest to the top that has a key of that name, where that is not the top."""
    waiting: deque[tuple[str, Schema]] = deque([("", schema)])
    seen: set[int] = set()
    while waiting:
        place, part = waiting.popleft()
        for member in _members(part, schema):
            if id(member) in seen:
                continue
            seen.add(id(member))
            if name in member.get("properties", ()):
                return place or None
            waiting.extend((f"{place}.{key}".lstrip("."), one) for key, one in member.get("properties", {}).items())
            waiting.extend((place, member[key]) for key in ("items",) if isinstance(member.get(key), dict))
    return None


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
