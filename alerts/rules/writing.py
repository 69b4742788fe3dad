"""Rules as YAML, tidy; put into the files of a home, or taken out of them.

A rule that a file of the home holds is changed where it stands; a new one gets a file of its own,
`alerts/<id>.yaml`. A reader sees a file as it was or as it will be, never in between.
"""

import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from alerts.rules.files import FOLDER, SUFFIXES, paths_of
from alerts.rules.model import AlertRule
from alerts.rules.reading import Rules, check_text
from metrics.catalog import Metric
from metrics.events.entries import Document, NotYaml, Problem
from metrics.events.entry_text import with_entry, without_entry
from metrics.events.problems import ConfigurationError
from metrics.files import write_whole
from metrics.settings import Settings

WIDTH = 110
_FIRST = (
    "kind", "operator", "threshold", "objective", "burns", "method", "sensitivity", "direction", "weeks", "history",
    "horizon", "against", "amount", "period", "percent", "timezone", "all", "any", "duration", "recover", "recover_for",
)  # fmt: skip
"""The order in which a condition is written; what is not named here comes after it."""
_BLOCKS = ("notifications", "suppression")
"""What is written over several lines."""
_WORDS = re.compile(r"[\w.,;:!?()%/><=+'`’–-]+( [\w.,;:!?()%/><=+'`’–-]+)*")
"""Text that may be wrapped."""


class RuleError(ConfigurationError):
    """A rule that cannot be written."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def document_of(rule: AlertRule) -> dict[str, Any]:
    """A rule as plain values, as YAML has them: what is as it would be anyway is left out."""
    document: dict[str, Any] = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    condition = document["condition"]
    document["condition"] = {name: condition[name] for name in (*_FIRST, *condition) if name in condition}
    told = document.get("notifications", {})
    if len(told.get("escalation", ())) == 1:
        told["escalation"] = told["escalation"][0]
    return document


def as_yaml(rule: AlertRule | Mapping[str, Any]) -> str:
    """A rule, or its document, as tidy YAML."""
    document = document_of(rule) if isinstance(rule, AlertRule) else rule
    dumper = _Dumper(StringIO())
    pairs = [(dumper.represent_data(key), _node(dumper, value, key)) for key, value in document.items()]
    root = yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=False)
    return yaml.serialize(root, Dumper=_Dumper, allow_unicode=True, width=WIDTH)


def write_rule(settings: Settings, rule: AlertRule | str, metrics: Mapping[str, Metric]) -> Path:
    """Write a rule, given as such or as the text of its YAML, into the home; gives the file it stands in now.

    Raises:
        RuleError: something is wrong with it; nothing is changed.
        OSError: it cannot be written.
    """
    text = rule if isinstance(rule, str) else as_yaml(rule)
    problems = check_text(text, metrics, Rules().load(settings, metrics).rules)
    document = None if problems else Document.of(text, "the rule")
    given = _only_one(document.value) if document else None
    if given is None:
        raise RuleError(*(problems or (Problem("the rule", 1, "", "expected one rule, which begins with `id:`"),)))
    path, document = _place_of(settings.home, str(given["id"])) or _new_place(settings.home, str(given["id"]))
    if isinstance(document.value, list):
        after = with_entry(_text(path) or "", _as_item(text), "id", given["id"])
        listed = [given if _is(one, given["id"]) else one for one in document.value]
        _replace(path, after, listed if given in listed else [*listed, given])
    else:
        _replace(path, text, Document.of(text, "").value)
    return path


def remove_rule(home: Path, name: str) -> Path | None:
    """Take the rule of an id out of the home; gives the file it stood in, None where none holds it.

    A shipped rule of that id is then in force again.

    Raises:
        RuleError: its file is written in a way that must be changed by hand; nothing is changed.
        OSError: it cannot be written.
    """
    found = _place_of(home, name)
    if found is None:
        return None
    path, document = found
    rest = [one for one in document.value if not _is(one, name)] if isinstance(document.value, list) else []
    after = without_entry(_text(path) or "", "id", name)
    if rest or (after.strip() and isinstance(document.value, list)):
        _replace(path, after, rest or None)
    else:
        path.unlink()
    return path


class _Dumper(yaml.SafeDumper):
    """Writes double quotes, where there must be any, and items of lists further in than their key."""

    def choose_scalar_style(self) -> str:
        style = super().choose_scalar_style()
        return '"' if style == "'" else style

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)


def _node(dumper: yaml.SafeDumper, value: object, key: str = "") -> yaml.Node:
    """Lists and mappings in one line each, those of `_BLOCKS` one line an item."""
    if isinstance(value, dict):
        pairs = [(dumper.represent_data(name), _node(dumper, one)) for name, one in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=key not in _BLOCKS)
    if isinstance(value, list):
        items = [_node(dumper, one) for one in value]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items, flow_style=key not in _BLOCKS)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    node = dumper.represent_data(value)
    if (
        isinstance(node, yaml.ScalarNode)
        and isinstance(value, str)
        and len(value) > WIDTH - len(key)
        and _WORDS.fullmatch(value)
    ):
        node.style = ">"
    return node


def _only_one(value: object) -> Mapping[str, Any] | None:
    """The one rule that a document holds, itself or in a list."""
    one = value[0] if isinstance(value, list) and len(value) == 1 else value
    return one if isinstance(one, dict) else None


def _is(given: object, name: str) -> bool:
    return isinstance(given, dict) and given.get("id") == name


def _place_of(home: Path, name: str) -> tuple[Path, Document] | None:
    """The file of the home that holds the rule of an id, and what else is in it."""
    for path in paths_of(home):
        text = _text(path)
        try:
            document = Document.of(text or "", str(path))
        except NotYaml:
            continue
        listed = document.value if isinstance(document.value, list) else [document.value]
        if any(_is(one, name) for one in listed):
            return path, document
    return None


def _new_place(home: Path, name: str) -> tuple[Path, Document]:
    """A file for a rule that no file holds yet, and what is in it already. Raises RuleError."""
    path = home / FOLDER / f"{name}{SUFFIXES[0]}"
    try:
        document = Document.of(_text(path) or "", str(path))
    except NotYaml as error:
        raise RuleError(error.problem) from error
    if document.value is not None and not isinstance(document.value, list):
        raise RuleError(Problem(str(path), 1, "", "holds something else already; rename it"))
    return path, document


def _text(path: Path) -> str | None:
    """What a file holds; None where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _as_item(text: str) -> str:
    """The text of one rule as an entry of a list: each of its lines goes further in, the comments above it do not."""
    root = yaml.compose(text, yaml.SafeLoader)
    lines = [line for line in text.splitlines() if line != "---"]
    if not isinstance(root, yaml.MappingNode):
        return "\n".join(lines)
    begins = next(number for number, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#"))
    head, (first, *rest) = lines[:begins], lines[begins:]
    return "\n".join([*head, f"- {first}", *(f"  {line}" if line.strip() else line for line in rest)])


def _replace(path: Path, text: str, expected: object) -> None:
    """Put a text in the place of a file, if it is read as what it shall be."""
    try:
        found = Document.of(text, str(path)).value
    except NotYaml:
        found = NotYaml
    if found != expected:
        said = "is written in a way in which this program cannot change it; do it by hand"
        raise RuleError(Problem(str(path), 1, "", said))
    path.resolve().parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)
