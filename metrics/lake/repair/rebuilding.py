"""The book of files written anew, as far as the tables tell which files their events came from."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from metrics.events import KINDS
from metrics.lake.actions import NAMED, readable_actions_of
from metrics.lake.intake.received import is_segment
from metrics.lake.intents import put_aside
from metrics.lake.ledger import Attempted, FileOutcome, Ledger
from metrics.lake.remote.log import LOG
from metrics.lake.repair.damage import LEDGER, ledger_problem
from metrics.lake.sources import SOURCE_FILE, sourced
from metrics.lake.tables import Lake, Table

NOTE = "known from the tables only: the book of files was lost"


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class _Told:
    """What the log of a table tells of a file."""

    hint: str = ""
    at: datetime = field(default=_LONG_AGO)
    kinds: Counter[str] = field(default_factory=Counter[str])
    read: int = 0
    duplicates: int = 0
    rejected: int = 0


def rebuild_if_lost(lake: Lake) -> int | None:
    """Write the book anew where it is missing or cannot be read; how many files it tells of then."""
    path = lake.home / "lake" / LEDGER
    if ledger_problem(lake.home):
        for damaged in path.parent.glob(f"{LEDGER}*"):
            put_aside(damaged, lake.home)
    if path.exists() or all(lake.events(kind).version < 0 for kind in KINDS):
        return None
    attempts = [*_attempts(lake)]
    Ledger(lake.home).add_all(attempts)
    return len(attempts)


def _attempts(lake: Lake) -> Iterator[Attempted]:
    told: dict[str, _Told] = defaultdict(_Told)
    for kind in KINDS:
        for hash, one in _logged(lake.events(kind)):
            told[hash].hint, told[hash].at = one.hint, max(one.at, told[hash].at)
            told[hash].read, told[hash].rejected = one.read, one.rejected
            told[hash].duplicates = one.duplicates
    stored: dict[str, Counter[str]] = defaultdict(Counter)
    for kind in KINDS:
        for hash, rows in _stored(lake.events(kind)):
            stored[hash][kind] += rows
    for hash, kinds in sorted(stored.items(), key=lambda one: told[one[0]].at):
        one, total = told[hash], kinds.total()
        path = Path(one.hint) if one.hint else Path(f"(a file whose name is not known: {hash})")
        duplicates, rejected = one.duplicates, one.rejected
        outcome = FileOutcome(
            path, "stored", "", total + duplicates + rejected, total, duplicates, rejected, dict(kinds), (NOTE,)
        )
        yield Attempted(outcome, hash, one.at, is_received=is_segment(one.hint))


def _logged(table: Table) -> Iterator[tuple[str, _Told]]:
    note = table.root / NAMED
    for path in [*([note] if note.exists() else []), *sorted((table.root / LOG).glob("*.json"))]:
        for action in readable_actions_of(path):
            try:
                commit = action.get("commitInfo") or {}
                at = datetime.fromtimestamp(commit.get("timestamp", 0) / 1000, UTC)
                for hash, hint, _, read, duplicates, rejected in json.loads(commit.get("files", "[]")):
                    yield hash, _Told(hint, at, Counter(), read, duplicates, rejected)
            except (ValueError, AttributeError, TypeError):
                continue  # not ours, or damaged


def _stored(table: Table) -> Iterator[tuple[str, int]]:
    is_here = table.remote is None
    paths = [file.path for file in table.snapshot.files if not is_here or (table.root / file.path).is_file()]
    if paths:
        counted = sourced(table, paths).group_by(SOURCE_FILE).agg(pl.len()).collect(engine="streaming")
        yield from ((hash, rows) for hash, rows in counted.iter_rows() if hash is not None)
