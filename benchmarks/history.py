"""What storing a day costs in a lake of a year, beside an empty one; and how much disk a million events take.

The year is made, not ingested: of one day that was, the files are linked under every other date, each committed with
the statistics of its day, and the ids of every day are as many random hashes. Tables, files and runs are those of a
year; only what the files say is the same every day.
"""

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from metrics.lake.identity.identities import Identities
from metrics.lake.identity.runs import number_of
from metrics.lake.ingest import ingest
from metrics.lake.patience import glance
from metrics.lake.tables import DataFile, Lake, Table
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings

SAMPLE_SECONDS = 0.05
YEAR = 365
KIND = "request"
MERGED_DAYS = LakeSettings().compact_files
"""Days whose partial aggregates upkeep has put into one file a view."""


@dataclass(frozen=True)
class Stored:
    """What storing a day took, at best."""

    seconds: float
    processor_seconds: float
    """Of the writer and its readers."""
    peak_bytes: int
    """Memory that they own."""


@dataclass(frozen=True)
class History:
    """A day stored into a lake of a year, and into an empty one."""

    ids: int
    """Ids of the year."""
    year: Stored
    empty: Stored
    disk_bytes: int
    """Events, rollups and ids of the first day."""
    rows: int
    """Events of the first day."""


def measure(first: Path, next_day: Path, work: Path, rounds: int = 3, days: int = YEAR) -> History:
    """`first` and `next_day`: files of one day each, the one right after the other."""
    shutil.rmtree(work, ignore_errors=True)
    year, empty = Settings(home=work / "year"), Settings(home=work / "empty")
    stored = ingest([first], year, now=lambda: datetime.now(UTC)).stored
    paths = (path for name in ("lake", "rollups") for path in (year.home / name).rglob("*"))
    disk = sum(path.stat().st_size for path in paths if path.is_file())
    ids = made_a_year(year.home, days)
    taken: dict[Path, list[tuple[float, float, int]]] = {year.home: [], empty.home: []}
    for number in range(rounds):
        for settings in (empty, year):
            home = work / f"{settings.home.name}-{number}"
            _linked(settings.home, home)
            taken[settings.home].append(_stored(next_day, settings.model_copy(update={"home": home})))
            shutil.rmtree(home)
    of_year, of_empty = (Stored(*map(min, zip(*taken[one.home], strict=True))) for one in (year, empty))
    return History(ids, of_year, of_empty, disk, stored)


def made_a_year(home: Path, days: int) -> int:
    """Make a lake of one day one of as many days, the last of which it is; gives the number of ids."""
    lake = Lake(home)
    for table in (lake.events(KIND), *lake.rollups_of(KIND)):
        files = table.snapshot.files
        for ago in range(1, days, 1 if table.moment == "ts" else MERGED_DAYS):
            table.commit([_of(table, file, ago) for file in files], f"year-{ago}")
    events = lake.events(KIND)
    last = max(file.max_ts for file in events.snapshot.files if file.max_ts).date()
    count = events.snapshot.rows // days
    chance = np.random.default_rng(1)
    for ago in range(1, days):
        hashes = np.sort(chance.integers(0, 2**63, count, dtype=np.uint64))
        Identities(events).remember([{number_of(last) - ago: hashes}], f"year-{ago}")
        Identities(events).merge()
    return count * days


def _of(table: Table, file: DataFile, ago: int) -> DataFile:
    """The file once more, as one of so many days ago."""
    apart = timedelta(days=ago)
    assert file.min_ts is not None
    assert file.max_ts is not None
    name, value = next(iter(file.partition.items()))
    value = (file.min_ts - apart).date().isoformat() if name == "date" else value
    path = f"{name}={value}/year-{ago}-{Path(file.path).name}"
    (table.root / path).parent.mkdir(parents=True, exist_ok=True)
    (table.root / path).hardlink_to(table.root / file.path)
    return replace(file, path=path, partition={name: value}, min_ts=file.min_ts - apart, max_ts=file.max_ts - apart)


def _linked(home: Path, copy: Path) -> None:
    """A copy of a home that shares its files: none is changed, new ones take their place."""
    if home.exists():
        shutil.copytree(home, copy, copy_function=lambda source, target: _link(Path(source), Path(target)))


def _link(source: Path, target: Path) -> None:
    if source.suffix in (".parquet", ".npy"):
        target.hardlink_to(source)
    else:
        shutil.copy2(source, target)


def _stored(file: Path, settings: Settings) -> tuple[float, float, int]:
    with OwnedMemory() as memory:
        started, worked = time.perf_counter(), sum(os.times()[:4])
        report = ingest([file], settings, now=lambda: datetime.now(UTC))
        seconds, worked = time.perf_counter() - started, sum(os.times()[:4]) - worked
    assert report.stored == report.read, report.files[0].reason
    return seconds, worked, memory.peak


class OwnedMemory:
    """Watches the memory that this process and its children own."""

    def __enter__(self) -> "OwnedMemory":
        self.peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(glance(pid).owned for pid in (os.getpid(), *children())))


def children() -> Sequence[int]:
    """Of all threads: a child belongs to the one that started it."""
    listed: list[str] = []
    for task in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has ended
            listed.extend(task.read_text(encoding="ascii").split())
    return [int(pid) for pid in listed]
