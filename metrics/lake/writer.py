"""The one writer of a lake: takes the lock, puts right what a killed writer left, commits what is staged.

A file becomes events in this order, and may be cut off at any instant:

1. a mark says that staging has begun; what is staged is invisible,
2. an intent names everything that was staged; from here on the file counts,
3. every table commits its part, each at most once (Delta's transaction id is the hash of the file),
4. the ledger is written, the file is put away, the intent is removed.

Whoever takes the lock next removes what was staged without an intent, and completes every intent.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Container, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from metrics.events import KINDS
from metrics.events.questions import Answers, from_documents, how_to_answer
from metrics.lake import answering
from metrics.lake.child import Reader
from metrics.lake.identities import Identities
from metrics.lake.inbox import Found, archive, identity, reject, rejected_folder
from metrics.lake.ledger import FileOutcome, Ledger
from metrics.lake.problems import LakeUnavailable, Unreadable, Wanting
from metrics.lake.reader import Task
from metrics.lake.rollups import ROLLUPS
from metrics.lake.runs import Hashes
from metrics.lake.staging import StagedKind
from metrics.lake.tables import Lake
from metrics.settings import Settings

Told = Callable[[int, int | None], None]
SMALLER_TIMES = 8
"""How many times smaller the batches of a file are that is read alone."""
_FEWEST_ROWS = 1_000


@contextlib.contextmanager
def locked(home: Path) -> Generator[None]:
    """Hold the lake alone; waits for another writer to finish.

    Raises:
        LakeUnavailable: the home cannot be written.
    """
    try:
        (home / "lake").mkdir(parents=True, exist_ok=True)
        lock = (home / "lake" / ".lock").open("w")
    except OSError as error:
        raise LakeUnavailable(home, f"cannot be written: {error.strerror}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


Staged = dict[str, Any]
"""What a reading process tells of a file: rows read, kinds staged, rows rejected; or why it is unreadable, or
what it was wanting."""


@dataclass(frozen=True)
class Arrival:
    """A file about to be stored."""

    found: Found
    hash: str
    """Identity of its bytes: the transaction's id."""
    at: datetime
    owned: bool
    problem: Unreadable | None = None
    """Why it could not even be hashed."""


@dataclass(frozen=True)
class Writer:
    """Stages and commits files. Only inside `locked`."""

    settings: Settings
    now: Callable[[], datetime]

    @property
    def home(self) -> Path:
        """The home written to."""
        return self.settings.home

    @cached_property
    def lake(self) -> Lake:
        """The tables committed to."""
        return Lake(self.home)

    def arrival(self, found: Found, *, owned: bool) -> Arrival:
        """A file about to be stored. `owned`: it lies in the inbox and is put away afterwards."""
        at = self.now()
        try:
            return Arrival(found, _hash(found.path), at, owned)
        except Unreadable as problem:
            return Arrival(found, "-" * 8, at, owned, problem)

    def is_readable(self, arrival: Arrival) -> bool:
        """Whether a file must be read: it could be hashed, and was not stored before."""
        return arrival.problem is None and self._known(arrival.hash) is None

    def stage(
        self, arrival: Arrival, reader: Reader, told: Told, answers: Answers, *, is_alone: bool = False
    ) -> Staged:
        """Read a file and stage its events. May run beside other stages and commits.

        A file that wants more time or memory than it is given is told of as `wanting`, to be read again with nothing
        beside it: `is_alone`, in smaller batches. Only then it is refused.

        Raises:
            LakeUnavailable: no room, no permission; the file is where it was.
        """
        rows = self.settings.ingest.batch_rows
        task = Task(
            path=str(arrival.found.path),
            hint=arrival.found.hint,
            home=str(self.home),
            transaction=arrival.hash,
            rejected_rows=str(rejected_folder(self.home, arrival.found.path, arrival.hash) / "rows.parquet"),
            now=arrival.at.isoformat(),
            batch_rows=max(_FEWEST_ROWS, rows // SMALLER_TIMES) if is_alone else rows,
            answers=self._answers(arrival, answers).as_document(),
            is_alone=is_alone,
        )
        with _space_needed(self.home):
            self._intents.mkdir(parents=True, exist_ok=True)
            (self._intents / f"{arrival.hash}.staging").touch()
        try:
            staged = reader.read(task, told)
        except Wanting as problem:
            self.unstage(arrival.hash)
            return {"unreadable" if is_alone else "wanting": str(problem)}
        except Unreadable as problem:
            self.unstage(arrival.hash)
            return {"unreadable": problem.reason}
        except LakeUnavailable:
            self.unstage(arrival.hash)
            raise
        if "asked" in staged:
            self.unstage(arrival.hash)
        return staged

    def _answers(self, arrival: Arrival, given: Answers) -> Answers:
        """What was said of a file: on the command line, else on the Data page."""
        return given if given != Answers() else answering.of(self.home, arrival.hash)

    def runs(self, arrival: Arrival, staged: Staged) -> dict[str, Hashes]:
        """Hashes of the ids staged, by kind."""
        return {
            document["kind"]: Identities(self.lake.events(document["kind"])).run(arrival.hash)
            for document in staged.get("kinds", ())
            if document["stored"]
        }

    def commit(self, arrival: Arrival, staged: Staged) -> FileOutcome:
        """Make what was staged of a file count, and put the file away."""
        known = self._known(arrival.hash)
        if arrival.problem is not None:
            return self._refuse(arrival, arrival.problem.reason)
        if known is not None:
            outcome = FileOutcome(
                arrival.found.path, "duplicate", f"the same file was stored before, as {known.path.name}",
                read=known.read, duplicates=known.read,
            )  # fmt: skip
            self._book(outcome, arrival)
            return outcome
        if "unreadable" in staged:
            return self._refuse(arrival, staged["unreadable"])
        if "asked" in staged:
            return self._ask(arrival, staged["asked"])
        return self._commit(arrival, staged)

    def tidy(self, staged: Container[str]) -> None:
        """Merge what is known of ids, once it is in many runs; what is only staged may yet be taken back."""
        for kind in KINDS:
            Identities(self.lake.events(kind)).merge(staged)

    def put_right(self) -> None:
        """Complete or remove what a writer that was killed has left."""
        for path in sorted(self._intents.glob("*.intent")):
            intent = json.loads(path.read_text(encoding="utf-8"))
            found = Found(Path(intent["path"]), intent["hint"])
            at = datetime.fromisoformat(intent["at"])
            self._commit(Arrival(found, path.stem, at, intent["owned"]), intent["staged"])
        for mark in self._intents.glob("*.staging"):
            self.unstage(mark.stem)
        for kind in KINDS:
            Identities(self.lake.events(kind)).complete()

    @property
    def _intents(self) -> Path:
        return self.home / "lake" / "_transactions"

    def _known(self, hash: str) -> FileOutcome | None:
        return Ledger(self.home).stored(hash)

    def _commit(self, arrival: Arrival, staged: Staged) -> FileOutcome:
        kinds = [StagedKind.from_document(document) for document in staged["kinds"]]
        found, hash = arrival.found, arrival.hash
        intent = {
            "path": str(found.path), "hint": found.hint, "at": arrival.at.isoformat(), "owned": arrival.owned,
            "staged": staged,
        }  # fmt: skip
        with _space_needed(self.home):
            _write_durably(self._intents / f"{hash}.intent", json.dumps(intent))
            for kind in kinds:
                metadata = {"source": found.hint, "stored": str(kind.stored), "duplicates": str(kind.duplicates)}
                if kind.events:
                    self.lake.events(kind.kind).commit(kind.events, hash, metadata)
                for name, files in kind.rollups.items():
                    self.lake.rollup(name).commit(files, hash)
            outcome = _outcome(found.path, kinds, staged)
            if outcome.rejected:
                folder = rejected_folder(self.home, found.path, hash)
                folder.mkdir(parents=True, exist_ok=True)
                document = {"file": found.hint, "rows": outcome.rejected, "reasons": staged["rejected"]["reasons"]}
                (folder / "reason.json").write_text(
                    json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8"
                )
            if self._known(hash) is None:
                self._book(outcome, arrival)
        self._done(hash)
        return outcome

    def _book(self, outcome: FileOutcome, arrival: Arrival) -> None:
        Ledger(self.home).add(outcome, arrival.hash, arrival.at)
        answering.done(self.home, arrival.hash)
        path = arrival.found.path
        if not arrival.owned or not path.exists():
            return
        if self.settings.ingest.after == "archive":
            archive(path, arrival.found.hint, self.home, arrival.at)
        elif self.settings.ingest.after == "delete":
            path.unlink()

    def _refuse(self, arrival: Arrival, reason: str) -> FileOutcome:
        return self._put_away(arrival, FileOutcome(arrival.found.path, "rejected", reason))

    def _ask(self, arrival: Arrival, asked: dict[str, Any]) -> FileOutcome:
        """Nothing of it is stored until somebody answers: it is put away whole, with what is asked."""
        questions, read = from_documents(asked["questions"]), int(asked["read"])
        reason = f"{' '.join(one.asks for one in questions)} ({how_to_answer(questions)})"
        outcome = FileOutcome(
            arrival.found.path, "rejected", reason, read, rejected=read, notes=tuple(asked["notes"]),
            questions=questions,
        )  # fmt: skip
        return self._put_away(arrival, outcome)

    def _put_away(self, arrival: Arrival, outcome: FileOutcome) -> FileOutcome:
        path = arrival.found.path
        document = {"file": arrival.found.hint, "reason": outcome.reason, "at": arrival.at.isoformat()}
        with _space_needed(self.home):
            reject(path, rejected_folder(self.home, path, arrival.hash), document, move=arrival.owned)
            Ledger(self.home).add(outcome, arrival.hash, arrival.at)
        return outcome

    def unstage(self, hash: str) -> None:
        """Remove what was staged under a transaction that never came to be."""
        events = (self.home / "lake" / kind for kind in KINDS)
        for root in (*events, *(self.home / "rollups" / name for name in ROLLUPS)):
            for path in (*root.glob(f"*/{hash}-*.parquet"), *root.glob(f"_identities/*/{hash}.npy")):
                path.unlink()
        self._done(hash)

    def _done(self, hash: str) -> None:
        # The mark goes first: alone, it would have the next writer remove what is committed.
        for ending in ("staging", "intent"):
            (self._intents / f"{hash}.{ending}").unlink(missing_ok=True)


def _outcome(path: Path, kinds: Sequence[StagedKind], staged: dict[str, Any]) -> FileOutcome:
    stored = {kind.kind: kind.stored for kind in kinds if kind.stored}
    duplicates = sum(kind.duplicates for kind in kinds)
    rejected = staged["rejected"]["count"]
    reason = ", ".join(f"{count:,} rows: {words}" for words, count in list(staged["rejected"]["reasons"].items())[:3])
    total = sum(stored.values())
    status = "stored" if total else "duplicate" if duplicates else "rejected"
    if status == "duplicate" and not reason:
        reason = "every event in it is known already"
    return FileOutcome(
        path, status, reason, staged["read"], total, duplicates, rejected, stored, tuple(staged["notes"])
    )


def _hash(path: Path) -> str:
    """What identifies the bytes of a file."""
    if path.is_symlink():
        raise Unreadable("a symbolic link; put the file itself here")
    try:
        if path.is_dir():
            raise Unreadable("a folder without any event file")
        with path.open("rb") as file:
            return identity(file)
    except PermissionError as error:
        raise Unreadable("permission denied") from error
    except FileNotFoundError as error:
        raise Unreadable("it vanished before it was read") from error
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from error


@contextlib.contextmanager
def _space_needed(home: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise LakeUnavailable(home, f"cannot be written: {error.strerror or error}") from error


def _write_durably(path: Path, text: str) -> None:
    scratch = path.with_suffix(".writing")
    with scratch.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
