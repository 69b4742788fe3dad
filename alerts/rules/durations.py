"""Lengths of time as people write them in rules: `90s`, `5m`, `1h30m`, `2d`."""

import re
from datetime import timedelta
from reprlib import repr as shortened
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_PATTERN = "".join(rf"(?:(?P<{unit}>\d{{1,9}}){unit})?" for unit in _UNITS)
_SPAN = re.compile(_PATTERN)
LONGEST = timedelta(days=3660)
"""Longer than anything an alert waits for: that one may be added to any moment."""


def parsed(text: object) -> timedelta:
    """The length that a text such as `1h30m` stands for; 0 is written `0s`.

    Raises ValueError, which says what is expected.
    """
    length = text if isinstance(text, timedelta) else _read(text)
    if not timedelta() <= length <= LONGEST:
        raise ValueError(f"{text} is no length of time from 0s to {LONGEST.days}d")
    return length


def _read(text: object) -> timedelta:
    match = _SPAN.fullmatch(text.strip()) if isinstance(text, str) and text.strip() else None
    if match is None:
        given = shortened(text)
        raise ValueError(f"{given} is no length of time; expected a number and a unit such as 30s, 5m, 1h30m or 7d")
    counts = ((int(count), _UNITS[unit]) for unit, count in match.groupdict().items() if count)
    try:
        return sum((count * unit for count, unit in counts), timedelta())
    except OverflowError:
        return timedelta.max


def written(length: timedelta) -> str:
    """The text for a length, in whole seconds: the largest units first."""
    rest = round(length.total_seconds())
    parts: list[str] = []
    for unit, size in _UNITS.items():
        count, rest = divmod(rest, round(size.total_seconds()))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


Length = Annotated[
    timedelta,
    BeforeValidator(parsed),
    PlainSerializer(written),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(?=.)(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?$",
            "examples": ["30s", "5m", "1h30m", "7d"],
        }
    ),
]
"""A length of time, written `5m`."""
