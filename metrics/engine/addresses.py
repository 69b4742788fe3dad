"""What is looked at, as a page's address says it: a window as `from` and `to`, a trace, filters (`provider:openai`).

Pages read it from their address, and whoever links to a page (messages about alerts do) writes it, both with this.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from metrics.catalog import ATTRIBUTE_PREFIX, DIMENSIONS
from metrics.engine.query import Filter, Window

OPERATORS: Mapping[str, str] = {"in": "", "not in": "!", "contains": "~"}
"""Operators of a filter and the mark that stands for each before the colon."""
TRACE, NEAR = "trace", "at"
"""Parameters that name a trace, and a moment near it."""
NULL = "\\N"
"""How "no value" is written; text never looks like this, because its backslashes are doubled."""
_SPECIAL = ("\\", ",", ":", "!", "~")


def window_parameters(window: Window) -> dict[str, list[str]]:
    """A fixed window, as parameters of an address."""
    return {"from": [_instant_text(window.start)], "to": [_instant_text(window.end)]}


def filter_parameters(filters: Sequence[Filter]) -> dict[str, list[str]]:
    """Filters, as parameters of an address; none is none."""
    return {"f": [filter_text(one) for one in filters]} if filters else {}


def trace_parameters(trace_id: str, near: datetime | None = None) -> dict[str, list[str]]:
    """A trace, as parameters of an address; with a moment near it, at which it is looked for first."""
    return {TRACE: [trace_id]} | ({NEAR: [_instant_text(near)]} if near else {})


def filter_text(one: Filter) -> str:
    """A filter as it stands in the URL: `provider:openai,anthropic`, `!:` for "not in", `~:` for "contains"."""
    values = ",".join(NULL if value is None else _escape(value) for value in one.values)
    return f"{_escape(one.dimension)}{OPERATORS[one.operator]}:{values}"


def parse_filter(text: str) -> Filter:
    """The filter a text such as `provider:openai,anthropic` stands for.

    Raises ValueError with the reason when it stands for none.
    """
    name, colon, listed = _split_once(text, ":")
    if not colon:
        raise ValueError(f"{quoted(text)} names no values; expected dimension:value,value")
    mark = name[-1:] if name[-1:] in ("!", "~") and not _is_escaped(name) else ""
    dimension = _unescape(name[: len(name) - len(mark)])
    if dimension not in DIMENSIONS and not dimension.startswith(ATTRIBUTE_PREFIX):
        raise ValueError(f"{quoted(dimension)} is no dimension")
    operator = next(word for word, sign in OPERATORS.items() if sign == mark)
    values = tuple(None if part == NULL else _unescape(part) for part in _split(listed, ","))
    return Filter(dimension=dimension, operator=operator, values=values)  # pyright: ignore[reportArgumentType]


def quoted(text: str | None) -> str:
    """Text from a stranger, quoted and cut."""
    shown = text or ""
    return f"“{shown[:60]}…”" if len(shown) > 60 else f"“{shown}”"


def _instant_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _escape(text: str) -> str:
    for special in _SPECIAL:
        text = text.replace(special, "\\" + special)
    return text


def _unescape(text: str) -> str:
    characters = iter(text)
    return "".join(next(characters, "") if character == "\\" else character for character in characters)


def _is_escaped(text: str) -> bool:
    body = text[:-1]
    return (len(body) - len(body.rstrip("\\"))) % 2 == 1


def _split(text: str, separator: str) -> list[str]:
    parts: list[str] = []
    rest, found = text, separator
    while found:
        part, found, rest = _split_once(rest, separator)
        parts.append(part)
    return parts


def _split_once(text: str, separator: str) -> tuple[str, str, str]:
    position = text.find(separator)
    while position >= 0 and _is_escaped(text[: position + 1]):
        position = text.find(separator, position + 1)
    return (text, "", "") if position < 0 else (text[:position], separator, text[position + 1 :])
