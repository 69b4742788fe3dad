"""A message as channels are given it, and texts that try to be more than texts."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.rules import Priority
from alerts.telling import Message
from alerts.telling.channels.patience import Patience
from alerts.telling.message import AlertLine, ChangeBefore, Claim, Picture, Place
from tests.fakes.peer import DRIPS, HANGS, Failure

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
EXPLORE = "http://localhost:8501/explore"
SHORT = 0.25
"""Seconds that a channel waits for a peer that does not answer."""
VALUES = (*(0.4, 0.6, 0.5, None) * 12, 5.2, 6.8, 7.9, 8.4, 7.7, 7.2, 7.1, 7.3, 7.5, 7.1, 7.2, 7.3)
HOSTILE = (
    "<!channel> <!here> <@U012AB3CD> <https://evil.example|your bank>",
    "@channel @here @everyone",
    "*bold* _it_ ~no~ `code` ```block``` > quote",
    "> quoted\n> twice\r\nBcc: everyone@example.com\r\n\r\n<script>alert(1)</script>",
    "&amp; &lt;!channel&gt; &#60;",
    ":fire: :tada:",
    "\u202egnp.exe\u2066 \x00\x07\x1b[31m\x85",
    "{{ 7 * 7 }} {% raw %} ${jndi:x} %s %(x)s {0}",
    "\"quoted\" 'single' \\ back\\nslash",
    "</p><img src=https://evil.example/x.png onerror=alert(1)>",
    "漢字 ñ 🙂 " * 40,
    "&" * 5000,
    " ",
)


def message(**changes: Any) -> Message:
    """An error rate above its threshold, with all that may be known of it."""
    said: dict[str, Any] = {
        "key": "3f2a/firing/2026-05-01T12:00:00+00:00/slack",
        "incident": "3f2a",
        "kind": "firing",
        "priority": Priority.P0,
        "title": "Error rate above 5 %: 7.3 % on /chat",
        "rule": "error-rate-p0",
        "metric": "error_rate",
        "metric_title": "Error rate",
        "value": 7.3,
        "value_text": "7.3 %",
        "threshold_text": "> 5 % for 5m",
        "labels": (("endpoint", "/chat"), ("region", None)),
        "since": NOON - timedelta(minutes=12),
        "at": NOON,
        "users_affected": 1234,
        "requests_affected": 56789,
        "where": (Place(values=(("provider", "openai"),), percent=62.4),),
        "causes": (Claim(text="openai: 62 % of the rise, elsewhere unchanged.", url=f"{EXPLORE}?f=provider:openai"),),
        "changes": (ChangeBefore(at=NOON - timedelta(minutes=14), change_type="deployment", name="api 4.2"),),
        "picture": Picture(
            start=NOON - timedelta(minutes=60), step_seconds=60, values=VALUES, threshold=5.0, unit="%"
        ),
        "dashboard_url": "http://localhost:8501/performance?endpoint=/chat&last=1h",
        "incident_url": "http://localhost:8501/alerts?incident=3f2a",
        "runbook_url": "https://runbooks.example/error-rate",
    }  # fmt: skip
    return Message(**{**said, **changes})


def hostile(text: str) -> Message:
    """The same, with that text wherever a text comes from events, rules or people."""
    part = text[:4000]
    return message(
        title=part,
        metric_title=part,
        value_text=part,
        threshold_text=part,
        labels=((part, part),),
        where=(Place(values=((part, part),), percent=50),),
        causes=(Claim(text=part, url=f"https://ok.example/{part}"), Claim(text=part, url=part)),
        changes=(ChangeBefore(at=NOON, change_type=part, name=part, description=part),),
        alerts=tuple(
            AlertLine(key=part, name=part, priority=Priority.P1, value_text=part, since=NOON) for _ in range(10)
        ),
        alerts_total=40,
        picture=Picture(start=NOON, step_seconds=60, values=(1.0, 2.0), threshold=1.5, unit=part),
        dashboard_url=part,
        incident_url=f"https://ok.example/{part}",
        who=part,
        note=part,
        rule=part or "r",
    )


def digest(count: int, text: str = "Cost a user above 2 USD") -> Message:
    """Several incidents in one message."""
    parts = tuple(message(key=f"d{number}", priority=Priority.P3, title=f"{text} {number}") for number in range(count))
    return message(kind="digest", priority=Priority.P3, title=f"{count} alerts of low priority", digest=parts,
                   picture=None)  # fmt: skip


def impatient() -> Patience:
    """For peers that hang; one that answers may take longer than this on a busy machine."""
    return Patience(SHORT)


def patience_for(failure: Failure) -> Patience:
    """As long as it takes, unless it would take for ever."""
    return impatient() if failure in (HANGS, DRIPS) else Patience()
