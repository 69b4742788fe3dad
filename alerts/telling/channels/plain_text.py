"""A message as plain text: the body of a mail, and what is copied into a chat."""

from alerts.telling.channels.chart import sparkline
from alerts.telling.channels.one_line import one_line
from alerts.telling.channels.wording import STANDS, changes, facts, headline, links, moment, others, said, where
from alerts.telling.message import Message


def plain_text(message: Message) -> str:
    """Everything that is known, a line a fact; no text of an event can begin a line of its own."""
    lines = [one_line(headline(message)), one_line(said(message)), ""]
    lines += message.own_body.splitlines() or [one_line(f"{fact.label}: {fact.text}") for fact in facts(message)]
    lines += ["", sparkline(message)]
    for title, listed in lists(message):
        lines += ["", f"{title}:", *(f"- {one_line(line)}" for line in listed)]
    lines += ["", *(f"{link.label}: {link.text}" for link in links(message))]
    lines += ["", one_line(foot(message))]
    return "\n".join(lines)


def lists(message: Message) -> list[tuple[str, list[str]]]:
    """What there may be several of, each with its title; nothing where a person's own words stand for it."""
    if message.own_body:
        return []
    listed = [
        ("Where", where(message)),
        ("Shortly before", changes(message)),
        ("Alerts", others(message)),
        ("Incidents", [f"{part.priority} {STANDS[part.kind]}: {part.title}" for part in message.digest]),
    ]
    return [(title, lines) for title, lines in listed if lines]


def foot(message: Message) -> str:
    """By which the incident is found again, and the instant spoken of."""
    return f"Rule {message.rule}, incident {message.incident}, {moment(message.at)}"
