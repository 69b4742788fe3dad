"""What a sender is told: what was taken for good, what was not and why, or to come again later."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that is not taken."""

    index: int
    """Its place in what was sent, from 0."""
    reason: str
    """What is wrong, and what was expected."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the events that were sent together."""

    taken: int
    """How many are kept; they outlive this process and this machine's power."""
    rejected: tuple[Rejected, ...] = ()


class Refused(Exception):
    """A request that cannot be taken as it is: to send it again is of no use."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        """Of HTTP, 4xx."""
        self.reason = reason
        """What is wrong, and what was expected."""


class Unavailable(Exception):
    """Nothing was taken, by no fault of the events: they are to be sent again."""

    def __init__(self, status: int, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.status = status
        """429: more is waiting than may wait. 503: it cannot be kept, as on a full disk."""
        self.reason = reason
        self.retry_after = retry_after
        """Seconds after which to try again."""


Event = Mapping[str, Any]
"""An event in our own columns (`metrics.events.schema`), its kind under `event`, its values as JSON has
them, times as text; what is of no column goes into its attributes."""

Rejecting = Callable[[int], None]
"""Is told how many events of a request were not taken."""

Take = Callable[[Sequence[Event]], Awaitable[Receipt]]
"""Takes events; what it says is taken is on the disk. Raises Unavailable."""

Ready = Mapping[str, pl.DataFrame]
"""Events that are converted and checked already: by kind, in its stored schema and with an `event_id` in every row."""
NONE_READY: Ready = {}


class TakeReady(Protocol):
    """Takes events, converted already or not; what it says is taken is on the disk."""

    def __call__(self, events: Sequence[Event], ready: Ready = NONE_READY) -> Awaitable[Receipt]:
        """What became of them; those that are `ready` are numbered after the others. Raises Unavailable."""
        ...


def unheard(_count: int) -> None:
    """A `Rejecting` that does not care."""
