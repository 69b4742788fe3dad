"""What a viewer looks at, as a value, and its place in the URL.

A link is the whole state of a page: `range=7d` or `from=…&to=…`, `tz=Europe/Berlin`, `compare=1` and any number of
`f=provider:openai,anthropic`. What stands there and makes no sense is left out and named, never an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from metrics.catalog import DIMENSIONS
from metrics.engine.query import Filter, Window

DEFAULT_RANGE = "24h"
OPERATORS: Mapping[str, str] = {"in": "", "not in": "!", "contains": "~"}
"""Operators of a filter and the mark that stands for each before the colon."""
NULL = "\\N"
"""How "no value" is written; text never looks like this, because its backslashes are doubled."""
_SPECIAL = ("\\", ",", ":", "!", "~")
_INSTANT = timedelta(microseconds=1)
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Preset:
    """A range that moves with the clock."""

    length: timedelta
    step: timedelta
    """Its end lies on a multiple of this: answers are shared for so long, and long ranges begin on whole hours."""


PRESETS: Mapping[str, Preset] = {
    "1h": Preset(timedelta(hours=1), timedelta(seconds=30)),
    "6h": Preset(timedelta(hours=6), timedelta(minutes=1)),
    "24h": Preset(timedelta(hours=24), timedelta(minutes=5)),
    "7d": Preset(timedelta(days=7), timedelta(hours=1)),
    "30d": Preset(timedelta(days=30), timedelta(hours=1)),
    "90d": Preset(timedelta(days=90), timedelta(hours=1)),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """The window a view shows right now."""

    window: Window
    anchored: bool = False
    """Whether it ends at the newest event, because nothing newer lies within the range asked for."""


@dataclass(frozen=True, slots=True)
class View:
    """A range (a preset's name or a fixed window), a time zone, and what is filtered and compared."""

    range: str | Window = DEFAULT_RANGE
    tz: str = "UTC"
    compare: bool = False
    filters: tuple[Filter, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which times are written."""
        return ZoneInfo(self.tz)

    def shown(self, now: datetime, newest: datetime | None) -> Shown:
        """The window to show at `now`, when the newest event is from `newest`."""
        if isinstance(self.range, Window):
            return Shown(self.range)
        preset = PRESETS[self.range]
        anchored = newest is not None and now - newest >= preset.length
        # A window is half open: what lies exactly on its end is not in it.
        end = _ceil(newest + _INSTANT if anchored and newest is not None else now, preset.step)
        return Shown(Window(start=end - preset.length, end=end), anchored)

    def filtered_by(self, dimension: str, value: str | None) -> "View":
        """The same view, also limited to `value` of `dimension`; an earlier choice of that dimension gives way."""
        chosen = Filter(dimension=dimension, values=(value,))
        kept = (one for one in self.filters if one.dimension != dimension)
        return replace(self, filters=(*kept, chosen))


@dataclass(frozen=True, slots=True)
class Parsed:
    """A view read from a URL, and sentences about what was ignored."""

    view: View
    notes: tuple[str, ...] = ()


def parse(params: Mapping[str, Sequence[str]], timezone: str = "UTC") -> Parsed:
    """The view that query parameters describe; `timezone` is that of views which name none."""
    notes: list[str] = []
    tz = _zone(params, timezone, notes)
    view = View(
        range=_range(params, ZoneInfo(tz), notes),
        tz=tz,
        compare=_compare(params, notes),
        filters=_filters(params.get("f", ()), notes),
    )
    return Parsed(view, tuple(notes))


def serialise(view: View, timezone: str = "UTC") -> dict[str, list[str]]:
    """Query parameters of a view, without those that say what is so anyway."""
    params: dict[str, list[str]] = {}
    if isinstance(view.range, Window):
        params |= {"from": [_instant_text(view.range.start)], "to": [_instant_text(view.range.end)]}
    elif view.range != DEFAULT_RANGE:
        params["range"] = [view.range]
    if view.tz != timezone:
        params["tz"] = [view.tz]
    if view.compare:
        params["compare"] = ["1"]
    if view.filters:
        params["f"] = [filter_text(one) for one in view.filters]
    return params


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
        raise ValueError(f"{_short(text)} names no values; expected dimension:value,value")
    mark = name[-1:] if name[-1:] in ("!", "~") and not _is_escaped(name) else ""
    dimension = _unescape(name[: len(name) - len(mark)])
    if dimension not in DIMENSIONS and not dimension.startswith("attributes."):
        raise ValueError(f"{_short(dimension)} is no dimension")
    operator = next(word for word, sign in OPERATORS.items() if sign == mark)
    values = tuple(None if part == NULL else _unescape(part) for part in _split(listed, ","))
    return Filter(dimension=dimension, operator=operator, values=values)  # pyright: ignore[reportArgumentType]


def instant(text: str, zone: ZoneInfo) -> datetime:
    """An ISO time, in UTC; without an offset it is meant in `zone`. Raises ValueError when it is none."""
    # A plus sign that was not written as %2B arrives as a space.
    moment = datetime.fromisoformat(text if "T" not in text else text.replace(" ", "+"))
    moment = (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)
    if not _EARLIEST <= moment <= _LATEST:
        raise ValueError("the year is out of range")
    return moment


def _range(params: Mapping[str, Sequence[str]], zone: ZoneInfo, notes: list[str]) -> str | Window:
    if "from" in params or "to" in params:
        start, end = (_last(params, key) or "" for key in ("from", "to"))
        try:
            return Window(start=instant(start, zone), end=instant(end, zone))
        except (ValueError, OverflowError):
            notes.append(
                f"The range from {_short(start)} to {_short(end)} was ignored: two ISO times in order are needed."
            )
    name = _last(params, "range")
    if name is None or name in PRESETS:
        return name or DEFAULT_RANGE
    notes.append(f"The range {_short(name)} was ignored: known are {', '.join(PRESETS)}.")
    return DEFAULT_RANGE


def _zone(params: Mapping[str, Sequence[str]], timezone: str, notes: list[str]) -> str:
    name = _last(params, "tz")
    if name is None:
        return timezone
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        notes.append(f"The time zone {_short(name)} was ignored: it is no IANA name such as Europe/Berlin.")
        return timezone


def _compare(params: Mapping[str, Sequence[str]], notes: list[str]) -> bool:
    value = _last(params, "compare")
    if value not in (None, "0", "1"):
        notes.append(f"compare={_short(value)} was ignored: 1 or 0 is meant.")
    return value == "1"


def _filters(texts: Sequence[str], notes: list[str]) -> tuple[Filter, ...]:
    found: list[Filter] = []
    for text in texts:
        try:
            one = parse_filter(text)
        except ValueError as error:
            notes.append(f"A filter was ignored: {error}.")
        else:
            found.extend([one] if one not in found else [])
    return tuple(found)


def _last(params: Mapping[str, Sequence[str]], key: str) -> str | None:
    values = params.get(key, ())
    return values[-1] if values else None


def _ceil(moment: datetime, step: timedelta) -> datetime:
    since = moment.astimezone(UTC) - _EARLIEST
    return _EARLIEST + -(-since // step) * step


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


def _short(text: str | None) -> str:
    """Text from a stranger, quoted and cut."""
    shown = text or ""
    return f"“{shown[:60]}…”" if len(shown) > 60 else f"“{shown}”"
