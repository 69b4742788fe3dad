"""What leaves the lake with a file: which data files hold its events, and what is to take the place of what."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from metrics.events import KINDS
from metrics.lake import rollups
from metrics.lake.datafiles import Change, DataFile
from metrics.lake.ledger import Attempt
from metrics.lake.rollups import rollups_of
from metrics.lake.shapes import VIEW, View
from metrics.lake.sources import SOURCE_FILE, counted, sourced
from metrics.lake.tables import DATE, Lake
from metrics.lake.undo.drafts import Drafts
from metrics.lake.undo.recounting import cleared, recounted
from metrics.lake.upkeep.completing import families
from metrics.lake.upkeep.rewriting import by_partition

_Place = tuple[str, View]
"""A rollup and one of its views."""


@dataclass(frozen=True)
class Leaving:
    """The events of one file, and where they lie."""

    attempt: Attempt
    files: Mapping[str, tuple[tuple[DataFile, int], ...]]
    """By kind, the data files that hold events of it, and how many of their rows those are."""
    unknown: int
    """Events about which nothing says whether they are of this file: merged by a version that did not write it down."""

    @classmethod
    def of(cls, lake: Lake, attempt: Attempt) -> "Leaving":
        """Look for them; nothing is changed."""
        files: dict[str, tuple[tuple[DataFile, int], ...]] = {}
        unknown = 0
        for kind in KINDS:
            table, span = lake.events(kind), attempt.reading.spans.get(kind)
            if attempt.reading.spans and span is None:
                continue
            near = [file for file in table.snapshot.files if span is None or file.may_hold(span[0][:10], span[1][:10])]
            found = counted(table, near, attempt.hash)
            unknown += sum(others for _, _, others in found)
            if own := tuple((file, rows) for file, rows, _ in found if rows):
                files[kind] = own
        return cls(attempt, files, unknown)

    @property
    def rows(self) -> Mapping[str, int]:
        """Events by kind."""
        return {kind: sum(rows for _, rows in files) for kind, files in self.files.items()}

    @property
    def days(self) -> tuple[str, ...]:
        """The UTC days on which there are any, in order."""
        return tuple(sorted({file.partition[DATE] for files in self.files.values() for file, _ in files}))

    @property
    def missing(self) -> Mapping[str, int]:
        """Events that were stored of it and are not there, by kind: past retention, or among those `unknown`."""
        stored = Counter(self.attempt.outcome.kinds)
        stored.subtract(self.rows)
        return {kind: rows for kind, rows in stored.items() if rows > 0}

    @property
    def places(self) -> Mapping[str, tuple[str, ...]]:
        """By kind, the paths of the data files that hold events of it."""
        return {kind: tuple(file.path for file, _ in files) for kind, files in self.files.items()}

    def changes(self, lake: Lake, drafts: Drafts, batch_rows: int) -> dict[str, Change]:
        """What the tables become without them, by table."""
        found: dict[str, Change] = {}
        for kind, files in self.files.items():
            table = lake.events(kind)
            change = Change()
            for file, rows in files:
                # Of a file with nothing else in it, nothing has to be written.
                other = pl.col(SOURCE_FILE).ne_missing(self.attempt.hash)
                kept = None if rows == file.rows else drafts.kept(table, file, other)
                change += Change((file,), (kept,) if kept else ())
            found[table.name] = change
            found |= _Rollups(lake, kind, self, batch_rows).changes(change, drafts)
        return found


@dataclass(frozen=True)
class _Rollups:
    """The rollups of one kind.

    Partial aggregates that are of the file alone, as they are until they are merged, are dropped. Where there are none
    (merged, or put in day by day), its days are counted anew. Views that are known to be complete by one of them, their
    witness, are dropped only if the witness is: else a day might be taken for known that a view does not know.
    """

    lake: Lake
    kind: str
    leaving: Leaving
    batch_rows: int

    def changes(self, events: Change, drafts: Drafts) -> dict[str, Change]:
        dropped: dict[str, Change] = {}
        anew: dict[str, list[View]] = {}
        for members, witness in self._groups():
            is_sure = witness is None or self._own(witness) is not None
            for name, view in members:
                own = self._own((name, view)) if is_sure else None
                if own is not None:
                    table = self.lake.rollup(name).name
                    dropped[table] = dropped.get(table, Change()) + Change(own)
                elif not is_sure or (name, view) in self._given:
                    anew.setdefault(name, []).append(view)
        days = {file.partition[DATE] for file in events.removed}
        left = events.applied(self.lake.events(self.kind).snapshot.files)
        root = self.lake.events(self.kind).root
        by_day = {day: [str(root / file.path) for file in left if file.partition[DATE] == day] for day in days}
        changed = recounted(self.lake, self.kind, by_day, anew, drafts, self.batch_rows)
        # Upkeep adds these days up again; meanwhile they are read by hour.
        added_up = {
            table.name: cleared(table, days, rollup.sums, drafts)
            for rollup in rollups_of(self.kind)
            if rollup.sums and (table := self.lake.rollup(rollup.name)).version >= 0
        }
        parts = (dropped, changed, added_up)
        names = {name for part in parts for name in part}
        return {name: sum((part.get(name, Change()) for part in parts), Change()) for name in names}

    def _groups(self) -> Iterator[tuple[list[_Place], _Place | None]]:
        """Views that know the same days, and their witness; first what knows all days."""
        own = [
            (rollup.name, view)
            for rollup in rollups_of(self.kind)
            if not rollup.witness
            for view in rollup.views
            if view.unit != "minute" and view not in rollup.sums
        ]
        yield own, None
        for family in families():
            if family.kind == self.kind:
                name, view, _ = family.witness
                yield [(name, view) for name, views in family.views.items() for view in views], (name, view)

    def _own(self, place: _Place) -> tuple[DataFile, ...] | None:
        """The data files of a view that hold what the file brought, all of it and nothing else, if there are any."""
        name, view = place
        there = by_partition(self.lake.rollup(name), VIEW).get(view.name, [])
        of_each = [
            [file for file in there if f"/{transaction}-" in file.path]
            for transaction in self.leaving.attempt.reading.transactions
        ]
        return tuple(file for files in of_each for file in files) if of_each and all(of_each) else None

    @cached_property
    def _given(self) -> frozenset[_Place]:
        """The views in which the events have rows: of a duration that none of them says, there are none."""
        table, views = self.lake.events(self.kind), {
            (rollup.name, view.name): (rollup.name, view) for rollup in rollups_of(self.kind) for view in rollup.views
        }  # fmt: skip
        found: set[_Place] = set()
        for path in self.leaving.places[self.kind]:
            of_it = sourced(table, [path]).filter(pl.col(SOURCE_FILE) == self.leaving.attempt.hash)
            rows = int(of_it.select(pl.len()).collect(engine="streaming").item())
            for start in range(0, rows, self.batch_rows):
                for name, partial in rollups.partials(self.kind, of_it.slice(start, self.batch_rows).collect()).items():
                    found |= {views[name, view] for view in partial[VIEW].unique()}
            if len(found) == len(views):
                break
        return frozenset(found)
