"""A message as plain text: the body of a mail, and what is copied into a chat."""

from alerts.telling.channels.chart import sparkline
from alerts.telling.channels.one_line import one_line
from alerts.telling.channels.wording import (
    EXPLAINED,
    STANDS,
    changes,
    facts,
    headline,
    is_link,
    links,
    moment,
    others,
    said,
)
from alerts.telling.message import Claim, Message


def plain_text(message: Message, *, charts: bool = True) -> str:
    """Everything that is known, a line a fact; no text of an event can begin a line of its own.

    Causes come with the addresses of their `charts`, unless told otherwise.
    """
    lines = [one_line(headline(message)), one_line(said(message)), ""]
    lines += message.own_body.splitlines() or [one_line(f"{fact.label}: {fact.text}") for fact in facts(message)]
    lines += ["", sparkline(message)]
    for title, listed in lists(message):
        lines += ["", f"{title}:", *(line for claim in listed for line in _written(claim, charts))]
    lines += ["", *(f"{link.label}: {link.text}" for link in links(message))]
    lines += ["", one_line(foot(message))]
    return "\n".join(lines)


def _written(claim: Claim, charts: bool) -> list[str]:
    link = [f"  {claim.url}"] if charts and is_link(claim.url) else []
    return [f"- {one_line(claim.text)}", *link]


def lists(message: Message) -> list[tuple[str, list[Claim]]]:
    """What there may be several of, each with its title; nothing where a person's own words stand for it."""
    if message.own_body:
        return []
    listed = [
        ("Shortly before", changes(message)),
        ("Alerts", others(message)),
        ("Incidents", [f"{part.priority} {STANDS[part.kind]}: {part.title}" for part in message.digest]),
    ]
    plain = [(title, [Claim(text=line) for line in lines]) for title, lines in listed if lines]
    return [(EXPLAINED, list(message.causes)), *plain] if message.causes else plain


def foot(message: Message) -> str:
    """By which the incident is found again, and the instant spoken of."""
    return f"Rule {message.rule}, incident {message.incident}, {moment(message.at)}"
