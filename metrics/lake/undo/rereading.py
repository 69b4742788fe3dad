"""Files that were stored before are read again: under another mapping, or because what they lacked comes back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

from metrics.events.questions import Answers, Question, from_documents
from metrics.lake import pending
from metrics.lake.child import Reader
from metrics.lake.datafiles import Change
from metrics.lake.intake.inbox import Found
from metrics.lake.intake.marks import identity
from metrics.lake.intake.refused import kept_file
from metrics.lake.ledger import Attempt, FileOutcome, Reading
from metrics.lake.problems import LakeUnavailable, Unreadable
from metrics.lake.reader import Task
from metrics.lake.staging import StagedKind
from metrics.lake.tables import Lake
from metrics.lake.undo.returning import Returning
from metrics.lake.writer import Writer, alone, outcome_of


@dataclass
class Unanswered(Exception):
    """Questions that have to be answered before a file is read so."""

    questions: tuple[Question, ...]
    read: int
    """Rows."""


@dataclass(frozen=True)
class Reread:
    """What was staged of a file that was read again."""

    transaction: str
    staged: dict[str, Any]
    answers: Answers
    rejected: Path
    """Where its rejected rows were written, should there be any."""

    @property
    def kinds(self) -> tuple[StagedKind, ...]:
        """What of each kind."""
        return tuple(map(StagedKind.from_document, self.staged["kinds"]))

    @property
    def stored(self) -> Mapping[str, int]:
        """New events, by kind."""
        return {kind.kind: kind.stored for kind in self.kinds if kind.stored}

    def outcome(self, path: Path) -> FileOutcome:
        """What became of it, as of the file at `path`."""
        return outcome_of(path, alone(dict(self.staged))["files"][0])

    @property
    def reading(self) -> Reading:
        """How it was read."""
        return Reading((self.transaction,), self.answers, {kind.kind: kind.span for kind in self.kinds})

    def changes(self, lake: Lake) -> Iterator[tuple[str, Change]]:
        """What comes into each table."""
        for kind in self.kinds:
            yield lake.events(kind.kind).name, Change(added=kind.events)
            for name, files in kind.rollups.items():
                yield lake.rollup(name).name, Change(added=files)


@dataclass(frozen=True)
class Rereading:
    """Reads files again, in a process of its own. Only inside the writer's lock."""

    writer: Writer
    reader: Reader
    at: datetime

    def read(
        self,
        found: Found,
        hash: str,
        answers: Answers,
        *,
        returning: Returning | None = None,
        only_rows: Path | None = None,
    ) -> Reread:
        """Read and stage a file.

        Raises:
            Unreadable: it cannot become events.
            Unanswered: somebody has to answer something first.
            LakeUnavailable: no room, no permission.
        """
        home, settings = self.writer.home, self.writer.settings
        transaction = f"{hash}.{token_hex(4)}"
        scratch = pending.folder(home) / f"{transaction}.rejected"
        task = Task(
            path=str(found.path),
            hint=found.hint,
            home=str(home),
            transaction=transaction,
            source_file=hash,
            rejected_rows=str(scratch),
            now=self.at.isoformat(),
            batch_rows=settings.ingest.batch_rows,
            answers=answers.as_document(),
            returning=returning.as_document() if returning else None,
            only_rows=str(only_rows) if only_rows else None,
        )
        pending.folder(home).mkdir(parents=True, exist_ok=True)
        (pending.folder(home) / f"{transaction}.staging").touch()
        try:
            staged = self.reader.read(task, lambda _done, _of: None)
        except (Unreadable, LakeUnavailable):
            self.writer.unstage(transaction)
            raise
        if "asked" in staged:
            self.writer.unstage(transaction)
            raise Unanswered(from_documents(staged["asked"]["questions"]), int(staged["asked"]["read"]))
        return Reread(transaction, staged, answers, scratch)


def kept(home: Path, attempt: Attempt) -> Found | None:
    """Where a file is kept: where it was when it was read, else in the home."""
    for path in _places(home, attempt):
        try:
            with path.open("rb") as file:
                if identity(file) == attempt.hash:
                    return Found(path, _hint(home, path, attempt))
        except OSError:
            continue
    return None


def _places(home: Path, attempt: Attempt) -> Iterator[Path]:
    yield attempt.outcome.path
    if (path := kept_file(home, attempt)) is not None:
        yield path
    name, folder = attempt.outcome.path, _archive(home, attempt)
    # The archive gives a number to a file whose name is taken.
    yield from (path for path in sorted(folder.rglob(f"*{name.suffix}")) if path.name.startswith(name.stem))


def _hint(home: Path, path: Path, attempt: Attempt) -> str:
    """Its path below the inbox, whose folders may name a kind."""
    folder = _archive(home, attempt)
    if path.is_relative_to(folder):
        return str(path.relative_to(folder))
    inbox = home / "inbox"
    was = attempt.outcome.path
    return str(was.relative_to(inbox)) if was.is_relative_to(inbox) else str(Path(*was.absolute().parts[-2:]))


def _archive(home: Path, attempt: Attempt) -> Path:
    return home / "archive" / (attempt.reading.archived or attempt.at.date().isoformat())
