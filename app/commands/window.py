"""Spans of time and filters as people type them."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from app.commands.outcome import wrong

if TYPE_CHECKING:
    from metrics.engine.query import Filter, Window

Operator = Literal["in", "not in", "contains"]

DEFAULT_LAST = "7d"
NONE = "(none)"
"""How a missing value is written in a filter."""

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_OPERATORS: dict[str, Operator] = {"!=": "not in", "=": "in", "~": "contains"}
_WHERE = re.compile(r"(?P<dimension>[^=!~]+)(?P<operator>!=|=|~)(?P<values>.*)", re.DOTALL)
_COMMA = re.compile(r"(?<!\\),")


def parse_length(text: str) -> timedelta:
    """`90s`, `30m`, `24h`, `7d`, `4w` as a length of time."""
    match = re.fullmatch(r"(\d{1,9})([smhdw])", text.strip())
    length = int(match[1]) * _UNITS[match[2]] if match else timedelta(0)
    if not length:
        raise wrong(f"{text!r} is no length of time; expected a number and a unit such as 30m, 24h, 7d or 4w")
    return length


def parse_moment(text: str, tz: str) -> datetime:
    """An ISO time, in `tz` when it names no zone, as UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise wrong(f"{text!r} is no time; expected ISO such as 2026-05-01 or 2026-05-01T13:00:00+02:00") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(tz))).astimezone(UTC)


def parse_window(last: str | None, start: str | None, end: str | None, tz: str, now: datetime) -> "Window":
    """The span meant by `--last`, `--from` and `--to`: 7 days unless told, ending now unless told."""
    from metrics.engine.query import Window

    if last and start:
        raise wrong("--last and --from both say where the window starts: give one of them")
    until = parse_moment(end, tz) if end else now
    since = parse_moment(start, tz) if start else until - parse_length(last or DEFAULT_LAST)
    if since >= until:
        raise wrong(f"a window must end after it starts: {since.isoformat()} to {until.isoformat()}")
    return Window(start=since, end=until)


def parse_filters(conditions: Sequence[str]) -> tuple["Filter", ...]:
    r"""Conditions such as `provider=openai,anthropic`, `region!=eu` and `endpoint~/v1`.

    Several values, by comma or by naming the dimension again, mean any of them; `\\,` is a comma in a value
    and `(none)` is no value.
    """
    from metrics.engine.query import Filter

    found: dict[tuple[str, Operator], list[str | None]] = {}
    for condition in conditions:
        match = _WHERE.fullmatch(condition)
        if match is None:
            raise wrong(f"{condition!r} is no condition; expected dimension=value, dimension!=value or dimension~part")
        key = match["dimension"].strip(), _OPERATORS[match["operator"]]
        values = (value.replace("\\,", ",") for value in _COMMA.split(match["values"]))
        found.setdefault(key, []).extend(None if value == NONE else value for value in values)
    return tuple(
        Filter(dimension=dimension, operator=operator, values=tuple(values))
        for (dimension, operator), values in found.items()
    )
