"""What became of every file: SQLite, one row an attempt. The lake's numbers never depend on it."""

import json
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from metrics.events.questions import Question, as_documents, from_documents

Status = Literal["stored", "duplicate", "rejected"]

_TABLE = """
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, path TEXT NOT NULL, hash TEXT NOT NULL, status TEXT NOT NULL,
    reason TEXT NOT NULL, read INTEGER NOT NULL, stored INTEGER NOT NULL, duplicates INTEGER NOT NULL,
    rejected INTEGER NOT NULL, kinds TEXT NOT NULL, notes TEXT NOT NULL DEFAULT '[]',
    questions TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS files_by_hash ON files (hash);
CREATE INDEX IF NOT EXISTS files_by_status ON files (status);
"""
_SAME = 1000
"""Attempts at the same bytes that are looked through."""
_COLUMNS = "path, status, reason, read, stored, duplicates, rejected, kinds, notes, questions"
_LATER = ("notes", "questions")
"""Columns that the books of older homes lack."""


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
class Attempt:
    """One line of the book: a file, when it was dealt with, and what became of it."""

    number: int
    """Later attempts have higher ones."""
    at: datetime
    hash: str
    """Identity of the file's bytes."""
    outcome: FileOutcome


@dataclass(frozen=True, slots=True)
class Attempted:
    """What is to be written into the book."""

    outcome: FileOutcome
    hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Totals:
    """All attempts together. `read = stored + duplicates + rejected_rows`."""

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
        marks = ", ".join("?" for _ in range(3 + _COLUMNS.count(",")))
        text = f"INSERT INTO files (at, path, hash, {_COLUMNS.removeprefix('path, ')}) SELECT {marks}"
        unless = " WHERE NOT EXISTS (SELECT 1 FROM files WHERE at = ? AND path = ? AND hash = ?)" if once else ""
        with self._open() as book:
            for one in attempts:
                outcome, key = one.outcome, (one.at.isoformat(), str(one.outcome.path), one.hash)
                values = (
                    *key, outcome.status, outcome.reason, outcome.read, outcome.stored, outcome.duplicates,
                    outcome.rejected, json.dumps(dict(outcome.kinds)), json.dumps(outcome.notes),
                    json.dumps(as_documents(outcome.questions)),
                )  # fmt: skip
                book.execute(text + unless, values + key if once else values)

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
            "WHERE id IN (SELECT max(id) FROM files GROUP BY CASE hash WHEN '--------' THEN id ELSE hash END)"
            " AND (rejected > 0 OR status = 'rejected')",
            (),
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
                f"SELECT id, at, hash, {_COLUMNS} FROM files {where} ORDER BY id DESC LIMIT ?", (*values, limit)
            ).fetchall()
        return [
            Attempt(number, datetime.fromisoformat(at), hash, _outcome(outcome)) for number, at, hash, *outcome in rows
        ]

    def totals(self) -> Totals:
        """Files by status, and rows by what became of them."""
        with self._open() as book:
            files = dict(book.execute("SELECT status, count(*) FROM files GROUP BY status").fetchall())
            rejected, last, read, stored, duplicates = book.execute(
                "SELECT coalesce(sum(rejected), 0), max(at), coalesce(sum(read), 0), coalesce(sum(stored), 0),"
                " coalesce(sum(duplicates), 0) FROM files"
            ).fetchone()
        at = None if last is None else datetime.fromisoformat(last)
        return Totals(files, rejected, at, read, stored, duplicates)

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=30)) as book:
            book.execute("PRAGMA journal_mode = WAL")
            book.executescript(_TABLE)
            there = {row[1] for row in book.execute("PRAGMA table_info(files)")}
            for name in (name for name in _LATER if name not in there):
                book.execute(f"ALTER TABLE files ADD COLUMN {name} TEXT NOT NULL DEFAULT '[]'")
            with book:
                yield book


def _outcome(row: list[object] | tuple[object, ...]) -> FileOutcome:
    path, status, reason, read, stored, duplicates, rejected, kinds, notes, questions = row
    return FileOutcome(
        Path(str(path)), status, str(reason), read, stored, duplicates, rejected, json.loads(str(kinds)),  # pyright: ignore[reportArgumentType]
        tuple(json.loads(str(notes))), from_documents(json.loads(str(questions))),
    )  # fmt: skip
