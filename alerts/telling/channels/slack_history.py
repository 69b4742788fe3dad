"""Whether a message arrived in Slack although nobody said so: every message bears its key in its metadata."""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

LOG = logging.getLogger("promptpilot.alerts.slack")
BLIND = frozenset({"missing_scope", "not_in_channel", "channel_not_found", "no_permission", "not_allowed_token_type"})
"""The token may write but not read: whether a message arrived cannot be told."""
_PAGES = 5
_MESSAGES = 200
_CHANNELS = 1000
_CLOCKS = timedelta(minutes=5)
"""How far our clock and Slack's may be apart."""


def arrived(client: WebClient, channel: str, key: str, since: datetime) -> tuple[str, str] | None:
    """Channel id and `ts` of the message with that key among the newest of a channel, which may be given by name.

    None where it is not there, or where the token may not look. Raises what slack_sdk raises.
    """
    try:
        found = _id_of(client, channel)
        if found is None:
            return None
        for message in _history(client, found):
            if _key(message) == key:
                return found, str(message["ts"])
            if float(message["ts"]) < (since - _CLOCKS).timestamp():
                return None
    except SlackApiError as error:
        _or_blind(error)
    return None


def answered(client: WebClient, channel: str, thread: str, key: str) -> bool:
    """Whether a message with that key is in a thread; False where the token may not look."""
    try:
        for page in _paged(client, "conversations.replies", channel=channel, ts=thread):
            if any(_key(message) == key for message in page.get("messages") or ()):
                return True
    except SlackApiError as error:
        _or_blind(error)
    return False


def _history(client: WebClient, channel: str) -> Iterator[Mapping[str, Any]]:
    """The newest messages, the newest first: so they come only while no `oldest` is asked for."""
    for page in _paged(client, "conversations.history", channel=channel):
        yield from page.get("messages") or ()


def _id_of(client: WebClient, channel: str) -> str | None:
    """The history is asked for by id only; names are looked up."""
    if not channel.startswith("#"):
        return channel
    try:
        return _listed(client, channel[1:], "public_channel,private_channel")
    except SlackApiError as error:
        if _said(error) != "missing_scope":
            raise
        return _listed(client, channel[1:], "public_channel")  # private ones need a scope of their own


def _listed(client: WebClient, name: str, kinds: str) -> str | None:
    for page in _paged(client, "conversations.list", limit=_CHANNELS, types=kinds, exclude_archived=True):
        for known in page.get("channels") or ():
            if known.get("name") == name:
                return str(known["id"])
    return None


def _paged(client: WebClient, method: str, limit: int = _MESSAGES, **asked: object) -> Iterator[Mapping[str, Any]]:
    cursor = ""
    for _ in range(_PAGES):
        params = {**asked, "limit": limit, "include_all_metadata": True, "cursor": cursor}
        answer = client.api_call(method, params=params)
        yield answer.data if isinstance(answer.data, dict) else {}
        cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            return


def _key(message: Mapping[str, Any]) -> object:
    return ((message.get("metadata") or {}).get("event_payload") or {}).get("key")


def _or_blind(error: SlackApiError) -> None:
    if _said(error) not in BLIND:
        raise error
    LOG.warning("Slack: whether a message arrived cannot be told (%s), so it is sent again", _said(error))


def _said(error: SlackApiError) -> str:
    answer: Any = error.response.data
    return str(answer.get("error") or "") if isinstance(answer, dict) else ""
