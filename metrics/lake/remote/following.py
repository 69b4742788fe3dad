"""A home that only reads a lake knows what others stored there: whoever takes over must tell what is new from what is not.

The ids of events come from the files that others committed, and what became of dropped files from what the commits say
of them. So taking over costs what came since the last look, however much there is.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from metrics.events import KINDS
from metrics.lake import intents, swapping
from metrics.lake.identity.identities import Identities
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


def stand_by(settings: Settings, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Know what the home that writes has stored since the last time; of how many event files.

    What this home had begun to store when another took over is left to that one. Days whose ids are not known yet are
    read bit by bit, one of each kind a look. Does nothing while it is this home's turn to write.

    Raises LakeUnavailable: storage does not answer, or the home cannot be written.
    """
    settle(settings)
    with locked(settings.home, stop):
        remote = remote_of(settings.home)
        if remote is None or turn_of(settings.home) is not None or not remote.is_overtaken():
            return 0
        remote.follow()
        lake = Lake(settings.home)
        leave(lake)
        read = follow(lake, stop)
        for kind in KINDS:
            if not stop():
                Identities(lake.events(kind)).hash_a_day()
        return read


def follow(lake: Lake, stop: Callable[[], bool] = lambda: False) -> int:
    """Know what other homes stored, as far as the logs in this home tell; of how many event files.

    Only inside the writer's lock, and while this home only reads. Raises LakeUnavailable.
    """
    book = Ledger(lake.home)
    read = 0
    for kind in KINDS:
        identities = Identities(lake.events(kind))
        for commit in identities.new:
            if commit.transaction and (entries := [*_entries(commit)]):
                book.apply(commit.transaction, entries)
        read += identities.follow(stop)
    return read


def leave(lake: Lake) -> None:
    """Leave what this home had begun, in a turn before, to whoever wrote since: that completed what counts of it.

    The files that it came from are where they were. Only inside the writer's lock.
    """
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
