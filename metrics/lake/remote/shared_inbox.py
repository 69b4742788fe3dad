"""An inbox in object storage, between homes that receive and the one that writes their lake.

A home that only reads the lake puts its files there, and its live events; the one that writes fetches and stores them
as if they lay in its own inbox, and takes an object away only once it is dealt with. What is sent twice or fetched
twice, wherever it was cut off, counts once: a file is known by its bytes, an event by its identity.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from metrics.lake.durably import space_needed
from metrics.lake.intake.dropping import placed, safe_name
from metrics.lake.intake.inbox import Found, put_away
from metrics.lake.intake.marks import Changing, Gone, identified, mark_of, named
from metrics.lake.intake.received import folder, is_segment
from metrics.lake.ledger import UNHASHED, Attempted, FileOutcome, Ledger
from metrics.lake.problems import Unreadable
from metrics.lake.remote.address import settle
from metrics.lake.remote.lake import remote_of
from metrics.lake.remote.objects import Objects
from metrics.lake.remote.turn import turn_of
from metrics.settings import Settings

FILES, LIVE = "files/", "live/"
"""Begin the names of objects: `files/<hash>/<path below the inbox>`, and `live/<name>` of segments of live events."""

MOST = 1_000
"""Objects that are fetched and not yet dealt with, at most: the rest waits in storage."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    """An object that lies in the home now."""

    path: Path
    after: int
    """The newest number in the book when it came."""


class SharedInbox:
    """The shared inbox as one home sees it. Kept from look to look by whoever looks again and again."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._home = settings, settings.home
        self._objects = Objects(settings.home, settings.inbox.url)
        self._fetched: dict[str, _Fetched] = {}

    @property
    def is_for_another(self) -> bool:
        """Whether another home writes the lake, so that what comes here is for that one. Raises LakeUnavailable."""
        settle(self._settings)
        if self._settings.lake.writes is False:
            return True
        if self._settings.lake.writes == "auto":
            return turn_of(self._home) is None
        remote = remote_of(self._home)
        return remote is not None and remote.is_written_elsewhere()

    def send(self, found: Sequence[Found], now: datetime, stop: Callable[[], bool]) -> list[FileOutcome]:
        """Put files into storage, then take them away here; what became of each, which the book tells, too.

        A file that is being written to stays, and is not among them. Raises LakeUnavailable: what was not sent stays.
        """
        self._fetched.clear()  # what was fetched goes back, for whoever writes now: it is theirs to take away
        outcomes: list[FileOutcome] = []
        for one in found:
            if stop():
                break
            try:
                outcome = self._sent(one, now)
            except (Changing, Gone):
                continue
            outcomes.append(outcome)
        return outcomes

    def receive(self, stop: Callable[[], bool]) -> None:
        """Fetch what others sent. Raises LakeUnavailable."""
        for one in (*self._objects.listed(LIVE.rstrip("/")), *self._objects.listed(FILES.rstrip("/"))):
            if stop() or len(self._fetched) >= MOST:
                return
            if one.name not in self._fetched:
                self._fetched[one.name] = self._fetch(one.name)

    def take_away(self) -> None:
        """Take the objects away that are dealt with by now. Raises LakeUnavailable."""
        done = [name for name, known in self._fetched.items() if mark_of(known.path) is None or self._is_in_book(name)]
        self._objects.delete(done)
        for name in done:
            del self._fetched[name]

    def _sent(self, one: Found, now: datetime) -> FileOutcome:
        is_live, book = is_segment(one.hint), Ledger(self._home)
        try:
            known = identified(one.path)
        except Unreadable as problem:
            outcome = FileOutcome(named(one.path), "rejected", str(problem))
            book.add_all([Attempted(outcome, UNHASHED, now)])
            return outcome
        below = "/".join(safe_name(part) for part in named(Path(one.hint)).parts)
        self._objects.put(LIVE + one.path.name if is_live else f"{FILES}{known.hash}/{below}", one.path)
        outcome = FileOutcome(one.path, "sent", "to the home that writes the lake, which tells what becomes of it")
        if not is_live:
            book.add_all([Attempted(outcome, known.hash, now)])
        put_away(one.path, known.mark, None)
        return outcome

    def _fetch(self, name: str) -> _Fetched:
        after = Ledger(self._home).newest()
        if name.startswith(LIVE):
            path = folder(self._home) / name.removeprefix(LIVE)
            if mark_of(path) is None:  # or it was fetched by a process that was killed
                self._objects.fetch(name, path)
            return _Fetched(path, after)
        hash, _, below = name.removeprefix(FILES).partition("/")
        wanted = self._home / "inbox" / below
        return _Fetched(wanted if _holds(wanted, hash) else self._placed(name, wanted), after)

    def _placed(self, name: str, wanted: Path) -> Path:
        """Fetch an object into the inbox, as `wanted` or under the next free name; where it is."""
        scratch = self._home / "inbox" / f".{uuid4().hex}.part"
        try:
            self._objects.fetch(name, scratch)
            with space_needed(self._home):
                wanted.parent.mkdir(parents=True, exist_ok=True)
                return placed(scratch, wanted.parent, wanted.name)
        finally:
            scratch.unlink(missing_ok=True)

    def _is_in_book(self, name: str) -> bool:
        """Whether the book tells what became of it, though the file is still there (`ingest.after: keep`)."""
        if name.startswith(LIVE):
            return False
        hash = name.removeprefix(FILES).partition("/")[0]
        return Ledger(self._home).outcome_of(hash, self._fetched[name].after) is not None


def _holds(path: Path, hash: str) -> bool:
    """Whether a file holds these bytes."""
    try:
        return identified(path).hash == hash
    except (Unreadable, Changing, Gone):
        return False


def shared_inbox(settings: Settings) -> SharedInbox | None:
    """The shared inbox that settings name; None where they name none."""
    return SharedInbox(settings) if settings.inbox.url else None
