"""What a person writes into a home as a YAML list of entries: read, or what is wrong with it, by file and line."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from metrics.events.problems import ConfigurationError


class Entry(BaseModel):
    """A part of such a list: it says nothing that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


E = TypeVar("E", bound=Entry)

_SAID: Mapping[str, str] = {
    "missing": "is missing",
    "string_type": "expected text",
    "tuple_type": "expected a list, such as [a, b]",
    "dict_type": "expected keys and values",
    "model_type": "expected keys and values",
    "timezone_aware": "expected a time with its zone, such as 2026-01-01T00:00:00Z",
}
"""Sentences for what the validation says in words of Python."""


class _Loader(yaml.SafeLoader):
    """Reads times as the text they are: what they must be is said, with the line, where they are checked."""

    yaml_implicit_resolvers: ClassVar = {  # pyright: ignore[reportIncompatibleVariableOverride]
        letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_entries(path: Path, model: type[E], problem: type[ConfigurationError]) -> tuple[E, ...]:
    """The entries of a file, which need not exist. Raises `problem` with the file, the line and what was expected."""
    if not path.exists():
        return ()
    try:
        text = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise problem(f"{path}: cannot be read: {error}") from error
    return entries_of(text, str(path), model, problem)


def entries_of(text: str, where: str, model: type[E], problem: type[ConfigurationError]) -> tuple[E, ...]:
    """The entries of a text; `where` is its name in what `problem` says."""
    try:
        document: object = yaml.load(text, _Loader)
        tree = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise problem(f"{where}, line {line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise problem(f"{where}: not YAML: {error}") from error
    if document is None:
        return ()
    first = next(name for name, field in model.model_fields.items() if field.is_required())
    if not isinstance(document, list):
        raise problem(f"{where}, line 1: expected a list, each entry beginning with `- {first}:`")
    twice = _named_twice(tree, set())
    if twice is not None:
        raise problem(f"{where}, line {_begins(twice)}: {twice.value}: is given twice")
    entries: list[E] = []
    for number, given in enumerate(document):
        try:
            entries.append(model.model_validate(given))
        except ValidationError as error:
            raise problem(f"{where}, {_explained(error, (number,), tree, model)}") from error
    return tuple(entries)


def nearest(name: str, known: Iterable[str]) -> str:
    """`; the nearest is 'x'`, or nothing where nothing known is near."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f"; the nearest is {close[0]!r}" if close else ""


def _explained(error: ValidationError, place: tuple[int], tree: yaml.Node | None, model: type[Entry]) -> str:
    """The line, the key, what was expected and, for a key that is not known, the nearest that is."""
    first = error.errors()[0]
    path = (*place, *first["loc"])
    key = ".".join(str(part) for part in first["loc"]) or "the entry"
    if first["type"] == "extra_forbidden":
        said = "is not known" + nearest(str(path[-1]), _keys(model))
    else:
        said = _SAID.get(first["type"], first["msg"].removeprefix("Value error, "))
    return f"line {_line(tree, path)}: {key}: {said}"


def _keys(model: type[Entry]) -> set[str]:
    """Every key that an entry or a part of one may have, as it is written."""
    schema: dict[str, Any] = model.model_json_schema()
    return {name for part in (schema, *schema.get("$defs", {}).values()) for name in part.get("properties", ())}


def _named_twice(node: yaml.Node | None, passed: set[int]) -> yaml.ScalarNode | None:
    """The first key that stands twice in one mapping of the document; what an alias names again is `passed` by."""
    if id(node) in passed:
        return None
    passed.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return next((found for child in node.value if (found := _named_twice(child, passed))), None)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                return key
            seen.add(str(key.value))
            found = _named_twice(value, passed)
            if found:
                return found
    return None


def _begins(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node and node.start_mark else 1


def _line(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """The line of the deepest node on `path` that the document has."""
    line = 1
    for part in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = _begins(node)
        elif isinstance(node, yaml.MappingNode):
            pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
            found = next(((key, value) for key, value in pairs if getattr(key, "value", None) == str(part)), None)
            if found is None:
                break
            key, node = found
            line = _begins(key)
        else:
            break
    return line
