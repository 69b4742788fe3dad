"""Days put into rollups that the home is older than, from its events.

Readers see what a rollup does not know, and read events instead (`metrics.engine.coverage`): right, but slower. Upkeep
puts the days in, the newest first, one at a time. What came with one version is a *family*: views that know the same
days, one of which counts events and is the witness of all. It is committed last, so that a day counts as known once
every view knows it; cut off before, a day is done again.

The events of a day are aggregated here, or wherever a `Gather` has it done (`metrics.lake.upkeep.executors`).
"""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Protocol

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


@dataclass(frozen=True)
class Missing:
    """A day that the views of a family do not know."""

    day: str
    """ISO date."""
    events: int
    """How many it has."""
    family: Family

    @property
    def views(self) -> Mapping[str, Sequence[str]]:
        """Their names, by rollup."""
        return {name: [view.name for view in views] for name, views in self.family.views.items()}


class Gather(Protocol):
    """Aggregates the events of days."""

    def __call__(
        self, lake: Lake, days: Sequence[Missing], batch_rows: int, /
    ) -> Generator[Mapping[str, pl.DataFrame]]:
        """Of each day, in this order, the merged rows of its views by rollup; closed where no more are wanted."""
        ...


def gathered_here(lake: Lake, days: Sequence[Missing], batch_rows: int) -> Generator[Mapping[str, pl.DataFrame]]:
    """A `Gather`: one day at a time, once its rows are asked for."""
    for one in days:
        kind = one.family.kind
        yield rows_of(kind, one.views, lake.events(kind).files(**{DATE: one.day}), batch_rows)


def rows_of(
    kind: str, views: Mapping[str, Collection[str]], files: Iterable[str], batch_rows: int
) -> Mapping[str, pl.DataFrame]:
    """Events of a kind in data files (absolute paths) as merged rows of views (their names), by rollup."""
    gathered = {name: Gathering(name) for name in views}
    for events in _batches(files, batch_rows):
        partials = rollups.partials(kind, events, views)
        for name, meant in views.items():
            gathered[name].add(partials[name].filter(pl.col(VIEW).is_in(meant)))
    return {name: rollups.merge(name, gathered.pop(name).rows()) for name in views}


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
    by_count = {one.day for family in families() if family.kind == kind for one in _lacking(lake, family)}
    return by_count.union(*(lacking(table) for table in lake.rollups_of(kind)))


def complete(
    lake: Lake, batch_rows: int, most_events: float, told: Told | None = None, gather: Gather = gathered_here
) -> int:
    """Put days into rollups until `most_events` were read; how many days that were."""
    known_by_none = (missing for family in families() for missing in _lacking(lake, family))
    all_missing = sorted((*_lost(lake), *known_by_none), key=lambda one: one.day, reverse=True)
    days = [*_up_to(most_events, all_missing)]
    with closing(gather(lake, days, batch_rows)) as gathered:
        for number, one in enumerate(days, 1):
            if told:
                told(f"{one.family.kind} of {one.day}", number, len(all_missing))
            _put_in(lake, one, next(gathered))
            for name in one.family.views:
                knows(lake.rollup(name), one.day)
    return len(days)


def _up_to(most_events: float, days: Iterable[Missing]) -> Iterator[Missing]:
    read = 0
    for one in days:
        if read >= most_events:
            return
        yield one
        read += one.events


def _lost(lake: Lake) -> Iterator[Missing]:
    """Days that rollups which were lost have not seen since."""
    for name, rollup in ROLLUPS.items():
        # Of a closed day there are no events to put in: the rollup does not know it any more, and never will.
        days = lacking(lake.rollup(name)) - closed_days(lake.events(rollup.kind)).keys()
        stored = lake.events(rollup.kind).snapshot.rows_by(DATE) if days else {}
        for day in days:
            yield Missing(day, stored.get(day, 0), Family(rollup.kind, {name: rollup.views}))


def _lacking(lake: Lake, family: Family) -> Iterator[Missing]:
    """Days of which the family does not know all events."""
    stored = lake.events(family.kind).snapshot.rows_by(DATE)
    name, view, count = family.witness
    table = lake.rollup(name)
    paths = table.local(file.path for file in by_partition(table, VIEW)[view.name]) if stored else []
    counted: dict[str, int] = {}
    if paths:
        rows = pl.scan_parquet(paths, hive_partitioning=False)
        counted = dict(rows.group_by(day=DAY_OF_ROW).agg(pl.col(count).sum()).collect().iter_rows())
    return (Missing(day, events, family) for day, events in stored.items() if counted.get(day, 0) != events)


def _put_in(lake: Lake, missing: Missing, rows: Mapping[str, pl.DataFrame]) -> None:
    family, days = missing.family, [missing.day]
    for name, views in family.views.items():
        table, counts = lake.rollup(name), ROLLUPS.get(f"{family.kind}_counts")
        if counts and counts.sums and set(views) & set(ROLLUPS[name].sums):
            # What counts the sums goes before any of them does: the day is read by hour until it is added up again.
            replace_days(lake.rollup(counts.name), table.schema.to_frame(), counts.sums, days)
        replace_days(table, rows[name], views, days)


def _batches(files: Iterable[str], batch_rows: int) -> Iterator[pl.DataFrame]:
    for path in files:
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
