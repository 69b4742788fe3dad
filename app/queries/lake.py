"""Questions about files and tables: what was ingested, what was refused, and how much there is of what day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import streamlit as st

from app import answers, heartbeat, wording
from app.source import source
from metrics.engine import DataFreshness
from metrics.events import KINDS
from metrics.lake.intake.dropping import Dropped
from metrics.lake.intake.inbox import found_in
from metrics.lake.intake.refused import is_mappable
from metrics.lake.ledger import Attempt, Ledger, Status, Totals
from metrics.lake.status import rows_a_day
from metrics.lake.tables import Lake

LISTED = 500
"""Files listed at most."""
SPANS = {"30 days": 30, "90 days": 90, "1 year": 366, "All": 0}
"""Days of the picture of volume, by what the choice is called; 0 is all."""
_MOST_DAYS, _MOST_WEEKS = 120, 130
"""Columns of that picture at most; more of them become weeks, then months."""


@dataclass(frozen=True)
class Book:
    """What became of the files of one home."""

    totals: Totals
    waiting: int
    """Files in the inbox."""
    is_demo: bool = False
    """Whether these are files of the demo data, because there are none of one's own yet."""
    is_attended: bool = True
    """Whether the process is running that stores what lies in the inbox."""


def home() -> Path:
    """The home whose files are told of: one's own, unless there is nothing to tell but of the demo's."""
    current = source()
    own = Ledger.existing(current.own_home)
    return current.settings.home if current.is_demo and (own is None or not own.newest()) else current.own_home


def book() -> Book:
    """Files and rows by what became of them."""
    place, current = home(), source()
    ledger = Ledger.existing(place)
    totals = ledger.totals() if ledger else Totals({}, 0, None)
    inbox = current.own_home / "inbox"
    waiting = sum(1 for _ in found_in([inbox])) if inbox.is_dir() else 0
    return Book(totals, waiting, place != current.own_home, is_attended())


def is_attended() -> bool:
    """Whether the process is running that stores what lies in the inbox."""
    age = heartbeat.age(source().own_home, source().now())
    return age is not None and age <= heartbeat.STALE_SECONDS


def attempts(status: Status | None) -> list[Attempt]:
    """The newest files, newest first."""
    ledger = Ledger.existing(home())
    return ledger.attempts(LISTED, status) if ledger else []


def stored(hash: str) -> Attempt | None:
    """The stored file of one's own with these bytes, unless it was taken back."""
    ledger = Ledger.existing(source().own_home)
    return ledger.in_force(hash) if ledger else None


def listed(attempts: Sequence[Attempt]) -> pl.DataFrame:
    """Files as rows, a column a heading of the table, with `reason` and `notes` in words."""
    return _listed(attempts)


def refused() -> list[Attempt]:
    """The newest files of which something was rejected, newest first."""
    ledger = Ledger.existing(home())
    return ledger.refused(LISTED) if ledger else []


def mappable() -> list[Attempt]:
    """Those of them that a mapping may make into events."""
    return [attempt for attempt in refused() if is_mappable(attempt)]


def asking() -> list[Attempt]:
    """The newest attempts at files of one's own of which somebody has to answer something, newest first."""
    ledger = Ledger.existing(source().own_home)
    return [attempt for attempt in ledger.refused(LISTED) if attempt.outcome.questions] if ledger else []


def attempt_at(dropped: Dropped, after: int) -> Attempt | None:
    """The attempt at a file that was dropped when `after` was the newest number in the book; None while it waits."""
    ledger = Ledger.existing(source().own_home)
    return ledger.outcome_of(dropped.hash, after, dropped.name) if ledger else None


def newest_number() -> int:
    """The number of the newest line in the book of one's own home."""
    ledger = Ledger.existing(source().own_home)
    return ledger.newest() if ledger else 0


def is_being_read(hash: str) -> bool:
    """Whether a file is being read or stored at this moment."""
    marks = source().own_home / "lake" / "_transactions"
    return any(mark.suffix in (".staging", ".intent") for mark in marks.glob(f"{hash}.*"))


def _listed(attempts: Sequence[Attempt]) -> pl.DataFrame:
    rows = [
        (
            wording.name(attempt.outcome.path.name, 120), attempt.at, attempt.outcome.status, attempt.outcome.read,
            attempt.outcome.stored, attempt.outcome.duplicates, attempt.outcome.rejected,
            ", ".join(attempt.outcome.kinds), _words(attempt.outcome.reason), _words("; ".join(attempt.outcome.notes)),
        )
        for attempt in attempts
    ]  # fmt: skip
    schema = {
        "file": pl.String, "at": pl.Datetime("us", "UTC"), "status": pl.String, "read": pl.Int64, "stored": pl.Int64,
        "duplicates": pl.Int64, "rejected": pl.Int64, "kinds": pl.String, "reason": pl.String,
        "notes": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _words(reason: str) -> str:
    return wording.name(reason, 300) if reason else ""


def refused_files(attempts: Sequence[Attempt]) -> pl.DataFrame:
    """These attempts as a table."""
    return _listed(attempts).select("file", "at", "status", "rejected", "reason")


@dataclass(frozen=True)
class Volume:
    """Events by kind and day, week or month."""

    frame: pl.DataFrame
    """`kind`, `start`, `rows`, `days` (with events)."""
    starts: tuple[date, ...]
    """Every day, week or month from the first to the last, with events or without."""
    unit: str
    today: date
    begun: Mapping[str, date]
    """The first day of each kind, shown or not: since then a day without events is a gap."""


def volume(days: int) -> Volume:
    """The last `days` days (0: all) up to today; where nothing came for so long, up to the newest event."""
    today = source().now().date()
    return _volume(answers.version(), today, days)


@st.cache_data(max_entries=16, show_spinner=False)
def _volume(version: str, today: date, days: int) -> Volume:
    counted = rows_a_day(_lake(str(source().settings.home)))
    if counted.is_empty():
        return Volume(counted.with_columns(start=pl.col("date"), days=0), (), "day", today, {})
    begun = dict(counted.group_by("kind").agg(pl.col("date").min()).iter_rows())
    begun = {kind: begun[kind] for kind in KINDS if kind in begun}
    dates: list[date] = counted["date"].to_list()
    first, newest = min(dates), max(dates)
    last = today if not days or newest > today - timedelta(days=days) else newest
    last = max(last, newest)
    first = max(first, last - timedelta(days=days - 1)) if days else first
    unit = _unit((last - first).days + 1)
    shown = counted.filter(pl.col("date").is_between(first, last)).with_columns(start=pl.col("date").dt.truncate(unit))
    frame = shown.group_by("kind", "start").agg(pl.col("rows").sum(), pl.col("date").n_unique().alias("days"))
    starts = pl.date_range(first, last, "1d", eager=True).dt.truncate(unit).unique().sort().to_list()
    names = {"1d": "day", "1w": "week", "1mo": "month"}
    return Volume(frame.sort("kind", "start"), tuple(starts), names[unit], today, begun)


def _unit(days: int) -> str:
    return "1d" if days <= _MOST_DAYS else "1w" if days <= 7 * _MOST_WEEKS else "1mo"


@st.cache_resource(max_entries=4, show_spinner=False)
def _lake(home: str) -> Lake:
    return Lake(Path(home))


def kinds() -> pl.DataFrame:
    """Rows, oldest and newest event a kind, and how long ago the newest was, in words."""
    now = source().now()
    rows = [
        (kind, one.rows, one.first, one.last, wording.age(now - one.last) if one.last else wording.NOTHING)
        for kind, one in answers.ask(DataFreshness()).kinds.items()
    ]
    moment = pl.Datetime("us", "UTC")
    schema = {"kind": pl.String, "rows": pl.Int64, "oldest": moment, "newest": moment, "age": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")
