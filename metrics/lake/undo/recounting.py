"""Rollups of days whose events have changed: their rows are taken out of every file and made anew from the events."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import polars as pl

from metrics.lake import rollups
from metrics.lake.datafiles import Change
from metrics.lake.rollups import Gathering
from metrics.lake.shapes import BUCKET, VIEW, View
from metrics.lake.tables import Lake, Table
from metrics.lake.undo.drafts import Drafts
from metrics.lake.upkeep.rewriting import by_partition

MOST_GATHERED = 2_000_000
"""Rows of rollups that are held before they are written."""
_DAY = pl.col(BUCKET).dt.date().cast(pl.String)


def recounted(
    lake: Lake,
    kind: str,
    days: Mapping[str, Sequence[str]],
    views: Mapping[str, Sequence[View]],
    drafts: Drafts,
    batch_rows: int,
) -> dict[str, Change]:
    """How the views of rollups change; `days` says which data files (absolute paths) hold the events of each day.

    Gives the changes by table. Of views that are sums of others the days are only taken out: upkeep adds them up again.
    """
    if not days or not views:
        return {}
    changes = {
        lake.rollup(name).name: cleared(lake.rollup(name), days, wanted, drafts) for name, wanted in views.items()
    }
    for gathered in _gathered(lake.events(kind), kind, days, views, batch_rows):
        for name, wanted in views.items():
            table = lake.rollup(name)
            rows = gathered[name].rows().filter(pl.col(VIEW).is_in([one.name for one in wanted]))
            if rows.height:
                parts = rollups.merge(name, rows).partition_by(VIEW, maintain_order=True)
                files = (drafts.put(table, {VIEW: part[VIEW][0]}, part) for part in parts)
                changes[table.name] += Change(added=tuple(files))
    return changes


def cleared(table: Table, days: Collection[str], views: Sequence[View], drafts: Drafts) -> Change:
    """Take the rows of the days out of the views."""
    change, stored = Change(), by_partition(table, VIEW)
    is_meant = _DAY.is_in(list(days))
    for view in views:
        for file in (one for one in stored.get(view.name, ()) if one.may_hold(min(days), max(days))):
            there = table.scan([str(table.root / file.path)])
            if there.select(is_meant.any()).collect(engine="streaming").item():
                kept = drafts.kept(table, file, ~is_meant)
                change += Change((file,), (kept,) if kept else ())
    return change


def _gathered(
    table: Table, kind: str, days: Mapping[str, Sequence[str]], views: Mapping[str, Sequence[View]], batch_rows: int
) -> Iterator[dict[str, Gathering]]:
    """Partial aggregates of the events, so many days at a time that they can be held."""
    gathered, held = {name: Gathering(name) for name in views}, 0
    for _day, paths in sorted(days.items()):
        for events in batches(table, paths, batch_rows):
            for name, partial in rollups.partials(kind, events, tuple(views)).items():
                gathered[name].add(partial)
                held += partial.height
        if held > MOST_GATHERED:
            yield gathered
            gathered, held = {name: Gathering(name) for name in views}, 0
    if held:
        yield gathered


def batches(table: Table, paths: Sequence[str], batch_rows: int) -> Iterator[pl.DataFrame]:
    """The events of data files, so many at a time."""
    for path in paths:
        events = table.scan([path])
        rows = int(events.select(pl.len()).collect().item())
        for start in range(0, rows, batch_rows):
            yield events.slice(start, batch_rows).collect()
