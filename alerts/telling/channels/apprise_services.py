"""Chats and services that Apprise speaks to: Microsoft Teams, Discord, Telegram, Opsgenie, Google Chat.

Each is an address with its secrets in it, as Apprise writes them (`tgram://bottoken/chat`) or as the service shows it
(`https://discord.com/api/webhooks/…`). Apprise takes a while to be imported, and is where a message is to be sent.
"""

import logging
import re
import threading
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import SecretStr

from alerts.rules import Priority
from alerts.store.outbox import Reference
from alerts.telling.channels.channel import Receipt, Refused, Retry, Sent
from alerts.telling.channels.http_answers import WORTH_ANOTHER_TRY, told
from alerts.telling.channels.one_line import one_line
from alerts.telling.channels.patience import OutOfTime, Patience
from alerts.telling.channels.plain_text import plain_text
from alerts.telling.channels.wording import headline, said
from alerts.telling.message import Message

if TYPE_CHECKING:
    from apprise.plugins.base import NotifyBase

LOG = logging.getLogger("apprise")
LOG.setLevel(logging.WARNING)  # what it says beyond that holds addresses; so does what urllib3 says of each request
LOG.propagate = False
logging.getLogger("urllib3").setLevel(logging.WARNING)
LONGEST_TITLE = 200
_STATUS = re.compile(r"error=(\d{3})")
_MENTIONS = re.compile(r"(?<=[@<])(?=\S)")


class Service(NamedTuple):
    """What an address must be to be this service's."""

    title: str
    module: str
    plugin: str
    """Apprise's, and the module it is in."""
    schemes: frozenset[str]
    """Of Apprise's own addresses."""
    example: str


SERVICES: Mapping[str, Service] = {
    "msteams": Service(
        "Microsoft Teams", "workflows", "NotifyWorkflows", frozenset({"workflow", "workflows"}),
        "the address that a workflow of Teams shows, https://…",
    ),
    "discord": Service(
        "Discord", "discord", "NotifyDiscord", frozenset({"discord"}), "https://discord.com/api/webhooks/…"
    ),
    "telegram": Service("Telegram", "telegram", "NotifyTelegram", frozenset({"tgram"}), "tgram://BOT_TOKEN/CHAT_ID/"),
    "opsgenie": Service(
        "Opsgenie", "opsgenie", "NotifyOpsgenie", frozenset({"opsgenie"}),
        "opsgenie://API_KEY/ or opsgenie://API_KEY/?region=eu",
    ),
    "googlechat": Service(
        "Google Chat", "google_chat", "NotifyGoogleChat", frozenset({"gchat"}), "https://chat.googleapis.com/v1/spaces/…"
    ),
}  # fmt: skip
"""By the name of the channel."""
_OPSGENIE_PRIORITIES: Mapping[Priority, int] = {Priority.P0: 1, Priority.P1: 2, Priority.P2: 3, Priority.P3: 4}


class Apprise:
    """One of the services, at one address. What was said stays as it is: it hears of no updates."""

    edits = False

    def __init__(self, name: str, url: SecretStr, patience: Patience | None = None) -> None:
        self.name = name
        self._service = SERVICES[name]
        self._url = url
        self._patience = patience or Patience()

    def send(self, message: Message, address: str, earlier: Reference | None, again: bool) -> Receipt:
        """Say it as a message of its own; Opsgenie opens, acknowledges or closes the alert of the incident."""
        del address, earlier, again
        try:
            return self._patience.call(lambda: self._said(message))
        except OutOfTime as late:
            return Retry(f"{self._service.title}: {late}")

    def _said(self, message: Message) -> Receipt:
        plugin = self._plugin(message)
        if plugin is None:
            variable = f"PROMPTPILOT_{self.name.upper()}_URL"
            return Refused(f"{self._service.title}: not its address; expected in {variable} {self._service.example}")
        with _Heard() as heard:
            arrived = plugin.notify(
                body=_body(message, plugin.body_maxlen - LONGEST_TITLE), title=_harmless(_title(message))
            )
        if arrived:
            return Sent({"incident": message.incident})
        words = told(" ".join(heard.lines) or "it was not taken", (self._url, *self._secrets(plugin)))
        status = next((int(found[1]) for line in heard.lines if (found := _STATUS.search(line))), 0)
        passes = status in WORTH_ANOTHER_TRY or not 400 <= status < 500
        return (Retry if passes else Refused)(f"{self._service.title}: {words}")

    def _plugin(self, message: Message) -> "NotifyBase | None":
        """What speaks to the service; None where the address is another's."""
        # Imported here: it takes longer than all else that most starts need. Only the one module: Apprise would load
        # those of all its services to find out whose an address is.
        import apprise

        kind: Any = getattr(import_module(f"apprise.plugins.{self._service.module}"), self._service.plugin)
        url = self._url.get_secret_value()
        is_own = url.partition("://")[0] in self._service.schemes
        given: dict[str, Any] | None = (kind.parse_url if is_own else kind.parse_native_url)(url)
        if not given:
            return None
        if self.name == "opsgenie":
            kind, given = _opsgenie(), {**given, "alias": message.incident}
        given["asset"] = apprise.AppriseAsset(app_id="PromptPilot", app_desc="PromptPilot", http_redirects=False)
        try:
            found: NotifyBase = kind(**given)
        except TypeError:  # how Apprise says that a part of the address is missing
            return None
        if self.name == "opsgenie":
            _set_up(found, message)
        found.overflow_mode = apprise.OverflowMode.TRUNCATE
        found.request_rate_per_sec = 0.0
        found.socket_connect_timeout = found.socket_read_timeout = self._patience.silence
        return found

    def _secrets(self, plugin: "NotifyBase") -> tuple[SecretStr, ...]:
        """Parts of the address as Apprise may name them."""
        texts = (value for value in vars(plugin).values() if isinstance(value, str) and len(value) > LONGEST_WORD)
        return tuple(map(SecretStr, texts))


def _body(message: Message, limit: int) -> str:
    """The text; where it would be cut, and with it where to look, without the address of each chart."""
    whole = _harmless(plain_text(message))
    return whole if len(whole) <= limit else _harmless(plain_text(message, charts=False))


LONGEST_WORD = 12
"""Texts of a plugin that are longer may be a token."""


class _Heard(logging.Handler):
    """What Apprise says of a failure, in this thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.lines.append(one_line(record.getMessage(), 300))

    def __enter__(self) -> "_Heard":
        LOG.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        LOG.removeHandler(self)


def _title(message: Message) -> str:
    by = said(message)
    return one_line(headline(message) if not by else f"{headline(message)}. {by}", LONGEST_TITLE)


def _harmless(text: str) -> str:
    """Names come from events: none of them is to call a channel together."""
    return _MENTIONS.sub("\N{ZERO WIDTH SPACE}", text)


def _opsgenie() -> Any:
    """By the incident as alias: an alert that is there already counts up, and can be found to be closed."""
    from apprise.plugins.opsgenie import NotifyOpsgenie

    class ByAlias(NotifyOpsgenie):
        """Theirs closes what it opened in the same process only, by ids that it remembers."""

        @property
        def store(self) -> Any:
            return _OnlyAlias(str(self.alias or ""))

        def _fetch(self, method: Any, url: str, payload: Any, params: Any = None) -> Any:
            by_alias = {"identifierType": "alias"} if params else None
            return super()._fetch(method, url, payload, by_alias)

    return ByAlias


def _set_up(opsgenie: Any, message: Message) -> None:
    """What is done with the alert, and how much it matters."""
    from apprise.plugins.opsgenie import OpsgenieAlertAction

    actions = {"acknowledged": OpsgenieAlertAction.ACKNOWLEDGE, "resolved": OpsgenieAlertAction.CLOSE}
    opsgenie.action = actions.get(message.kind, OpsgenieAlertAction.NEW)
    opsgenie.priority = 5 if message.kind == "digest" else _OPSGENIE_PRIORITIES[message.priority]


class _OnlyAlias:
    """In the place of Apprise's memory."""

    def __init__(self, alias: str) -> None:
        self._alias = alias

    def get(self, key: str, default: object = None) -> object:
        """The alias, by which the alert is found."""
        del key, default
        return [self._alias]

    def set(self, key: str, value: object, expires: object = None) -> None:
        """Nothing is to be remembered."""

    def clear(self, *keys: str) -> None:
        """Nothing is to be forgotten."""
