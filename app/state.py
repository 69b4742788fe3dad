"""What a viewer looks at, as a value, and its place in the URL.

A link is the whole state of a page: `range=7d`, `range=all` or `from=…&to=…`, `tz=Europe/Berlin`, `compare=1` and any
number of `f=provider:openai,anthropic`. What stands there and makes no sense is left out and named, never an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from metrics.engine.addresses import filter_parameters, parse_filter, quoted, window_parameters
from metrics.engine.query import Filter, Window
from metrics.zones import zone

DEFAULT_RANGE = "24h"
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
ALL = "all"
"""The range from the first event to the newest."""
RANGES = (*PRESETS, ALL)
"""Ranges that have a name, the shortest first."""
_WHOLE = timedelta(hours=1)
"""The range of all events begins and ends on a multiple of this."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The window a view shows right now."""

    window: Window
    anchored: bool = False
    """Whether it ends at the newest event, because nothing newer lies within the range asked for."""


@dataclass(frozen=True, slots=True)
class View:
    """A range (its name or a fixed window), a time zone, and what is filtered and compared."""

    range: str | Window = DEFAULT_RANGE
    tz: str = "UTC"
    compare: bool = False
    filters: tuple[Filter, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which times are written."""
        return ZoneInfo(self.tz)

    def shown(self, now: datetime, newest: datetime | None, first: datetime | None = None) -> Shown:
        """The window to show at `now`, when the newest event is from `newest` and the oldest from `first`.

        Of all events when there is none, it is the default range.
        """
        if isinstance(self.range, Window):
            return Shown(self.range)
        if self.range == ALL:
            if newest is None or first is None:
                return View(tz=self.tz).shown(now, newest)
            start = ceiling(first + _INSTANT, _WHOLE) - _WHOLE
            return Shown(Window(start=start, end=ceiling(newest + _INSTANT, _WHOLE)))
        preset = PRESETS[self.range]
        anchored = newest is not None and now - newest >= preset.length
        # A window is half open: what lies exactly on its end is not in it.
        end = ceiling(newest + _INSTANT if anchored and newest is not None else now, preset.step)
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


def parse_query(query: str, timezone: str = "UTC") -> Parsed:
    """The same of a query as it stands in an address."""
    return parse(parse_qs(query, keep_blank_values=True), timezone)


def serialise(view: View, timezone: str = "UTC") -> dict[str, list[str]]:
    """Query parameters of a view, without those that say what is so anyway."""
    params: dict[str, list[str]] = {}
    if isinstance(view.range, Window):
        params |= window_parameters(view.range)
    elif view.range != DEFAULT_RANGE:
        params["range"] = [view.range]
    if view.tz != timezone:
        params["tz"] = [view.tz]
    if view.compare:
        params["compare"] = ["1"]
    return params | filter_parameters(view.filters)


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
                f"The range from {quoted(start)} to {quoted(end)} was ignored: two ISO times in order are needed."
            )
    name = _last(params, "range")
    if name is None or name in RANGES:
        return name or DEFAULT_RANGE
    notes.append(f"The range {quoted(name)} was ignored: known are {', '.join(RANGES)}.")
    return DEFAULT_RANGE


def _zone(params: Mapping[str, Sequence[str]], timezone: str, notes: list[str]) -> str:
    name = _last(params, "tz")
    if name is None:
        return timezone
    try:
        return zone(name).key
    except ValueError:
        notes.append(f"The time zone {quoted(name)} was ignored: it is no IANA name such as Europe/Berlin.")
        return timezone


def _compare(params: Mapping[str, Sequence[str]], notes: list[str]) -> bool:
    value = _last(params, "compare")
    if value not in (None, "0", "1"):
        notes.append(f"compare={quoted(value)} was ignored: 1 or 0 is meant.")
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


def ceiling(moment: datetime, step: timedelta) -> datetime:
    """The next multiple of a length of time from a moment on."""
    since = moment.astimezone(UTC) - _EARLIEST
    return _EARLIEST + -(-since // step) * step
