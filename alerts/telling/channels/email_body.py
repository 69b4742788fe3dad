"""A message as a mail: plain text, HTML that needs nothing from elsewhere, and the picture inside."""

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import blake2b
from html import escape

from alerts.rules import Priority
from alerts.store.outbox import Reference
from alerts.telling.channels.channel import Parcel
from alerts.telling.channels.chart import described, png
from alerts.telling.channels.one_line import one_line
from alerts.telling.channels.plain_text import foot, lists, plain_text
from alerts.telling.channels.wording import STANDS, Fact, facts, headline, in_brief, is_link, links, said
from alerts.telling.message import Claim, Message

SUBJECT = 200
COLORS = {Priority.P0: "#DC2626", Priority.P1: "#EA580C", Priority.P2: "#CA8A04", Priority.P3: "#2563EB"}
RESOLVED = "#059669"
_SEVEN_BITS = SMTP.clone(cte_type="7bit")
"""Some servers take nothing else."""
_PICTURE = "series"
_STYLE = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; padding: 16px; background: #ffffff; color: #111827; font: 15px/1.5 system-ui, sans-serif; }
td, th { padding: 4px 16px 4px 0; text-align: left; vertical-align: top; }
th { color: #4b5563; font-weight: 500; }
a { color: #1d4ed8; }
img { max-width: 640px; width: 100%; height: auto; background: #ffffff; }
@media (prefers-color-scheme: dark) {
  body { background: #111827; color: #f3f4f6; } th { color: #9ca3af; } a { color: #93c5fd; }
}
"""
"""Colors are given for both schemes, and never alone say what is meant."""


def letter(
    message: Message, sender: str, recipients: Sequence[str], earlier: Reference | None, now: datetime
) -> EmailMessage:
    """The whole mail. `earlier` is what an earlier mail of the incident left: it is answered."""
    mail = _headed(subject(message), message.key, sender, recipients, now)
    mail["X-PromptPilot-Incident"] = one_line(message.incident)
    if earlier and (first := earlier.get("message_id")) and first != mail["Message-ID"]:
        mail["In-Reply-To"] = mail["References"] = one_line(first)
    mail.set_content(plain_text(message))
    drawn = png(message)
    mail.add_alternative(_html(message, drawn is not None), subtype="html")
    if drawn is not None:
        page = mail.get_payload()[-1]  # pyright: ignore[reportUnknownVariableType, reportIndexIssue, reportArgumentType]
        page.add_related(drawn, "image", "png", cid=f"<{_PICTURE}>", filename="series.png", disposition="inline")  # pyright: ignore[reportAttributeAccessIssue]
    return mail


def packed(parcel: Parcel, sender: str, recipients: Sequence[str], now: datetime) -> EmailMessage:
    """The mail that brings a file: its figures and the link as text, and the file."""
    mail = _headed(one_line(parcel.title, SUBJECT), parcel.key, sender, recipients, now)
    mail.set_content(f"{parcel.text}\n\n{one_line(parcel.link)}\n")
    mail.add_attachment(parcel.content, "text", "html", filename=one_line(parcel.file_name))
    return mail


def _headed(subject: str, key: str, sender: str, recipients: Sequence[str], now: datetime) -> EmailMessage:
    mail = EmailMessage(_SEVEN_BITS)
    mail["Subject"] = subject
    mail["From"] = Address("PromptPilot", addr_spec=sender)
    mail["To"] = [Address(addr_spec=recipient) for recipient in recipients]
    mail["Date"] = now
    mail["Message-ID"] = message_id(key, sender)
    mail["Auto-Submitted"] = "auto-generated"  # no holiday notices, please
    return mail


def subject(message: Message) -> str:
    """`[P0] Firing: Error rate above 5 %: 7.3 % on /chat, 12 users`, one line whatever the title holds."""
    if message.own_title:
        return one_line(message.own_title, SUBJECT)
    state = "" if message.kind == "digest" else f"[{message.priority}] {STANDS[message.kind]}: "
    return one_line(state + in_brief(message), SUBJECT)


def message_id(key: str, sender: str) -> str:
    """The same for the same message, so that a mail sent twice is shown once."""
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"<{digest}@{sender.rpartition('@')[2]}>"


def _html(message: Message, pictured: bool) -> str:
    color = RESOLVED if message.kind == "resolved" else COLORS[message.priority]
    parts = [
        f'<p style="border-left:6px solid {color};padding-left:10px;font-size:20px;font-weight:600;margin:0">',
        f"{_text(headline(message))}</p>",
        f"<p>{_text(said(message))}</p>" if said(message) else "",
        _own(message) or f"<table>{''.join(map(_row, facts(message)))}</table>",
        f'<p><img src="cid:{_PICTURE}" alt="{_text(described(message))}" width="640"></p>' if pictured else "",
        *(_list(title, lines) for title, lines in lists(message)),
        f"<p>{' · '.join(map(_anchor, links(message)))}</p>",
        f"<p><small>{_text(foot(message))}</small></p>",
    ]
    body = "\n".join(part for part in parts if part)
    head = f'<meta charset="utf-8"><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _text(text: str) -> str:
    return escape(one_line(text), quote=True)


def _own(message: Message) -> str:
    return f"<p>{'<br>'.join(map(_text, message.own_body.splitlines()))}</p>" if message.own_body else ""


def _row(fact: Fact) -> str:
    return f"<tr><th>{_text(fact.label)}</th><td>{_text(fact.text)}</td></tr>"


def _list(title: str, claims: list[Claim]) -> str:
    lines = (_anchor(Fact(one.text, one.url)) if is_link(one.url) else _text(one.text) for one in claims)
    return f"<p><b>{_text(title)}</b></p><ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def _anchor(link: Fact) -> str:
    return f'<a href="{_text(link.text)}">{_text(link.label)}</a>'
