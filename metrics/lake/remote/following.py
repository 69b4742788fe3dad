"""A home that only reads a lake knows what others stored there: whoever takes over must tell what is new.

The ids of events come from the files that others committed, and what became of dropped files from what the commits say
of them. So taking over costs what came since the last look, however much there is.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from metrics.events import KINDS
from metrics.lake import intents, swapping
from metrics.lake.identity.identities import Identities
from metrics.lake.intake.marks import Interrupted
from metrics.lake.intake.received import is_segment
from metrics.lake.ledger import Entry, FileOutcome, Ledger, Reading, added, withdrawn
from metrics.lake.locking import locked
from metrics.lake.remote.address import settle
from metrics.lake.remote.lake import remote_of
from metrics.lake.remote.news import Commit
from metrics.lake.remote.turn import turn_of
from metrics.lake.tables import Lake
from metrics.settings import Settings

NOTE = "stored by another home"


class StandingBy:
    """A home that another may leave its turn to. Kept by whoever looks again and again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lake: Lake | None = None

    def look(self, stop: Callable[[], bool] = lambda: False) -> int:
        """Know what the home that writes has stored since the last look; of how many event files.

        What this home had begun to store when another took over is left to that one. Days whose ids are not known yet
        are read bit by bit, one of each kind a look. Does nothing while it is this home's turn.

        Raises LakeUnavailable: storage does not answer, or the home cannot be written.
        """
        home = self._settings.home
        settle(self._settings)
        if (remote := remote_of(home)) is None:
            return 0
        with suppress(Interrupted), locked(home, stop):
            if turn_of(home) is None and remote.is_overtaken():
                remote.follow()
                lake = self._lake = self._lake or Lake(home)
                leave(lake)
                read = follow(lake, stop)
                for kind in KINDS:
                    if not stop():
                        Identities(lake.events(kind)).hash_a_day()
                return read
        return 0


def follow(lake: Lake, stop: Callable[[], bool] = lambda: False) -> int:
    """Know what other homes stored, as far as the logs in this home tell; of how many event files.

    Only inside the writer's lock, and while this home only reads. Raises LakeUnavailable.
    """
    book = Ledger(lake.home)
    read = 0
    for kind in KINDS:
        identities = Identities(lake.events(kind))
        new = identities.new()
        for commit in new or ():
            if commit.transaction and (entries := [*_entries(commit)]):
                book.apply(commit.transaction, entries)
        read += identities.follow(new, stop)
    return read


def leave(lake: Lake) -> None:
    """Leave what this home had begun, in a turn before, to whoever wrote since: that completed what counts of it.

    The files that it came from are where they were. Only inside the writer's lock.
    """
    # A home that joins has no book: made anew from the tables, as one that was lost, it would have all events read.
    Ledger(lake.home).newest()
    swapping.abandon(lake)
    intents.abandon(lake)


def _entries(commit: Commit) -> Iterator[Entry]:
    """What the book is told of a transaction: of files, not of live events, which it tells of by the day."""
    told = [(hash, hint, *counts) for hash, hint, *counts in json.loads(commit.metadata.get("files") or "[]")]
    if gone := commit.metadata.get("withdrawn"):
        is_replaced = any(hash == gone for hash, *_ in told)
        yield withdrawn(gone, "replaced" if is_replaced else "forgotten", commit.at)
    yield from (_stored(commit.at, *one) for one in told if not is_segment(one[1]))


def _stored(
    at: datetime, hash: str, hint: str, kinds: dict[str, int], read: int, duplicates: int, rejected: int
) -> Entry:
    total = sum(kinds.values())
    status = "stored" if total else "duplicate" if duplicates else "rejected"
    outcome = FileOutcome(Path(hint), status, "", read, total, duplicates, rejected, kinds, (NOTE,))
    return added(outcome, hash, at, Reading())
