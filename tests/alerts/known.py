"""Instances, alerts and incidents for tests, by what differs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.incidents import Alert, Incident
from alerts.incidents.incident import incident_id
from alerts.judging import Instance, Key, State
from alerts.rules import Priority

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
RULE = "error-rate-p0"


def minutes(count: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=count)


def key(endpoint: str | None = "/chat", rule: str = RULE) -> Key:
    """An instance of a rule by endpoint."""
    return Key(rule, (("endpoint", endpoint),))


def instance(which: Key | None = None, **differs: Any) -> Instance:
    """One that fires since noon."""
    given: dict[str, Any] = {
        "state": State.FIRING, "breaching_since": minutes(-5), "since": minutes(-5), "fired_at": NOON, "value": 7.3,
        "worst": 9.1, "evaluated_at": minutes(1),
    }  # fmt: skip
    return Instance(which or key(), **given | differs)


def alert(which: Key | None = None, **differs: Any) -> Alert:
    """One that fires since noon."""
    given: dict[str, Any] = {
        "name": "Error rate above 5 %", "priority": Priority.P0, "state": State.FIRING, "since": minutes(-5),
        "fired_at": NOON, "value": 7.3, "worst": 9.1,
    }  # fmt: skip
    return Alert(which or key(), **given | differs)


def incident(*members: Key, **differs: Any) -> Incident:
    """One that is open since noon; its members fire."""
    keys = members or (key(),)
    given: dict[str, Any] = {
        "id": incident_id(keys[0], NOON), "title": "Error rate above 5 %: 7.3 % on /chat", "priority": Priority.P0,
        "opened_at": NOON, "members": keys, "firing": keys,
    }  # fmt: skip
    return Incident(head=keys[0], **given | differs)
