"""A mark: a deployment, a change or an incident that somebody tells of as it happens.

It goes to the collector where that answers. Where it does not, it is put into the inbox as a file, under the same
`event_id`: should the collector have taken it after all, it counts once.
"""

import contextlib
import http.client
import io
import json
import urllib.parse
import uuid
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from metrics.lake.intake.dropping import drop
from metrics.settings import Settings

PATH = "/v1/events"
SECONDS = 5.0
"""How long the collector may take to answer."""
LONGEST_NAME = 200
_REFUSED = frozenset({400, 401, 403, 413})
"""Answers that the same mark would be given again."""


class Sort(StrEnum):
    """What is marked."""

    DEPLOYMENT = "deployment"
    CONFIG = "config"
    MAINTENANCE = "maintenance"
    INCIDENT = "incident"


class NotMarked(Exception):
    """A mark that was not taken: why, as a sentence."""


class Refused(NotMarked):
    """One that the collector will not take."""


class Away(NotMarked):
    """The collector did not answer, or cannot take anything now."""


def mark(
    sort: Sort, name: str, at: datetime, *, ends: bool = False, service: str = "", severity: str = "", why: str = ""
) -> dict[str, Any]:
    """The event. One that `ends` an incident is an incident of that name whose end is its moment.

    Raises NotMarked for a name that is none.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise NotMarked(f"expected a name of up to {LONGEST_NAME} letters")
    told = {
        "name": name, "version": name if sort is Sort.DEPLOYMENT else "", "service": service.strip(),
        "severity": severity, "description": why.strip(), "ended_at": at.isoformat() if ends else "",
    }  # fmt: skip
    given = {column: value for column, value in told.items() if value}
    return {"event": "change", "ts": at.isoformat(), "event_id": uuid.uuid4().hex, "change_type": sort.value, **given}


def send(event: dict[str, Any], url: str, token: str = "") -> None:
    """Give an event to a collector; once this returns it is on the disk there. Raises NotMarked."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Refused(f"{url!r} is no address of a collector; expected one such as http://localhost:4318")
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        connection = connect(parts.hostname, parts.port, timeout=SECONDS)
        try:
            connection.request("POST", parts.path.rstrip("/") + PATH, json.dumps(event).encode(), headers)
            with connection.getresponse() as answer:
                status, said = answer.status, answer.read(65_536)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Away(f"no collector answers at {url}: {error or type(error).__name__}") from error
    if status in _REFUSED:
        raise Refused(f"the collector at {url} answered {status}: {_reason(said)}")
    if status != 200:
        raise Away(f"the collector at {url} answered {status}: {_reason(said)}")


def give(event: dict[str, Any], settings: Settings, token: str) -> str:
    """Give an event to the home's own collector, else to its inbox: the name of its file there, or nothing.

    Whoever can write into the home needs no leave of the collector, whose port may be another program's: a refusal
    leads to the inbox, too. Raises OSError.
    """
    if settings.collect.enabled:
        with contextlib.suppress(NotMarked):
            send(event, f"http://{settings.collect.place}", token)
            return ""
    return keep(event, settings.home)


def keep(event: dict[str, Any], home: Path) -> str:
    """Put an event into the inbox of a home; the name of its file there. Raises OSError."""
    line = json.dumps(event).encode() + b"\n"
    return drop(io.BytesIO(line), f"mark-{event['event_id'][:12]}.ndjson", home).name


def _reason(said: bytes) -> str:
    """Why, in the collector's words."""
    try:
        told = json.loads(said)
    except ValueError:
        return "it is no collector of events"
    found = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    rejected = found.get("rejected") or [{}]
    return str(found.get("error") or rejected[0].get("reason") or "without a reason")
