"""PagerDuty: the Events API v2.

Source: https://developer.pagerduty.com/docs/send-alert-event
"""

import json
from pathlib import Path
from typing import Any

from tests.fakes.peer import Answer, Peer, Request, run_as_process

ROUTING_KEY = "fake0routing0key0000000000000000"
SEVERITIES = ("critical", "error", "warning", "info")


class FakePagerDuty(Peer):
    """A service with one integration."""

    def __init__(self, port: int = 0, record: Path | None = None) -> None:
        super().__init__(port, record)
        self.alerts: dict[str, str] = {}
        """By deduplication key: triggered, acknowledged or resolved."""

    def handle(self, request: Request) -> Answer:
        try:
            event: dict[str, Any] = json.loads(request.body)
        except ValueError:
            return _invalid("Event object is invalid", "body is not JSON")
        wrong = list(_complaints(event, request.path))
        if wrong:
            return _invalid("Event object is invalid", *wrong)
        self.accept({"call": request.path, **event})
        if request.path == "/v2/change/enqueue":
            return Answer.json({"status": "success", "message": "Change event processed"}, 202)
        key = event.get("dedup_key") or "made-up"
        done = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}[event["event_action"]]
        if done == "triggered" or key in self.alerts:
            self.alerts[key] = done
        return Answer.json({"status": "success", "message": "Event processed", "dedup_key": key}, 202)


def _invalid(message: str, *errors: str) -> Answer:
    return Answer.json({"status": "invalid event", "message": message, "errors": list(errors)}, 400)


def _complaints(event: dict[str, Any], path: str) -> list[str]:
    found: list[str] = []
    key = event.get("routing_key")
    if not isinstance(key, str) or len(key) != 32:
        found.append(f"Length of 'routing_key' is incorrect (should be 32 characters): {key}")
    elif key != ROUTING_KEY:
        found.append(f"'routing_key' is not known: {key}")
    change = path == "/v2/change/enqueue"
    action = None if change else event.get("event_action")
    if not change and action not in ("trigger", "acknowledge", "resolve"):
        found.append("'event_action' is missing or invalid")
    if action in ("acknowledge", "resolve") and not event.get("dedup_key"):
        found.append("'dedup_key' is missing or blank")
    if len(event.get("dedup_key", "")) > 255:
        found.append("'dedup_key' is too long")
    return found + (_of_payload(event.get("payload"), change) if change or action == "trigger" else [])


def _of_payload(payload: Any, change: bool) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    needed = ("summary",) if change else ("summary", "source", "severity")
    found = [f"'payload.{name}' is missing or blank" for name in needed if not payload.get(name)]
    if len(payload.get("summary", "")) > 1024:
        found.append("'payload.summary' is too long")
    if not change and payload.get("severity") not in SEVERITIES:
        found.append("'payload.severity' is invalid")
    return found


if __name__ == "__main__":
    run_as_process(FakePagerDuty)
