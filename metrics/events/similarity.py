"""How alike two names are: the one a file gives a column, and those under which an event's column is known."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from metrics.events.schema import Column
from metrics.events.values import known_names

LONGEST_NAME = 60
"""Letters that are compared: nothing meaningful is longer."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "ts": ("when", "at", "date", "logged", "occurred", "called", "received", "created", "began", "started"),
    "user_id": ("customer", "account", "member", "visitor", "uid"),
    "session_id": ("visit", "conversation", "thread", "chat"),
    "trace_id": ("trace", "correlation"),
    "service": ("application", "app"),
    "region": ("zone", "location", "datacenter", "dc"),
    "environment": ("stage", "env"),
    "endpoint": ("url", "uri", "resource", "api", "target"),
    "method": ("verb",),
    "status_code": ("code", "response", "http", "state"),
    "duration_ms": ("took", "elapsed", "duration", "latency", "runtime", "ms", "millis"),
    "time_to_first_token_ms": ("ttft", "first"),
    "model": ("engine", "llm", "deployment"),
    "provider": ("vendor", "supplier"),
    "input_tokens": ("prompt", "in", "input"),
    "output_tokens": ("completion", "out", "output", "generated"),
    "cost_usd": ("price", "usd", "spend", "amount", "dollars", "charge"),
    "status": ("state", "outcome", "result"),
    "host": ("machine", "node", "server", "instance"),
    "message": ("text", "detail", "msg"),
    "page": ("screen", "view", "location"),
    "severity": ("level", "priority"),
    "component": ("check", "probe", "target"),
}
"""Words that speak for a column though they are no name of it."""
_WORD = 0.6
_ALIKE = 0.6
"""Share of letters two names must have in common: any two words share some."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_UNITS = frozenset(("s", "sec", "secs", "seconds", "ms", "millis", "us", "micros", "ns", "nanos", "usd", "id"))
"""Parts of a name that say what it is measured in, not what it is."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike names are."""

    score: float
    """0 to 1; 1 is the same name."""
    reason: str


@cache
def likeness(column: Column, name: str, kind: str) -> Likeness:
    """The best that a name of the column makes of `name`."""
    del kind  # part of the key: two kinds may have columns of one name with other aliases
    wanted = _plain(name)
    if not wanted:
        return Likeness(0, "")
    best, score = max(
        ((known, _similar(_plain(known), wanted)) for known in known_names(column)), key=lambda one: one[1]
    )
    if score == 1:
        return Likeness(1, "the same name" if _plain(column.name) == wanted else f"another name for {column.name}")
    words = _words(name)
    matching = [word for word in WORDS.get(column.name, ()) if word in words]
    if matching and (by_word := _WORD + 0.2 * len(matching) / max(1, len(words - _UNITS))) > score:
        return Likeness(min(0.85, by_word), f"its name says “{matching[0]}”")
    return Likeness(score, f"its name is like {best}")


def _similar(known: str, wanted: str) -> float:
    if known == wanted:
        return 1.0
    shorter, longer = sorted((known, wanted), key=len)
    if len(shorter) >= 4 and shorter in longer:
        return 0.6 + 0.3 * len(shorter) / len(longer)
    alike = 1 - distance(known, wanted) / len(longer)
    return 0.9 * alike if alike >= _ALIKE else 0.4 * alike


def distance(first: str, second: str) -> int:
    """Letters to insert, remove or change to make one text the other (Levenshtein)."""
    row = list(range(len(second) + 1))
    for number, letter in enumerate(first, start=1):
        corner, row[0] = row[0], number
        for place, other in enumerate(second, start=1):
            corner, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, corner + (letter != other))
    return row[-1]


@cache
def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name[:LONGEST_NAME].lower())


def _words(name: str) -> set[str]:
    return {word for word in re.split(r"[^a-z0-9]+", _CAMEL.sub("_", name[:LONGEST_NAME]).lower()) if word}
