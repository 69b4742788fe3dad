"""What was found for months that are over, question by question: one file each in the home, of one row a bucket.

A month's rows hold for as long as the same data files tell of it and its buckets are cut the same way. Files that no
question has used for longest go first where there are too many. Without them the lake still answers.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from metrics.lake.derived import FOLDER, MONTHS, sources_in
from metrics.lake.durably import replaced
from metrics.lake.private import OWNER_ONLY_FOLDER
from metrics.lake.tables import Lake

MOST_ROWS = 100_000
"""Rows of one question beyond which none of them are kept: by a dimension of many values there are as many."""
MOST_FILES, MOST_BYTES = 256, 64_000_000
"""What there may be of all questions."""
_QUESTION, _FILES, _MONTHS = "question", "files", "months"


@dataclass(frozen=True, slots=True)
class KeptMonth:
    """The rows of one month."""

    cut: str
    """How its buckets are cut, and what was read of the files."""
    sources: frozenset[str]
    """The data files that tell of it, as `source_name` names them."""
    rows: pl.DataFrame


Months = Mapping[int, KeptMonth]
"""By the number of the month."""


def read(home: Path, question: str) -> Months:
    """The months kept of a question; none where they cannot be read. It counts as used now."""
    path = _path(home, question)
    found = _readable(path)
    with contextlib.suppress(OSError):  # there may be none, or a home that is read-only
        os.utime(path)
    return found[1] if found and found[0] == question else {}


def write(home: Path, question: str, months: Months) -> None:
    """Keep months of a question in the place of those kept of it; the least used questions make room.

    Raises OSError, and polars' errors.
    """
    if sum(month.rows.height for month in months.values()) > MOST_ROWS:
        return
    folder = home / FOLDER
    folder.mkdir(OWNER_ONLY_FOLDER, exist_ok=True)
    _write(_path(home, question), question, months)
    _make_room(folder)


def sweep(lake: Lake) -> int:
    """Forget months with a source that is part of the lake no more; how many."""
    current, gone = sources_in(lake), 0
    for path in _all(lake.home / FOLDER):
        question, months = _readable(path) or ("", {})
        stay = {number: month for number, month in months.items() if month.sources <= current}
        gone += len(months) - len(stay)
        with contextlib.suppress(OSError):
            used = path.stat()
            if not stay:
                path.unlink(missing_ok=True)
            elif len(stay) < len(months):
                _write(path, question, stay)
                os.utime(path, ns=(used.st_atime_ns, used.st_mtime_ns))
    return gone


def _path(home: Path, question: str) -> Path:
    return home / FOLDER / f"{MONTHS}{sha256(question.encode()).hexdigest()[:32]}.parquet"


def _all(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob(f"{MONTHS}*.parquet")) if folder.is_dir() else ()


def _readable(path: Path) -> tuple[str, Months] | None:
    try:
        return _read(path)
    except OSError:
        return None


def _read(path: Path) -> tuple[str, Months] | None:
    """What a file holds; None where it is not what was written. Raises OSError."""
    try:
        told: Mapping[str, Any] = json.loads(pl.read_parquet_metadata(path)[_MONTHS])
        rows = pl.read_parquet(path, glob=False)
        files, months, start = told[_FILES], dict[int, KeptMonth](), 0
        for number, cut, places, height in told[_MONTHS]:
            sources = frozenset(files[place] for place in places)
            months[number] = KeptMonth(cut, sources, rows.slice(start, height))
            start += height
        return (told[_QUESTION], months) if start == rows.height else None
    except (pl.exceptions.PolarsError, ValueError, LookupError, TypeError):
        return None


def _write(path: Path, question: str, months: Months) -> None:
    files = sorted(frozenset[str]().union(*(month.sources for month in months.values())))
    place = {file: number for number, file in enumerate(files)}
    listed = [
        (number, month.cut, sorted(place[file] for file in month.sources), month.rows.height)
        for number, month in sorted(months.items())
    ]
    told = json.dumps({_QUESTION: question, _FILES: files, _MONTHS: listed})
    rows = pl.concat(month.rows for _, month in sorted(months.items()))
    with replaced(path) as scratch:
        # What the rows are of lies in the same file: neither is ever there without the other.
        rows.write_parquet(scratch, metadata={_MONTHS: told})


def _make_room(folder: Path) -> None:
    files = size = 0
    for path, stat in sorted(_used(folder), key=lambda one: one[1].st_mtime_ns, reverse=True):
        files, size = files + 1, size + stat.st_size
        if files > MOST_FILES or size > MOST_BYTES:
            path.unlink(missing_ok=True)


def _used(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in _all(folder):
        with contextlib.suppress(FileNotFoundError):  # others make room, too
            yield path, path.stat()
