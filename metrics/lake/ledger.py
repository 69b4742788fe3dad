"""What became of every file: SQLite, one row an attempt. The lake's numbers never depend on it."""

import json
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

Status = Literal["stored", "duplicate", "rejected"]

_TABLE = """
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, path TEXT NOT NULL, hash TEXT NOT NULL, status TEXT NOT NULL,
    reason TEXT NOT NULL, read INTEGER NOT NULL, stored INTEGER NOT NULL, duplicates INTEGER NOT NULL,
    rejected INTEGER NOT NULL, kinds TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS files_by_hash ON files (hash);
"""
_COLUMNS = "path, status, reason, read, stored, duplicates, rejected, kinds"


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


@dataclass(frozen=True, slots=True)
class Totals:
    """All attempts together."""

    files: Mapping[str, int]
    """Files by status."""
    rejected_rows: int
    last: datetime | None
    """When the last file was dealt with."""


class Ledger:
    """The book of one home."""

    def __init__(self, home: Path) -> None:
        self._path = home / "lake" / "ledger.sqlite"

    def add(self, outcome: FileOutcome, hash: str, at: datetime) -> None:
        """Write down what became of a file."""
        values = (
            at.isoformat(), str(outcome.path), hash, outcome.status, outcome.reason, outcome.read, outcome.stored,
            outcome.duplicates, outcome.rejected, json.dumps(dict(outcome.kinds)),
        )  # fmt: skip
        with self._open() as book:
            marks = ", ".join("?" for _ in values)
            book.execute(
                f"INSERT INTO files (at, path, hash, {_COLUMNS.removeprefix('path, ')}) VALUES ({marks})", values
            )

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

    def totals(self) -> Totals:
        """Files by status, and rejected rows."""
        with self._open() as book:
            files = dict(book.execute("SELECT status, count(*) FROM files GROUP BY status").fetchall())
            rejected, last = book.execute("SELECT coalesce(sum(rejected), 0), max(at) FROM files").fetchone()
        return Totals(files, rejected, None if last is None else datetime.fromisoformat(last))

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=30)) as book:
            book.execute("PRAGMA journal_mode = WAL")
            book.executescript(_TABLE)
            with book:
                yield book


def _outcome(row: list[object] | tuple[object, ...]) -> FileOutcome:
    path, status, reason, read, stored, duplicates, rejected, kinds = row
    return FileOutcome(
        Path(str(path)), status, str(reason), read, stored, duplicates, rejected, json.loads(str(kinds))  # pyright: ignore[reportArgumentType]
    )  # fmt: skip
