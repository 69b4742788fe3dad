"""Events that were left out because another file had brought them, and come back once that file is taken away."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from metrics.lake.sources import SOURCE_FILE, sourced
from metrics.lake.tables import DATE, Lake


@dataclass(frozen=True)
class Returning:
    """What of a file is stored while others are being taken away."""

    home: Path
    leaving: Mapping[str, tuple[str, ...]]
    """By kind, the data files that hold events of the files which are taken away."""
    sources: tuple[str, ...]
    """Those files, by hash."""
    beside: tuple[str, ...] = ()
    """Transactions staged for the same act: what they have brought back, nobody else does."""
    only: bool = False
    """Whether nothing else is stored: the file itself was stored before, and its other events are there."""

    @classmethod
    def from_document(cls, home: Path, document: Mapping[str, Any]) -> "Returning":
        """From JSON."""
        leaving = {kind: tuple(paths) for kind, paths in document["leaving"].items()}
        return cls(home, leaving, tuple(document["sources"]), tuple(document["beside"]), bool(document["only"]))

    def as_document(self) -> dict[str, Any]:
        """For JSON."""
        leaving = {kind: list(paths) for kind, paths in self.leaving.items()}
        return {
            "leaving": leaving, "sources": list(self.sources), "beside": list(self.beside), "only": self.only
        }  # fmt: skip

    def wanted(self, kind: str, events: pl.DataFrame, known: pl.Series) -> pl.Series:
        """Which events are stored; `known` says which the lake holds as it is now."""
        returned = pl.repeat(False, events.height, dtype=pl.Boolean, eager=True)
        paths = self.leaving.get(kind, ())
        if paths and known.any():
            ids = self._orphaned(kind, events.filter(known), paths)
            returned = known & events["event_id"].is_in(ids.implode())
        return returned if self.only else returned | ~known

    def _orphaned(self, kind: str, suspects: pl.DataFrame, paths: tuple[str, ...]) -> pl.Series:
        """Ids that only the files hold which are taken away."""
        lake = Lake(self.home)
        table = lake.events(kind)
        held = sourced(table, paths).filter(pl.col(SOURCE_FILE).is_in(self.sources))
        ids = _among(held, suspects["event_id"].unique())
        if ids.is_empty():
            return ids
        days = set(suspects["ts"].dt.date().cast(pl.String).unique())
        others = [file.path for file in table.snapshot.files if file.partition[DATE] in days]
        staged = [
            path.relative_to(table.root).as_posix()
            for transaction in self.beside
            for path in table.root.glob(f"*/{transaction}-*.parquet")
        ]
        for places, leave_out in ((others, True), (staged, False)):
            if places:
                rest = sourced(table, places)
                if leave_out:
                    rest = rest.filter(~pl.col(SOURCE_FILE).is_in(self.sources).fill_null(False))
                ids = ids.filter(~ids.is_in(_among(rest, ids).implode()))
        return ids


def _among(events: pl.LazyFrame, ids: pl.Series) -> pl.Series:
    wanted = events.filter(pl.col("event_id").is_in(ids.implode())).select("event_id")
    return wanted.collect(engine="streaming")["event_id"].unique()
