"""What a file brought is taken out again, out of events and rollups, as one change and at most once.

A file that is read again in another way is the same change with what the new reading gives in it: until that is
known to be good, what there was stays. Events that later files had, too, and that were left out of those as known,
come back from them where the files are kept.
"""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from metrics.lake.child import Reader
from metrics.lake.datafiles import Change
from metrics.lake.durably import space_needed
from metrics.lake.intake.marks import identity
from metrics.lake.intake.refused import REASON, rejected_rows
from metrics.lake.ledger import Attempt, Entry, Ledger, amended, withdrawn
from metrics.lake.problems import NotStored, Unreadable
from metrics.lake.swapping import Plan, carry_out
from metrics.lake.tables import Lake
from metrics.lake.undo.drafts import Drafts, drafted
from metrics.lake.undo.leaving import Leaving
from metrics.lake.undo.rereading import Reread, Rereading, Unanswered, kept
from metrics.lake.undo.returning import Returning
from metrics.lake.writer import FILES, Writer, locked
from metrics.settings import Settings


@dataclass(frozen=True)
class Forgotten:
    """What was taken out with a file, or would be."""

    attempt: Attempt
    events: Mapping[str, int]
    """By kind."""
    days: tuple[str, ...]
    """UTC days on which there were any."""
    past: int
    """Events that were stored of it and are gone already, past retention: their sums stay in the rollups."""
    kept: Path | None
    """Where the file itself is, from which it can be stored again."""
    overlapping: tuple[Attempt, ...] = ()
    """Later files that found events known already which may have been of this one."""
    returned: Mapping[str, int] = field(default_factory=dict[str, int])
    """Events that came back from those, by name of the file."""
    lost: tuple[Attempt, ...] = ()
    """Those that could not be read again: what they share with this file is gone until they are stored again."""


def in_force(home: Path, said: str) -> Attempt:
    """The stored file that somebody means: a path, the beginning of a hash, or a name.

    Raises:
        NotStored: there is none, or there are several.
    """
    book = Ledger.existing(home)
    if book is None:
        raise NotStored(said, "nothing was stored in this home yet")
    hashes = _meant(book, said)
    stored = [attempt for hash in hashes if (attempt := book.in_force(hash))]
    if any(attempt.is_received for attempt in stored):
        raise NotStored(said, "these events were received one by one: only what came as a file can be taken back")
    if len(stored) == 1:
        return stored[0]
    if stored:
        several = ", ".join(f"{one.hash[:8]} ({one.outcome.path.name}, {one.at:%Y-%m-%d %H:%M})" for one in stored[:5])
        raise NotStored(said, f"{len(stored)} stored files are meant by it: say which by its hash: {several}")
    if hashes:
        raise NotStored(said, "nothing of it is stored: it was forgotten, rejected, or brought nothing new")
    raise NotStored(said, "no stored file has that name or hash; promptpilot files lists them")


def _meant(book: Ledger, said: str) -> Sequence[str]:
    path = Path(said)
    if path.is_file():
        with path.open("rb") as file:
            return [identity(file)]
    if len(said) >= 4 and all(letter in "0123456789abcdef" for letter in said) and (found := book.hashes(said)):
        return found
    return book.named(path.name)


def forget(settings: Settings, said: str, *, now: Callable[[], datetime], dry_run: bool = False) -> Forgotten:
    """Take out what a file brought.

    Raises:
        NotStored: nothing of it is stored, or its events cannot be told from others.
        LakeUnavailable: the home cannot be written.
    """
    if dry_run:
        return what_leaves(settings.home, in_force(settings.home, said))[1]
    with undoing(settings, now) as undo:
        return undo.forget(in_force(settings.home, said))


@contextmanager
def undoing(settings: Settings, now: Callable[[], datetime]) -> Generator["Undoing"]:
    """The lake held alone, with what a killed writer left put right."""
    limits = settings.ingest
    with locked(settings.home), Reader(limits.timeout_seconds, limits.memory_mb) as reader:
        writer = Writer(settings, now)
        writer.put_right()
        yield Undoing(settings, Rereading(writer, reader, now()), writer)
        writer.tidy(())


def in_force_of(home: Path, hash: str) -> Attempt:
    """The stored file with these bytes. Raises `NotStored` when there is none."""
    book = Ledger.existing(home)
    attempt = book.in_force(hash) if book else None
    if attempt is None:
        raise NotStored(hash[:8], "nothing of it is stored")
    return attempt


def what_leaves(home: Path, attempt: Attempt) -> tuple[Leaving, Forgotten]:
    """What would go with a file; nothing is changed. Raises `NotStored`: its events cannot be told from others."""
    leaving = Leaving.of(Lake(home), attempt)
    missing = sum(leaving.missing.values())
    if missing and leaving.unknown:
        raise NotStored(
            attempt.outcome.path.name,
            f"{missing:,} of its events were merged with others by an older version, which did not write down which"
            " file they came from: they cannot be told apart",
        )
    where = kept(home, attempt)
    later = Ledger(home).overlapping(attempt.hash)
    near = tuple(one for one in later if _may_share(attempt, one))
    told = Forgotten(attempt, leaving.rows, leaving.days, missing, where.path if where else None, near)
    return leaving, told


def _may_share(one: Attempt, other: Attempt) -> bool:
    """Whether two files may have events in common, by their spans of time where they are known."""
    spans, others = one.reading.spans, other.reading.spans
    if not spans or not others:
        return True
    shared = spans.keys() & others.keys()
    return any(spans[kind][0] <= others[kind][1] and others[kind][0] <= spans[kind][1] for kind in shared)


@dataclass(frozen=True)
class Undoing:
    """Takes files back. Only inside `undoing`."""

    settings: Settings
    rereading: Rereading
    writer: Writer

    @property
    def lake(self) -> Lake:
        """The tables."""
        return self.writer.lake

    def forget(self, attempt: Attempt) -> Forgotten:
        """Take out what a file brought. Raises as `forget` does."""
        leaving, told = what_leaves(self.settings.home, attempt)
        gone = withdrawn(attempt.hash, "forgotten", self.rereading.at)
        rejected = rejected_rows(self.settings.home, attempt)
        useless = [str(rejected), str(rejected.with_name(REASON))] if rejected else []
        with space_needed(self.settings.home), drafted(self.settings.home) as drafts:
            back = self.returned(leaving, told.overlapping, ())
            self.swap(drafts, leaving, (), back, (gone,), removed=useless)
        rows = {one.outcome.path.name: sum(again.stored.values()) for one, again in back.read if again.stored}
        return replace(told, returned=rows, lost=back.lost)

    def returned(self, leaving: Leaving, others: Sequence[Attempt], beside: Sequence[Reread]) -> "Returned":
        """Stage what comes back from other files. What was staged `beside` for the same change is there already."""
        home = self.settings.home
        read: list[tuple[Attempt, Reread]] = []
        lost: list[Attempt] = []
        for other in others:
            found = kept(home, other)
            there = [one.transaction for one in (*beside, *(again for _, again in read))]
            returning = Returning(home, leaving.places, (leaving.attempt.hash,), tuple(there), only=True)
            # Only what is known to come back is taken, whatever else it may be recognized as by now.
            answers = replace(other.reading.answers, yes=True)
            try:
                if found is None:
                    raise Unreadable("it is not kept")
                read.append((other, self.rereading.read(found, other.hash, answers, returning=returning)))
            except (Unreadable, Unanswered):
                lost.append(other)
        return Returned(tuple(read), tuple(lost))

    def swap(
        self,
        drafts: Drafts,
        leaving: Leaving | None,
        comes: Sequence[Reread],
        back: "Returned",
        entries: Sequence[Entry],
        *,
        moved: Mapping[str, str] | None = None,
        removed: Sequence[str] = (),
    ) -> None:
        """Make all of it count as one."""
        changes = leaving.changes(self.lake, drafts, self.settings.ingest.batch_rows) if leaving else {}
        again = (*comes, *(one for _, one in back.read))
        for one in again:
            for table, change in one.changes(self.lake):
                changes[table] = changes.get(table, Change()) + change
        scratch = [str(one.rejected) for one in again if str(one.rejected) not in (moved or {})]
        plan = Plan(
            drafts.act, changes, tuple(one.transaction for one in again), (*entries, *back.entries),
            moved or {}, (*removed, *scratch),
            {"withdrawn": leaving.attempt.hash if leaving else "", FILES: _told(entries)},
        )  # fmt: skip
        carry_out(self.lake, plan)


def _told(entries: Sequence[Entry]) -> str:
    """What a commit says (JSON) of files that are stored by entries: hash, path, rows stored by kind, rows."""
    outcomes = [(entry["hash"], entry["outcome"]) for entry in entries if entry["does"] == "add"]
    names = ("path", "kinds", "read", "duplicates", "rejected")
    return json.dumps([[hash, *(one[name] for name in names)] for hash, one in outcomes], ensure_ascii=False)


@dataclass(frozen=True)
class Returned:
    """What comes back from other files."""

    read: tuple[tuple[Attempt, Reread], ...] = ()
    lost: tuple[Attempt, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What the ledger is told of it."""
        return tuple(
            amended(
                attempt, again.stored, duplicates=(rows := sum(again.stored.values())), transaction=again.transaction,
                note=f"{rows:,} of its events count again: the file that had brought them was taken back",
            )
            for attempt, again in self.read
            if again.stored
        )  # fmt: skip
