"""What is damaged of a lake is mended: what is readable is kept, what was lost is read again where its file is there.

In the order in which one thing needs another: logs, data files, the book of files, rollups. Each step may be cut off;
the next repair goes on.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from metrics.events import KINDS
from metrics.lake.datafiles import DataFile
from metrics.lake.ingest import ingest_inbox
from metrics.lake.intake import answering
from metrics.lake.intake.dropping import drop, drop_again
from metrics.lake.intake.marks import identity
from metrics.lake.intents import put_aside
from metrics.lake.ledger import Attempt, Ledger, withdrawn
from metrics.lake.remote.owning import own
from metrics.lake.repair.damage import Damage, damages, log_problem, lost_files, size_of, spoiled_copies
from metrics.lake.repair.lacking import lack
from metrics.lake.repair.logs import copied_anew, written_anew
from metrics.lake.repair.rebuilding import rebuild_if_lost
from metrics.lake.rollups import ROLLUPS
from metrics.lake.tables import DATE, Lake
from metrics.lake.upkeep.closed import rows_by_day
from metrics.lake.upkeep.completing import Gather, complete, gathered_here
from metrics.lake.writer import Writer, locked
from metrics.settings import Settings

_MOST_FILES = 10_000_000
_LOST = "lost.ndjson"
"""In `lake/_lost`: data files that tables no longer refer to, and which days they were of."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was found, and what was done."""

    found: tuple[Damage, ...]
    read_again: tuple[str, ...] = ()
    """Files put into the inbox again because events of theirs may have been lost."""
    not_there: tuple[str, ...] = ()
    """Files of which events may have been lost, and which are neither in the archive nor where they came from."""
    stored: int = 0
    """Events that came back."""
    left: tuple[Damage, ...] = ()
    """What could not be mended."""


def repair(
    settings: Settings, *, now: Callable[[], datetime], dry_run: bool = False, gather: Gather = gathered_here
) -> Repaired:
    """Mend the lake of a home; `dry_run`: only say what is to be mended.

    Raises `LakeUnavailable`, and whatever `gather` raises.
    """
    found = tuple(damages(settings.home))
    if dry_run or not found:
        return Repaired(found, left=found)
    with locked(settings.home):
        own(settings)
        lake = Lake.of(settings)
        spans = [*_mended_logs(lake), *_mended_files(lake)]
        rebuild_if_lost(lake)
        Writer(settings, now).put_right()  # makes rollups anew that are lost
        read_again, not_there = _put_back(lake, spans, now())
    stored = ingest_inbox(settings, now=now).stored if read_again else 0
    with locked(settings.home):
        lake = Lake.of(settings)
        complete(lake, settings.ingest.batch_rows, float("inf"), gather=gather)
        lake.tell()
    return Repaired(found, tuple(read_again), tuple(not_there), stored, tuple(damages(settings.home)))


@dataclass(frozen=True, slots=True)
class _Span:
    """Events that may be lost."""

    kind: str
    first_day: str
    last_day: str


def _mended_logs(lake: Lake) -> Iterator[_Span]:
    if (remote := lake.remote) is not None:
        for table in lake.tables:
            if log_problem(table):
                copied_anew(table, remote)
        return
    for name in ROLLUPS:
        table = lake.rollup(name)
        if log_problem(table):
            put_aside(table.root, lake.home)
    for kind in KINDS:
        table = lake.events(kind)
        if log_problem(table):
            days = written_anew(table, lake.home)
            yield from (_Span(kind, day, day) for day in sorted(days))
            # Which events of a commit that cannot be read the rollups have seen, nobody knows.
            for rollup in lake.rollups_of(kind):
                lack(rollup, days | {*table.snapshot.rows_by(DATE)})


def _mended_files(lake: Lake) -> Iterator[_Span]:
    for table in lake.tables if lake.remote is not None else ():
        for file in spoiled_copies(table):
            (table.root / file.path).unlink()
        table.send([file for file in lost_files(table) if size_of(table.root / file.path) == file.size])
    for kind in KINDS:
        table = lake.events(kind)
        missing = lost_files(table)
        if missing:
            _remember(lake, kind, missing)
            days = {file.partition[DATE] for file in missing}
            for rollup in lake.rollups_of(kind):
                lack(rollup, days)
            table.replace(missing, [], data_change=True)
            yield from (_Span(kind, day, day) for day in sorted(days))
    for name, rollup in ROLLUPS.items():
        table = lake.rollup(name)
        missing = lost_files(table)
        if missing:
            lack(table, rows_by_day(lake.events(rollup.kind)))
            table.replace(missing, [], data_change=True)


def _remember(lake: Lake, kind: str, files: Sequence[DataFile]) -> None:
    record = lake.home / "lake" / "_lost" / _LOST
    record.parent.mkdir(parents=True, exist_ok=True)
    with record.open("a", encoding="utf-8") as book:
        for file in files:
            book.write(json.dumps({"kind": kind, "at": datetime.now(UTC).isoformat(), **file.as_document()}) + "\n")
            path = lake.events(kind).root / file.path
            if path.exists():
                put_aside(path, lake.home)


def _put_back(lake: Lake, spans: Sequence[_Span], at: datetime) -> tuple[list[str], list[str]]:
    """Put the files into the inbox of which events may be lost; what of them is still there is then a duplicate."""
    read_again: list[str] = []
    not_there: list[str] = []
    if not spans:
        return read_again, not_there
    book = Ledger(lake.home)
    for attempt in book.attempts(_MOST_FILES, "stored"):
        if not any(_may_have(attempt, span) for span in spans):
            continue
        file = _source(lake.home, attempt)
        if file is None:
            not_there.append(str(attempt.outcome.path))
            continue
        answering.answer(lake.home, attempt.hash, attempt.reading.answers)
        book.apply(f"repair-{uuid4().hex}", [withdrawn(attempt.hash, "replaced", at)])
        if file.is_relative_to(lake.home / "archive"):
            drop_again(file, lake.home)
        else:
            with file.open("rb") as content:
                drop(content, file.name, lake.home)
        read_again.append(str(attempt.outcome.path))
    return read_again, not_there


def _may_have(attempt: Attempt, span: _Span) -> bool:
    if span.kind not in attempt.outcome.kinds:
        return False
    first, last = attempt.reading.spans.get(span.kind, ("", "9"))
    return first[:10] <= span.last_day and span.first_day <= last[:10]


def _source(home: Path, attempt: Attempt) -> Path | None:
    """The file itself: in the archive, or where it came from."""
    path = attempt.outcome.path
    archive = home / "archive"
    kept = (file for file in archive.rglob(f"*{path.suffix}") if file.name.startswith(path.stem))
    for file in (*sorted(kept), path):
        if file.is_file() and not file.is_symlink():
            with file.open("rb") as content:
                if identity(content) == attempt.hash:
                    return file
    return None
