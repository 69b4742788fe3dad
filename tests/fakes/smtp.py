"""A mail server: STARTTLS or TLS with a certificate of an authority of its own, users with passwords."""

import asyncio
import ssl
import threading
from collections import defaultdict, deque
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Literal, Self

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "alerts@fake.example", "fake smtp password"
Security = Literal["starttls", "tls", "none"]


class FakeMailServer:
    """One such server, while the block lasts. It takes mail from those who log in, if it is encrypted at all."""

    def __init__(self, security: Security = "starttls", name: str = "localhost", authority: trustme.CA | None = None):
        self.authority = authority or trustme.CA()
        self.trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        """What a client needs to trust it."""
        self.authority.configure_trust(self.trusting)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(name).configure_cert(self._tls)
        self._security: Security = security
        self.security: Security = security
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.port = 0
        self._failures: dict[str, deque[str]] = defaultdict(deque)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._hung: list[asyncio.Event] = []

    def fail_next(self, command: str, *replies: str) -> None:
        """Replies to the next `AUTH`, `MAIL`, `DATA` or `RCPT <address>`: `451 later`; or `hang`, or `lose`.

        `lose` is for DATA: the mail is accepted, and the connection torn down before the reply.
        """
        self._failures[command].extend(replies)

    def __enter__(self) -> Self:
        server = asyncio.run_coroutine_threadsafe
        self._thread.start()
        self._server: asyncio.Server = server(self._listen(), self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(
            self._protocol, "127.0.0.1", 0, ssl=self._tls if self._security == "tls" else None
        )

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            loop=self._loop,
            enable_SMTPUTF8=False,
            hostname="fake",
            tls_context=self._tls if self._security == "starttls" else None,
            require_starttls=self._security == "starttls",
            auth_require_tls=self._security == "starttls",
            authenticator=self._authenticate,
        )

    async def _end(self) -> None:
        self._server.close()
        for hung in self._hung:
            hung.set()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _failure(self, command: str) -> str:
        waiting = self._failures[command]
        return waiting.popleft() if waiting else ""

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        if reply := self._failure("AUTH"):
            return AuthResult(success=False, handled=False, message=reply)
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Who it is from."""
        if self._security != "none" and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if reply := self._failure("MAIL"):
            return reply
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Who it is for."""
        if reply := self._failure(f"RCPT {address}"):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """The mail itself."""
        reply = self._failure("DATA")
        if reply == "hang":
            self._hung.append(asyncio.Event())
            await self._hung[-1].wait()
        if reply not in ("", "lose"):
            return reply
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=default)
        self.mails.append(mail)
        self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
        if reply == "lose" and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return "250 OK"
