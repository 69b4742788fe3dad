"""A POST to an address of the user's: all facts as JSON, or what a template of the home makes of them."""

import hmac
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import blake2b

import httpx2
from pydantic import SecretStr

from alerts.store.outbox import Reference
from alerts.telling.channels.channel import Receipt, Refused, Retry, Sent
from alerts.telling.channels.http_answers import host, receipt, told
from alerts.telling.channels.patience import OutOfTime, Patience
from alerts.telling.channels.template import Body, Template, TemplateError
from alerts.telling.channels.tls import trusted
from alerts.telling.channels.wording import is_link
from alerts.telling.message import Message
from metrics.hosts import is_named

# httpx2 writes the address of every request, and that of a webhook may hold a token.
logging.getLogger("httpx2").setLevel(logging.WARNING)
TIMESTAMP = "X-PromptPilot-Timestamp"
SIGNATURE = "X-PromptPilot-Signature"
_READ = 2000
_REPEATED = 80
"""Letters of an answer that are repeated."""


class Webhook:
    """Posts, signed where there is a secret. Redirects are not followed: the facts go where the settings say."""

    name = "webhook"
    edits = True

    def __init__(
        self,
        url: str,
        secret: SecretStr | None,
        template: Template | None,
        now: Callable[[], datetime],
        patience: Patience | None = None,
        hosts: Sequence[str] = (),
    ) -> None:
        """`hosts` are those that the address of a rule may lead to, as `alerts.webhook_hosts` names them."""
        self._url = url
        self._secret = secret
        self._template = template
        self._now = now
        self._patience = patience or Patience()
        self._hosts = hosts

    def send(self, message: Message, address: str, earlier: Reference | None, again: bool) -> Receipt:
        """Post it. Sent again it has the same Idempotency-Key, by which the other side knows it."""
        del earlier, again
        url = address or self._url
        if not is_link(url):
            return Refused("Webhook: no address to post to: set alerts.webhook.url to one that begins with https://")
        try:
            if address and not is_named(httpx2.URL(address).host.rstrip("."), self._hosts):
                return Refused(f"Webhook: {host(url)} is not among alerts.webhook_hosts: rules post to those alone")
            return self._patience.call(lambda: self._post(url, message, is_own=not address), host(url))
        except OutOfTime as late:
            return Retry(f"Webhook: {late}")
        except TemplateError as error:
            return Refused(f"Webhook: {error}")
        except httpx2.InvalidURL:
            return Refused(f"Webhook: {host(url)}: no address that can be posted to: check alerts.webhook.url")
        except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            reason = told(f"{type(error).__name__}: {error}", (SecretStr(url), self._secret))
            return Retry(f"Webhook: no answer from {host(url)}: {reason}")

    def _post(self, url: str, message: Message, *, is_own: bool) -> Receipt:
        body = Body.of(message) if self._template is None else self._template.body(message)
        with (
            httpx2.Client(verify=trusted(), timeout=self._patience.silence, follow_redirects=False) as client,
            client.stream("POST", url, content=body.content, headers=self._headers(body, message)) as answer,
        ):
            if answer.is_success:
                return Sent({})
            # What answers at the address of a rule may be something that the rule's author is not to read.
            heard = next(answer.iter_bytes(_READ), b"").decode("utf-8", "replace") if is_own else ""
            words = told(heard, (SecretStr(url), self._secret))[:_REPEATED]
            reason = f"Webhook: {host(url)}: status {answer.status_code}"
            if answer.is_redirect:
                return Refused(f"{reason}: redirects are not followed: set alerts.webhook.url to where it leads")
            return receipt(answer.status_code, f"{reason}, {words}" if words else reason, answer.headers)

    def _headers(self, body: Body, message: Message) -> dict[str, str]:
        headers = {
            "Content-Type": body.content_type,
            "User-Agent": "PromptPilot",
            "Idempotency-Key": blake2b(message.key.encode(), digest_size=16).hexdigest(),
            TIMESTAMP: str(int(self._now().timestamp())),
        }
        if self._secret is not None:
            headers[SIGNATURE] = signature(self._secret, headers[TIMESTAMP], body.content)
        return headers


def signature(secret: SecretStr, timestamp: str, body: bytes) -> str:
    """`sha256=` and the HMAC of timestamp, a dot and the body: whoever knows the secret can tell that it is ours."""
    signed = timestamp.encode() + b"." + body
    return "sha256=" + hmac.digest(secret.get_secret_value().encode(), signed, "sha256").hex()
