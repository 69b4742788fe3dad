"""Housekeeping: rollups completed, small files merged, old days dropped, files nobody refers to removed.

Each step is a commit of its own that changes no number (but for days past their retention), and may be cut
off at any instant: what was written for nothing is removed by the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import inf

import polars as pl
from deltalake import DeltaTable

from metrics.events import KINDS
from metrics.lake.completing import Told, complete
from metrics.lake.retention import drop_old_days
from metrics.lake.rewriting import by_partition, rows_of_view, written
from metrics.lake.rollups import ROLLUPS, merge
from metrics.lake.shapes import VIEW
from metrics.lake.tables import DATE, Lake, Table
from metrics.lake.writer import Writer, locked
from metrics.settings import Settings

SMALL_BYTES = 64 * 2**20
"""Files below this are merged."""


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
) -> Maintained:
    """Drop, complete, close, merge and clean up, in this order.

    Raises `LakeUnavailable` when the home cannot be written.
    Rollups are completed until `most_completed` events were read for it.
    """
    with locked(settings.home):
        Writer(settings, now).put_right()
        lake = Lake(settings.home)
        moment = now()
        dropped = drop_old_days(lake, settings, moment, closing=False)
        completed = complete(lake, settings.ingest.batch_rows, most_completed, told)
        dropped += drop_old_days(lake, settings, moment, closing=True)
        merged = sum(_merge_days(lake.events(kind), settings.lake.compact_files) for kind in KINDS)
        merged += sum(_merge_views(lake.rollup(name), name, settings.lake.compact_files) for name in ROLLUPS)
        removed = _vacuum(lake, settings.lake.vacuum_grace_hours)
    return Maintained(completed, merged, dropped, removed)


def _merge_days(table: Table, enough: int) -> int:
    """Merge the small files of each day that has enough of them."""
    merged = 0
    for day, files in by_partition(table, DATE).items():
        small = [file for file in files if file.size < SMALL_BYTES]
        if len(small) >= enough:
            rows = pl.read_parquet([table.root / file.path for file in small], hive_partitioning=False).sort("ts")
            with written(table, {DATE: day}, rows) as file:
                table.replace(small, [file])
            merged += len(small)
    return merged


def _merge_views(table: Table, name: str, enough: int) -> int:
    """Merge the small files of partial aggregates of each view that has enough of them."""
    merged = 0
    for view, stored in by_partition(table, VIEW).items():
        files = [file for file in stored if file.size < SMALL_BYTES]
        if len(files) >= enough:
            with written(table, {VIEW: view}, merge(name, rows_of_view(table, view, files))) as file:
                table.replace(files, [file])
            merged += len(files)
    return merged


def _vacuum(lake: Lake, grace_hours: float) -> int:
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
