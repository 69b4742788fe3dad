"""Slack's buttons: who presses Acknowledge or Silence in a message, has it done here. Needs no address of ours.

Slack's Socket Mode: we open a WebSocket to Slack, envelopes come in, each is acknowledged at once and done after.
slack_sdk's own client is not used for it: after a connection that is cut it spins on the dead socket, at the cost of a
whole processor, and has not come back after 20 s (3.47).

    with Buttons(app_token, settings.alerts.slack.api_url, acting(store, now)):
        ...
"""

import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any, Self

from pydantic import SecretStr
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from alerts.acts import NoIncident, acknowledge, silence
from alerts.policy import only
from alerts.store import Store, StoreUnavailable
from alerts.telling.channels.http_answers import wait
from alerts.telling.channels.one_line import one_line
from alerts.telling.channels.slack import QUIET, web_client
from alerts.telling.channels.slack_blocks import ACKNOWLEDGE, SILENCE, plain

LOG = logging.getLogger("promptpilot.alerts.buttons")
_QUIET = logging.getLogger("promptpilot.alerts.buttons.socket")
_QUIET.setLevel(logging.CRITICAL)  # it would write the address, which opens the socket for whoever has it
SILENCED_FOR = timedelta(hours=1)
ACTIONS = {ACKNOWLEDGE: "acknowledge", SILENCE: "silence"}
HOPELESS = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "not_allowed_token_type",
                      "missing_scope", "no_permission"})  # fmt: skip
"""Only a person can put these right, and the program is started again then; it is tried now and then all the same."""
HOPELESS_WAIT = 600.0
LONGEST_WAIT = 60.0
_SECONDS = 10.0
_SEEN = 256


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody pressed a button."""

    action: str
    """`acknowledge` or `silence`."""
    incident: str
    who: str
    """The user's name in Slack, else their id."""
    user: str
    """Their id."""


Act = Callable[[Press], str]
"""Does what a press asks for, and says what came of it, to the one who pressed; an empty text says nothing."""


class Buttons:
    """Listens until it is closed, in a thread of its own; connects again whenever the connection ends."""

    def __init__(self, app_token: SecretStr, api_url: str, act: Act, first_wait: float = 1.0) -> None:
        self._token = app_token
        self._client = web_client(None, api_url, _SECONDS)
        self._act = act
        self._first_wait = first_wait
        self._stop = threading.Event()
        self._socket: ClientConnection | None = None
        self._seen: deque[str] = deque(maxlen=_SEEN)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="buttons")
        """Presses are done one after another, while the next ones are acknowledged."""
        self._thread = threading.Thread(target=self._listen, name="buttons", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; what was pressed until now is done."""
        self._stop.set()
        if self._socket is not None:
            self._socket.close()
        self._thread.join(2 * _SECONDS)
        self._worker.shutdown(wait=True)

    def _listen(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                wanted = self._connection()
                failures = 0
                # Slack ends connections every few hours, and nobody shall press in vain meanwhile.
                self._stop.wait(self._first_wait / 10 if wanted else HOPELESS_WAIT)
                continue
            except SlackApiError as error:
                pause = self._pause(error, failures)
            except (SlackClientError, WebSocketException, OSError, HTTPException, ValueError) as error:
                pause = min(self._first_wait * 2**failures, LONGEST_WAIT)
                LOG.log(logging.WARNING if failures else logging.INFO, "Slack's buttons: %s", type(error).__name__)
            failures = min(failures + 1, 10)
            self._stop.wait(pause)

    def _pause(self, error: SlackApiError, failures: int) -> float:
        said = str(error.response.get("error") or "")
        if said in HOPELESS:
            LOG.error("Slack's buttons do nothing (%s): check PROMPTPILOT_SLACK_APP_TOKEN and its connections:write",
                      said)  # fmt: skip
            return HOPELESS_WAIT
        asked = wait({str(name): str(value) for name, value in dict(error.response.headers or {}).items()})
        return asked.total_seconds() if asked else min(self._first_wait * 2**failures, LONGEST_WAIT)

    def _connection(self) -> bool:
        """One connection, from its beginning until its end; whether Slack wants another one."""
        answer = self._client.apps_connections_open(app_token=self._token.get_secret_value())
        with connect(str(answer["url"]), open_timeout=_SECONDS, close_timeout=1, logger=_QUIET) as socket:
            self._socket = socket
            for text in () if self._stop.is_set() else socket:
                envelope: Any = json.loads(text)
                if not isinstance(envelope, dict):
                    continue
                if envelope.get("type") == "disconnect":
                    return self._goes_on(envelope)
                self._take(socket, envelope)
        return True

    def _goes_on(self, envelope: Mapping[str, Any]) -> bool:
        if envelope.get("reason") != "link_disabled":
            return True
        LOG.error("Slack's buttons do nothing: Socket Mode is turned off in the settings of the app")
        return False

    def _take(self, socket: ClientConnection, envelope: Mapping[str, Any]) -> None:
        """Acknowledge an envelope, and have it done."""
        if known := envelope.get("envelope_id"):
            socket.send(json.dumps({"envelope_id": known}))
            if known not in self._seen:  # what was not acknowledged in time comes again
                self._seen.append(known)
                self._worker.submit(self._do, envelope.get("payload"))

    def _do(self, payload: Any) -> None:
        for press in presses(payload):
            try:
                self._reply(payload, self._act(press))
            except Exception as error:  # the next press is to be done all the same
                LOG.exception("Slack's buttons: %s", press.action)
                self._reply(payload, f"This did not work: {type(error).__name__}. Try the Alerts page.")

    def _reply(self, payload: Mapping[str, Any], text: str) -> None:
        """Tell the one who pressed, and nobody else."""
        url = payload.get("response_url")
        if not text or not isinstance(url, str):
            return
        try:
            client = WebhookClient(url, timeout=int(_SECONDS), retry_handlers=[], logger=QUIET)
            client.proxy = self._client.proxy
            client.send(text=plain(text, 1000), response_type="ephemeral", replace_original=False)
        except (SlackClientError, OSError, HTTPException, ValueError) as error:
            LOG.info("Slack's buttons: no reply: %s", type(error).__name__)


def presses(payload: Any) -> list[Press]:
    """Those of our buttons that a payload says were pressed; links are buttons, too, and ask for nothing."""
    if not isinstance(payload, dict) or payload.get("type") != "block_actions":
        return []
    user: Mapping[str, Any] = payload.get("user") or {}
    named = str(user.get("id") or "")
    who = one_line(str(user.get("name") or user.get("username") or named or "somebody in Slack"), 80)
    return [
        Press(ACTIONS[action["action_id"]], str(action["value"]), who, named)
        for action in payload.get("actions") or ()
        if action.get("action_id") in ACTIONS and action.get("value")
    ]


def acting(store: Store, now: Callable[[], datetime]) -> Act:
    """What the buttons do to the alerts of a store."""

    def act(press: Press) -> str:
        try:
            return (
                _acknowledged(store, press, now()) if press.action == "acknowledge" else _silenced(store, press, now())
            )
        except NoIncident:
            return "This incident is so long ago that it is forgotten."
        except StoreUnavailable:
            return "The alert database cannot be used now: try again in a minute."

    return act


def _acknowledged(store: Store, press: Press, at: datetime) -> str:
    with store.writing() as repository:
        answer = acknowledge(repository, press.incident, press.who, at)
    return "" if answer.done else answer.text[:1].upper() + answer.text[1:]


def _silenced(store: Store, press: Press, at: datetime) -> str:
    """Silence every alert of the incident that fires; where none does any more, the one at its head."""
    with store.writing() as repository:
        incident = repository.incident(press.incident)
        if incident is None:
            raise NoIncident(press.incident)
        end = at + SILENCED_FOR
        for key in incident.firing or (incident.head,):
            why = f"button in Slack, {incident.title}"
            silence(repository, who=press.who, why=why, at=at, end=end, matchers=only(key))
    return f"Silenced until {end:%H:%M} UTC."
