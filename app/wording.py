"""Numbers, spans of time and foreign text, as a reader sees them."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import isfinite
from zoneinfo import ZoneInfo

from metrics.catalog.quantities import NOTHING as NOTHING
from metrics.catalog.quantities import quantity as quantity

_AGES: Sequence[tuple[int, str]] = (
    (365 * 86_400, "year"),
    (30 * 86_400, "month"),
    (86_400, "day"),
    (3_600, "h"),
    (60, "min"),
    (1, "s"),
)
_MARKDOWN = frozenset("\\`*_{}[]()<>#+-.!|~$:&\"'^=/@%,;?")
_LINKED = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=\w)(?=@)", re.IGNORECASE)
"""Where an address is recognized by."""
_POINTS = {"%": "pp", "points": "points"}
"""Units in which a difference is told, and its name: a share of a score, which may be below 0, would say nothing."""
NO_PRICE = "no price"
"""Shown for the cost of calls none of which has one: nothing is known of it, and it is not 0."""
MOMENT, MOMENT_TO_SECONDS, DAY = "DD MMM YYYY HH:mm", "DD MMM YYYY HH:mm:ss", "DD MMM YYYY"
"""How tables of the browser write what `moment` does, in its own language."""
MOMENT_AND_ZONE = "%d %b %Y %H:%M %Z"
"""The same, for Python."""
JOINER = "\N{WORD JOINER}"
"""Neither seen nor heard, and no part of an address."""


def change(value: float | None, previous: float | None, unit: str) -> str | None:
    """How much `value` differs from `previous`: points for percentages and for what is counted in points, else percent.

    None when one is missing, or when nothing can be divided by.
    """
    if value is None or previous is None or not (isfinite(value) and isfinite(previous)):
        return None
    if unit in _POINTS:
        return _signed(value - previous, 2, _POINTS[unit])
    if previous == 0:
        return None if value else "0 %"
    return _signed(100 * (value - previous) / abs(previous), 1, "%")


def unpriced(calls: float | None) -> str:
    """What is said beside a cost that has not all calls in it; empty when it has."""
    return f"{calls:,.0f} call{'' if calls == 1 else 's'} without a price" if calls else ""


def age(length: timedelta) -> str:
    """How long ago, in its largest unit: `12 s`, `3 h`, `2 years`."""
    seconds = max(0, int(length.total_seconds()))
    size, unit = next(((size, unit) for size, unit in _AGES if seconds >= size), (1, "s"))
    count = seconds // size
    return f"{count} {unit}s" if count != 1 and unit in ("day", "month", "year") else f"{count} {unit}"


def span(length: timedelta) -> str:
    """A length such as `24 h`, `7 days` or `2 h 30 min`."""
    seconds = round(length.total_seconds())
    if seconds >= 2 * 86_400 and seconds % 86_400 == 0:
        return f"{seconds // 86_400} days"
    parts = ((seconds // 3_600, "h"), (seconds % 3_600 // 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def between(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """A window in the viewer's time zone, naming a date once when both ends share it."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    same_day = first.date() == last.date()
    return f"{first:%d %b %Y %H:%M} – {last:%H:%M}" if same_day else f"{first:%d %b %Y %H:%M} – {last:%d %b %Y %H:%M}"


def moment(when: datetime, zone: ZoneInfo) -> str:
    """An instant in the viewer's time zone."""
    return f"{when.astimezone(zone):%d %b %Y %H:%M}"


def name(value: str | None, limit: int = 60) -> str:
    """A foreign name on one line, cut to `limit` characters; no value is `(none)`, an empty one `(empty)`."""
    if value is None:
        return "(none)"
    cut = value[: limit * 4]
    shown = cut if cut.isprintable() else "".join(letter if letter.isprintable() else " " for letter in cut)
    line = " ".join(shown.split())
    if not line:
        return "(empty)"
    return line if len(line) <= limit else line[: limit - 1] + "…"


def sentence(remark: str) -> str:
    """A remark with a capital and a full stop."""
    return f"{remark[0].upper()}{remark[1:]}."


def markdown(text: str) -> str:
    """Text that Markdown shows as it is: labels and buttons read Markdown.

    Addresses become no links: who writes one into an event could lead people elsewhere.
    """
    return "".join("\\" + letter if letter in _MARKDOWN else letter for letter in _LINKED.sub(JOINER, text))


def with_code(text: str) -> str:
    """Text of ours that sets foreign names in backticks: these as code, all else as it is."""
    parts = text.split("`")
    if len(parts) % 2 == 0 or not all(parts[1::2]):
        return markdown(text)
    return "".join(f"`{part}`" if place % 2 else markdown(part) for place, part in enumerate(parts))


def _signed(value: float, decimals: int, unit: str) -> str:
    rounded = round(value, decimals)
    if rounded >= 1_000:
        return f">999 {unit}"
    return f"{rounded:+.{decimals}f} {unit}" if rounded else f"0 {unit}"
