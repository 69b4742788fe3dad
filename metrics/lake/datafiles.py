"""What is known of a Parquet file of a table, and how it is written down in the plans that a killed writer leaves."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file of a table."""

    path: str
    """Relative to the table's root, `/` as separator."""
    partition: Mapping[str, str]
    rows: int
    size: int
    """Bytes."""
    min_ts: datetime | None = None
    """The first moment (of a rollup: bucket) in it, where known."""
    max_ts: datetime | None = None
    """The last one."""

    def may_hold(self, first_day: str, last_day: str) -> bool:
        """Whether rows of the days (ISO dates, both included) can be in it."""
        if self.min_ts is None or self.max_ts is None:
            return True
        return self.min_ts.date().isoformat() <= last_day and first_day <= self.max_ts.date().isoformat()

    def as_document(self) -> dict[str, Any]:
        """For JSON."""
        document = asdict(self)
        for name in ("min_ts", "max_ts"):
            document[name] = None if document[name] is None else document[name].isoformat()
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "DataFile":
        """From JSON."""
        moments = {name: document[name] and datetime.fromisoformat(document[name]) for name in ("min_ts", "max_ts")}
        return cls(document["path"], document["partition"], document["rows"], document["size"], **moments)


@dataclass(frozen=True, slots=True)
class Change:
    """Data files of one table that go, and those that come."""

    removed: tuple[DataFile, ...] = ()
    added: tuple[DataFile, ...] = ()

    def __add__(self, other: "Change") -> "Change":
        return Change(self.removed + other.removed, self.added + other.added)

    def applied(self, files: tuple[DataFile, ...]) -> tuple[DataFile, ...]:
        """`files` with the change made; the same where it is made already."""
        gone, there = {file.path for file in self.removed}, {file.path for file in files}
        return (
            *(file for file in files if file.path not in gone),
            *(file for file in self.added if file.path not in there),
        )

    def as_document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "removed": [file.as_document() for file in self.removed],
            "added": [file.as_document() for file in self.added],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Change":
        """From JSON."""
        removed, added = (tuple(map(DataFile.from_document, document[name])) for name in ("removed", "added"))
        return cls(removed, added)


def data_file(
    root: Path,
    path: Path,
    partition: Mapping[str, str],
    rows: int,
    min_ts: datetime | None = None,
    max_ts: datetime | None = None,
) -> DataFile:
    """Describe a data file just written below `root`."""
    return DataFile(path.relative_to(root).as_posix(), dict(partition), rows, path.stat().st_size, min_ts, max_ts)


def span_of(rows: pl.DataFrame, moment: str) -> tuple[datetime | None, datetime | None]:
    """The least and the greatest value of a column of moments."""
    lowest, highest = rows[moment].min(), rows[moment].max()
    return (lowest, highest) if isinstance(lowest, datetime) and isinstance(highest, datetime) else (None, None)
