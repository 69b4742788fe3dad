"""Days put into rollups that the home is older than, from its events.

Readers see what a rollup does not know, and read events instead (`metrics.engine.coverage`): right, but slower. Upkeep
puts the days in, the newest first, one at a time. What came with one version is a *family*: views that know the same
days, one of which counts events and is the witness of all. It is committed last, so that a day counts as known once
every view knows it; cut off before, a day is done again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import polars as pl

from metrics.lake import rollups
from metrics.lake.datafiles import DataFile
from metrics.lake.repair.lacking import knows, lacking
from metrics.lake.rollups import ROLLUPS, Gathering, rollups_of
from metrics.lake.shapes import BUCKET, VIEW, Counts, View
from metrics.lake.tables import DATE, Lake, Table
from metrics.lake.upkeep.closed import closed_days
from metrics.lake.upkeep.rewriting import by_partition, rows_of_view, written

Told = Callable[[str, int, int], None]
"""Is told of each day before it is put in: its kind and date, its number from 1 on, of how many."""
DAY_OF_ROW = pl.col(BUCKET).dt.date().cast(pl.String)


@dataclass(frozen=True)
class Family:
    """Views of the rollups of one kind that know the same days."""

    kind: str
    views: Mapping[str, Sequence[View]]
    """By rollup, that of the witness last."""

    @property
    def witness(self) -> tuple[str, View, str]:
        """Rollup and view that count the events, and the column that does."""
        name, views = list(self.views.items())[-1]
        shape = ROLLUPS[name].shape
        assert isinstance(shape, Counts), f"{name} counts nothing"
        return name, views[0], shape.aggregates[0].name


def families() -> Iterator[Family]:
    """What came after the first homes: rollups that name a witness, and views by minute."""
    for witness in dict.fromkeys(rollup.witness for rollup in ROLLUPS.values() if rollup.witness):
        members = [name for name, rollup in ROLLUPS.items() if rollup.witness == witness and name != witness]
        yield Family(ROLLUPS[witness].kind, {name: ROLLUPS[name].views for name in (*members, witness)})
    for kind in dict.fromkeys(rollup.kind for rollup in ROLLUPS.values()):
        by_minute = {
            rollup.name: [view for view in rollup.views if view.unit == "minute"] for rollup in rollups_of(kind)
        }
        ordered = sorted(by_minute.items(), key=lambda named: named[0] == f"{kind}_counts")
        if any(by_minute.values()):
            yield Family(kind, {name: views for name, views in ordered if views})


def unknown_days(lake: Lake, kind: str) -> set[str]:
    """Days of which not all rollups of a kind know all events."""
    by_count = {day for family in families() if family.kind == kind for day, _ in _lacking(lake, family)}
    return by_count.union(*(lacking(table) for table in lake.rollups_of(kind)))


def complete(lake: Lake, batch_rows: int, most_events: float, told: Told | None = None) -> int:
    """Put days into rollups until `most_events` were read; how many days that were."""
    known_by_none = ((day, events, family) for family in families() for day, events in _lacking(lake, family))
    days_lacking = sorted((*_lost(lake), *known_by_none), key=lambda one: one[0], reverse=True)
    read = 0
    for number, (day, events, family) in enumerate(days_lacking, 1):
        if read >= most_events:
            return number - 1
        if told:
            told(f"{family.kind} of {day}", number, len(days_lacking))
        _put_in(lake, family, day, batch_rows)
        for name in family.views:
            knows(lake.rollup(name), day)
        read += events
    return len(days_lacking)


def _lost(lake: Lake) -> Iterator[tuple[str, int, Family]]:
    """Days that rollups which were lost have not seen since."""
    for name, rollup in ROLLUPS.items():
        # Of a closed day there are no events to put in: the rollup does not know it any more, and never will.
        days = lacking(lake.rollup(name)) - closed_days(lake.events(rollup.kind)).keys()
        stored = lake.events(rollup.kind).snapshot.rows_by(DATE) if days else {}
        for day in days:
            yield day, stored.get(day, 0), Family(rollup.kind, {name: rollup.views})


def _lacking(lake: Lake, family: Family) -> Iterator[tuple[str, int]]:
    """Days of which the family does not know all events, and how many there are."""
    stored = lake.events(family.kind).snapshot.rows_by(DATE)
    name, view, count = family.witness
    table = lake.rollup(name)
    paths = table.local(file.path for file in by_partition(table, VIEW)[view.name]) if stored else []
    counted: dict[str, int] = {}
    if paths:
        rows = pl.scan_parquet(paths, hive_partitioning=False)
        counted = dict(rows.group_by(day=DAY_OF_ROW).agg(pl.col(count).sum()).collect().iter_rows())
    return ((day, events) for day, events in stored.items() if counted.get(day, 0) != events)


def _put_in(lake: Lake, family: Family, day: str, batch_rows: int) -> None:
    gathered = {name: Gathering(name) for name in family.views}
    for events in _batches(lake.events(family.kind), day, batch_rows):
        partials = rollups.partials(family.kind, events, tuple(family.views))
        for name, views in family.views.items():
            gathered[name].add(partials[name].filter(pl.col(VIEW).is_in([view.name for view in views])))
    for name, views in family.views.items():
        table, counts = lake.rollup(name), ROLLUPS.get(f"{family.kind}_counts")
        if counts and counts.sums and set(views) & set(ROLLUPS[name].sums):
            # What counts the sums goes before any of them does: the day is read by hour until it is added up again.
            replace_days(lake.rollup(counts.name), table.schema.to_frame(), counts.sums, [day])
        replace_days(table, rollups.merge(name, gathered[name].rows()), views, [day])


def _batches(table: Table, day: str, batch_rows: int) -> Iterator[pl.DataFrame]:
    for path in table.files(**{DATE: day}):
        events = pl.scan_parquet(path, hive_partitioning=False)
        rows = int(events.select(pl.len()).collect().item())
        for start in range(0, rows, batch_rows):
            yield events.slice(start, batch_rows).collect()


def replace_days(table: Table, rows: pl.DataFrame, views: Sequence[View], days: Sequence[str]) -> None:
    """Put the rows of days (ISO dates) in the place of those that are there, in one commit."""
    stored = by_partition(table, VIEW)
    with ExitStack() as files:
        removed: list[DataFile] = []
        added: list[DataFile] = []
        for view in views:
            for file in (one for one in stored[view.name] if one.may_hold(min(days), max(days))):
                there = rows_of_view(table, view.name, [file])
                kept = there.filter(~DAY_OF_ROW.is_in(days))
                if kept.height < there.height:
                    removed.append(file)
                    added += [files.enter_context(written(table, {VIEW: view.name}, kept))] if kept.height else []
            new = rows.filter(pl.col(VIEW) == view.name)
            added += [files.enter_context(written(table, {VIEW: view.name}, new))] if new.height else []
        if removed or added:
            table.replace(removed, added, data_change=True)
