"""A mapping written into a person's `mappings.yaml`, as text: whatever else they wrote there stays, comments too.

The outcome is read again and compared before it takes the place of the old file, which a reader sees whole or not
at all.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from metrics.events.entries import entries_of
from metrics.events.mappings import FileMapping, MappingError, Mappings

_WIDE = 10_000
"""Columns after which a line would be wrapped: never."""


def as_yaml(document: Mapping[str, Any]) -> str:
    """An entry as it is written into the file."""
    return yaml.safe_dump([dict(document)], sort_keys=False, allow_unicode=True, width=_WIDE, default_flow_style=None)


def save(path: Path, document: Mapping[str, Any], before: str | None = None) -> Mappings:
    """Write an entry: in place of the one of its name, else before the one named, else at the end.

    Raises:
        MappingError: the file cannot be used as it is, or the entry says something a mapping cannot say; nothing
            is changed.
        OSError: it cannot be written.
    """
    target = path.resolve()
    text = target.read_text(encoding="utf-8") if target.exists() else ""
    old = Mappings.load(target).own
    (new,) = entries_of(as_yaml(document), f"the mapping {document.get('name')!r}", FileMapping, MappingError)
    wanted = _wanted(old, new, before)
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        scratch.write_text(with_entry(text, document, before), encoding="utf-8")
        if _read_again(scratch) != wanted:
            raise MappingError(f"{path}: is written in a way to which nothing can be added; add the mapping by hand")
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
    return Mappings.load(target)


def _read_again(scratch: Path) -> tuple[FileMapping, ...]:
    """The mappings of the new text; none where it is none."""
    try:
        return Mappings.load(scratch).own
    except MappingError:
        return ()


def _wanted(old: Sequence[FileMapping], new: FileMapping, before: str | None) -> tuple[FileMapping, ...]:
    names = [one.name for one in old]
    if new.name in names:
        return tuple(new if one.name == new.name else one for one in old)
    place = names.index(before) if before in names else len(names)
    return (*old[:place], new, *old[place:])


def with_entry(text: str, document: Mapping[str, Any], before: str | None = None) -> str:
    """The text of a file with the entry in it, at the indentation of the others."""
    root = yaml.compose(text, yaml.SafeLoader)
    items = root.value if isinstance(root, yaml.SequenceNode) else []
    if root is not None and not items:  # an empty list, written as `[]`
        text = text[: root.start_mark.index] + text[root.end_mark.index :]
    indent = " " * (root.start_mark.column if items and root else 0)
    entry = [indent + line + "\n" for line in as_yaml(document).splitlines()]
    lines = text.splitlines(keepends=True)
    places = {_name(item): (item.start_mark.line, _last_line(item) + 1) for item in items}
    if document["name"] in places:
        begin, end = places[document["name"]]
        return "".join([*_ended(lines[:begin]), *entry, *lines[end:]])
    if before in places:
        begin = _above_comments(lines, places[before][0])
        return "".join([*_ended(lines[:begin]), *entry, "\n", *lines[begin:]])
    end = max((end for _, end in places.values()), default=len(lines))
    head = _ended(lines[:end])
    blank = ["\n"] if head and head[-1].strip() else []
    return "".join([*head, *blank, *entry, *lines[end:]])


def _name(item: yaml.Node) -> str | None:
    pairs = item.value if isinstance(item, yaml.MappingNode) else []
    return next((value.value for key, value in pairs if key.value == "name"), None)


def _last_line(node: yaml.Node) -> int:
    """The line on which the last word of an entry stands: what YAML counts to it goes on to the next entry."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        return max((_last_line(part) for pair in node.value for part in pair), default=node.start_mark.line)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return max((_last_line(part) for part in node.value), default=node.start_mark.line)
    mark = node.end_mark
    return mark.line - (mark.column == 0 and mark.line > node.start_mark.line)


def _above_comments(lines: Sequence[str], place: int) -> int:
    """The first line of the comments that stand right above a line."""
    while place > 0 and lines[place - 1].lstrip().startswith("#"):
        place -= 1
    return place


def _ended(lines: Sequence[str]) -> list[str]:
    """Lines of which the last one ends as a line does."""
    return [*lines[:-1], lines[-1] if lines[-1].endswith("\n") else lines[-1] + "\n"] if lines else []
