"""Slack, by an incoming webhook: one channel, which Slack chose; nothing is changed or answered afterwards."""

from http.client import HTTPException

from pydantic import SecretStr
from slack_sdk.errors import SlackClientError
from slack_sdk.webhook import WebhookClient

from alerts.store.outbox import Reference
from alerts.telling.channels import slack_blocks
from alerts.telling.channels.channel import Parcel, Receipt, Retry, Sent
from alerts.telling.channels.http_answers import host, receipt, told
from alerts.telling.channels.patience import OutOfTime, Patience
from alerts.telling.channels.slack import QUIET
from alerts.telling.message import Message

REMEDY = "set PROMPTPILOT_SLACK_WEBHOOK_URL to an address that the app shows under Incoming Webhooks"


class SlackWebhook:
    """Posts to the address of an incoming webhook. It knows one channel: what a rule names besides is not looked at."""

    name = "slack"
    edits = False

    def __init__(self, url: SecretStr, patience: Patience | None = None) -> None:
        self._url = url
        self._patience = patience or Patience()
        address = url.get_secret_value()
        self._client = WebhookClient(
            address,
            timeout=self._patience.silence,  # pyright: ignore[reportArgumentType]
            retry_handlers=[],
            logger=QUIET,
        )
        if host(address) in ("localhost", "127.0.0.1", "::1"):
            self._client.proxy = None

    def send(self, message: Message, address: str, earlier: Reference | None, again: bool) -> Receipt:
        """Say it as a message of its own; a webhook cannot tell whether one arrived before."""
        del address, earlier, again
        return self._posted(slack_blocks.fallback(message), slack_blocks.blocks(message, interactive=False))

    def carry(self, parcel: Parcel, address: str, again: bool) -> Receipt:
        """Say the figures of a file and its link: a webhook takes no files."""
        del address, again
        return self._posted(slack_blocks.announced(parcel), None)

    def _posted(self, text: str, blocks: list[slack_blocks.Block] | None) -> Receipt:
        try:
            answer = self._patience.call(
                lambda: self._client.send(text=text, blocks=blocks, unfurl_links=False, unfurl_media=False)
            )
        except OutOfTime as late:
            return Retry(f"Slack: {late}")
        except (SlackClientError, OSError, HTTPException, ValueError) as error:
            return Retry(f"Slack: {told(f'{type(error).__name__}: {error}', (self._url,))}")
        if answer.status_code == 200:
            return Sent({})
        said = told(answer.body or "", (self._url,))
        return receipt(answer.status_code, f"Slack: status {answer.status_code}, {said}: {REMEDY}", answer.headers)
