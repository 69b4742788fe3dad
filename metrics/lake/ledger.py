"""What became of every file: SQLite, one row an attempt. The lake's numbers never depend on it."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from metrics.events.questions import Answers, Question, as_documents, from_documents
from metrics.lake import live_days
from metrics.lake.opening import opened

Status = Literal["stored", "duplicate", "rejected", "sent", "forgotten", "replaced"]
"""What became of a file: sent is one that another home stores; of the last two, what was stored was taken back, or read
again in another way."""
GONE: tuple[Status, ...] = ("forgotten", "replaced")
"""Of no force any more: such files count in no sum of rows."""

_TABLE = """
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, path TEXT NOT NULL, hash TEXT NOT NULL, status TEXT NOT NULL,
    reason TEXT NOT NULL, read INTEGER NOT NULL, stored INTEGER NOT NULL, duplicates INTEGER NOT NULL,
    rejected INTEGER NOT NULL, kinds TEXT NOT NULL, notes TEXT NOT NULL DEFAULT '[]',
    questions TEXT NOT NULL DEFAULT '[]', reading TEXT NOT NULL DEFAULT '{}', gone TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS acts (id TEXT PRIMARY KEY);
CREATE INDEX IF NOT EXISTS files_by_hash ON files (hash);
CREATE INDEX IF NOT EXISTS files_by_status ON files (status);
"""
Entry = Mapping[str, Any]
"""What an act changes in the book: `withdrawn`, `added` or `amended` make one."""
UNHASHED = "-" * 8
"""Stands for the identity of a file whose bytes were not read."""
_SAME = 1000
"""Attempts at the same bytes that are looked through."""
_COLUMNS = "path, status, reason, read, stored, duplicates, rejected, kinds, notes, questions"
_LATER = {"notes": "[]", "questions": "[]", "reading": "{}", "gone": ""}
"""Columns that the books of older homes lack, and what stands there then."""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file. `read = stored + duplicates + rejected`, always."""

    path: Path
    status: Status
    reason: str = ""
    read: int = 0
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict[str, int])
    """Events stored, by kind."""
    notes: tuple[str, ...] = ()
    """What was found out about it: its encoding, how its times were read."""
    questions: tuple[Question, ...] = ()
    """What has to be answered before it is stored."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file was read and stored, where that is known."""

    transactions: tuple[str, ...] = ()
    """Under which its events were staged, where it had transactions of its own."""
    answers: Answers = field(default_factory=Answers)
    """What somebody had said of it."""
    spans: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """The first and the last moment (ISO) of its events by kind, stored or known already."""
    archived: str = ""
    """The day (ISO) under which it was archived, where that is not the one on which it was read."""

    def as_document(self) -> dict[str, Any]:
        """For JSON."""
        spans = {kind: list(span) for kind, span in self.spans.items()}
        return {
            "transactions": list(self.transactions), "answers": self.answers.as_document(), "spans": spans,
            "archived": self.archived,
        }  # fmt: skip

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Reading":
        """From JSON."""
        return cls(
            tuple(document.get("transactions", ())),
            Answers.from_document(document.get("answers", {})),
            {kind: (first, last) for kind, (first, last) in document.get("spans", {}).items()},
            document.get("archived", ""),
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the book: a file, when it was dealt with, and what became of it."""

    number: int
    """Later attempts have higher ones."""
    at: datetime
    hash: str
    """Identity of the file's bytes."""
    outcome: FileOutcome
    reading: Reading = field(default_factory=Reading)
    gone: datetime | None = None
    """When what was stored of it was taken back."""

    @property
    def is_received(self) -> bool:
        """Whether it stands for the events that were received on one day, and for no file."""
        return self.hash.startswith(live_days.BEGINS)


@dataclass(frozen=True, slots=True)
class Attempted:
    """What is to be written into the book."""

    outcome: FileOutcome
    hash: str
    at: datetime
    reading: Reading = field(default_factory=Reading)
    is_received: bool = False
    """Whether it is a segment of received events. What there is to tell of them is told in one line a day."""


@dataclass(frozen=True, slots=True)
class Totals:
    """All attempts together. `read = stored + duplicates + rejected_rows`, of the files that are in force."""

    files: Mapping[str, int]
    """Files by status."""
    rejected_rows: int
    last: datetime | None
    """When the last file was dealt with."""
    read: int = 0
    stored: int = 0
    duplicates: int = 0
    """Rows."""


class Ledger:
    """The book of one home."""

    def __init__(self, home: Path) -> None:
        self._path = home / "lake" / "ledger.sqlite"

    @classmethod
    def existing(cls, home: Path) -> "Ledger | None":
        """The book of a home, unless there is none yet: looking must not make one."""
        return cls(home) if (home / "lake" / "ledger.sqlite").exists() else None

    def add_all(self, attempts: Sequence[Attempted], *, once: bool = False) -> None:
        """Write down what became of files, all or none; `once`: what may be written already is left as it is."""
        with self._open() as book:
            for one in attempts:
                if one.is_received and not one.outcome.rejected:
                    told = one.outcome
                    live_days.add(book, one.hash, one.at, told.kinds, read=told.read, duplicates=told.duplicates)
                    continue
                key = (one.at.isoformat(), str(one.outcome.path), one.hash)
                there = "SELECT 1 FROM files WHERE at = ? AND path = ? AND hash = ?"
                if not (once and book.execute(there, key).fetchone()):
                    _insert(book, one.outcome, one.hash, one.at, one.reading)

    def apply(self, act: str, entries: Sequence[Entry]) -> None:
        """Write down what an act changed, all of it or nothing, and not again if that was done."""
        with self._open() as book:
            if book.execute("SELECT 1 FROM acts WHERE id = ?", (act,)).fetchone():
                return
            book.execute("INSERT INTO acts (id) VALUES (?)", (act,))
            for entry in entries:
                _DOING[entry["does"]](book, entry)

    def note(self, hash: str, said: str) -> bool:
        """Add a note to the newest attempt at a file; whether there is one."""
        with self._open() as book:
            found = book.execute("SELECT id FROM files WHERE hash = ? ORDER BY id DESC LIMIT 1", (hash,)).fetchone()
            if found:
                _annotate(book, found[0], said)
        return found is not None

    def in_force(self, hash: str) -> Attempt | None:
        """The attempt that stored the file with these bytes, unless it was taken back."""
        found = self._attempts("WHERE hash = ? AND status = 'stored'", (hash,), _SAME)
        return found[-1] if found else None

    def hashes(self, beginning: str) -> list[str]:
        """Files whose hash begins so."""
        with self._open() as book:
            text = "SELECT DISTINCT hash FROM files WHERE substr(hash, 1, ?) = ?"
            return [hash for (hash,) in book.execute(text, (len(beginning), beginning))]

    def named(self, name: str) -> list[str]:
        """Files of that name, wherever they lay, by hash."""
        with self._open() as book:
            text = "SELECT DISTINCT hash FROM files WHERE path = ? OR substr(path, ?) = ?"
            return [hash for (hash,) in book.execute(text, (name, -len(name) - 1, f"/{name}"))]

    def overlapping(self, hash: str) -> list[Attempt]:
        """Files in force that found events known already after the file with these bytes came; the oldest first."""
        where = (
            "WHERE id > (SELECT min(id) FROM files WHERE hash = ?) AND hash <> ? AND duplicates > 0"
            " AND status IN ('stored', 'duplicate')"
        )
        first = {attempt.hash: attempt for attempt in self._attempts(where, (hash, hash), -1)}
        return sorted(first.values(), key=lambda attempt: attempt.number)

    def stored_among(self, hashes: Sequence[str]) -> dict[str, FileOutcome]:
        """By hash, the outcome of the files with these bytes that were stored."""
        with self._open() as book:
            rows = book.execute(
                f"SELECT hash, {_COLUMNS} FROM files WHERE status = 'stored' AND hash IN"
                " (SELECT value FROM json_each(?)) ORDER BY id DESC",
                (json.dumps(list(hashes)),),
            )
            return {hash: _outcome(outcome) for hash, *outcome in rows}

    def dealt_with(self, paths: Sequence[str]) -> set[str]:
        """Those of the paths of which the book tells something."""
        with self._open() as book:
            rows = book.execute(
                "SELECT DISTINCT path FROM files WHERE path IN (SELECT value FROM json_each(?))", (json.dumps(paths),)
            )
            return {path for (path,) in rows}

    def stored(self, hash: str) -> FileOutcome | None:
        """The outcome of the file with these bytes that was stored, if one was."""
        with self._open() as book:
            row = book.execute(
                f"SELECT {_COLUMNS} FROM files WHERE hash = ? AND status = 'stored' ORDER BY id LIMIT 1", (hash,)
            ).fetchone()
        return None if row is None else _outcome(row)

    def latest(self, limit: int, status: Status | None = None) -> list[FileOutcome]:
        """The newest outcomes, newest first."""
        where, values = ("WHERE status = ?", (status,)) if status else ("", ())
        with self._open() as book:
            rows = book.execute(f"SELECT {_COLUMNS} FROM files {where} ORDER BY id DESC LIMIT ?", (*values, limit))
            return [_outcome(row) for row in rows]

    def attempts(self, limit: int, status: Status | None = None) -> list[Attempt]:
        """The newest attempts, newest first."""
        return self._attempts("WHERE ? IS NULL OR status = ?", (status, status), limit)

    def refused(self, limit: int) -> list[Attempt]:
        """The newest attempts of which anything was rejected, newest first: the last one of each file's bytes.

        A file rejected as a whole and stored since (with a mapping, say) is not among them.
        """
        return self._attempts(
            "WHERE id IN (SELECT max(id) FROM files GROUP BY CASE hash WHEN ? THEN id ELSE hash END)"
            " AND (rejected > 0 OR status = 'rejected') AND status NOT IN ('forgotten', 'replaced')",
            (UNHASHED,),
            limit,
        )

    def outcome_of(self, hash: str, after: int = 0, name: str | None = None) -> Attempt | None:
        """The newest attempt at the file with these bytes, if there is one later than the attempt `after`.

        `name` tells files apart that hold the same bytes.
        """
        later = self._attempts("WHERE hash = ? AND id > ?", (hash, after), _SAME)
        return next((one for one in later if name in (None, one.outcome.path.name)), None)

    def newest(self) -> int:
        """The number of the newest attempt, 0 before the first."""
        with self._open() as book:
            return book.execute("SELECT coalesce(max(id), 0) FROM files").fetchone()[0]

    def _attempts(self, where: str, values: tuple[object, ...], limit: int) -> list[Attempt]:
        with self._open() as book:
            rows = book.execute(
                f"SELECT id, at, hash, reading, gone, {_COLUMNS} FROM files {where} ORDER BY id DESC LIMIT ?",
                (*values, limit),
            ).fetchall()
        return [
            Attempt(
                number, datetime.fromisoformat(at), hash, _outcome(outcome), Reading.from_document(json.loads(reading)),
                datetime.fromisoformat(gone) if gone else None,
            )
            for number, at, hash, reading, gone, *outcome in rows
        ]  # fmt: skip

    def totals(self) -> Totals:
        """Files by status, and rows by what became of them."""
        with self._open() as book:
            files = dict(book.execute("SELECT status, count(*) FROM files GROUP BY status").fetchall())
            rejected, last, read, stored, duplicates = book.execute(
                "SELECT coalesce(sum(rejected), 0), max(at), coalesce(sum(read), 0), coalesce(sum(stored), 0),"
                " coalesce(sum(duplicates), 0) FROM files WHERE status NOT IN ('forgotten', 'replaced')"
            ).fetchone()
        at = None if last is None else datetime.fromisoformat(last)
        return Totals(files, rejected, at, read, stored, duplicates)

    def _open(self) -> AbstractContextManager[sqlite3.Connection]:
        return opened(self._path, _TABLE + live_days.TABLE, _LATER)


def _outcome(row: list[object] | tuple[object, ...]) -> FileOutcome:
    path, status, reason, read, stored, duplicates, rejected, kinds, notes, questions = row
    return FileOutcome(
        Path(str(path)), status, str(reason), read, stored, duplicates, rejected, json.loads(str(kinds)),  # pyright: ignore[reportArgumentType]
        tuple(json.loads(str(notes))), from_documents(json.loads(str(questions))),
    )  # fmt: skip


def withdrawn(hash: str, status: Status, at: datetime) -> Entry:
    """What was stored of the file with these bytes is of no force any more; nor that it came again."""
    return {"does": "withdraw", "hash": hash, "status": status, "at": at.isoformat()}


def added(outcome: FileOutcome, hash: str, at: datetime, reading: Reading) -> Entry:
    """A file was stored."""
    document = {
        "path": str(outcome.path), "status": outcome.status, "reason": outcome.reason, "read": outcome.read,
        "stored": outcome.stored, "duplicates": outcome.duplicates, "rejected": outcome.rejected,
        "kinds": dict(outcome.kinds), "notes": list(outcome.notes),
    }  # fmt: skip
    return {
        "does": "add", "outcome": document, "hash": hash, "at": at.isoformat(), "reading": reading.as_document()
    }  # fmt: skip


def amended(
    attempt: Attempt, stored: Mapping[str, int], *, duplicates: int = 0, rejected: int = 0, transaction: str, note: str
) -> Entry:
    """More events of a file were stored: of so many fewer `duplicates` and `rejected` rows.

    What is neither was read as more events than before.
    """
    return {
        "does": "amend", "number": attempt.number, "stored": dict(stored), "duplicates": duplicates,
        "rejected": rejected, "transaction": transaction, "note": note,
    }  # fmt: skip


def _insert(book: sqlite3.Connection, outcome: FileOutcome, hash: str, at: datetime, reading: Reading) -> None:
    values = (
        at.isoformat(), hash, json.dumps(reading.as_document()), str(outcome.path), outcome.status, outcome.reason,
        outcome.read, outcome.stored, outcome.duplicates, outcome.rejected, json.dumps(dict(outcome.kinds)),
        json.dumps(outcome.notes), json.dumps(as_documents(outcome.questions)),
    )  # fmt: skip
    marks = ", ".join("?" for _ in values)
    book.execute(f"INSERT INTO files (at, hash, reading, {_COLUMNS}) VALUES ({marks})", values)


def _withdraw(book: sqlite3.Connection, entry: Entry) -> None:
    book.execute(
        "UPDATE files SET status = ?, gone = ? WHERE hash = ? AND status IN ('stored', 'duplicate')",
        (entry["status"], entry["at"], entry["hash"]),
    )


def _add(book: sqlite3.Connection, entry: Entry) -> None:
    told: dict[str, Any] = dict(entry["outcome"])
    told |= {"path": Path(told["path"]), "notes": tuple(told["notes"])}
    at, reading = datetime.fromisoformat(entry["at"]), Reading.from_document(entry["reading"])
    _insert(book, FileOutcome(**told), entry["hash"], at, reading)


def _amend(book: sqlite3.Connection, entry: Entry) -> None:
    number = entry["number"]
    kinds, reading = map(
        json.loads, book.execute("SELECT kinds, reading FROM files WHERE id = ?", (number,)).fetchone()
    )
    for kind, rows in entry["stored"].items():
        kinds[kind] = kinds.get(kind, 0) + rows
    reading["transactions"] = [*reading.get("transactions", ()), entry["transaction"]]
    stored = sum(entry["stored"].values())
    book.execute(
        "UPDATE files SET stored = stored + ?, duplicates = duplicates - ?, rejected = rejected - ?, kinds = ?,"
        " reading = ?, status = CASE WHEN stored + ? > 0 THEN 'stored' ELSE status END, read = read + ? WHERE id = ?",
        (
            stored,
            entry["duplicates"],
            entry["rejected"],
            json.dumps(kinds),
            json.dumps(reading),
            stored,
            stored - entry["duplicates"] - entry["rejected"],
            number,
        ),
    )
    _annotate(book, number, entry["note"])


def _annotate(book: sqlite3.Connection, number: int, said: str) -> None:
    (notes,) = book.execute("SELECT notes FROM files WHERE id = ?", (number,)).fetchone()
    book.execute("UPDATE files SET notes = ? WHERE id = ?", (json.dumps([*json.loads(notes), said]), number))


_DOING: Mapping[str, Callable[[sqlite3.Connection, Entry], None]] = {
    "withdraw": _withdraw, "add": _add, "amend": _amend,
}  # fmt: skip
