"""Slack, by its Web API: the first message of an incident is kept up to date, what happens is told in its thread."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from http.client import HTTPException
from typing import Any

from pydantic import SecretStr
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from alerts.store.outbox import Reference
from alerts.telling.channels import slack_blocks
from alerts.telling.channels.channel import Parcel, Receipt, Refused, Retry, Sent
from alerts.telling.channels.chart import described, png
from alerts.telling.channels.http_answers import host, receipt, told
from alerts.telling.channels.one_line import one_line
from alerts.telling.channels.patience import OutOfTime, Patience
from alerts.telling.channels.slack_history import answered, arrived
from alerts.telling.message import Message

LOG = logging.getLogger("promptpilot.alerts.slack")
QUIET = logging.getLogger("promptpilot.alerts.slack.sdk")
"""For slack_sdk, which would write addresses and bodies; what matters of them is in the receipt."""
QUIET.setLevel(logging.CRITICAL)
FILE_TAKES = 8
"""How many times as long as for a message is waited for a file of some megabytes."""
EDITS = frozenset({"update", "acknowledged", "resolved", "flapping"})
"""Kinds that change the first message; the rest are said anew."""
GONE = frozenset({
    "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "cannot_reply_to_message",
})  # fmt: skip
"""The first message cannot be changed or answered any more: it is said anew."""
PASSES = frozenset({
    "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
    "team_added_to_org",
})  # fmt: skip
"""Errors that go away by themselves."""
REMEDIES: Mapping[str, str] = {
    "invalid_auth": "the bot token is not valid: set PROMPTPILOT_SLACK_BOT_TOKEN to the xoxb-… token of the app",
    "not_authed": "no bot token arrived: set PROMPTPILOT_SLACK_BOT_TOKEN to the xoxb-… token of the app",
    "account_inactive": "the app was removed: install it again and set PROMPTPILOT_SLACK_BOT_TOKEN",
    "token_revoked": "the bot token was revoked: install the app again and set PROMPTPILOT_SLACK_BOT_TOKEN",
    "token_expired": "the bot token has expired: set PROMPTPILOT_SLACK_BOT_TOKEN to a new one",
    "channel_not_found": "no such channel, or a private one the app is not in: check the name, or /invite the app",
    "not_in_channel": "the app is not in the channel: /invite it there, or give it the scope chat:write.public",
    "is_archived": "the channel is archived: unarchive it, or name another in alerts.slack.channel or the rule",
    "missing_scope": "the app lacks a scope: give it chat:write and install it again",
    "restricted_action": "the workspace does not let the app post there: ask its administrator",
}
"""What to do about what Slack says."""
_STUMBLES = (SlackClientError, OSError, HTTPException, ValueError, AttributeError, TypeError)
"""No connection, or an answer that slack_sdk stumbles over, such as JSON that is no object."""


class Slack:
    """Posts as an app, with its bot token. `interactive`: somebody listens for its buttons (`slack_buttons.py`)."""

    name = "slack"
    edits = True

    def __init__(
        self, token: SecretStr, channel: str, api_url: str, interactive: bool = False, patience: Patience | None = None
    ) -> None:
        self._token = token
        self._channel = channel
        self._interactive = interactive
        self._patience = patience or Patience()
        self._for_a_picture = Patience(self._patience.seconds / 3)
        self._for_a_file = Patience(self._patience.seconds * FILE_TAKES)
        self._client = web_client(token, api_url, self._patience.silence)
        self._may_upload = True

    def send(self, message: Message, address: str, earlier: Reference | None, again: bool) -> Receipt:
        """Say it in the channel, or where the incident was spoken of first."""
        place = address or self._channel
        said = self._tried(lambda: self._say(message, place, earlier, again), place)
        if not isinstance(said, tuple):
            return said
        sent, is_new = said
        if is_new:
            self._show(message, sent)
        return Sent(sent)

    def carry(self, parcel: Parcel, address: str, again: bool) -> Receipt:
        """Say the figures of a file in the channel, and put the file below them; without it the link has to do."""
        place = address or self._channel
        said = self._tried(lambda: self._announce(parcel, place, again), place)
        if not isinstance(said, tuple):
            return said
        sent, is_new = said
        if not is_new or not self._may_upload:
            return Sent(sent)
        try:
            self._for_a_file.call(
                lambda: self._client.files_upload_v2(
                    content=parcel.content, filename=one_line(parcel.file_name), title=one_line(parcel.title, 80),
                    channel=sent["channel"], thread_ts=sent["ts"],
                )
            )  # fmt: skip
        except SlackApiError as error:
            self._may_upload = _error(error) != "missing_scope"
            LOG.warning("Slack: a report came as its link alone: %s", _error(error))
        except (OutOfTime, *_STUMBLES) as error:
            LOG.warning("Slack: a report came as its link alone: %s", type(error).__name__)
        return Sent(sent)

    def _tried(
        self, saying: Callable[[], tuple[dict[str, str], bool]], place: str
    ) -> tuple[dict[str, str], bool] | Retry | Refused:
        try:
            return self._patience.call(saying)
        except OutOfTime as late:
            return Retry(f"Slack: {late}")
        except SlackApiError as error:
            return self._meaning(error, place)
        except _STUMBLES as error:
            return Retry(f"Slack: {told(f'{type(error).__name__}: {error}', (self._token,))}")

    def _announce(self, parcel: Parcel, place: str, again: bool) -> tuple[dict[str, str], bool]:
        """Where the figures of a file stand, and whether they were said just now."""
        found = arrived(self._client, place, parcel.key, parcel.since) if again else None
        if found:
            return {"channel": found[0], "ts": found[1]}, False
        posted = self._client.chat_postMessage(
            channel=place, text=slack_blocks.announced(parcel), metadata=slack_blocks.metadata(parcel.key),
            parse="none", unfurl_links=False, unfurl_media=False,
        )  # fmt: skip
        return {"channel": str(posted["channel"]), "ts": str(posted["ts"])}, True

    def _say(self, message: Message, place: str, earlier: Reference | None, again: bool) -> tuple[dict[str, str], bool]:
        """The reference of the first message, and whether that was posted just now."""
        if earlier and "ts" in earlier:
            try:
                self._follow(message, earlier, again)
            except SlackApiError as error:
                if _error(error) not in GONE:
                    raise
                place = earlier["channel"]
            else:
                return dict(earlier), False
        found = arrived(self._client, place, message.key, message.since) if again else None
        if found:
            return {"channel": found[0], "ts": found[1], "key": message.key}, False
        posted = self._post(message, place, slack_blocks.blocks(message, self._interactive))
        return {"channel": str(posted["channel"]), "ts": str(posted["ts"]), "key": message.key}, True

    def _follow(self, message: Message, earlier: Reference, again: bool) -> None:
        """Bring the first message up to date and say in its thread what happened; or say it there for all to see."""
        channel, thread = earlier["channel"], earlier["ts"]
        whole = slack_blocks.blocks(message, self._interactive)
        edits = message.kind in EDITS
        if edits:
            # Metadata that is not given again may be lost, and with it the way back to the message.
            kept = slack_blocks.metadata(earlier["key"]) if "key" in earlier else None
            text = slack_blocks.fallback(message)
            self._client.chat_update(channel=channel, ts=thread, text=text, blocks=whole, parse="none", metadata=kept)
        if not (again and answered(self._client, channel, thread, message.key)):
            answer = slack_blocks.short(message) if edits else whole
            self._post(message, channel, answer, thread_ts=thread, reply_broadcast=not edits)

    def _post(self, message: Message, place: str, body: list[slack_blocks.Block], **thread: Any) -> Mapping[str, Any]:
        answer = self._client.chat_postMessage(
            channel=place,
            text=slack_blocks.fallback(message),
            blocks=body,
            metadata=slack_blocks.metadata(message.key),
            parse="none",
            unfurl_links=False,
            unfurl_media=False,
            **thread,
        )
        return {"channel": answer["channel"], "ts": answer["ts"]}

    def _show(self, message: Message, sent: Reference) -> None:
        """Put the picture below the message, where the token may: the message counts without it."""
        drawn = png(message) if self._may_upload else None
        if drawn is None:
            return
        try:
            self._for_a_picture.call(
                lambda: self._client.files_upload_v2(
                    content=drawn,
                    filename="series.png",
                    title=one_line(message.metric_title or message.metric or "Series", 80),
                    alt_txt=described(message),
                    channel=sent["channel"],
                    thread_ts=sent["ts"],
                )
            )
        except SlackApiError as error:
            self._may_upload = _error(error) != "missing_scope"
            LOG.warning("Slack: messages come without a picture: %s", _error(error))
        except (OutOfTime, *_STUMBLES) as error:
            LOG.warning("Slack: a message came without its picture: %s", type(error).__name__)

    def _meaning(self, error: SlackApiError, place: str) -> Retry | Refused:
        answer, said = error.response, _error(error)
        headers = {str(name): str(value) for name, value in dict(answer.headers or {}).items()}
        if answer.status_code != 200:
            return receipt(answer.status_code, f"Slack: status {answer.status_code}", headers)
        reason = told(f"Slack, {place}: {REMEDIES.get(said, said or 'not an answer of Slack')}", (self._token,))
        if said in PASSES:
            return receipt(429, reason, headers)
        # slack_sdk puts an answer that is no JSON into the error: somebody else than Slack answered.
        return Refused(reason) if said and " " not in said else Retry(reason, timedelta(minutes=1))


def web_client(token: SecretStr | None, api_url: str, timeout: float) -> WebClient:
    """A client that tries once, because trying again is the sender's, and that logs nothing."""
    client = WebClient(
        None if token is None else token.get_secret_value(),
        base_url=api_url,
        timeout=timeout,  # pyright: ignore[reportArgumentType]
        retry_handlers=[],
        logger=QUIET,
    )
    if host(api_url) in ("localhost", "127.0.0.1", "::1"):
        client.proxy = None  # slack_sdk takes the environment's for this machine, too
    return client


def _error(error: SlackApiError) -> str:
    answer: Any = error.response.data
    return str(answer.get("error") or "") if isinstance(answer, dict) else ""
