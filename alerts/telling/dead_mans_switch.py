"""A sign of life for a dead-man's switch outside: as long as it comes, somebody would be told."""

from datetime import datetime, timedelta

import httpx2

TIMEOUT = timedelta(seconds=10)


class SwitchUnreachable(Exception):
    """The sign of life did not arrive; its address may hold a secret and is not repeated."""


def report(url: str, evaluated_at: datetime, timeout: timedelta = TIMEOUT) -> None:
    """POST when alerts were last evaluated, as JSON: `{"service": "promptpilot", "evaluated_at": "…"}`.

    Raises:
        SwitchUnreachable: nobody answered, or with something else than 2xx.
    """
    told = {"service": "promptpilot", "evaluated_at": evaluated_at.isoformat()}
    try:
        answer = httpx2.post(url, json=told, timeout=timeout.total_seconds())
    except httpx2.HTTPError as error:
        raise SwitchUnreachable(f"`alerts.heartbeat_url` did not answer: {type(error).__name__}") from error
    except httpx2.InvalidURL as error:
        raise SwitchUnreachable("`alerts.heartbeat_url` is no address") from error
    if not answer.is_success:
        raise SwitchUnreachable(f"`alerts.heartbeat_url` answered with {answer.status_code}")
