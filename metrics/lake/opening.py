"""The file of a book opened: made where it is not there, and read as it is where nothing can be written."""

import os
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from metrics.lake.private import make_private_file


@contextmanager
def opened(path: Path, tables: str, later: Mapping[str, str]) -> Generator[sqlite3.Connection]:
    """The book; `later` are the columns of `files` that older ones lack, and what stands there then."""
    if path.exists() and not os.access(path.parent, os.W_OK):
        with closing(_read_only(path, later)) as book:
            yield book
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    make_private_file(path)
    with closing(sqlite3.connect(path, timeout=30)) as book:
        book.execute("PRAGMA journal_mode = WAL")
        book.executescript(tables)
        for name in _missing(book, later):
            book.execute(f"ALTER TABLE files ADD COLUMN {name} TEXT NOT NULL DEFAULT '{later[name]}'")
        with book:
            yield book


def _read_only(path: Path, later: Mapping[str, str]) -> sqlite3.Connection:
    book = sqlite3.connect(f"file:{path}?immutable=1", uri=True)  # nobody else can write it, either
    if missing := _missing(book, later):
        columns = ", ".join(f"'{later[name]}' AS {name}" for name in missing)
        book.execute(f"CREATE TEMP VIEW files AS SELECT *, {columns} FROM main.files")
    return book


def _missing(book: sqlite3.Connection, later: Mapping[str, str]) -> list[str]:
    there = {row[1] for row in book.execute("PRAGMA table_info(files)")}
    return [name for name in later if name not in there]
