"""Which events are known already: 64-bit hashes of `event_id` by day, a run a transaction, merged while they are small.

An id names one event on its day and on the days beside it, wherever it came from: what storing a file costs depends on
the days it touches, not on how many there are. While a kind is small (`LOOKED_THROUGH`), all its days are looked
through; of a larger one, an id that comes again more than a day away names another event.

A hash that is found makes a candidate only; the event's own id in the lake decides, so that two ids of one
hash never cost an event. A run may therefore hold too much (of a file that was never committed, or was forgotten) but
never too little: it is written before the commit.

Homes whose ids were hashed or stored otherwise have their days hashed anew, each when it is first touched.
"""

import json
import shutil
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import polars as pl

from metrics.lake.identity.runs import (
    HASHING,
    Hashed,
    Hashes,
    Run,
    ascending,
    contained,
    hashed,
    name_with_span,
    number_of,
    of_day,
    opened,
    span_of,
    united,
    write,
)
from metrics.lake.problems import LakeUnavailable
from metrics.lake.remote.news import Commit, commits
from metrics.lake.tables import DATE, Table

MOST_RUNS = 8
"""Small runs beyond which the smaller ones are merged."""
LARGE_RUN = 4_000_000
"""Hashes of a run that is merged no more."""
LOOKED_THROUGH = 1_000_000
"""Ids of a kind up to which an id is found whatever its time."""
_MARK = "days.json"
"""Days that are still to be hashed anew. While it is missing, all are."""
_KNOWN = "known.json"
"""The version of the table up to which all ids are known, but for those days."""
_BATCHES = 64
"""Files of others whose ids are written into one run."""


class Identities:
    """The known ids of one kind."""

    def __init__(self, table: Table, written: Path | None = None) -> None:
        """`written`: where runs are written, if not beside the table: they count once they are moved there."""
        self._table = table
        self._written = (written or table.root) / "_identities" / HASHING
        self._directory = table.root / "_identities" / HASHING

    def known(self, events: pl.DataFrame, batch: Hashed, transaction: str) -> pl.Series:
        """For each event whether the lake holds its id from another transaction; `batch` are the hashes of its ids."""
        nothing = pl.Series([False]).new_from_index(0, events.height)
        found, days = self._candidates(batch, transaction)
        if not len(found):
            return nothing
        candidates = batch.among(found)
        return candidates & events["event_id"].is_in(self._confirmed(events.filter(candidates), days, transaction))

    def remember(self, batches: Iterable[Mapping[int, Hashes]], transaction: str) -> None:
        """Write the run of a transaction, from sorted hashes by day of each of its batches; done before its commit."""
        self._directory.mkdir(parents=True, exist_ok=True)
        if not (self._directory / _MARK).exists() and not self._table.snapshot.files:
            self._lack([])
        self._written.mkdir(parents=True, exist_ok=True)
        write(self._written / f"{transaction}.npy", united(batches))

    def run(self, transaction: str) -> Hashes:
        """The hashes of a transaction, sorted; they stay readable when they are merged away."""
        segments = list(opened(self._path(transaction)).segments.values())
        return segments[0] if len(segments) == 1 else ascending(np.concatenate(segments))

    def merge(self, staged: Container[str] = ()) -> None:
        """Merge the smaller runs once there are too many, except those of transactions that are only `staged`."""
        sizes = {path: path.stat().st_size // 8 for path in self._files() if path.stem not in staged}
        small = sorted((path for path in sizes if sizes[path] < LARGE_RUN), key=lambda path: sizes[path])
        if len(small) <= MOST_RUNS:
            return
        # Runs much larger than all smaller ones together are left alone: each id is then moved a few times only.
        total, taken = 0, list[Path]()
        for path in small:
            if len(taken) >= 2 and (sizes[path] > 2 * total or total >= LARGE_RUN):
                break
            total += sizes[path]
            taken.append(path)
        self._write(united(opened(path).segments for path in taken), uuid4().hex)
        for path in taken:
            path.unlink()

    def complete(self) -> None:
        """Note which days are to be hashed anew, where that is not known yet; none is read."""
        if not (self._directory / _MARK).exists() and (days := self._days()):
            self._directory.mkdir(parents=True, exist_ok=True)
            self._lack(days)
        if (self._directory / _MARK).exists():
            for other in self._directory.parent.iterdir():
                if other != self._directory:
                    shutil.rmtree(other, ignore_errors=True)

    def keep_up(self) -> None:
        """All events that the table has now are known: this home has stored them, or has read their ids."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._write_mark(_KNOWN, self._table.version)

    def new(self) -> Sequence[Commit] | None:
        """What was committed since all ids were known; None where the log does not tell, or none ever were."""
        upto, known = self._table.version, self._read_mark(_KNOWN)
        if upto < 0:
            return []
        if known is None or not (self._directory / _MARK).exists():
            return None
        return commits(self._table.root, known, upto)

    def follow(self, new: Sequence[Commit] | None, stop: Callable[[], bool] = lambda: False) -> int:
        """Read the ids of what is `new` because other homes have stored it; of how many files.

        Where that cannot be told any more, all days are doubted. Raises `LakeUnavailable`.
        """
        if new is None:
            upto = self._table.version
            self._directory.mkdir(parents=True, exist_ok=True)
            self._lack(self._days())
            self._write_mark(_KNOWN, upto)
            return 0
        read, batches = 0, list[Mapping[int, Hashes]]()
        for commit in new:
            for path, partition in commit.added:
                batches += self._ids_of(path, partition[DATE])
                read += 1
            if len(batches) >= _BATCHES or commit is new[-1] or stop():
                self._write(united(batches), uuid4().hex)
                self._write_mark(_KNOWN, commit.version)
                batches.clear()
                if stop():
                    break
        if read:
            self.merge()
        return read

    def hash_a_day(self) -> bool:
        """Hash the newest of the days that are to be hashed anew; whether there was one. Raises `LakeUnavailable`."""
        lacking = self._lacking()
        if lacking:
            self._hash_anew([number_of(date.fromisoformat(max(lacking)))])
        return bool(lacking)

    def _ids_of(self, path: str, day: str) -> Iterable[Mapping[int, Hashes]]:
        """The ids of one file of a day; where it is gone, merged into another, the day is to be hashed anew."""
        try:
            places = self._table.local([path])
        except LakeUnavailable:
            if any(file.path == path for file in self._table.snapshot.files):
                raise
            self._lack(sorted(self._lacking() | ({day} & set(self._days()))))
            return ()
        return (self._hashed(places).segments,)

    @staticmethod
    def _hashed(places: list[str]) -> Hashed:
        events = pl.scan_parquet(places, hive_partitioning=False).select("ts", "event_id")
        return hashed(events.collect(engine="streaming"))

    def forget_before(self, first_kept: date) -> None:
        """Delete what is known only of days before that one: their events are gone."""
        for path in self._files():
            span = span_of(path)
            last = span[1] if span else max(opened(path).segments, default=0)
            if last < number_of(first_kept):
                path.unlink()

    def _candidates(self, batch: Hashed, transaction: str) -> tuple[Hashes, set[int] | None]:
        """The hashes that are known, and of which days; None is of any."""
        near = {day + apart for day in batch.segments for apart in (-1, 0, 1)}
        self._hash_anew(near)
        if self._is_small():
            segments = [segment for run in self._runs(transaction) for segment in run.segments.values()]
            return batch.ordered[contained(batch.ordered, segments)], None
        runs = self._runs(transaction, near)
        found: list[Hashes] = []
        days: set[int] = set()
        for day, ordered in batch.segments.items():
            for beside in (day - 1, day, day + 1):
                known = contained(ordered, [run.segments[beside] for run in runs if beside in run.segments])
                if known.any():
                    found.append(ordered[known])
                    days.add(beside)
        return np.concatenate(found) if found else np.array([], dtype=np.uint64), days

    def _is_small(self) -> bool:
        """Whether all days are looked through: then all of them are hashed, too."""
        sizes = sum(path.stat().st_size // 8 for path in self._files())
        lacking = self._lacking()
        if lacking:
            by_day = self._table.snapshot.rows_by(DATE)
            sizes += sum(by_day[day] for day in lacking)
        if sizes > LOOKED_THROUGH:
            return False
        self._hash_anew({number_of(date.fromisoformat(day)) for day in lacking})
        return True

    def _hash_anew(self, days: Iterable[int]) -> None:
        """Hash the ids of those days that a home had before ids were hashed so."""
        lacking = self._lacking()
        done = sorted({str(of_day(day)) for day in days} & lacking)
        for day in done:
            if paths := self._table.files(**{DATE: day}):
                self._write(self._hashed(paths).segments, "anew")
        if done:
            self._lack(sorted(lacking.difference(done)))

    def _days(self) -> list[str]:
        return sorted({file.partition[DATE] for file in self._table.snapshot.files})

    def _lacking(self) -> set[str]:
        return set(self._read_mark(_MARK) or ())

    def _lack(self, days: list[str]) -> None:
        # Whoever reads it beside us may put a day back that was just hashed: it is hashed once more.
        self._write_mark(_MARK, days)

    def _read_mark(self, name: str) -> Any:
        try:
            return json.loads((self._directory / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def _write_mark(self, name: str, value: object) -> None:
        scratch = self._directory / f"{uuid4().hex}.tmp"
        scratch.write_text(json.dumps(value), encoding="utf-8")
        scratch.replace(self._directory / name)

    def _path(self, transaction: str) -> Path:
        return self._directory / f"{transaction}.npy"

    def _write(self, segments: Mapping[int, Hashes], name: str) -> None:
        if segments:
            write(self._directory / name_with_span(list(segments), name), segments)

    def _files(self) -> list[Path]:
        return list(self._directory.glob("*.npy")) if self._directory.exists() else []

    def _runs(self, transaction: str, days: Iterable[int] | None = None) -> list[Run]:
        """The runs of other transactions; without those whose names say that they hold none of the days."""
        while True:
            try:
                return [opened(path) for path in self._files() if path.stem != transaction and _may_hold(path, days)]
            except FileNotFoundError:
                continue  # merged away meanwhile: what it held is in another run now

    def _confirmed(self, suspects: pl.DataFrame, days: set[int] | None, transaction: str) -> pl.Series:
        """Those of the suspects' ids that are in files of the days, or in any where none are given."""
        files = [file for file in self._table.snapshot.files if transaction not in file.path]
        first = {str(of_day(day)) for day in days} if days else {str(day) for day in suspects["ts"].dt.date().unique()}
        near = [file.path for file in files if file.partition[DATE] in first]
        far = [] if days else [file.path for file in files if file.partition[DATE] not in first]
        confirmed = pl.Series("event_id", [], dtype=pl.String)
        open_ids = suspects["event_id"].unique()
        for paths in (near, far):
            if len(open_ids) and paths:
                confirmed.append(self._stored(paths, open_ids))
                open_ids = open_ids.filter(~open_ids.is_in(confirmed.implode()))
        return confirmed.implode()

    def _stored(self, paths: list[str], ids: pl.Series) -> pl.Series:
        """Those of `ids` that the files hold."""
        stored = self._table.scan([str(self._table.root / path) for path in paths]).select("event_id")
        return stored.filter(pl.col("event_id").is_in(ids.implode())).collect(engine="streaming")["event_id"].unique()


def _may_hold(path: Path, days: Iterable[int] | None) -> bool:
    span = span_of(path)
    return days is None or span is None or any(span[0] <= day <= span[1] for day in days)
