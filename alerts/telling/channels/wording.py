"""The facts of a message as plain text, which every channel sets in its own form.

Nothing here is escaped: names and values come from events, and may hold anything.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from alerts.incidents import NoticeKind
from alerts.rules import Priority
from alerts.rules.durations import written
from alerts.rules.model import NONE
from alerts.telling.channels.http_answers import host
from alerts.telling.message import Message

STANDS: Mapping[NoticeKind, str] = {
    "firing": "Firing",
    "update": "Firing",
    "repeat": "Still firing",
    "escalation": "Escalated",
    "acknowledged": "Acknowledged",
    "resolved": "Resolved",
    "flapping": "Flapping",
    "digest": "Digest",
}
"""Where the incident stands, as the first word of a message about it."""
MEANS: Mapping[Priority, str] = {
    Priority.P0: "critical",
    Priority.P1: "high",
    Priority.P2: "medium",
    Priority.P3: "low",
}
"""What a priority means, for those who do not know the letters."""

EXPLAINED = "What explains it"
"""Over the causes."""


class Fact(NamedTuple):
    """One thing said of an alert."""

    label: str
    text: str


def headline(message: Message) -> str:
    """`Firing P0: Error rate above 5 %: 7.3 % on /api/v1/chat, 1,234 users`; a digest has no state of its own.

    In a person's own words, where there are any.
    """
    if message.own_title:
        return message.own_title
    if message.kind == "digest":
        return message.title
    return f"{STANDS[message.kind]} {message.priority}: {in_brief(message)}"


def in_brief(message: Message) -> str:
    """The title with where, if it names no place, and how many are hit: what a phone shows of it."""
    if message.kind in ("digest", "resolved"):
        return message.title
    mostly = f", mostly {where(message)[0]}" if message.where and not message.labels else ""
    users = message.users_affected or 0
    hit = f", {users:,} user{'s' * (users != 1)}" if users else ""
    return f"{message.title}{mostly}{hit}"


def facts(message: Message) -> list[Fact]:
    """What, how bad, since when; only what is known."""
    listed = [
        Fact(message.value_title or message.metric_title or message.metric or "Value", message.value_text),
        Fact("Threshold", message.threshold_text),
        Fact("Since", since(message)),
        Fact("Ended", "" if message.ended_at is None else moment(message.ended_at)),
        Fact("Users affected", counted(message.users_affected)),
        Fact(message.affected_title, counted(message.requests_affected)),
        *(Fact(name, "(none)" if value is None else value) for name, value in message.labels),
        Fact("What to do first", "" if message.kind == "resolved" else message.description),
    ]
    return [fact for fact in listed if fact.text]


def since(message: Message) -> str:
    """When the breach began and how long that is."""
    return f"{moment(message.since)} ({lasted(message)})"


def lasted(message: Message) -> str:
    """How long it has gone on, or went on."""
    return written(max((message.ended_at or message.at) - message.since, message.at - message.at))


def where(message: Message) -> list[str]:
    """`endpoint /chat, region eu: 62 %`, the likeliest first."""
    return [
        f"{', '.join(f'{name} {NONE if value is None else value}' for name, value in place.values)}: "
        f"{place.percent:.0f} %"
        for place in message.where
    ]


def changes(message: Message) -> list[str]:
    """`2026-05-01 11:58 UTC deployment api 4.2: New router`."""
    return [
        f"{moment(change.at)} {change.change_type} {change.name}"
        + (f": {change.description}" if change.description else "")
        for change in message.changes
    ]


def others(message: Message) -> list[str]:
    """The alerts of the incident where there is more than one, and how many are left out."""
    if message.alerts_total <= 1 and len(message.alerts) <= 1:
        return []
    lines = [
        f"{alert.priority} {alert.name}: {alert.value_text}, since {moment(alert.since)}"
        + ("" if alert.firing else " (resolved)")
        for alert in message.alerts
    ]
    more = message.alerts_total - len(message.alerts)
    return [*lines, f"and {more} more"] if more > 0 else lines


def said(message: Message) -> str:
    """Who did something and what else must be said, as one sentence; empty where there is neither."""
    did = {"acknowledged": "Acknowledged", "resolved": "Resolved"}.get(message.kind)
    by = f"{did} by {message.who}" if did and message.who else ""
    note = message.note[:1].upper() + message.note[1:]
    return ". ".join(part for part in (by, note) if part)


def in_short(message: Message) -> str:
    """One sentence for the thread below the first message."""
    times = f" after {lasted(message)}" if message.kind == "resolved" else ""
    return ". ".join(part for part in (f"{headline(message)}{times}", said(message)) if part)


def links(message: Message) -> list[Fact]:
    """Where to go from here: label and address."""
    listed = [
        Fact("Open dashboard", message.dashboard_url),
        Fact("Open incident", message.incident_url),
        Fact("Failing trace", message.trace_url),
        Fact("Runbook", message.runbook_url),
    ]
    return [link for link in listed if is_link(link.text)]


def is_link(text: str) -> bool:
    """Whether a text is an address that a person may be sent to."""
    printable = not any(ord(sign) <= 32 or ord(sign) == 127 for sign in text)
    return text.startswith(("https://", "http://")) and printable and bool(host(text))


def moment(at: datetime) -> str:
    """A moment as people on call in several countries read it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def counted(number: int | None) -> str:
    """A whole number; empty where it is not known."""
    return "" if number is None else f"{number:,}"
