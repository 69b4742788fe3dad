"""Conditions on labels, as routes, silences and inhibitions have them: `priority=~"P0|P1"`, `endpoint!=/health`.

A label that is missing is empty, as in Prometheus; `(none)` stands for empty. Regular expressions hold for the whole
value, and are matched in time that grows with its length only: values come from events, and may be anything.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import polars as pl
from polars.exceptions import ComputeError

from alerts.rules.model import NONE

Operator = Literal["=", "!=", "=~", "!~"]
OPERATORS: Mapping[str, Operator] = {one: one for one in get_args(Operator)}
EXAMPLE = 'endpoint=/chat, priority=~"P0|P1" or team!=checkout'
_TEXT = re.compile(r"\s*(?P<name>[A-Za-z_][\w.:-]*)\s*(?P<operator>=~|!~|!=|=)\s*(?P<value>.*?)\s*", re.DOTALL)
_PLAIN = re.compile(r"[^\s\"'{},]+")
_PART = re.compile(r"""(?:"(?:[^"\\]|\\.)*"?|[^,"])+""")
_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition."""

    name: str
    operator: Operator
    value: str

    @classmethod
    def of(cls, text: str) -> "Matcher":
        """Read `name=value`; what holds blanks or quotes stands in double quotes. Raises ValueError with an example."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no matcher; expected such as {EXAMPLE}")
        value = _unquoted(found["value"], text)
        operator = OPERATORS[found["operator"]]
        if operator in ("=~", "!~"):
            _check(value)
        elif value == NONE:
            value = ""
        return cls(found["name"], operator, value)

    @classmethod
    def listed(cls, text: str) -> tuple["Matcher", ...]:
        """Read several with commas between; one in a value stands in double quotes. Raises ValueError."""
        return tuple(cls.of(part) for part in _PART.findall(text) if part.strip())

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether it holds for an alert of these labels."""
        value = labels.get(self.name, "")
        match self.operator:
            case "=":
                return value == self.value
            case "!=":
                return value != self.value
            case "=~":
                return _found(self.value, value)
            case "!~":
                return not _found(self.value, value)

    def __str__(self) -> str:
        """As it can be read again: `endpoint=/chat`."""
        if not self.value:
            empty = '""' if self.operator.endswith("~") else NONE
            return f"{self.name}{self.operator}{empty}"
        written = self.value if _PLAIN.fullmatch(self.value) else json.dumps(self.value, ensure_ascii=False)
        return f"{self.name}{self.operator}{written}"


def matches(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether all of them hold; none at all hold for everything."""
    return all(one.matches(labels) for one in matchers)


def _unquoted(written: str, text: str) -> str:
    if not written.startswith('"'):
        return written
    try:
        value = json.loads(written, strict=False)
    except ValueError as error:
        raise ValueError(f"{text!r}: the value in quotes does not end, or a backslash is not doubled") from error
    return str(value)


@lru_cache(maxsize=_REMEMBERED)
def _found(pattern: str, value: str) -> bool:
    return bool(pl.Series([value]).str.contains(_whole(pattern))[0])


def _check(pattern: str) -> None:
    try:
        pl.Series([""]).str.contains(_whole(pattern))
    except ComputeError as error:
        why = next((line for line in str(error).splitlines() if line.startswith("error: ")), "")
        raise ValueError(f"{pattern!r} is no regular expression{why.removeprefix('error')}") from error


def _whole(pattern: str) -> str:
    return f"(?s)^(?:{pattern})$"
