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
import hashlib
import json
import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from metrics.events import KINDS
from metrics.lake.child import Reader
from metrics.lake.identities import Identities
from metrics.lake.inbox import Found, archive, reject, rejected_folder
from metrics.lake.ledger import FileOutcome, Ledger
from metrics.lake.problems import LakeUnavailable, Unreadable
from metrics.lake.reader import Task
from metrics.lake.rollups import ROLLUPS
from metrics.lake.staging import StagedKind
from metrics.lake.tables import Lake
from metrics.settings import Settings

Told = Callable[[int, int | None], None]


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


@dataclass(frozen=True)
class Writer:
    """Stores files one after the other. Only inside `locked`."""

    settings: Settings
    reader: Reader
    now: Callable[[], datetime]

    @property
    def home(self) -> Path:
        """The home written to."""
        return self.settings.home

    def store(self, found: Found, told: Told, *, map_name: str | None = None, owned: bool) -> FileOutcome:
        """Make one file events. `owned`: it lies in the inbox and is put away afterwards.

        Raises:
            LakeUnavailable: no room, no permission; the file is where it was.
        """
        at = self.now()
        try:
            hash = _hash(found.path)
        except Unreadable as problem:
            return self._refuse(found, "-" * 8, problem, at, owned=owned)
        known = self._known(hash)
        if known is not None:
            outcome = FileOutcome(
                found.path, "duplicate", f"the same file was stored before, as {known.path.name}",
                read=known.read, duplicates=known.read,
            )  # fmt: skip
            self._book(outcome, hash, at, found, owned=owned)
            return outcome
        try:
            staged = self._staged(found, hash, at, told, map_name)
        except Unreadable as problem:
            self._sweep(hash)
            return self._refuse(found, hash, problem, at, owned=owned)
        return self._commit(staged, hash, at, found, owned=owned)

    def put_right(self) -> None:
        """Complete or remove what a writer that was killed has left."""
        for path in sorted(self._intents.glob("*.intent")):
            intent = json.loads(path.read_text(encoding="utf-8"))
            found = Found(Path(intent["path"]), intent["hint"])
            at = datetime.fromisoformat(intent["at"])
            self._commit(intent["staged"], path.stem, at, found, owned=intent["owned"])
        for mark in self._intents.glob("*.staging"):
            self._sweep(mark.stem)
        for kind in KINDS:
            Identities(Lake(self.home).events(kind)).complete()

    @property
    def _intents(self) -> Path:
        return self.home / "lake" / "_transactions"

    def _known(self, hash: str) -> FileOutcome | None:
        return Ledger(self.home).stored(hash)

    def _staged(self, found: Found, hash: str, at: datetime, told: Told, map_name: str | None) -> dict[str, Any]:
        task = Task(
            path=str(found.path),
            hint=found.hint,
            home=str(self.home),
            transaction=hash,
            rejected_rows=str(rejected_folder(self.home, found.path, hash) / "rows.parquet"),
            now=at.isoformat(),
            batch_rows=self.settings.ingest.batch_rows,
            map_name=map_name,
        )
        with _space_needed(self.home):
            self._intents.mkdir(parents=True, exist_ok=True)
            (self._intents / f"{hash}.staging").touch()
        try:
            return self.reader.read(task, told)
        except LakeUnavailable:
            self._sweep(hash)
            raise

    def _commit(self, staged: dict[str, Any], hash: str, at: datetime, found: Found, *, owned: bool) -> FileOutcome:
        kinds = [StagedKind.from_document(document) for document in staged["kinds"]]
        intent = {"path": str(found.path), "hint": found.hint, "at": at.isoformat(), "owned": owned, "staged": staged}
        with _space_needed(self.home):
            _write_durably(self._intents / f"{hash}.intent", json.dumps(intent))
            lake = Lake(self.home)
            for kind in kinds:
                metadata = {"source": found.hint, "stored": str(kind.stored), "duplicates": str(kind.duplicates)}
                if kind.events:
                    lake.events(kind.kind).commit(kind.events, hash, metadata)
                for name, files in kind.rollups.items():
                    lake.rollup(name).commit(files, hash)
            outcome = _outcome(found.path, kinds, staged)
            folder = rejected_folder(self.home, found.path, hash)
            if outcome.rejected:
                folder.mkdir(parents=True, exist_ok=True)
                document = {"file": found.hint, "rows": outcome.rejected, "reasons": staged["rejected"]["reasons"]}
                (folder / "reason.json").write_text(
                    json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8"
                )
            if self._known(hash) is None:
                self._book(outcome, hash, at, found, owned=owned)
        self._done(hash)
        for kind in kinds:
            Identities(lake.events(kind.kind)).merge()
        return outcome

    def _book(self, outcome: FileOutcome, hash: str, at: datetime, found: Found, *, owned: bool) -> None:
        Ledger(self.home).add(outcome, hash, at)
        if not owned or not found.path.exists():
            return
        if self.settings.ingest.after == "archive":
            archive(found.path, found.hint, self.home, at)
        elif self.settings.ingest.after == "delete":
            found.path.unlink()

    def _refuse(self, found: Found, hash: str, problem: Unreadable, at: datetime, *, owned: bool) -> FileOutcome:
        outcome = FileOutcome(found.path, "rejected", problem.reason)
        document = {"file": found.hint, "reason": problem.reason, "at": at.isoformat()}
        with _space_needed(self.home):
            reject(found.path, rejected_folder(self.home, found.path, hash), document, move=owned)
            Ledger(self.home).add(outcome, hash, at)
        return outcome

    def _sweep(self, hash: str) -> None:
        """Remove what was staged under a transaction that never came to be."""
        for root in [
            *(self.home / "lake" / kind for kind in KINDS),
            *(self.home / "rollups" / name for name in ROLLUPS),
        ]:
            for path in root.glob(f"*/{hash}-*.parquet"):
                path.unlink()
            for path in root.glob(f"_identities/*/{hash}.npy"):
                path.unlink()
        self._done(hash)

    def _done(self, hash: str) -> None:
        for ending in ("intent", "staging"):
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
    return FileOutcome(path, status, reason, staged["read"], total, duplicates, rejected, stored)


def _hash(path: Path) -> str:
    """What identifies the bytes of a file."""
    if path.is_symlink():
        raise Unreadable("a symbolic link; put the file itself here")
    try:
        if path.is_dir():
            raise Unreadable("a folder without any event file")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:32]
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
