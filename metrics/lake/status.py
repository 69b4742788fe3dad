"""What is in the lake, from the tables' statistics and the ledger: never a scan."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from metrics.events import KINDS
from metrics.lake.intake.inbox import found_in
from metrics.lake.ledger import FileOutcome, Ledger
from metrics.lake.tables import DATE, Lake
from metrics.settings import Settings


@dataclass(frozen=True, slots=True)
class LakeStatus:
    """The state of one home."""

    events: Mapping[str, int]
    """Events by kind, only kinds that have any."""
    first: datetime | None
    last: datetime | None
    """When the oldest and the newest event happened."""
    files: Mapping[str, int]
    """Files dealt with: stored, duplicate, rejected."""
    rejected: int
    """Rows rejected."""
    lag_seconds: float | None
    """Age of the newest event."""
    waiting: int
    """Files in the inbox."""
    recent: tuple[FileOutcome, ...]
    """The newest outcomes, newest first."""
    recent_rejected: tuple[FileOutcome, ...]
    """The newest files that were rejected, newest first."""


def status(settings: Settings, *, now: Callable[[], datetime] | datetime) -> LakeStatus:
    """The state of the home at `now`."""
    moment = now if isinstance(now, datetime) else now()
    lake = Lake.of(settings)
    snapshots = {kind: lake.events(kind).snapshot for kind in KINDS if lake.events(kind).is_readable}
    files = [file for snapshot in snapshots.values() for file in snapshot.files]
    first = min((file.min_ts for file in files if file.min_ts), default=None)
    last = max((file.max_ts for file in files if file.max_ts), default=None)
    book = Ledger.existing(settings.home)
    totals = book.totals() if book else None
    return LakeStatus(
        events={kind: snapshot.rows for kind, snapshot in snapshots.items() if snapshot.rows},
        first=first,
        last=last,
        files={"stored": 0, "duplicate": 0, "rejected": 0, **(totals.files if totals else {})},
        rejected=totals.rejected_rows if totals else 0,
        lag_seconds=None if last is None else (moment - last).total_seconds(),
        waiting=sum(1 for _ in found_in([settings.home / "inbox"])) if (settings.home / "inbox").exists() else 0,
        recent=tuple(book.latest(20)) if book else (),
        recent_rejected=tuple(book.latest(20, "rejected")) if book else (),
    )


def rows_a_day(lake: Lake) -> pl.DataFrame:
    """Events by `kind` and `date` (UTC) as `rows`, from the tables' file lists: days without events have no row."""
    counted = [(kind, file.partition[DATE], file.rows) for kind in KINDS for file in lake.events(kind).snapshot.files]
    frame = pl.DataFrame(counted, schema={"kind": pl.String, "date": pl.String, "rows": pl.Int64}, orient="row")
    days = frame.with_columns(pl.col("date").str.to_date("%Y-%m-%d"))
    return days.group_by("kind", "date").agg(pl.col("rows").sum()).filter(pl.col("rows") > 0).sort("kind", "date")
