"""Boards as YAML: a text changed in one place, which leaves all else as somebody wrote it, and put into the home.

What comes of a change is read again. Where a text is written in a way in which no place is found, such as a list in one
line, it is written anew, tidy, with no comments but those at its beginning.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from app.boards.model import Item
from app.boards.reading import FOLDER, NAME, read
from metrics.catalog import Metric
from metrics.events.entries import Document, NotYaml, Problem
from metrics.events.entry_text import above_comments, last_line, with_entry
from metrics.events.problems import ConfigurationError
from metrics.files import write_whole

_FIRST = ("title", "metrics", "by", "grain", "filters", "figure", "range", "width")
"""The order in which an item is written."""
_WIDE = 10_000
"""Columns after which a line would be wrapped: never."""
_LONGEST_NAME = 40


class BoardError(ConfigurationError):
    """A board that cannot be written."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def as_yaml(document: Mapping[str, Any]) -> str:
    """A board as tidy YAML."""
    return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=_WIDE, default_flow_style=None)


def document_of(item: Item) -> dict[str, Any]:
    """An item as plain values, as YAML has them: what is as it would be anyway is left out."""
    document = item.model_dump(mode="json", exclude_defaults=True)
    return {name: document[name] for name in _FIRST if name in document}


def begun(title: str) -> str:
    """The text of a board on which there is nothing yet."""
    return as_yaml({"title": title, "items": []})


def renamed(text: str, title: str) -> str:
    """The text of a board with another title."""
    node = _child(yaml.compose(text, yaml.SafeLoader), "title")
    written = text[: node.start_mark.index] + _scalar(title) + text[node.end_mark.index :] if node else ""
    return _checked(text, written, {**_value(text), "title": title})


def with_item(text: str, item: Item) -> str:
    """The text with an item at its end."""
    value, given = _value(text), document_of(item)
    lines, places = _places(text)
    written = ""
    if places:
        begin, end = places[0].begin, places[-1].end
        listed = with_entry("".join(lines[begin:end]), _as_entry(given), "", "", before="")
        written = "".join([*lines[:begin], listed, *lines[end:]])
    return _checked(text, written, {**value, "items": [*(value.get("items") or []), given]})


def rearranged(text: str, order: Sequence[int]) -> str:
    """The text with its items in another order, by their numbers from 0; without those that are not named."""
    value = _value(text)
    items = value.get("items") or []
    lines, places = _places(text)
    written = ""
    if places and order:
        kept = [line for number in order for line in _ended(lines[places[number].begin : places[number].end])]
        written = "".join([*lines[: places[0].begin], *kept, *lines[places[-1].end :]])
    return _checked(text, written, {**value, "items": [items[number] for number in order]})


def with_change(text: str, number: int, changes: Mapping[str, Any]) -> str:
    """The text with other values of some keys of one item; one of None is left out."""
    value = _value(text)
    items = list(value["items"])
    changed = {name: one for name, one in {**items[number], **changes}.items() if one is not None}
    items[number] = {name: changed[name] for name in _FIRST if name in changed}
    lines, places = _places(text)
    written = ""
    if places:
        place = places[number]
        indent = " " * place.indent
        entry = [f"{indent}{line}\n" for line in _as_entry(items[number]).splitlines()]
        written = "".join([*lines[: place.first], *entry, *lines[place.last :]])
    return _checked(text, written, {**value, "items": items})


def name_for(title: str, taken: Sequence[str]) -> str:
    """The name of a new board's file: its title in letters and digits, and a number where there is one of that name."""
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:_LONGEST_NAME].strip("-") or "board"
    known = {name.lower() for name in taken}
    return next(name for n in range(1, len(known) + 2) if (name := f"{plain}-{n}" if n > 1 else plain) not in known)


def write(home: Path, name: str, text: str, metrics: Mapping[str, Metric]) -> Path:
    """Put the text of a board into the home; gives its file.

    A reader sees a file as it was or as it will be, never in between.

    Raises:
        BoardError: it is no board; nothing is changed.
        OSError: it cannot be written.
    """
    path = path_of(home, name)
    found = read(text, path.relative_to(home).as_posix(), metrics)
    if found.board is None:
        raise BoardError(*found.faults)
    path.resolve().parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)
    return path


def path_of(home: Path, name: str) -> Path:
    """The file of a board, of one that is to be made as well. Raises BoardError for a name that none may have."""
    if not NAME.fullmatch(name):
        raise BoardError(Problem(FOLDER, 1, "", f"{name[:60]!r} is no name of a board"))
    other = home / FOLDER / f"{name}.yml"
    return other if other.exists() else home / FOLDER / f"{name}.yaml"


def _value(text: str) -> dict[str, Any]:
    """What a text says that is a board. Raises NotYaml."""
    value = Document.of(text, "the board").value
    return value if isinstance(value, dict) else {}


def _checked(text: str, written: str, expected: Mapping[str, Any]) -> str:
    """A text as it is `written`, if it is read as what it shall be; else anew, with the comments it began with."""
    try:
        found = Document.of(written, "").value if written else None
    except NotYaml:
        found = None
    if found == expected:
        return written
    above = takewhile(lambda line: line.startswith("#"), text.splitlines(keepends=True))
    return "".join(_ended(list(above))) + as_yaml(expected)


class _Place(NamedTuple):
    """Lines of an item."""

    begin: int
    """The first comment above it."""
    first: int
    last: int
    """The one after its last word."""
    end: int
    """Where the next one begins."""
    indent: int


def _places(text: str) -> tuple[list[str], list[_Place]]:
    """The lines of a text, and where its items are; those of a list in one line are nowhere."""
    listed = _child(yaml.compose(text, yaml.SafeLoader), "items")
    lines = text.splitlines(keepends=True)
    if not isinstance(listed, yaml.SequenceNode) or listed.flow_style or not listed.value:
        return lines, []
    begins = [above_comments(lines, item.start_mark.line) for item in listed.value]
    lasts = [last_line(item) + 1 for item in listed.value]
    ends = [*begins[1:], lasts[-1]]
    firsts = [item.start_mark.line for item in listed.value]
    indents = [listed.start_mark.column] * len(firsts)
    return lines, list(map(_Place, begins, firsts, lasts, ends, indents))


def _child(root: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return next((value for name, value in pairs if getattr(name, "value", None) == key), None)


def _as_entry(item: Mapping[str, Any]) -> str:
    return yaml.safe_dump([dict(item)], sort_keys=False, allow_unicode=True, width=_WIDE, default_flow_style=None)


def _scalar(text: str) -> str:
    """A text as it stands behind a key, in one line."""
    return yaml.safe_dump([text], allow_unicode=True, width=_WIDE, default_flow_style=True).strip()[1:-1]


def _ended(lines: Sequence[str]) -> list[str]:
    return [*lines[:-1], lines[-1] if lines[-1].endswith("\n") else lines[-1] + "\n"] if lines else []
