"""How alike names are: the one a file gives a column, and those under which an event's column is known.

Tokens, durations, costs and times go by the words of a name, as exports call them in a hundred ways
(`usage.completion_tokens_details.reasoning_tokens`); all else goes by letters.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from metrics.events.proposing.naming import OTHER, cost_meant, duration_meant, plain, tokens_meant, words_of
from metrics.events.schema import Column
from metrics.events.values.converting import known_names

WORDS: Mapping[str, tuple[str, ...]] = {
    "user_id": ("user", "customer", "account", "member", "visitor", "uid", "distinct", "person", "who", "subscriber",
                "actor", "principal", "employee", "player", "anonymous", "email", "mail", "login", "username"),
    "session_id": ("session", "visit", "conversation", "thread", "chat"),
    "trace_id": ("trace", "correlation"),
    "service": ("application", "app"),
    "region": ("zone", "location", "datacenter", "dc", "region"),
    "environment": ("stage", "env"),
    "endpoint": ("url", "uri", "resource", "api", "target", "path", "route"),
    "method": ("verb",),
    "status_code": ("code", "response", "http", "state", "status"),
    "model": ("engine", "llm", "deployment", "model"),
    "provider": ("vendor", "supplier", "provider"),
    "cost_usd": ("price", "usd", "spend", "amount", "dollars", "charge"),
    "status": ("state", "outcome", "result", "success", "succeeded", "status", "ok"),
    "error_type": ("error", "exception"),
    "host": ("machine", "node", "server", "instance"),
    "message": ("text", "detail", "msg"),
    "page": ("screen", "view", "location", "url", "path"),
    "action": ("event", "action", "activity"),
    "referrer": ("referrer", "referer"),
    "severity": ("level", "priority"),
    "component": ("check", "probe", "target", "monitor"),
    "finish_reason": ("finish", "stop"),
}  # fmt: skip
"""Words that speak for a column though they are no name of it."""
_WORD = 0.6
_ALIKE = 0.6
"""Share of letters two names must have in common: any two words share some."""
MEANT = 0.92
"""Likeness of a name whose words say what is meant."""
_LATER = 0.02
"""By how much a name is less like for each step of a path in front of it."""
UNITS = frozenset(("s", "sec", "secs", "seconds", "ms", "millis", "msec", "milliseconds", "us", "micros", "ns", "nanos",
                   "usd", "id", "eur", "nano", "unix"))  # fmt: skip
"""Parts of a name that say what it is measured in, not what it is."""
QUALIFIERS = frozenset(
    [
        "type",
        "kind",
        "count",
        "num",
        "number",
        "size",
        "length",
        "len",
        "version",
        "start",
        "end",
        "country",
        "city",
        "language",
        "lang",
        "locale",
        "agent",
        "plan",
        "role",
        "tier",
        "cohort",
        "segment",
        "lifecycle",
        "group",
        "props",
        "properties",
        "ratio",
        "rate",
        "avg",
        "mean",
        "max",
        "min",
        "median",
        "percent",
        "pct",
        "created",
        "updated",
        "enabled",
        "limit",
        "quota",
        "title",
        "previous",
        "parent",
        "override",
        "hash",
        "age",
        "gender",
        "description",
        "desc",
        "index",
        "alias",
        "weak",
        "editor",
        "fallback",
        "requested",
        "config",
        "params",
        "parameters",
        "settings",
        "ip",
        "schema",
        "day",
        "phone",
        "address",
        "name",
    ]
)
"""Words that make a name mean a property of a thing and not the thing: `user_country` is no user."""


_IDS = frozenset(("id", "uuid", "guid", "key"))
_EVENTS = frozenset((
    "event", "log", "record", "row", "entry", "message", "call", "request", "response", "span", "run", "generation",
    "observation", "hit",
))  # fmt: skip
"""What an id is of that is the event's own: `response_id`, and not `customer_id`."""
_GENERIC = frozenset(
    [
        "name",
        "type",
        "time",
        "code",
        "date",
        "data",
        "value",
        "text",
        "kind",
        "total",
        "source",
        "label",
        "reason",
        "input",
        "output",
        "prompt",
        "cached",
    ]
)
"""Names that are a part of many others and mean none of them."""


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
    wanted = plain(name)
    if not wanted:
        return Likeness(0, "")
    same = next((known for known in known_names(column) if plain(known) == wanted), None)
    if same is not None and column.name in _MEANINGS and _MEANINGS[column.name](name) == OTHER:
        return Likeness(MEANT, f"another name for {column.name}, where there is no better one")
    if same is not None:
        return Likeness(1, "the same name" if plain(column.name) == wanted else f"another name for {column.name}")
    meaning = _MEANINGS.get(column.name)
    if meaning is not None:
        meant = meaning(name) or next((told for one in _FAMILIES if (told := one(name))), None)
        if meant is not None:
            steps = name.count(".") * _LATER
            return Likeness(MEANT - min(steps, 0.1), "its name says so") if meant == column.name else Likeness(0, "")
    *before, last = re.split(r"[./]", name)
    found = _likeness(column, name)
    if before and last:
        of_last = _likeness(column, last)
        shortened = Likeness(of_last.score - min(_LATER * len(before), 0.1), of_last.reason)
        found = max(found, shortened, key=lambda one: one.score)
    return found


def _likeness(column: Column, name: str) -> Likeness:
    wanted = plain(name)
    best, score = max(
        ((known, _similar(plain(known), wanted)) for known in known_names(column)), key=lambda one: one[1]
    )
    if score == 1:
        return Likeness(1, "the same name" if plain(column.name) == wanted else f"another name for {column.name}")
    words = words_of(name)
    reason = f"its name is like {best}"
    if column.name == "event_id" and (wanted in _IDS or (words & _EVENTS and words & _IDS)):
        return Likeness(0.85 if wanted in _IDS else 0.7, "its name is that of a row's own id")
    matching = [word for word in WORDS.get(column.name, ()) if word in words]
    if matching:
        by_word = min(0.85, _WORD + 0.2 * len(matching) / max(1, len(words - UNITS)))
        if by_word > score:
            score, reason = by_word, f"its name says “{matching[0]}”"
    known_words = {word for known in known_names(column) for word in words_of(known)}
    if (words - known_words - set(WORDS.get(column.name, ()))) & QUALIFIERS:
        score *= 0.55
    return Likeness(score, reason)


def _similar(known: str, wanted: str) -> float:
    if known == wanted:
        return 1.0
    shorter, longer = sorted((known, wanted), key=len)
    if len(shorter) >= 4 and shorter in longer and wanted not in _GENERIC:
        return 0.6 + 0.3 * len(shorter) / len(longer)
    if known.endswith("id") and wanted.endswith("id"):  # every id is one: what it is of counts
        known, wanted, longer = known[:-2], wanted[:-2], longer[:-2]
    most = (1 - _ALIKE) * len(longer)
    if abs(len(known) - len(wanted)) > most or _other_letters(known, wanted) > most:  # most pairs of names
        return 0.0
    alike = 1 - distance(known, wanted) / max(1, len(longer))
    return 0.9 * alike if alike >= _ALIKE else 0.0


def _other_letters(first: str, second: str) -> int:
    """Letters of either that the other lacks: two texts are no nearer than that."""
    one, other = Counter(first), Counter(second)
    return max((one - other).total(), (other - one).total())


def distance(first: str, second: str) -> int:
    """Letters to insert, remove or change to make one text the other (Levenshtein)."""
    row = list(range(len(second) + 1))
    for number, letter in enumerate(first, start=1):
        corner, row[0] = row[0], number
        for place, other in enumerate(second, start=1):
            corner, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, corner + (letter != other))
    return row[-1]


_MEANINGS: Mapping[str, Callable[[str], str | None]] = {
    **dict.fromkeys(
        ("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"), tokens_meant
    ),
    "duration_ms": duration_meant,
    "time_to_first_token_ms": duration_meant,
    "response_time_ms": lambda name: (
        "response_time_ms" if duration_meant(name) == "duration_ms" else duration_meant(name)
    ),
    "cost_usd": cost_meant,
}
"""Columns whose names go by words."""
_FAMILIES = (tokens_meant, cost_meant, duration_meant)
