"""Priorities, states and times of alerts, as all parts of the page write them. Foreign text comes out as text."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from alerts.incidents import Incident, Status
from alerts.judging import Key
from alerts.rules import Priority
from app import theme, wording

LONGEST_NAME, LONGEST_LABEL = 140, 60
_UNITS = ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s"))


def priority(which: Priority) -> None:
    """A priority as a badge: icon, letter and word."""
    look = theme.PRIORITIES[which]
    st.badge(f"{which} {theme.PRIORITY_WORDS[which]}", icon=look.icon, color=look.color)  # pyright: ignore[reportArgumentType]


def standing(name: str, words: str = "") -> None:
    """Where something stands as a badge; `words` where more is to be said than its name. They are plain text."""
    look = theme.STANDINGS[name]
    st.badge(wording.markdown(words or name), icon=look.icon, color=look.color)  # pyright: ignore[reportArgumentType]


def labels(key: Key) -> str:
    """The labels of an instance, plain text: `endpoint: /chat, region: eu`; empty without any."""
    return ", ".join(f"{name}: {wording.name(value, LONGEST_LABEL)}" for name, value in key.labels)


def ago(moment: datetime, now: datetime) -> str:
    """`12 min ago`, or `in 3 h` where it lies ahead."""
    length = now - moment
    return f"in {wording.age(-length)}" if length < timedelta(0) else f"{wording.age(length)} ago"


def since(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """`12 min, since 14:03`; with the date where that is another one."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    clock = f"{local:%H:%M}" if local.date() == today else f"{local:%d %b %H:%M}"
    return f"{wording.age(now - moment)}, since {clock}"


def clock(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """`14:03`, with the date where it is another one."""
    local = moment.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == now.astimezone(zone).date() else f"{local:%d %b %H:%M}"


def length(span: timedelta | None) -> str:
    """`42 s`, `12 min`, `3 h 20 min`, `2 days 4 h`: two units at most; empty for none."""
    if span is None:
        return ""
    rest = round(span.total_seconds())
    counts: list[tuple[int, str]] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        counts.append((count, unit + ("s" if unit == "day" and count != 1 else "")))
    first = next((place for place, (count, _) in enumerate(counts) if count), len(counts) - 1)
    return " ".join(f"{count} {unit}" for count, unit in counts[first : first + 2] if count) or "0 s"


def status(incident: Incident, now: datetime, *, quiet: bool) -> None:
    """Who has taken an incident on, or that nobody has; `quiet` where nobody needs to."""
    if incident.status is Status.RESOLVED:
        standing("resolved")
    elif incident.status is Status.ACKNOWLEDGED and incident.acknowledged_at:
        who = wording.name(incident.acknowledged_by or "somebody", LONGEST_LABEL)
        standing("acknowledged", f"acknowledged by {who} {ago(incident.acknowledged_at, now)}")
    elif not quiet:
        standing("firing", "nobody is on it")
