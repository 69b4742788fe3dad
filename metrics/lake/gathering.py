"""The events of many small files, put together before they are staged: what a file costs is mostly not its rows.

Each keeps its own account. A file is kept once all of it was read, so that one which turns out to be unreadable, or
about which somebody has to be asked, leaves nothing of itself among the others.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import polars as pl

from metrics.lake.sources import SOURCE_FILE
from metrics.lake.staging import StagedKind, Staging

MOST_ROWS = 200_000
"""Rows of a file that counts as small, and of those that are staged at a time."""


class TooMany(Exception):
    """A file that is small on the disk only."""


class Gathering:
    """Takes the events of one file after the other."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._source = ""
        self._of_file: list[tuple[str, pl.DataFrame]] = []
        self._kept: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self._read: dict[str, Counter[str]] = defaultdict(Counter)
        self._stored: dict[str, Counter[str]] = defaultdict(Counter)

    def begin(self, source: str) -> None:
        """What is added from now on comes from this file."""
        self._source = source

    def add(self, kind: str, events: pl.DataFrame) -> None:
        """Take in events. Raises `TooMany`."""
        self._of_file.append((kind, events.with_columns(pl.lit(self._source).alias(SOURCE_FILE))))
        if sum(events.height for _, events in self._of_file) > MOST_ROWS:
            raise TooMany

    def drop(self) -> None:
        """Forget the file."""
        self._of_file.clear()

    def keep(self) -> None:
        """All of the file was read."""
        for kind, events in self._of_file:
            self._read[self._source][kind] += events.height
            self._kept[kind].append(events)
        self._of_file.clear()
        if sum(events.height for kept in self._kept.values() for events in kept) > MOST_ROWS:
            self._stage()

    def finish(self) -> Iterator[StagedKind]:
        """All that is new of the files, ready to be committed."""
        self._stage()
        return self._staging.finish()

    def counts(self, source: str) -> dict[str, Any]:
        """Rows of a file: those `stored`, by kind, and the `duplicates` of what was stored before."""
        stored = self._stored[source]
        return {"stored": dict(stored), "duplicates": self._read[source].total() - stored.total()}

    def _stage(self) -> None:
        for kind, frames in self._kept.items():
            fresh = self._staging.add(kind, pl.concat(frames))
            for source, rows in fresh[SOURCE_FILE].value_counts().iter_rows():
                self._stored[source][kind] += rows
        self._kept.clear()
