"""Housekeeping: rollups completed, small files merged, old days dropped, unnamed files removed, logs shortened.

Each step is a commit of its own that changes no number (but for days past their retention), and may be cut
off at any instant: what was written for nothing is removed by the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from deltalake import DeltaTable

from metrics.events import KINDS
from metrics.lake import derived, kept_months
from metrics.lake.remote.sweeping import sweep
from metrics.lake.rollups import ROLLUPS
from metrics.lake.tables import Lake
from metrics.lake.upkeep.adding_up import add_up
from metrics.lake.upkeep.compaction import Sizes, merge_days, merge_views
from metrics.lake.upkeep.completing import Gather, Told, complete, gathered_here
from metrics.lake.upkeep.retention import drop_old_days
from metrics.lake.upkeep.shortening import shorten
from metrics.lake.writer import Writer, locked
from metrics.settings import Settings

SMALL_BYTES = 128 * 2**20
"""Files below this are merged."""
FRESH_BYTES = 4 * 2**20
"""Files below this are merged as they come."""
TARGET_BYTES = 256 * 2**20
"""Files come near to this."""
DAYS_AT_ONCE = 62
"""Days of each kind added up at a time: so many take a minute."""
SLICE_ROWS = 500_000
"""Events held in memory while they are merged."""


@dataclass(frozen=True, slots=True)
class Maintained:
    """What was done."""

    completed: int
    """Days put into rollups that the home is older than."""
    merged: int
    """Files merged into fewer."""
    dropped: int
    """Event files dropped because their day is past retention."""
    removed: int
    """Files deleted from disk."""


def maintain(
    settings: Settings,
    *,
    now: Callable[[], datetime],
    most_completed: float = inf,
    told: Told | None = None,
    gather: Gather = gathered_here,
) -> Maintained:
    """Drop, complete, close, add up, merge and clean up, in this order.

    Raises `LakeUnavailable` when the home cannot be written, and whatever `gather` raises.
    Rollups are completed until `most_completed` events were read for it, and so many days are added up as take no
    longer, unless there is no limit.
    """
    with locked(settings.home):
        Writer(settings, now).put_right()
        lake = Lake.of(settings)
        moment = now()
        dropped = drop_old_days(lake, settings, moment, closing=False)
        completed = complete(lake, settings.ingest.batch_rows, most_completed, told, gather)
        dropped += drop_old_days(lake, settings, moment, closing=True)
        add_up(lake, moment.date(), inf if most_completed == inf else DAYS_AT_ONCE)
        merged = _merged(lake, Sizes(SMALL_BYTES, TARGET_BYTES, settings.lake.compact_files, SLICE_ROWS))
        removed = _vacuum(lake, settings.lake.vacuum_grace_hours, moment)
        derived.sweep(lake, timedelta(hours=settings.lake.vacuum_grace_hours), moment)
        kept_months.sweep(lake)
        shorten(lake, timedelta(hours=settings.lake.vacuum_grace_hours), moment)
        lake.tell()
    return Maintained(completed, merged, dropped, removed)


def merge_fresh(settings: Settings, *, now: Callable[[], datetime], opened: Callable[[], Lake] | None = None) -> int:
    """Merge what came in the last minutes, bit by bit as live events do; how many files were merged.

    A chart of today is read from as many files as there are. What is larger is left to `maintain`: to write it anew
    every time costs more than it saves. `opened` as of `Writer`. Raises as `maintain` does.
    """
    with locked(settings.home):
        writer = Writer(settings, now, opened)
        writer.put_right()
        lake = writer.lake
        merged = _merged(lake, Sizes(FRESH_BYTES, TARGET_BYTES, settings.lake.compact_files, SLICE_ROWS))
        shorten(lake, timedelta(hours=settings.lake.vacuum_grace_hours), now())
        lake.tell()
    return merged


def _merged(lake: Lake, sizes: Sizes) -> int:
    of_events = sum(merge_days(lake.events(kind), sizes) for kind in KINDS)
    return of_events + sum(merge_views(lake.rollup(name), name, sizes) for name in ROLLUPS)


def _vacuum(lake: Lake, grace_hours: float, now: datetime) -> int:
    if (remote := lake.remote) is not None:
        grace = timedelta(hours=grace_hours)
        return sum(sweep(table, remote, grace, now) for table in lake.tables if table.version >= 0)
    tables = [*(lake.events(kind) for kind in KINDS), *(lake.rollup(name) for name in ROLLUPS)]
    return sum(
        len(
            DeltaTable(str(table.root)).vacuum(
                retention_hours=int(grace_hours), dry_run=False, enforce_retention_duration=False
            )
        )
        for table in tables
        if table.version >= 0
    )
