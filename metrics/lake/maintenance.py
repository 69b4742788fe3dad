"""Housekeeping: rollups completed, small files merged, old days dropped, files nobody refers to removed.

Each step is a commit of its own that changes no number (but for days past their retention), and may be cut
off at any instant: what was written for nothing is removed by the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

import polars as pl
from deltalake import DeltaTable

from metrics.events import KINDS
from metrics.lake.completing import Told, complete
from metrics.lake.rewriting import by_partition, rows_of_view, written
from metrics.lake.rollups import ROLLUPS, merge
from metrics.lake.shapes import BUCKET, VIEW
from metrics.lake.sources import sourced
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
    """Drop, complete, merge and clean up, in this order. Raises `LakeUnavailable` when the home cannot be written.

    Rollups are completed until `most_completed` events were read for it.
    """
    with locked(settings.home):
        Writer(settings, now).put_right()
        lake = Lake(settings.home)
        dropped = _drop_old_days(lake, settings, now())
        completed = complete(lake, settings.ingest.batch_rows, most_completed, told)
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
            rows = sourced(table, [file.path for file in small]).sort("ts", maintain_order=True).collect()
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


def _drop_old_days(lake: Lake, settings: Settings, now: datetime) -> int:
    """Drop days wholly past retention: their rollups first, so that no number is left without its events."""
    if settings.lake.retention_days == 0:
        return 0
    first_kept = (now - timedelta(days=settings.lake.retention_days)).date()
    dropped = 0
    for kind in KINDS:
        old = [file for file in lake.events(kind).snapshot.files if file.partition[DATE] < first_kept.isoformat()]
        if old:
            for table in lake.rollups_of(kind):
                _cut_rollup(table, first_kept.isoformat())
            lake.events(kind).replace(old, [], data_change=True)
            dropped += len(old)
    return dropped


def _cut_rollup(table: Table, first_kept: str) -> None:
    for view, files in by_partition(table, VIEW).items():
        rows = rows_of_view(table, view, files)
        kept = rows.filter(pl.col(BUCKET).dt.date().cast(pl.String) >= first_kept)
        if kept.is_empty():
            table.replace(files, [], data_change=True)
        elif kept.height < rows.height:
            with written(table, {VIEW: view}, kept) as file:
                table.replace(files, [file], data_change=True)


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
