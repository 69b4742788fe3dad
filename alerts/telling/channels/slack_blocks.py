"""A message in Slack's Block Kit, within its limits, and so that no text of an event means anything to Slack.

Sources: Slack, Block Kit reference (lengths and counts), and Formatting message text (what must be escaped).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from alerts.rules import Priority
from alerts.telling.channels.channel import Parcel
from alerts.telling.channels.chart import sparkline
from alerts.telling.channels.one_line import one_line
from alerts.telling.channels.wording import (
    EXPLAINED,
    Fact,
    changes,
    facts,
    headline,
    in_short,
    is_link,
    links,
    others,
    said,
)
from alerts.telling.message import Message

Block = dict[str, Any]
MOST_BLOCKS = 50
HEADER = 150
SECTION = 3000
FIELDS = 10
FIELD = 2000
LINE = 250
"""Of what is listed, and of the figures of a file."""
MOST_FACTS = 30
MOST_OWN = 30
"""Sections of a person's own words."""
BUTTON_URL = 3000
FALLBACK = 3000
"""Slack takes 40 000 characters; nobody reads them in a notification."""
EVENT_TYPE = "promptpilot_alert"
"""Of the metadata by which a message is found again."""
ACKNOWLEDGE, SILENCE = "promptpilot_acknowledge", "promptpilot_silence"
"""Ids of the buttons that do something; their value is the incident's id."""
MARKS: Mapping[Priority, str] = {
    Priority.P0: "🔴",
    Priority.P1: "🟠",
    Priority.P2: "🟡",
    Priority.P3: "🔵",
}
RESOLVED, ACKNOWLEDGED = "✅", "👀"
_BREAK = "\u200b"
"""A space of no width: what stands on both sides of it is no markup."""
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKUP = re.compile(
    r"`"
    r"|(?<![^\W_])[*_~]|[*_~](?![^\W_])"  # at the edge of a word: within one they mean nothing
    r"|@(?=here|channel|everyone)|(?<=:)(?=[a-z0-9_+'-]+:)|^(?=>)",
    re.IGNORECASE,
)


def literal(text: str, limit: int) -> str:
    """A text that Slack shows as it is, in at most `limit` characters: one line, no markup, no mention, no link."""
    return _cut(one_line(text), limit, lambda part: _escaped(_MARKUP.sub(lambda found: _BREAK + found[0], part)))


def plain(text: str, limit: int) -> str:
    """The same for a field that knows no markup."""
    return _cut(one_line(text), limit, _escaped)


def fallback(message: Message) -> str:
    """What notifications show, and screen readers read."""
    return literal(in_short(message), FALLBACK)


def announced(parcel: Parcel) -> str:
    """What is said of a file: its title, its figures and the link."""
    lines = "\n".join(literal(line, LINE) for line in parcel.text.splitlines())
    return f"*{literal(parcel.title, LINE)}*\n{lines}\n{_escaped(parcel.link)}"


def metadata(key: str) -> dict[str, Any]:
    """By which a message is found again."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


def blocks(message: Message, interactive: bool) -> list[Block]:
    """The whole message. `interactive` says whether somebody listens for buttons that are pressed."""
    if message.digest:
        return _digest(message)
    listed: list[Block | None] = [
        _header(message),
        _lines((f"*{literal(said(message), SECTION - 2)}*",)) if said(message) else None,
        *(_own(message) or _fields(facts(message))),
        _picture(message),
        *(() if message.own_body else _lists(message)),
        _context(message),
        _buttons(message, interactive),
    ]
    return [block for block in listed if block is not None]


def short(message: Message) -> list[Block]:
    """What happened, for the thread below the first message."""
    return [_lines((literal(in_short(message), SECTION),))]


def _escaped(text: str) -> str:
    return "".join(_ESCAPED.get(sign, sign) for sign in text)


def _cut(text: str, limit: int, written: Callable[[str], str]) -> str:
    """As much of the text as fits once it is written, with an ellipsis where something is left out."""
    if len(whole := written(text[: limit + 1])) <= limit and len(text) <= limit:
        return whole
    keep = limit
    while len(cut := written(text[:keep]) + "…") > limit:
        keep -= max(1, (len(cut) - limit) // 6)
    return cut


def _mark(message: Message) -> str:
    return {"resolved": RESOLVED, "acknowledged": ACKNOWLEDGED}.get(message.kind, MARKS[message.priority])


def _text(markup: str) -> Block:
    """Markup of ours. `verbatim` keeps Slack from looking for names and addresses in it."""
    return {"type": "mrkdwn", "text": markup, "verbatim": True}


def _plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": plain(text, limit), "emoji": False}


def _header(message: Message) -> Block:
    return {"type": "header", "text": _plain(f"{_mark(message)} {headline(message)}", HEADER)}


def _fields(listed: list[Fact]) -> list[Block]:
    fields = [_text(f"*{literal(fact.label, 100)}*\n{literal(fact.text, FIELD - 200)}") for fact in listed[:MOST_FACTS]]
    return [{"type": "section", "fields": fields[first : first + FIELDS]} for first in range(0, len(fields), FIELDS)]


def _own(message: Message) -> list[Block]:
    """A person's own words, in as many sections as they need."""
    parts: list[list[str]] = [[]]
    for line in (literal(line, SECTION) for line in message.own_body.splitlines()):
        if sum(len(one) + 1 for one in parts[-1]) + len(line) > SECTION:
            parts.append([])
        parts[-1].append(line)
    return [_lines(part) for part in parts[:MOST_OWN] if any(part)]


def _lists(message: Message) -> tuple[Block | None, ...]:
    return (
        _explained(message),
        _listed("Shortly before", changes(message)),
        _listed("Alerts", others(message)),
    )


def _picture(message: Message) -> Block | None:
    drawn = sparkline(message)
    # Within a code block only the three signs and the fence itself mean something.
    return _lines((f"```{_escaped(drawn.replace('`', ' '))}```",)) if drawn else None


def _listed(title: str, lines: list[str]) -> Block | None:
    return _lines((f"*{title}*", *(f"• {literal(line, LINE)}" for line in lines))) if lines else None


def _explained(message: Message) -> Block | None:
    """Each cause as a link to the chart that shows it."""
    lines = (f"• {_linked(literal(claim.text, LINE), claim.url)}" for claim in message.causes)
    return _lines((f"*{EXPLAINED}*", *lines)) if message.causes else None


def _linked(text: str, url: str) -> str:
    return f"<{_escaped(url).replace('|', '%7C')}|{text}>" if is_link(url) else text


def _lines(lines: Iterable[str]) -> Block:
    kept: list[str] = []
    for line in lines:
        if sum(len(one) + 1 for one in kept) + len(line) <= SECTION:
            kept.append(line)
    return {"type": "section", "text": _text("\n".join(kept))}


def _context(message: Message) -> Block:
    texts = (f"Rule {message.rule}", f"Incident {message.incident}")
    return {"type": "context", "elements": [_text(literal(text, 300)) for text in texts]}


def _buttons(message: Message, interactive: bool) -> Block | None:
    elements = _actions(message) if interactive else []
    elements += [_link(link) for link in links(message) if len(link.text) <= BUTTON_URL]
    return {"type": "actions", "block_id": "promptpilot", "elements": elements} if elements else None


def _actions(message: Message) -> list[Block]:
    """What can still be done about it."""
    if message.kind in ("resolved", "digest"):
        return []
    silence = {**_button("Silence 1 h", SILENCE), "value": message.incident}
    if message.kind == "acknowledged":
        return [silence]
    return [{**_button("Acknowledge", ACKNOWLEDGE), "value": message.incident, "style": "primary"}, silence]


def _link(link: Fact) -> Block:
    return {**_button(link.label, f"promptpilot_{link.label.split()[-1].lower()}"), "url": link.text}


def _button(label: str, action: str) -> Block:
    return {"type": "button", "action_id": action, "text": _plain(label, 75)}


def _digest(message: Message) -> list[Block]:
    """A line an incident, as many as fit."""
    shown = message.digest[: MOST_BLOCKS - 4]
    left = len(message.digest) - len(shown)
    lines = [_digest_line(part) for part in shown]
    more = [_lines((f"and {left} more",))] if left else []
    ends = [block for block in (_buttons(message, interactive=False),) if block is not None]
    return [_header(message), *(_lines((line,)) for line in lines), *more, *ends]


def _digest_line(part: Message) -> str:
    title = f"{MARKS[part.priority]} *{literal(headline(part), 400)}*"
    links_ = f" {_linked('open', part.incident_url)}" if is_link(part.incident_url) else ""
    first = next((fact.text for fact in facts(part) if fact.label == "Since"), "")
    return f"{title}{links_}\n{literal(first, 200)}"
