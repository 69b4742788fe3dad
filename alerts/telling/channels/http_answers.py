"""What an answer over HTTP means for the message: whether another try is worth it, and when."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from pydantic import SecretStr

from alerts.telling.channels.channel import Refused, Retry
from alerts.telling.channels.one_line import one_line

LONGEST_WAIT = timedelta(days=1)
WORTH_ANOTHER_TRY = frozenset({408, 425, 429})
"""Statuses below 500 that may pass by themselves."""
_TOLD = 240
_SHORTEST = 6
"""Parts of an address that are shorter are words, not tokens."""


def receipt(status: int, reason: str, headers: Mapping[str, str]) -> Retry | Refused:
    """What a status that is no success means."""
    if status in WORTH_ANOTHER_TRY or status >= 500:
        return Retry(reason, wait(headers))
    return Refused(reason)


def wait(headers: Mapping[str, str]) -> timedelta | None:
    """How long `Retry-After` asks to wait: seconds, or a date that is compared with the other side's own clock.

    None where it says nothing that can be understood.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    asked = lower.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", asked):
        return min(timedelta(seconds=float(asked)), LONGEST_WAIT)
    until, now = _moment(asked), _moment(lower.get("date", ""))
    return None if until is None or now is None else min(max(until - now, timedelta()), LONGEST_WAIT)


def told(text: str, hidden: Iterable[SecretStr | None] = ()) -> str:
    """What the other side said, as one short line that holds none of the hidden texts, nor parts of an address."""
    secrets = {part for secret in hidden if secret is not None for part in _parts(secret.get_secret_value())}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return one_line(text, _TOLD)


def _parts(secret: str) -> list[str]:
    """The text; of an address also what stands behind the host, which is what is secret in it."""
    _, is_address, rest = secret.partition("://")
    behind = re.split(r"[/?&=#]", rest)[1:] if is_address else []
    return [part for part in (secret, *behind) if len(part) >= _SHORTEST or part == secret != ""]


def host(url: str) -> str:
    """Where an address leads, without what may be secret in it."""
    try:
        parts = urlsplit(url)
        return parts.hostname or ""
    except ValueError:
        return ""


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
