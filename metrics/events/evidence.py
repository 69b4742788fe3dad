"""What the values of a foreign column say: whether they could be stored as a column, and what speaks for that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from statistics import median

import polars as pl

from metrics.events.checks import EARLIEST
from metrics.events.mappings import Source
from metrics.events.schema import Column
from metrics.events.similarity import distance
from metrics.events.values import SYNONYMS, converted, unit_named

MOST_VALUES = 200
"""Values that are looked at."""
FITTING = 0.6
"""Share of the values that must be storable."""
MOST_CHOICES = 12
"""Different values an enumeration with other words may have."""
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_NEAR = 2
"""Letters in which a word may differ from a known one."""
_STATUS_CODES = frozenset((200, 201, 202, 204, 301, 302, 304, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504))
"""Codes that are seen; a number that happens to lie between 100 and 599 is none of them."""
_UNIT_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


_GUESSES: Mapping[str, frozenset[str]] = {
    "ok": frozenset(("fine", "good", "done", "passed", "yes", "true")),
    "success": frozenset(("fine", "good", "done", "passed", "yes", "true")),
    "healthy": frozenset(("fine", "good", "green", "online", "alive", "yes", "true")),
    "rate_limited": frozenset(("throttled", "throttle", "limited", "quota", "quota_exceeded", "too_many_requests")),
    "timeout": frozenset(("slow", "expired", "deadline", "deadline_exceeded")),
    "content_filtered": frozenset(("filtered", "moderated", "refused", "blocked", "safety")),
    "cancelled": frozenset(("aborted", "stopped", "interrupted")),
    "error": frozenset(("broken", "bad", "crashed", "exception", "no", "false")),
    "failure": frozenset(("broken", "bad", "crashed", "exception", "no", "false")),
    "down": frozenset(("broken", "bad", "dead", "red", "offline", "no", "false")),
    "degraded": frozenset(("slow", "yellow", "limited")),
    "critical": frozenset(("panic", "emergency", "alert", "p0")),
}
"""Meanings that are proposed for words of which ingest itself is not sure enough."""


@dataclass(frozen=True)
class Seen:
    """A column of a file."""

    name: str
    values: tuple[str | None, ...]
    """What the first rows say, as texts."""
    is_time: bool = False
    """Whether the file itself says that it holds times."""
    is_nested: bool = False
    """Whether its values are lists or objects."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a column."""

    strength: float
    """0: cannot be; 1: hardly anything else."""
    reason: str = ""
    unit: str | None = None


NONE = Evidence(0)


def speaks_for_itself(column: Column) -> bool:
    """Whether values alone can tell a column, whatever it is called."""
    return column.name in ("ts", "status_code", "endpoint", "method") or bool(column.one_of)


@lru_cache(maxsize=20_000)
def evidence(column: Column, seen: Seen, kind: str) -> Evidence:
    """What the values of `seen` say about being this column."""
    texts = [text for text in seen.values if text is not None and text.strip()][:MOST_VALUES]
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
        return _duration(column, seen, texts, kind) if column.unit == "ms" else _number(column, texts, kind)
    if column.dtype == pl.Boolean:
        share = _share(column, texts, kind)
        return Evidence(0.7 * share, "its values are yes and no") if share >= FITTING else NONE
    return _text(column, texts)


def _time(column: Column, seen: Seen, texts: list[str], kind: str) -> Evidence:
    if seen.is_time:
        return Evidence(1 if column.name == "ts" else 0.7, "it holds times")
    if not any(letter.isdigit() for letter in texts[0]):
        return NONE
    times = [time for time in _stored(column, texts, kind) if isinstance(time, datetime)]
    share = sum(EARLIEST <= time < _LATEST for time in times) / len(texts)
    if share < FITTING:
        return NONE
    numbers = [text.strip().lstrip("-").replace(".", "", 1).isdigit() for text in texts]
    if all(numbers):
        unit = _epoch_unit(texts)
        return Evidence(
            0.9 * share if column.name == "ts" else 0.6,
            f"its numbers are times, in {_UNIT_WORDS[unit]} since 1970",
            unit,
        )
    return Evidence(share if column.name == "ts" else 0.7 * share, "its values read as times")


def _epoch_unit(texts: list[str]) -> str:
    size = median(abs(float(text)) for text in texts)
    return next((unit for limit, unit in ((1e11, "s"), (1e14, "ms"), (1e17, "us")) if size < limit), "ns")


def _choice(column: Column, texts: list[str], kind: str) -> Evidence:
    words = {text.strip().lower() for text in texts}
    known = SYNONYMS.get(f"{kind}.{column.name}", SYNONYMS.get(column.name, {}))
    if not words & {*column.one_of, *known}:
        return (
            Evidence(0.3, f"few different values ({len(words)})")
            if len(words) <= MOST_CHOICES and not _numbers(texts)
            else NONE
        )
    stored = {str(value) for value in _stored(column, texts, kind) if value in column.one_of}
    share = _share_in(column, texts, kind)
    if share >= FITTING:
        numbers_only = all(text.strip().isdigit() for text in texts)
        strength = 0.5 if numbers_only else 0.9 if len(stored) > 1 else 0.8
        return Evidence(strength * share, f"its values mean {', '.join(sorted(stored)[:3])}")
    return Evidence(0.3, "some of its values are known") if len(words) <= MOST_CHOICES else NONE


def _number(column: Column, texts: list[str], kind: str) -> Evidence:
    share = _share_in(column, texts, kind)
    if share < FITTING:
        return NONE
    if column.name == "status_code":
        codes = sum(1 for number in _numbers(texts) if number in _STATUS_CODES) / len(texts)
        return Evidence(0.95 * codes, "its values are HTTP status codes") if codes >= FITTING else Evidence(0.3, "")
    bounded = column.minimum is not None and column.maximum is not None
    return Evidence(0.6 if bounded else 0.55, "its numbers are within the limits" if bounded else "it holds numbers")


def _duration(column: Column, seen: Seen, texts: list[str], kind: str) -> Evidence:
    numbers = _numbers(texts)
    if len(numbers) < FITTING * len(texts) or any(number < 0 for number in numbers):
        return NONE
    named = unit_named(seen.name)
    unit = named if named != "ms" or _says_ms(seen.name) else _duration_unit(numbers)
    how = "its name says" if named != "ms" or _says_ms(seen.name) else "by their size"
    return Evidence(0.6, f"its numbers are {_UNIT_WORDS[unit]}, {how}", unit)


def _says_ms(name: str) -> bool:
    return name.lower().rstrip("_").endswith(("ms", "millis", "milliseconds"))


def _duration_unit(numbers: list[float]) -> str:
    """Seconds are small and broken, microseconds and nanoseconds huge; all else is milliseconds."""
    middle = median(numbers)
    if middle < 30 and any(number != int(number) for number in numbers) and max(numbers) < 3600:
        return "s"
    return next((unit for limit, unit in ((1e5, "ms"), (1e8, "us")) if middle < limit), "ns")


def _text(column: Column, texts: list[str]) -> Evidence:
    """Any value is a text: only that it looks like something else speaks against it."""
    if column.name == "endpoint":
        paths = sum(text.startswith(("/", "http")) for text in texts) / len(texts)
        return Evidence(0.9, "its values are paths") if paths >= FITTING else Evidence(0.4)
    if column.name == "method":
        verbs = sum(text.upper() in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"} for text in texts)
        return Evidence(0.95, "its values are HTTP methods") if verbs >= FITTING * len(texts) else NONE
    distinct = len(set(texts)) / len(texts)
    if column.name == "event_id":
        return Evidence(0.7, "every value is another one") if distinct == 1 and len(texts) > 1 else Evidence(0.2)
    if column.name.endswith("_id"):
        return Evidence(0.5, "")
    broken = [number for number in _numbers(texts) if number != int(number)]
    return Evidence(0.1, "") if broken else Evidence(0.45, "")


def _numbers(texts: list[str]) -> list[float]:
    found: list[float] = []
    for text in texts:
        try:
            number = float(text)
        except ValueError:
            continue
        if number == number and abs(number) != float("inf"):
            found.append(number)
    return found


def _share(column: Column, texts: list[str], kind: str) -> float:
    return sum(value is not None for value in _stored(column, texts, kind)) / len(texts)


def _share_in(column: Column, texts: list[str], kind: str) -> float:
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


def _stored(column: Column, texts: list[str], kind: str) -> list[object]:
    """What ingest would make of the texts."""
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return frame.select(converted(column, "text", pl.String(), kind, Source())).to_series().to_list()


def unmatched(column: Column, seen: Seen, kind: str, most: int = MOST_CHOICES) -> Mapping[str, str | None]:
    """Values that are none of a column's known ones, each with the known one that is nearest, if any is near."""
    texts = list(dict.fromkeys(text for text in seen.values if text is not None and text.strip()))
    stored = _stored(column, texts, kind)
    strange = [text for text, value in zip(texts, stored, strict=True) if value not in column.one_of][:most]
    return {text: _nearest(text.strip().lower()[:40], column.one_of) for text in strange}


def _nearest(text: str, known: Sequence[str]) -> str | None:
    meant = next((meaning for meaning, words in _GUESSES.items() if meaning in known and text in words), None)
    if meant is not None:
        return meant
    found = min(known, key=lambda one: distance(one, text))
    return found if distance(found, text) <= _NEAR else None
