"""A message in the words that a person gave for it; in those of the house where these cannot be used.

A template that fails loses no message: it goes in the words of the house, and says what failed.
"""

import logging
from collections.abc import Mapping
from typing import Any

from jinja2 import TemplateError

from alerts.policy.words import NAMES, Words, environment
from alerts.rules.model import NONE
from alerts.telling.channels.one_line import one_line
from alerts.telling.channels.wording import (
    MEANS,
    STANDS,
    changes,
    facts,
    headline,
    lasted,
    moment,
    others,
    said,
    where,
)
from alerts.telling.message import Message

LOG = logging.getLogger("promptpilot.alerts.own_words")
LONGEST_TITLE, LONGEST_BODY = 300, 10_000


def worded(message: Message, words: Words) -> Message:
    """The message, with its own title and body where there are templates for them."""
    if message.digest or words == Words():
        return message
    names = names_of(message)
    failed: list[str] = []

    def made(part: str, template: str) -> str:
        try:
            return environment().from_string(template).render(names) if template else ""
        except Exception as error:  # whatever an expression of a template may raise
            reason = (error.message if isinstance(error, TemplateError) else None) or f"{type(error).__name__}: {error}"
            failed.append(f"the template of the {part} in routing.yaml failed: {one_line(reason, 200)}")
            LOG.warning("%s, for rule %s", failed[-1], message.rule)
            return ""

    title, body = made("title", words.title), made("body", words.body)
    return message.model_copy(
        update={
            "own_title": one_line(title, LONGEST_TITLE).strip(),
            "own_body": _lines(body),
            "note": ". ".join(filter(None, (message.note, *failed))),
        }
    )


def names_of(message: Message) -> Mapping[str, Any]:
    """What a template may name, of a message."""
    plain = message.model_dump(mode="json", include=set(NAMES))
    return {
        **plain,
        "headline": headline(message),
        "state": STANDS[message.kind],
        "means": MEANS[message.priority],
        "labels": {name: NONE if value is None else value for name, value in message.labels},
        "began": moment(message.since),
        "ended": "" if message.ended_at is None else moment(message.ended_at),
        "lasted": lasted(message),
        "places": where(message),
        "happened": changes(message),
        "others": others(message),
        "facts": [{"label": fact.label, "text": fact.text} for fact in facts(message)],
        "said": said(message),
    }


def _lines(text: str) -> str:
    """Each line by itself without what turns or hides letters, and no more than a message holds."""
    lines = [one_line(line).rstrip() for line in text[:LONGEST_BODY].splitlines()]
    return "\n".join(lines).strip("\n")
