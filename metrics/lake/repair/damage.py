"""What of a home is damaged or missing, found without reading a row; `metrics.lake.repair.repairing` mends it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from metrics.lake.datafiles import DataFile
from metrics.lake.intents import broken_intents
from metrics.lake.repair.lacking import lost
from metrics.lake.tables import Lake, Table

LEDGER = "ledger.sqlite"


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is wrong."""

    where: Path
    """The file or folder."""
    what: str
    """What is wrong with it."""
    mend: str
    """What `promptpilot repair` does about it."""


def damages(home: Path) -> list[Damage]:
    """All of them, the worst first."""
    lake = Lake(home)
    return [*_of_tables(lake), *_of_ledger(lake), *_of_intents(lake)]


def log_problem(table: Table) -> str:
    """Why the log of a table cannot be read; empty when it can."""
    try:
        table.refresh()
    except Exception as error:  # the kernel raises a dozen types for a damaged log
        return str(error).strip().splitlines()[0][:200]
    return ""


def lost_files(table: Table) -> list[DataFile]:
    """Files that a table refers to and that are not there, or not whole; of a lake in object storage, there."""
    if (remote := table.remote) is None:
        return [file for file in table.snapshot.files if size_of(table.root / file.path) != file.size]
    files = table.snapshot.files
    stored = {one.name.removeprefix(f"{table.name}/"): one.size for one in remote.objects.listed(table.name) if files}
    return [file for file in files if stored.get(file.path) != file.size]


def spoiled_copies(table: Table) -> list[DataFile]:
    """Files in object storage whose copy in the home is not whole."""
    if table.remote is None:
        return []
    return [file for file in table.snapshot.files if size_of(table.root / file.path) not in (-1, file.size)]


def ledger_problem(home: Path) -> str:
    """Why the ledger cannot be read; empty when it can, or was never there."""
    path = home / "lake" / LEDGER
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as book:
            found = book.execute("PRAGMA quick_check(1)").fetchone()[0]
        return "" if found == "ok" else str(found)
    except sqlite3.OperationalError:
        return ""  # it may be in use, or on a disk that cannot be written: no damage
    except sqlite3.DatabaseError as error:
        return str(error)


def _of_tables(lake: Lake) -> Iterator[Damage]:
    broken = False
    for table in lake.tables:
        is_rollup = table.root.parent.name == "rollups"
        if problem := log_problem(table):
            broken |= not is_rollup
            mend = "made anew from the events" if is_rollup else "written anew from what of it can be read"
            mend = mend if table.remote is None else "copied anew from object storage"
            yield Damage(table.root / "_delta_log", f"the log of the table cannot be read: {problem}", mend)
            continue
        for file in lost_files(table):
            there = (table.root / file.path).exists()
            if table.remote is None:
                what = "is truncated or changed" if there else "is missing"
            else:
                what = "is missing from object storage, or not whole there"
            mend = "its days are made anew from the events" if is_rollup else (
                f"its {file.rows:,} events are read again from the archive, as far as the files are there"
            )  # fmt: skip
            if table.remote is not None and size_of(table.root / file.path) == file.size:
                mend = "put there again from the copy that is here"
            yield Damage(table.root / file.path, f"a data file {what}", mend)
        for file in spoiled_copies(table):
            what = "the copy of a data file in object storage is truncated or changed"
            yield Damage(table.root / file.path, what, "fetched again when it is asked for")
    if not broken:
        for table in lost(lake).values():
            yield Damage(table.root, "the rollup is missing; events answer for it", "made anew from the events")


def _of_ledger(lake: Lake) -> Iterator[Damage]:
    path = lake.home / "lake" / LEDGER
    mend = "written anew from what the tables tell of the files stored"
    if problem := ledger_problem(lake.home):
        yield Damage(path, f"the book of files cannot be read: {problem}", mend)
    elif not path.exists() and any((table.root / "_delta_log").is_dir() for table in lake.tables):
        yield Damage(path, "the book of files is missing", mend)


def _of_intents(lake: Lake) -> Iterator[Damage]:
    for path in broken_intents(lake.home / "lake" / "_transactions", lake):
        yield Damage(path, "what was about to be committed cannot be read, or is not there any more", "put aside")


def size_of(path: Path) -> int:
    """Bytes of a file; -1 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return -1
