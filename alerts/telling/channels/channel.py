"""What every channel is: one method that sends one message once, and says whether a failure is worth another try.

    class Pigeon:
        name = "pigeon"
        edits = False

        def send(self, message: Message, address: str, earlier: Reference | None, again: bool) -> Receipt:
            try:
                ring = self.loft.release(to=address, with_=message.title)
            except Storm as storm:
                return Retry(str(storm), after=timedelta(hours=1))
            return Sent({"ring": ring})

Retries, their pace and giving up are the sender's (`alerts/telling/delivery.py`), not the channel's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from alerts.store.outbox import Reference
from alerts.telling.message import Message


@dataclass(frozen=True, slots=True)
class Sent:
    """It arrived."""

    reference: Reference
    """To be handed back with later messages of the same incident to the same target."""


@dataclass(frozen=True, slots=True)
class Retry:
    """It did not arrive, and may another time: a timeout, a 5xx, a rate limit."""

    reason: str
    """For people; holds no secret."""
    after: timedelta | None = None
    """Not before that long, where the other side said so (Retry-After)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never arrive like this: a wrong token, an unknown address. The reason says what to do."""

    reason: str


Receipt = Sent | Retry | Refused


class Channel(Protocol):
    """A way to reach people. Raises nothing that the other side may cause; may be called from several threads."""

    @property
    def name(self) -> str:
        """As rules name it: `slack`."""
        ...

    @property
    def edits(self) -> bool:
        """Whether it is told of every update: it changes what it wrote, or its reader tells one from a page."""
        ...

    def send(self, message: Message, address: str, earlier: Reference | None, again: bool) -> Receipt:
        """Send one message.

        `address` is the target's, or empty for the channel's default. `earlier` is the reference of the first message
        of the same incident to the same target. `again` says that an earlier try may have arrived without our knowing:
        a channel that can look for `message.key` does so, and gives the receipt of that one instead of sending twice.
        """
        ...


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file that is sent, and what is said of it."""

    key: str
    """Deduplication key."""
    title: str
    text: str
    """Its main figures, a line each."""
    link: str
    """The page that it was made of."""
    file_name: str
    content: bytes
    """HTML."""
    since: datetime
    """An earlier try that may have arrived is not older."""


@runtime_checkable
class Carrier(Protocol):
    """A channel that takes a file as well, or at least the link to it."""

    def carry(self, parcel: Parcel, address: str, again: bool) -> Receipt:
        """Send a parcel; `address` and `again` are as for a message."""
        ...
