"""What a person writes into a home as YAML entries: read, or what is wrong with it, by file, line and key."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from metrics.events.entry_keys import all_keys, home_of, keys_at
from metrics.events.problems import ConfigurationError
from metrics.yaml_loader import Loader, TextualTimes


class Entry(BaseModel):
    """A part of such a file: it says nothing that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


E = TypeVar("E", bound=Entry)
Place = tuple[int | str, ...]
"""Where something stands in a document: keys, and numbers of list items from 0."""

_SAID: Mapping[str, str] = {
    "missing": "is missing",
    "string_type": "expected text",
    "tuple_type": "expected a list, such as [a, b]",
    "dict_type": "expected keys and values",
    "model_type": "expected keys and values",
    "union_tag_not_found": "expected keys and values",
    "timezone_aware": "expected a time with its zone, such as 2026-01-01T00:00:00Z",
}
"""Sentences for what the validation says in words of Python."""
_OF_PYTHON = ("Input should ", "String should ", "Tuple should ", "Dictionary should ")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a file."""

    file: str
    line: int
    """From 1."""
    key: str
    """Where in the entry, such as `condition.threshold`; empty where the file is none at all."""
    said: str
    """What was found and what was expected."""

    def __str__(self) -> str:
        """`alerts.yaml, line 4: condition.threshold: is missing`."""
        return f"{self.file}, line {self.line}: {self.key}{': ' if self.key else ''}{self.said}"


class NotYaml(ConfigurationError):
    """A text that is no YAML."""

    def __init__(self, file: str, line: int | None, reason: str) -> None:
        self.problem = Problem(file, line or 1, "", f"not YAML: {reason}")
        super().__init__(str(self.problem) if line else f"{file}: not YAML: {reason}")


@dataclass(frozen=True)
class Document:
    """A YAML text: its value, and on which line each part of that stands."""

    file: str
    """Its name in what is said about it."""
    value: object
    tree: yaml.Node | None
    given_twice: Problem | None
    """The first key that stands twice in one mapping."""

    @classmethod
    def of(cls, text: str, file: str, reading: Loader = TextualTimes) -> "Document":
        """Read a text. Raises NotYaml."""
        try:
            loader = reading(text)
            tree = loader.get_single_node()
            # Building the value puts what `<<` merges into the tree: before that, a key stands where it was written.
            twice = _named_twice(tree, set())
            value = None if tree is None else loader.construct_document(tree)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise NotYaml(file, line, str(error.problem)) from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise NotYaml(file, None, str(error)) from error
        said = twice and Problem(file, _begins(twice), str(twice.value), "is given twice")
        return cls(file, value, tree, said)

    def problem(self, place: Place, said: str, within: int = 0) -> Problem:
        """A sentence about what stands at a place; its key leaves out the first `within` parts: which entry it is."""
        key = ".".join(str(part) for part in place[within:]) or "the entry"
        return Problem(self.file, self.line(place), key, said)

    def line(self, place: Place) -> int:
        """The line of the deepest node on the way to a place that there is."""
        line = 1
        for _, found in self._way(place):
            line = _begins(found.first) if found else line
        return line

    def problems(self, error: ValidationError, entry: Place, model: type[BaseModel]) -> Iterator[Problem]:
        """All that the validation of an entry found, one a place: what was expected, and the nearest that is known."""
        told: set[Place] = set()
        for found in error.errors(include_url=False):
            place, tags = self._written(entry, found)
            if place not in told:
                told.add(place)
                yield self.problem(place, _said(found, tags, model), len(entry))

    def _written(self, entry: Place, found: ErrorDetails) -> tuple[Place, Place]:
        """The place of an error as it is written, and as the model has it: that one names members of unions, too."""
        tagged = (*entry, *found["loc"])
        kept = [part for part, node in self._way(tagged) if node]
        if found["type"] == "missing":
            kept.append(tagged[-1])
        if found["type"] == "union_tag_invalid":
            kept.append(self._key_of(tuple(kept), str(found.get("ctx", {}).get("tag"))))
        return tuple(kept), found["loc"]

    def _key_of(self, place: Place, value: str) -> str:
        """The key that has a value, in the mapping at a place."""
        *_, (_, found) = self._way(place)
        pairs = found.node.value if found and isinstance(found.node, yaml.MappingNode) else []
        return next((str(key.value) for key, one in pairs if one.value == value), "kind")

    def _way(self, place: Place) -> Iterator[tuple[int | str, "_Found | None"]]:
        """Each part of a place with what is there; parts that are not in the document are passed over."""
        node = self.tree
        for part in place:
            found = _child(node, part)
            yield part, found
            node = found.node if found else node


class _Found(NamedTuple):
    node: yaml.Node
    first: yaml.Node
    """The node with which it begins: its key, where it has one."""


def read_entries(path: Path, model: type[E], problem: type[ConfigurationError]) -> tuple[E, ...]:
    """The entries of a file, which need not exist. Raises `problem` with the file, the line and what was expected."""
    if not path.exists():
        return ()
    try:
        text = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise problem(f"{path}: cannot be read: {error}") from error
    return entries_of(text, str(path), model, problem)


def entries_of(
    text: str, where: str, model: type[E], problem: type[ConfigurationError], reading: Loader = TextualTimes
) -> tuple[E, ...]:
    """The entries of a text; `where` is its name in what `problem` says."""
    entries, problems = sorted_entries(text, where, model, problem, reading)
    for wrong in problems:
        raise problem(str(wrong))
    return tuple(entry for _, entry in entries)


def sorted_entries(
    text: str, where: str, model: type[E], problem: type[ConfigurationError], reading: Loader = TextualTimes
) -> tuple[Sequence[tuple[int, E]], Sequence[Problem]]:
    """The entries of a text that can be used, each with its line; and of those that cannot, what is wrong first.

    Raises `problem` for a text that is no list of entries at all.
    """
    try:
        document = Document.of(text, where, reading)
    except NotYaml as error:
        raise problem(str(error)) from error
    if document.value is None:
        return (), ()
    first = next(name for name, field in model.model_fields.items() if field.is_required())
    if not isinstance(document.value, list):
        raise problem(f"{where}, line 1: expected a list, each entry beginning with `- {first}:`")
    if document.given_twice:
        raise problem(str(document.given_twice))
    entries: list[tuple[int, E]] = []
    problems: list[Problem] = []
    for number, given in enumerate(document.value):
        try:
            entries.append((document.line((number,)), model.model_validate(given)))
        except ValidationError as error:
            problems.append(next(document.problems(error, (number,), model)))
    return entries, problems


def nearest(name: str, known: Iterable[str]) -> str:
    """`; the nearest is 'x'`, or nothing where nothing known is near."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f"; the nearest is {close[0]!r}" if close else ""


def _said(found: ErrorDetails, place: Place, model: type[BaseModel]) -> str:
    """What was expected and, for a key or a value that is not known, the nearest that is."""
    context: Mapping[str, Any] = found.get("ctx", {})
    match found["type"]:
        case "extra_forbidden":
            return _unknown_key(place, model)
        case "union_tag_invalid":
            known = context["expected_tags"]
            return f"{context['tag']!r} is not known{nearest(context['tag'], _quoted(known))}; known are {known}"
        case "literal_error" | "enum" if isinstance(found["input"], str):
            near = nearest(found["input"], _quoted(context["expected"]))
            return f"expected {context['expected']}, not {found['input'][:80]!r}{near}"
        case kind:
            return _SAID.get(kind) or _plain(found["msg"])


def _unknown_key(place: Place, model: type[BaseModel]) -> str:
    name, schema = str(place[-1]), _schema(model)
    home = home_of(schema, name)
    if home is not None:
        return f"is not known here; it belongs {_in(home)}"
    here = keys_at(schema, place[:-1])
    close = get_close_matches(name, all_keys(schema), n=1, cutoff=0.4)
    if not close or close[0] in here:
        return f"is not known{nearest(name, here)}"
    return f"is not known; the nearest is {close[0]!r}, which belongs {_in(home_of(schema, close[0]) or '')}"


def _in(home: str) -> str:
    return f"in {home}" if home else "beside the others at the top of the entry"


@cache
def _schema(model: type[BaseModel]) -> Mapping[str, Any]:
    return model.model_json_schema()


def _plain(message: str) -> str:
    """`Input should be greater than 0` as `must be greater than 0`."""
    message = message.removeprefix("Value error, ")
    subject = next((one for one in _OF_PYTHON if message.startswith(one)), None)
    return f"must {message.removeprefix(subject)}" if subject else message


def _quoted(listed: str) -> list[str]:
    """The names of a list such as `'a', 'b' or 'c'`."""
    return listed.split("'")[1::2]


def _child(node: yaml.Node | None, part: int | str) -> _Found | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return _Found(node.value[part], node.value[part])
    if isinstance(node, yaml.MappingNode):
        # The last one counts: those before it are what `<<` merged.
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        named = (_Found(value, key) for key, value in reversed(pairs) if getattr(key, "value", None) == str(part))
        return next(named, None)
    return None


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
