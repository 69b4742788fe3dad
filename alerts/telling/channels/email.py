"""Mail by SMTP."""

import logging
import smtplib
import ssl
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import NamedTuple

from pydantic import SecretStr

from alerts.store.outbox import Reference
from alerts.telling.channels.channel import Parcel, Receipt, Refused, Retry, Sent
from alerts.telling.channels.email_body import letter, message_id, packed
from alerts.telling.channels.http_answers import told
from alerts.telling.channels.patience import OutOfTime, Patience
from alerts.telling.channels.tls import trusted
from alerts.telling.message import Message
from metrics.settings import Email as Settings

LOG = logging.getLogger("promptpilot.alerts.email")
_REMEMBERED = 1000
FILE_TAKES = 8
"""How many times as long as for a message is waited for a file of some megabytes."""
Refusals = Mapping[str, tuple[int, bytes]]


class Login(NamedTuple):
    """Whom the mail server knows us as."""

    user: str
    password: SecretStr


class Email:
    """Sends through the mail server of the settings."""

    name = "email"
    edits = False

    def __init__(
        self,
        settings: Settings,
        sender: str,
        login: Login | None,
        now: Callable[[], datetime],
        patience: Patience | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._sender = sender
        self._login = login
        self._now = now
        self._patience = patience or Patience()
        self._for_a_file = Patience(self._patience.seconds * FILE_TAKES)
        self._context = context or trusted()
        self._settled: OrderedDict[str, Mapping[str, str]] = OrderedDict()
        """By key of a message that somebody is still to get: who got it (an empty text) or never will (why)."""

    def send(self, message: Message, address: str, earlier: Reference | None, again: bool) -> Receipt:
        """Mail it. Sent again it has the same Message-ID, by which mailboxes know it."""
        del again
        recipients = self._recipients(address)
        if wrong := self._wrong(recipients):
            return Refused(wrong)
        mail = letter(message, self._sender, recipients, earlier, self._now())
        return self._posted(mail, recipients, message.key, earlier, self._patience)

    def carry(self, parcel: Parcel, address: str, again: bool) -> Receipt:
        """Mail the file with its figures, as a message is mailed."""
        del again
        recipients = self._recipients(address)
        if wrong := self._wrong(recipients):
            return Refused(wrong)
        mail = packed(parcel, self._sender, recipients, self._now())
        return self._posted(mail, recipients, parcel.key, None, self._for_a_file)

    def _recipients(self, address: str) -> list[str]:
        return [part.strip() for part in address.split(",")] if address else list(self._settings.to)

    def _posted(
        self, mail: EmailMessage, recipients: Sequence[str], key: str, earlier: Reference | None, patience: Patience
    ) -> Receipt:
        """Hand a mail in for those who have not got it and still may."""
        settled = self._settled.get(key, {})
        left = [one for one in recipients if one not in settled]
        try:
            refusals = patience.call(lambda: self._transmit(mail, left))
        except OutOfTime as late:
            return Retry(f"Mail server {self._settings.host}: {late}")
        except smtplib.SMTPRecipientsRefused as error:
            refusals = error.recipients
        except (smtplib.SMTPException, ssl.SSLError, OSError, UnicodeError) as error:
            return self._meaning(error)
        texts = {one: self._said(code, text) for one, (code, text) in refusals.items()}
        later = {one: texts[one] for one, (code, _) in refusals.items() if 400 <= code < 500}
        now_settled = {one: texts.get(one, "") for one in left if one not in later}
        return self._outcome(key, {**settled, **now_settled}, later, earlier)

    def _wrong(self, recipients: Sequence[str]) -> str:
        if not recipients:
            return "mail to nobody: set alerts.email.to, or name an address in the rule (email:oncall@example.com)"
        wrong = [one for one in (self._sender, *recipients) if not is_address(one)]
        return f"{told(', '.join(map(repr, wrong)))}: no mail address" if wrong else ""

    def _transmit(self, mail: EmailMessage, recipients: Sequence[str]) -> Refusals:
        """Those who were refused, while others were not."""
        server = self._connected()
        try:
            if self._login is not None:
                server.login(self._login.user, self._login.password.get_secret_value())
            refusals = server.send_message(mail, self._sender, recipients)
            with suppress(smtplib.SMTPException, OSError):  # it has the mail, however it takes leave
                server.quit()
        finally:
            server.close()
        return refusals

    def _connected(self) -> smtplib.SMTP:
        host, port, silence = self._settings.host, self._settings.port, self._patience.silence
        if self._settings.security == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=silence, context=self._context)
        server = smtplib.SMTP(host, port, timeout=silence)
        if self._settings.security == "starttls":
            try:
                server.starttls(context=self._context)
            except BaseException:
                server.close()
                raise
        return server

    def _outcome(
        self, key: str, settled: Mapping[str, str], later: Mapping[str, str], earlier: Reference | None
    ) -> Receipt:
        """Whoever is left is tried again, as long as their server says that it may work; the others get it once."""
        refused = "; ".join(f"{one}: {text}" for one, text in settled.items() if text)
        self._settled.pop(key, None)
        if later:
            self._settled[key] = settled
            while len(self._settled) > _REMEMBERED:
                self._settled.popitem(last=False)
            return Retry("Mail server: " + "; ".join(f"{one}: {text}" for one, text in later.items()))
        if all(settled.values()):
            return Refused(f"Mail server: {refused}: check alerts.email.to and the addresses in the rule")
        if refused:
            LOG.warning("a mail reached some but not others: %s", refused)
        first = dict(earlier or {}) or {"message_id": message_id(key, self._sender)}
        return Sent({**first, "refused": refused} if refused else first)

    def _said(self, code: int, text: bytes | str) -> str:
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return told(f"{code} {words}", () if self._login is None else (self._login.password,))

    def _meaning(self, error: Exception) -> Retry | Refused:
        server = f"Mail server {self._settings.host}"
        match error:
            case smtplib.SMTPAuthenticationError() if error.smtp_code >= 500:
                said = self._said(error.smtp_code, error.smtp_error)
                return Refused(f"{server}: {said}: set PROMPTPILOT_SMTP_USER and PROMPTPILOT_SMTP_PASSWORD")
            case smtplib.SMTPSenderRefused() if error.smtp_code >= 500:
                said = self._said(error.smtp_code, error.smtp_error)
                return Refused(f"{server}: {said}: set alerts.email.sender to an address it lets you use")
            case smtplib.SMTPResponseException():
                said = self._said(error.smtp_code, error.smtp_error)
                return (Refused if error.smtp_code >= 500 else Retry)(f"{server}: {said}")
            case smtplib.SMTPNotSupportedError() | UnicodeError():
                return Refused(f"{server}: {told(str(error))}: check alerts.email.security, user and addresses")
            case ssl.SSLCertVerificationError():
                return Retry(f"{server}: its certificate is not trusted ({told(error.verify_message)}): check the host")
            case _:
                secrets = () if self._login is None else (self._login.password,)
                return Retry(f"{server}: {told(f'{type(error).__name__}: {error}', secrets)}")


def is_address(text: str) -> bool:
    """Whether mail can be sent there."""
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, HeaderParseError):
        return False
    printable = all(ord(sign) > 32 and ord(sign) != 127 for sign in text)
    return bool(address.username and address.domain and printable)
