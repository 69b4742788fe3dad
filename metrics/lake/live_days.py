"""Segments of received events in the book of files: one line a day, to which each of them is added once.

There is a segment every few seconds, and nobody dropped it: told one by one, they would hide the files.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from metrics.lake.intake.received import TITLE

BEGINS = "live-"
"""How begins under what the book knows a day, in place of a hash."""
TABLE = "CREATE TABLE IF NOT EXISTS segments (hash TEXT PRIMARY KEY);"
_KNOWN = 10_000
"""Segments that are known one by one; none comes again once it is deleted."""


def add(
    book: sqlite3.Connection, hash: str, at: datetime, kinds: Mapping[str, int], *, read: int, duplicates: int
) -> None:
    """Add a segment to the line of its day, unless it was: its events stored by kind, rows read and duplicates."""
    if book.execute("INSERT OR IGNORE INTO segments VALUES (?)", (hash,)).rowcount == 0:
        return
    book.execute("DELETE FROM segments WHERE rowid <= (SELECT max(rowid) FROM segments) - ?", (_KNOWN,))
    day = f"{BEGINS}{at.date().isoformat()}"
    number, sums = _line(book, day, at)
    sums.update(kinds)
    book.execute(
        "UPDATE files SET at = ?, read = read + ?, stored = stored + ?, duplicates = duplicates + ?, kinds = ?"
        " WHERE id = ?",
        (at.isoformat(), read, sum(kinds.values()), duplicates, json.dumps(sums), number),
    )


def _line(book: sqlite3.Connection, day: str, at: datetime) -> tuple[int, Counter[str]]:
    """The number of a day's line, made where there is none, and its events by kind."""
    there = "SELECT id, kinds FROM files WHERE hash = ?"
    if book.execute(there, (day,)).fetchone() is None:
        book.execute(
            "INSERT INTO files (at, path, hash, status, reason, read, stored, duplicates, rejected, kinds)"
            " VALUES (?, ?, ?, 'stored', '', 0, 0, 0, 0, '{}')",
            (at.isoformat(), TITLE, day),
        )
    number, kinds = book.execute(there, (day,)).fetchone()
    return number, Counter(json.loads(kinds))
