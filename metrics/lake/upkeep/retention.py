"""How long days are kept: the events of a kind, and their rollups longer where they are to be (`closed.py`).

Once the rollups of a closed day go, too, it is a day like one of which there never was anything.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta

import polars as pl

from metrics.events import KINDS
from metrics.lake.datafiles import DataFile
from metrics.lake.identity.identities import Identities
from metrics.lake.shapes import BUCKET, VIEW
from metrics.lake.tables import DATE, Lake, Table
from metrics.lake.upkeep.closed import Closed, closed_days, write_closed
from metrics.lake.upkeep.completing import unknown_days
from metrics.lake.upkeep.rewriting import rows_of_view, written
from metrics.settings import Settings


def drop_old_days(lake: Lake, settings: Settings, now: datetime, *, closing: bool) -> int:
    """Drop the days past retention; how many event files that were.

    `closing`: of the kinds whose rollups stay, days that all rollups know; else of those whose rollups go, too.
    """
    dropped = 0
    for kind in KINDS:
        kept, of_rollups = settings.lake.days_of_events(kind), settings.lake.days_of_rollups(kind)
        if not kept or closing != (of_rollups != kept):
            continue
        table, first_kept = lake.events(kind), (now - timedelta(days=kept)).date()
        old = [file for file in table.snapshot.files if file.partition[DATE] < first_kept.isoformat()]
        if closing:
            unknown = unknown_days(lake, kind)
            old = [file for file in old if file.partition[DATE] not in unknown]
            _close(table, {file.partition[DATE] for file in old}, now.date())
            _forget(lake, kind, (now - timedelta(days=of_rollups)).date())
        elif old:  # rollups first, so that no number is left without its events
            _forget(lake, kind, first_kept)
        if old:
            table.replace(old, [], data_change=True)
            Identities(table).forget_before(first_kept)
        dropped += len(old)
    return dropped


def _close(table: Table, days: Collection[str], today: date) -> None:
    if days:
        rows = table.snapshot.rows_by(DATE)
        write_closed(table, {**closed_days(table), **{day: Closed(rows[day], today) for day in days}})


def _forget(lake: Lake, kind: str, first_kept: date) -> None:
    """Cut the rollups of a kind off before a day."""
    for table in lake.rollups_of(kind):
        for file in table.snapshot.files:
            if file.min_ts is None or file.min_ts.date() < first_kept:
                _cut(table, file, first_kept)
    closed = closed_days(lake.events(kind))
    left = {day: one for day, one in closed.items() if day >= first_kept.isoformat()}
    if len(left) < len(closed):
        write_closed(lake.events(kind), left)


def _cut(table: Table, file: DataFile, first_kept: date) -> None:
    view = file.partition[VIEW]
    if file.max_ts is not None and file.max_ts.date() < first_kept:
        table.replace([file], [], data_change=True)
        return
    rows = rows_of_view(table, view, [file])
    kept = rows.filter(pl.col(BUCKET).dt.date() >= first_kept)
    if kept.is_empty():
        table.replace([file], [], data_change=True)
    elif kept.height < rows.height:
        with written(table, {VIEW: view}, kept) as shorter:
            table.replace([file], [shorter], data_change=True)
