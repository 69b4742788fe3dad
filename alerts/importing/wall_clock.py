"""Time intervals of Alertmanager, as the weekly spans of `routing.yaml`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerts.importing.left_out import Notes
from alerts.importing.quantities import CannotBeSaid
from alerts.importing.receivers import fitting
from alerts.rules.time_intervals import DAYS, Weekly
from metrics.events.entries import Place

ALL_DAY = "00:00-24:00"
_FROM_SUNDAY = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_DATES = ("days_of_month", "months", "years")


@dataclass(frozen=True)
class Intervals:
    """Spans by name."""

    names: Mapping[str, str]
    """By the name that they have there, the one that they have here."""
    spans: Mapping[str, Sequence[str]]
    partial: frozenset[str]
    """Those (by their name there) of which some part could not be said."""


def intervals(given: Mapping[str, Any], notes: Notes) -> Intervals:
    """What the time intervals of a file are here, those under the old key too."""
    names, spans, partial = dict[str, str](), dict[str, Sequence[str]](), set[str]()
    for key in ("time_intervals", "mute_time_intervals"):
        for number, one in enumerate(_list(given.get(key))):
            place: Place = (key, number)
            if not isinstance(one, dict) or not one.get("name"):
                notes.left_out(place, "is no time interval: it has no name")
                continue
            name, found = str(one["name"]), list[str]()
            for count, part in enumerate(_list(one.get("time_intervals"))):
                at: Place = (*place, "time_intervals", count)
                try:
                    found += _spans(part if isinstance(part, dict) else {})
                except ValueError as error:
                    notes.left_out(at, str(error))
                    partial.add(name)
            if found:
                names[name] = fitting(name, spans)
                spans[names[name]] = found
            else:
                partial.add(name)
    return Intervals(names, spans, frozenset(partial))


def _spans(part: Mapping[str, Any]) -> Iterable[str]:
    """The spans of one interval. Raises ValueError that says why it cannot be said."""
    dated = [key for key in _DATES if part.get(key)]
    if dated:
        raise CannotBeSaid(f"goes by {' and '.join(dated)}; a span here is one of every week")
    days = _days(_list(part.get("weekdays")))
    times = [_times(one) for one in _list(part.get("times"))] or [ALL_DAY]
    found = [" ".join(filter(None, (days, span, str(part.get("location", ""))))) for span in times]
    for span in found:
        Weekly.of(span)
    return found


def _times(given: object) -> str:
    start, end = (
        (str(given.get(key, "")) for key in ("start_time", "end_time")) if isinstance(given, dict) else ("", "")
    )
    return f"{start}-{end}"


def _days(listed: Sequence[object]) -> str:
    """`mon-fri` for `monday:friday`; each day is named where they do not follow each other."""
    found: set[int] = set()
    for text in listed:
        first, _, last = str(text).strip().lower().partition(":")
        if first not in _FROM_SUNDAY or (last or first) not in _FROM_SUNDAY:
            raise CannotBeSaid(f"{text!r} is no day of the week")
        begin, end = _FROM_SUNDAY.index(first), _FROM_SUNDAY.index(last or first)
        if end < begin:
            raise CannotBeSaid(f"{text!r} ends before it begins: a week begins on Sunday there")
        found |= {(day - 1) % 7 for day in range(begin, end + 1)}
    ordered = sorted(found)
    if not ordered or len(ordered) == len(DAYS):
        return ""
    if len(ordered) > 1 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{DAYS[ordered[0]]}-{DAYS[ordered[-1]]}"
    return ",".join(DAYS[day] for day in ordered)


def _list(given: object) -> list[Any]:
    return given if isinstance(given, list) else []
