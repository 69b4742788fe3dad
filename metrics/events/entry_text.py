"""An entry put into the text of a YAML list that a person keeps, or taken out: all else stays as it is, comments too.

What comes of it is to be read again before it takes the place of the old text: there are ways to write a list, such as
`[{…}, {…}]` in one line, in which this finds no place.
"""

from collections.abc import Sequence

import yaml


def with_entry(text: str, entry: str, key: str, name: str, before: str | None = None) -> str:
    """The text with an entry in it, at the indentation of the others.

    The entry, which begins with `- `, takes the place of the one whose `key` is `name`; else it stands before the one
    named so, else at the end.
    """
    root = yaml.compose(text, yaml.SafeLoader)
    items = root.value if isinstance(root, yaml.SequenceNode) else []
    if root is not None and not items:  # an empty list, written as `[]`
        text = text[: root.start_mark.index] + text[root.end_mark.index :]
    indent = " " * (root.start_mark.column if items and root else 0)
    written = [(indent + line if line.strip() else line) + "\n" for line in entry.splitlines()]
    lines = text.splitlines(keepends=True)
    places = _places(items, key)
    if name in places:
        begin, end = places[name]
        return "".join([*_ended(lines[:begin]), *written, *lines[end:]])
    if before in places:
        begin = above_comments(lines, places[before][0])
        return "".join([*_ended(lines[:begin]), *written, "\n", *lines[begin:]])
    end = max((end for _, end in places.values()), default=len(lines))
    head = _ended(lines[:end])
    blank = ["\n"] if head and head[-1].strip() else []
    return "".join([*head, *blank, *written, *lines[end:]])


def without_entry(text: str, key: str, name: str) -> str:
    """The text without the entry whose `key` is `name`, and without the comments right above that.

    Those with which the text begins stay: they speak of all of it.
    """
    root = yaml.compose(text, yaml.SafeLoader)
    lines = text.splitlines(keepends=True)
    places = _places(root.value if isinstance(root, yaml.SequenceNode) else [], key)
    if name not in places:
        return text
    begin, end = places[name]
    return "".join([*lines[: above_comments(lines, begin) or begin], *lines[end:]])


def _places(items: Sequence[yaml.Node], key: str) -> dict[str | None, tuple[int, int]]:
    """First line of each entry, and the one after its last."""
    return {_value(item, key): (item.start_mark.line, last_line(item) + 1) for item in items}


def _value(item: yaml.Node, key: str) -> str | None:
    pairs = item.value if isinstance(item, yaml.MappingNode) else []
    return next((value.value for one, value in pairs if one.value == key), None)


def last_line(node: yaml.Node) -> int:
    """The line on which the last word of an entry stands: what YAML counts to it goes on to the next entry."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        return max((last_line(part) for pair in node.value for part in pair), default=node.start_mark.line)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return max((last_line(part) for part in node.value), default=node.start_mark.line)
    mark = node.end_mark
    return mark.line - (mark.column == 0 and mark.line > node.start_mark.line)


def above_comments(lines: Sequence[str], place: int) -> int:
    """The first line of the comments that stand right above a line."""
    while place > 0 and lines[place - 1].lstrip().startswith("#"):
        place -= 1
    return place


def _ended(lines: Sequence[str]) -> list[str]:
    """Lines of which the last one ends as a line does."""
    return [*lines[:-1], lines[-1] if lines[-1].endswith("\n") else lines[-1] + "\n"] if lines else []
