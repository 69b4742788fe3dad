"""PagerDuty, by its Events API v2: an incident of ours is an alert of theirs, found again by its id."""

from collections.abc import Mapping
from typing import Any

import httpx2
import pagerduty
from pydantic import SecretStr

from alerts.rules import Priority
from alerts.store.outbox import Reference
from alerts.telling.channels.channel import Receipt, Refused, Retry, Sent
from alerts.telling.channels.http_answers import host, receipt, told
from alerts.telling.channels.one_line import one_line
from alerts.telling.channels.patience import OutOfTime, Patience
from alerts.telling.channels.tls import trusted
from alerts.telling.channels.wording import EXPLAINED, MEANS, changes, facts, headline, links, others, said, where
from alerts.telling.message import Message

SUMMARY = 1024
SEVERITIES: Mapping[Priority, str] = {
    Priority.P0: "critical",
    Priority.P1: "error",
    Priority.P2: "warning",
    Priority.P3: "info",
}
REMEDY = "check PROMPTPILOT_PAGERDUTY_ROUTING_KEY: the integration key of an Events API v2 integration"


class PagerDuty:
    """Sends events to the service behind a routing key. A digest is a change event: it shall wake nobody."""

    name = "pagerduty"
    edits = False

    def __init__(self, routing_key: SecretStr, events_url: str, patience: Patience | None = None) -> None:
        self._key = routing_key
        self._url = events_url
        self._patience = patience or Patience()

    def send(self, message: Message, address: str, earlier: Reference | None, again: bool) -> Receipt:
        """Trigger, acknowledge or resolve. An event that arrives twice counts once, by its deduplication key.

        PagerDuty calls nobody again for an alert that is there: a rise in priority is an alert of its own beside it.
        """
        del address, again
        try:
            self._patience.call(lambda: self._submit(message, _first(message, earlier)))
        except OutOfTime as late:
            return Retry(f"PagerDuty: {late}")
        except _Unwelcome as answer:
            return self._meaning(answer.response)
        except pagerduty.UrlError as error:
            return Refused(f"PagerDuty: {error}")
        except (pagerduty.Error, httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            cause = error.__cause__ or error
            reason = told(f"{type(cause).__name__}: {cause}", (self._key,))
            return Retry(f"PagerDuty: no answer from {host(self._url)}: {reason}")
        return Sent({"dedup_key": message.incident, "priority": message.priority})

    def _submit(self, message: Message, first: Priority) -> None:
        with _Client(self._key.get_secret_value(), self._url, trusted(), self._patience.silence) as client:
            match message.kind:
                case "acknowledged":
                    for key in _keys(message, first):
                        client.acknowledge(key)
                case "resolved":
                    for key in _keys(message, first):
                        client.resolve(key)
                case "digest":
                    # With a timestamp of ours: theirs fails (pagerduty 7.2 calls datetime.timezone on the class).
                    client.submit(
                        summary(message),
                        source(message),
                        custom_details=details(message),
                        links=_links(message),
                        timestamp=message.at.isoformat(),
                    )
                case _:
                    client.trigger(
                        summary(message),
                        source(message),
                        dedup_key=_keys(message, first)[-1],
                        severity=SEVERITIES[message.priority],
                        payload={"timestamp": message.since.isoformat(), "component": message.rule},
                        custom_details=details(message),
                        links=_links(message),
                    )

    def _meaning(self, answer: httpx2.Response) -> Retry | Refused:
        words = told(_said(answer), (self._key,))
        return receipt(answer.status_code, f"PagerDuty: status {answer.status_code}, {words}: {REMEDY}", answer.headers)


def _first(message: Message, earlier: Reference | None) -> Priority:
    """The priority at which it was told first."""
    return Priority(earlier["priority"]) if earlier and "priority" in earlier else message.priority


def _keys(message: Message, first: Priority) -> list[str]:
    """The keys of the incident's alerts, the newest last: that of the first, and one for each priority above it."""
    risen = sorted((one for one in Priority if message.priority <= one < first), reverse=True)
    return [message.incident, *(f"{message.incident}/{one}" for one in risen)]


class _Unwelcome(Exception):
    """An answer that is no success."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__(f"status {response.status_code}")
        self.response = response


class _Client(pagerduty.EventsApiV2Client):
    """PagerDuty's client, but each event is tried once: it would sleep, and repeat a 429 for ever."""

    max_network_attempts = 0

    def __init__(self, key: str, url: str, context: Any, silence: float) -> None:
        super().__init__(key, base_url=url, verify=context)
        self.timeout = silence

    @property
    def url(self) -> str:
        return self._url

    @url.setter
    def url(self, new_base_url: str) -> None:
        # Theirs takes https only; a relay on this machine needs no encryption.
        if not new_base_url.startswith("https://") and host(new_base_url) not in ("localhost", "127.0.0.1", "::1"):
            raise pagerduty.UrlError("alerts.pagerduty.events_url must begin with https://")
        self._url = new_base_url.rstrip("/")

    def postprocess(self, response: httpx2.Response) -> None:
        """Called for every answer before theirs decides whether to try again."""
        if not response.is_success:
            raise _Unwelcome(response)


def _said(answer: httpx2.Response) -> str:
    """What it found wrong, without the braces."""
    try:
        document = answer.json()
        return "; ".join([str(document["message"]), *map(str, document.get("errors", ()))])
    except (ValueError, TypeError, KeyError, AttributeError):
        return answer.text


def summary(message: Message) -> str:
    """What is read out on the phone."""
    return one_line(headline(message), SUMMARY)


def source(message: Message) -> str:
    """What is affected: the labels, else the rule."""
    named = ", ".join(f"{name}={'(none)' if value is None else value}" for name, value in message.labels)
    return one_line(named, SUMMARY) or one_line(message.rule, SUMMARY)


def details(message: Message) -> dict[str, Any]:
    """Everything that is known, for the person who opens it."""
    listed = {
        "priority": f"{message.priority} ({MEANS[message.priority]})",
        "rule": message.rule,
        **{fact.label: fact.text for fact in facts(message)},
        "where": where(message),
        EXPLAINED.lower(): [claim.text for claim in message.causes],
        "shortly before": changes(message),
        "alerts": others(message),
        "note": said(message),
        "words": message.own_body,
        "incidents": [headline(part) for part in message.digest],
    }
    return {name: value for name, value in listed.items() if value}


def _links(message: Message) -> list[dict[str, str]]:
    return [{"href": link.text, "text": link.label} for link in links(message)]
