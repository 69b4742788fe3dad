"""One file's events, written where they belong but not yet committed.

The reading process stages; the writer commits what it is told was staged. Names carry the transaction,
so that what a killed process left behind can be told from what is committed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from metrics.lake import rollups, shapes
from metrics.lake.datafiles import DataFile, data_file, span_of
from metrics.lake.identity.identities import Identities
from metrics.lake.identity.runs import Hashed, Hashes, contained, hashed
from metrics.lake.sources import SOURCE_FILE
from metrics.lake.tables import DATE, Lake, Table
from metrics.lake.undo.returning import Returning

COMPRESSION_LEVEL = 1
ROW_GROUP_ROWS = 250_000
BINS_GROUP_ROWS = 2_000
"""The same of rows that hold bins, hundreds each: what is asked of a week is to pass by those of other years."""


def group_rows(table: Table) -> int:
    """Rows of a table that its files keep together: a reader takes all of them or none."""
    return BINS_GROUP_ROWS if shapes.BINS in table.schema else ROW_GROUP_ROWS


def attempts_of(home: Path, transaction: str = "") -> Path:
    """Where those stage who are not told whether they are the only ones to try, all or of one transaction."""
    return home / "lake" / "_attempts" / transaction


@dataclass(frozen=True)
class StagedKind:
    """What of one kind a file brought."""

    kind: str
    stored: int
    duplicates: int
    events: tuple[DataFile, ...]
    rollups: Mapping[str, tuple[DataFile, ...]]
    span: tuple[str, str]
    """The first and the last moment (ISO) of its events, new or known already."""

    def as_document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "stored": self.stored,
            "duplicates": self.duplicates,
            "span": list(self.span),
            "events": [file.as_document() for file in self.events],
            "rollups": {name: [file.as_document() for file in files] for name, files in self.rollups.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "StagedKind":
        """From JSON."""
        return cls(
            document["kind"],
            document["stored"],
            document["duplicates"],
            tuple(map(DataFile.from_document, document["events"])),
            {name: tuple(map(DataFile.from_document, files)) for name, files in document["rollups"].items()},
            tuple(document.get("span", ("", ""))),
        )


@dataclass
class _Gathered:
    duplicates: int = 0
    stored: int = 0
    spans: list[tuple[datetime, datetime]] = field(default_factory=list[tuple[datetime, datetime]])
    files: list[DataFile] = field(default_factory=list[DataFile])
    ordered: list[Hashes] = field(default_factory=list[Hashes])
    """Of each batch."""
    segments: list[Mapping[int, Hashes]] = field(default_factory=list[Mapping[int, Hashes]])
    """The same by day."""
    partials: dict[str, rollups.Gathering] = field(default_factory=dict[str, rollups.Gathering])


class Staging:
    """Takes the batches of one file, kind by kind."""

    def __init__(
        self,
        home: Path,
        transaction: str,
        source_file: str,
        returning: Returning | None = None,
        below: Path | None = None,
    ) -> None:
        """`source_file`: the hash of the file that the events come from; may be set anew between two `add`s.

        `returning`: files whose events are taken for gone. `below`: a folder that is written to in the place of the
        home, from where all can be moved to the same places below the home.
        """
        self._below = below
        self.source_file = source_file
        self._returning = returning
        self._lake = Lake(home)
        self._transaction = transaction
        self._kinds: dict[str, _Gathered] = {}
        self._written = 0

    def add(self, kind: str, events: pl.DataFrame) -> pl.DataFrame:
        """Keep what is new of `events`, and give it.

        They are in the stored schema of the kind; where they come from several files, with `SOURCE_FILE`.
        """
        if events.is_empty():
            return events
        gathered = self._kinds.setdefault(kind, _Gathered())
        fresh, hashes = self._fresh(kind, events, gathered)
        gathered.duplicates += events.height - fresh.height
        gathered.spans.extend(_span(events))
        if fresh.is_empty():
            return fresh
        gathered.stored += fresh.height
        gathered.ordered.append(hashes.ordered)
        gathered.segments.append(hashes.segments)
        gathered.files.extend(self._write_events(self._lake.events(kind), fresh))
        for name, partial in rollups.partials(kind, fresh).items():
            gathered.partials.setdefault(name, rollups.Gathering(name)).add(partial)
        return fresh

    def finish(self) -> Iterator[StagedKind]:
        """Write the rollups and remember the ids; what is given is ready to be committed."""
        for kind, gathered in self._kinds.items():
            parts = {
                name: tuple(self._write_rollup(self._lake.rollup(name), partial))
                for name, gathering in gathered.partials.items()
                if not (partial := gathering.rows()).is_empty()
            }
            if gathered.segments:
                table = self._lake.events(kind)
                Identities(table, self._root(table)).remember(gathered.segments, self._transaction)
            first, last = min(gathered.spans)[0], max(last for _, last in gathered.spans)
            span = (first.isoformat(), last.isoformat())
            yield StagedKind(kind, gathered.stored, gathered.duplicates, tuple(gathered.files), parts, span)

    def _fresh(self, kind: str, events: pl.DataFrame, gathered: _Gathered) -> tuple[pl.DataFrame, Hashed]:
        """Events whose id is neither earlier in this file nor in the lake, and their ids' hashes."""
        hashes = hashed(events)
        keep = pl.Series([True]).new_from_index(0, events.height)
        if hashes.repeat:
            keep = events["event_id"].is_first_distinct()
        if gathered.ordered:
            keep &= ~self._seen(kind, events, hashes, gathered)
        known = Identities(self._lake.events(kind)).known(events, hashes, self._transaction)
        keep &= self._returning.wanted(kind, events, known) if self._returning else ~known
        return (events, hashes) if keep.all() else (events.filter(keep), hashes.only(keep.to_numpy()))

    def _seen(self, kind: str, events: pl.DataFrame, hashes: Hashed, gathered: _Gathered) -> pl.Series:
        """Whether an id came in an earlier batch of this file."""
        found = contained(hashes.ordered, gathered.ordered)
        if not found.any():
            return pl.Series(found)
        candidates = hashes.among(hashes.ordered[found])
        table = self._lake.events(kind)
        paths = [self._root(table) / file.path for file in gathered.files]
        suspects = events.filter(candidates)["event_id"].unique()
        earlier = pl.scan_parquet(paths, hive_partitioning=False).select("event_id")
        seen = earlier.filter(pl.col("event_id").is_in(suspects.implode())).collect(engine="streaming")["event_id"]
        return candidates & events["event_id"].is_in(seen.unique().implode())

    def _write_events(self, table: Table, events: pl.DataFrame) -> Iterator[DataFile]:
        # Events of one moment stay as their file has them: that is the order in which they happened, if anything tells.
        ordered = events if events["ts"].is_sorted() else events.sort("ts", maintain_order=True)
        days = ordered["ts"].dt.date()
        starts = days.is_first_distinct().arg_true().to_list()
        for start, end in zip(starts, [*starts[1:], ordered.height], strict=True):
            rows = ordered.slice(start, end - start)
            if SOURCE_FILE not in rows.columns:
                rows = rows.with_columns(pl.lit(self.source_file).alias(SOURCE_FILE))
            day = str(days[start])
            path = self._path(table, DATE, day)
            rows.write_parquet(path, compression_level=COMPRESSION_LEVEL, row_group_size=ROW_GROUP_ROWS)
            yield data_file(self._root(table), path, {DATE: day}, rows.height, rows["ts"][0], rows["ts"][-1])

    def _write_rollup(self, table: Table, partial: pl.DataFrame) -> Iterator[DataFile]:
        for (view,), rows in partial.group_by(shapes.VIEW, maintain_order=True):
            path = self._path(table, shapes.VIEW, str(view))
            rows.drop(shapes.VIEW).write_parquet(path, compression_level=COMPRESSION_LEVEL)
            yield data_file(
                self._root(table), path, {shapes.VIEW: str(view)}, rows.height, *span_of(rows, shapes.BUCKET)
            )

    def _root(self, table: Table) -> Path:
        return self._below / table.root.relative_to(self._lake.home) if self._below else table.root

    def _path(self, table: Table, partition: str, value: str) -> Path:
        self._written += 1
        path = self._root(table) / f"{partition}={value}" / f"{self._transaction}-{self._written:05d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _span(events: pl.DataFrame) -> list[tuple[datetime, datetime]]:
    first, last = span_of(events, "ts")
    return [(first, last)] if first and last else []
