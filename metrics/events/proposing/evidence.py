"""What the values of a foreign column say: whether they could be stored as a column, and what speaks for that.

What values say outvotes what names say: a strength of 0 rules a pair out, whatever the column is called.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from statistics import median
from typing import Any

import polars as pl

from metrics.events.checks import EARLIEST
from metrics.events.cost_units import CURRENCIES, unit_by_words
from metrics.events.mapping.sources import Source
from metrics.events.proposing.looks import Seen, look_of
from metrics.events.proposing.naming import words_of
from metrics.events.proposing.similarity import distance
from metrics.events.proposing.wellknown import ANYWHERE_NEVER, CATEGORIES, GUESSES, NEVER, OF_OTHERS, WELL_KNOWN
from metrics.events.schema import TIMESTAMP, Column
from metrics.events.values.converting import SYNONYMS, converted, unit_named

__all__ = ["Evidence", "Seen", "evidence", "speaks_for_itself", "unmatched"]

MOST_VALUES = 200
"""Values that are looked at."""
FITTING = 0.6
"""Share of the values that must be storable."""
MOST_CHOICES = 12
"""Different values an enumeration with other words may have."""
MANY = 20
"""Values of which none comes twice: those are of no user and no category."""
PATH_ONLY = r"^(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#]+)?(/[^?#]*|^[^?#]+)"
"""The path of a URL or of a path, without its query string and its host; a URL of a host alone stays."""
TIME = Column("ts", TIMESTAMP, "")
_DATED = re.compile(r"\d[-/.]\d|\d{8}|\d [A-Z][a-z]{2} \d|[A-Z][a-z]{2,8} \d")
"""What a time has at least: a date, or many digits."""
_DIGITS = re.compile(r"-?\d+(\.\d*)?(e\+?\d+)?", re.I)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_NEAR = 2
"""Letters in which a word may differ from a known one."""
_STATUS_CODES = frozenset((
    200, 201, 202, 204, 206, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 410, 413, 422, 429, 499, 500,
    502, 503, 504, 529,
))  # fmt: skip
"""Codes that are seen; a number that happens to lie between 100 and 599 is none of them."""
UNIT_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}

_FREE_TEXT = frozenset(("message", "comment", "description"))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a column."""

    strength: float
    """0: cannot be; 1: hardly anything else."""
    reason: str = ""
    unit: str | None = None
    rule: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What else the column's rule has to say."""
    check: str = ""
    """What a person should look at, because the values leave it open."""


NONE = Evidence(0)


def speaks_for_itself(column: Column) -> bool:
    """Whether values alone can tell a column, whatever it is called."""
    return column.name in ("ts", "status_code", "endpoint", "method", "user_id", "event_id", *WELL_KNOWN) or bool(
        column.one_of
    )


@lru_cache(maxsize=20_000)
def evidence(column: Column, seen: Seen, kind: str) -> Evidence:
    """What the values of `seen` say about being this column."""
    texts = list(seen.texts)[:MOST_VALUES]
    if seen.is_nested:
        return NONE
    if not texts:
        return Evidence(0.2, "it has no values to judge by")
    if isinstance(column.dtype, pl.Datetime):
        return _time(column, seen, texts, kind)
    if seen.is_time:
        return NONE
    if column.one_of:
        return _choice(column, texts, kind)
    if column.dtype.is_numeric():
        return _duration(column, seen, texts, kind) if column.unit == "ms" else _number(column, seen, texts, kind)
    if column.dtype == pl.Boolean:
        share = _share(column, texts, kind)
        return Evidence(0.7 * share, "its values are yes and no") if share >= FITTING else NONE
    if column.name == "event_id":
        return _identity(seen)
    return _text(column, seen, texts)


def _time(column: Column, seen: Seen, texts: list[str], kind: str) -> Evidence:
    if seen.is_time:
        return Evidence(1 if column.name == "ts" else 0.7, "it holds times")
    if sum(bool(_DATED.search(text)) for text in texts) < FITTING * len(texts):
        return NONE
    share = _share_of_times(tuple(texts))
    if share < FITTING:
        return NONE
    if seen.is_numeric and all(_DIGITS.fullmatch(text.strip()) for text in texts):
        if seen.look == "time":  # 20261101 is a day, and no number of seconds
            return NONE
        unit = _epoch_unit(texts)
        return Evidence(
            0.9 * share if column.name == "ts" else 0.6,
            f"its numbers are times, in {UNIT_WORDS[unit]} since 1970",
            unit,
        )
    return Evidence(share if column.name == "ts" else 0.7 * share, "its values read as times")


@lru_cache(maxsize=2_000)
def _share_of_times(texts: tuple[str, ...]) -> float:
    times = [time for time in _stored(TIME, texts, "") if isinstance(time, datetime)]
    return sum(EARLIEST <= time < _LATEST for time in times) / len(texts)


def _epoch_unit(texts: list[str]) -> str:
    size = median(abs(float(text)) for text in texts)
    return next((unit for limit, unit in ((1e11, "s"), (1e14, "ms"), (1e17, "us")) if size < limit), "ns")


def _choice(column: Column, texts: list[str], kind: str) -> Evidence:
    words = {text.strip().lower() for text in texts}
    known = SYNONYMS.get(f"{kind}.{column.name}", SYNONYMS.get(column.name, {}))
    if not words & {*column.one_of, *known}:
        if len(words) > MOST_CHOICES or _numbers(texts):
            return NONE
        guesses = {meant for word in words if (meant := _nearest(word[:40], column.one_of))}
        if guesses:
            return Evidence(0.35, f"its values may mean {', '.join(sorted(guesses)[:3])}")
        return Evidence(0.3, f"few different values ({len(words)})")
    stored = [str(value) for value in _stored(column, texts, kind) if value in column.one_of]
    share = len(stored) / len(texts)
    if share >= FITTING:
        numbers_only = all(text.strip().isdigit() for text in texts)
        strength = 0.5 if numbers_only else 0.9 if len(set(stored)) > 1 else 0.8
        return Evidence(strength * share, f"its values mean {', '.join(sorted(set(stored))[:3])}")
    return Evidence(0.3, "some of its values are known") if len(words) <= MOST_CHOICES else NONE


def _number(column: Column, seen: Seen, texts: list[str], kind: str) -> Evidence:
    if seen.look in ("uuid", "time", "url", "path", "agent", "verb", "json", "text", "email", "boolean"):
        return NONE
    share = _share_of_numbers(column, seen) if seen.is_numeric else _share_in(column, texts, kind)
    if share < FITTING:
        return NONE
    if column.name == "status_code":
        codes = sum(1 for number in _numbers(texts) if number in _STATUS_CODES) / len(texts)
        none: dict[str, None] = {text: None for text in dict.fromkeys(seen.texts) if text.strip("-0 ") == ""}
        if kind == "health":
            none["0"] = None
        rule: dict[str, Any] = {"map": none} if none else {}  # 0: nobody answered
        return (
            Evidence(0.95 * codes, "its values are HTTP status codes", rule=rule) if codes >= FITTING else Evidence(0.3)
        )
    if column.name == "cost_usd":
        return _cost(seen)
    bounded = column.minimum is not None and column.maximum is not None
    return Evidence(0.6 if bounded else 0.55, "its numbers are within the limits" if bounded else "it holds numbers")


def _share_of_numbers(column: Column, seen: Seen) -> float:
    """Share of plain numbers that are within the limits: told without converting them."""
    fits = sum(
        _within(column, number) and (not column.dtype.is_integer() or number == int(number)) for number in seen.numbers
    )
    return fits / len(seen.texts)


def _cost(seen: Seen) -> Evidence:
    words = words_of(seen.name)
    if unit := unit_by_words(words):
        return Evidence(0.6, f"its numbers are {unit.says}, its name says", rule={"factor": unit.in_dollars})
    other = words & CURRENCIES
    check = f"{seen.name} is in {sorted(other)[0]}, as its name says, and not in US dollars" if other else ""
    return Evidence(0.3 if other else 0.6, "it holds amounts", check=check)


def _duration(column: Column, seen: Seen, texts: list[str], kind: str) -> Evidence:
    numbers = [number for number in seen.numbers if number >= 0]
    if len(numbers) < FITTING * len(seen.texts) or seen.look in ("time", "ip"):
        return NONE
    if median(numbers) > 1e9 and not seen.name.lower().endswith(("ns", "nanos")):  # those are moments
        return NONE
    named = unit_named(seen.name)
    if named != "ms" or _says_ms(seen.name):
        return Evidence(0.6, f"its numbers are {UNIT_WORDS[named]}, its name says", named)
    unit, is_open = duration_unit(numbers)
    check = f"{seen.name} is {min(numbers):g} to {max(numbers):g}: are these {UNIT_WORDS[unit]}?" if is_open else ""
    return Evidence(0.6, f"its numbers are {UNIT_WORDS[unit]}, by their size", unit, check=check)


def _says_ms(name: str) -> bool:
    return name.lower().rstrip("_").endswith(("ms", "millis", "milliseconds", "msec"))


def duration_unit(numbers: Sequence[float]) -> tuple[str, bool]:
    """The unit of durations by their size, and whether it is open all the same.

    Seconds are small and broken, microseconds and nanoseconds huge; all else is milliseconds. Small whole numbers may
    be seconds that were rounded.
    """
    middle = median(numbers)
    broken = any(number != int(number) for number in numbers)
    if broken and middle < 30 and max(numbers) < 3600:
        return "s", middle >= 15 or max(numbers) < 0.2
    unit = next((unit for limit, unit in ((1e5, "ms"), (1e8, "us")) if middle < limit), "ns")
    return unit, (middle < 60 and unit == "ms") or (unit != "ms" and middle < 3e5)


def _identity(seen: Seen) -> Evidence:
    """A column whose values repeat, or are missing, is no event's identity; nor is one that numbers the rows."""
    if seen.repeats or seen.fullness < 1 or seen.counted[0] < 2:
        return NONE
    if words_of(seen.name) & OF_OTHERS:
        return NONE
    if seen.is_counter or seen.look in ("time", "clock", "text", "json", "agent", "email", "ip", "url", "path"):
        return NONE
    if seen.look == "number" and not (seen.is_whole and words_of(seen.name) & {"id", "key", "no"}):
        return NONE
    is_random = seen.look in ("uuid", "hex")
    return Evidence(0.9 if is_random else 0.6, "every value is another one")


def _text(column: Column, seen: Seen, texts: list[str]) -> Evidence:
    """Any value is a text: only that it looks like something else speaks against it."""
    look = seen.look
    if look in NEVER.get(column.name, ANYWHERE_NEVER):
        return NONE
    if column.name in WELL_KNOWN:
        fits, what = WELL_KNOWN[column.name]
        share = sum(map(fits, texts)) / len(texts)
        if share >= FITTING:
            return Evidence(0.95, f"its values are {what}")
    if column.name in ("endpoint", "page", "referrer"):
        return _place(column, seen, texts)
    if column.name == "method":
        verbs = sum(look_of(text) == "verb" for text in texts)
        return Evidence(0.95, "its values are HTTP methods") if verbs >= FITTING * len(texts) else NONE
    if column.name.endswith("_id"):
        return _reference(column, seen)
    return _plain_text(column, seen)


def _plain_text(column: Column, seen: Seen) -> Evidence:
    look = seen.look
    if column.name in CATEGORIES and (_never_twice(seen) or look == "number"):
        return Evidence(0.05)
    if look == "number" and column.name in _FREE_TEXT:
        return Evidence(0.1)
    if column.name == "source_ip":
        return Evidence(0.9, "its values are IP addresses")
    broken = [number for number in seen.numbers if number != int(number)]
    return Evidence(0.1) if broken else Evidence(0.45)


def _reference(column: Column, seen: Seen) -> Evidence:
    """An id of something that is more than the event: a person, a visit, a trace."""
    if column.name == "user_id":
        return _person(seen)
    if column.name == "session_id" and (seen.is_constant or _never_twice(seen)):
        return Evidence(0.1)
    return Evidence(0.5)


def _never_twice(seen: Seen) -> bool:
    return not seen.repeats and seen.counted[0] >= MANY


def _person(seen: Seen) -> Evidence:
    if seen.look in ("uuid", "email", "hex", "token") and _never_twice(seen):
        return NONE
    if seen.look == "ip":
        check = f"{seen.name} holds IP addresses: several people may share one, and one person have several"
        return Evidence(0.15, "its values are IP addresses", check=check)
    if seen.look == "number" and not seen.is_whole:
        # Client ids of web analytics are two numbers with a point between them.
        return Evidence(0.4) if all(len(text) >= 12 for text in seen.texts) else NONE
    if seen.look == "email":
        return Evidence(0.95, "its values are e-mail addresses that come again")
    return Evidence(0.3) if _never_twice(seen) else Evidence(0.55)


def _place(column: Column, seen: Seen, texts: list[str]) -> Evidence:
    if seen.look in ("url", "path"):
        said = {"pattern": PATH_ONLY} if column.name != "referrer" and _has_more_than_a_path(texts) else {}
        return Evidence(0.9 if column.name == "endpoint" else 0.85, f"its values are {seen.look}s", rule=said)
    if column.name == "referrer":
        return Evidence(0.3)
    if _never_twice(seen):
        return Evidence(0.1)
    return Evidence(0.4)


def _has_more_than_a_path(texts: Sequence[str]) -> bool:
    return any("?" in text or "#" in text or "://" in text or text.startswith("//") for text in texts)


def _numbers(texts: Sequence[str]) -> list[float]:
    found: list[float] = []
    for text in texts:
        try:
            number = float(text)
        except ValueError:
            continue
        if number == number and abs(number) != float("inf"):
            found.append(number)
    return found


def _share(column: Column, texts: Sequence[str], kind: str) -> float:
    return sum(value is not None for value in _stored(column, texts, kind)) / len(texts)


def _share_in(column: Column, texts: Sequence[str], kind: str) -> float:
    """Share of the values that can be stored and are within the limits."""
    return sum(value is not None and _within(column, value) for value in _stored(column, texts, kind)) / len(texts)


def _within(column: Column, value: object) -> bool:
    if column.one_of:
        return value in column.one_of
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (column.minimum is None or value >= column.minimum) and (
            column.maximum is None or value <= column.maximum
        )
    return True


def _stored(column: Column, texts: Sequence[str], kind: str) -> list[object]:
    """What ingest would make of the texts."""
    frame = pl.DataFrame({"text": list(texts)}, schema={"text": pl.String})
    return frame.select(converted(column, "text", pl.String(), kind, Source())).to_series().to_list()


def unmatched(
    column: Column, words: Sequence[str | None], kind: str, most: int = MOST_CHOICES
) -> Mapping[str, str | None]:
    """Words that are none of a column's known ones, each with the known one that is nearest, if any is near."""
    texts = list(dict.fromkeys(text for text in words if text is not None and text.strip()))
    stored = _stored(column, texts, kind)
    strange = [text for text, value in zip(texts, stored, strict=True) if value not in column.one_of][:most]
    return {text: _nearest(text.strip().lower()[:40], column.one_of) for text in strange}


@lru_cache(maxsize=5_000)
def _nearest(text: str, known: tuple[str, ...]) -> str | None:
    meant = next((meaning for meaning, words in GUESSES.items() if meaning in known and text in words), None)
    if meant is not None:
        return meant
    most = min(_NEAR, len(text) // 3)  # any two letters are near one another
    near = [one for one in known if abs(len(one) - len(text)) <= most]
    found = min(near, key=lambda one: distance(one, text), default=None)
    return found if found is not None and distance(found, text) <= most else None
