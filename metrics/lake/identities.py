"""Which events are known already: sorted 64-bit hashes of `event_id`, a run a transaction, a few runs a kind.

A hash that is found makes a candidate only; the event's own id in the lake decides, so that two ids of one
hash never cost an event. A run may therefore hold too much (of a file that was never committed) but
never too little: it is written before the commit.
"""

from collections.abc import Container, Iterable
from pathlib import Path
from uuid import uuid4

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.lake.tables import DATE, Table

HASHING = f"polars-{pl.__version__}"
"""How ids are hashed. Another version may hash otherwise: its runs are made anew from the lake."""
SEED = 20_240_117
MOST_RUNS = 8
"""Runs beyond which the smaller ones are merged."""

Hashes = NDArray[np.uint64]


def hashed(event_ids: pl.Series) -> Hashes:
    """64-bit hashes of ids, in their order."""
    return event_ids.hash(SEED).to_numpy()


class Identities:
    """The known ids of one kind."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._directory = table.root / "_identities" / HASHING

    def known(self, events: pl.DataFrame, hashes: Hashes, transaction: str) -> pl.Series:
        """For each event whether the lake holds its id from another transaction; `hashes` are those of its ids."""
        found = contained(hashes, self._runs(transaction))
        if not found.any():
            return pl.Series(found)
        return self._confirmed(events, pl.Series(found), transaction)

    def remember(self, hashes: Iterable[Hashes], transaction: str) -> None:
        """Write the run of a transaction; done before its commit."""
        run = np.sort(np.concatenate(list(hashes)))
        self._directory.mkdir(parents=True, exist_ok=True)
        _write(self._directory / f"{transaction}.npy", run)

    def run(self, transaction: str) -> Hashes:
        """The run of a transaction; it stays readable when it is merged away."""
        return np.load(self._directory / f"{transaction}.npy", mmap_mode="r")

    def merge(self, staged: Container[str] = ()) -> None:
        """Merge the smaller runs once there are too many, except those of transactions that are only `staged`."""
        committed = [path for path in self._files() if path.stem not in staged]
        runs = sorted(committed, key=lambda path: path.stat().st_size)
        if len(runs) <= MOST_RUNS:
            return
        # Runs much larger than all smaller ones together are left alone: each id is then moved a few times only.
        total, take = 0, 0
        for index, path in enumerate(runs):
            size = path.stat().st_size
            if index >= 2 and size > 2 * total:
                break
            total, take = total + size, index + 1
        merged = np.sort(np.concatenate([np.load(path, mmap_mode="r") for path in runs[:take]]))
        _write(self._directory / f"merged-{uuid4().hex}.npy", merged)
        for path in runs[:take]:
            path.unlink()

    def complete(self) -> None:
        """Make the runs anew where the lake has events but none of this hashing."""
        if self._directory.exists() or not self._table.snapshot.files:
            return
        hashes = (
            hashed(pl.scan_parquet(path, hive_partitioning=False).select("event_id").collect()["event_id"])
            for path in self._table.files()
        )
        self.remember(hashes, "rebuilt")

    def _files(self) -> list[Path]:
        return list(self._directory.glob("*.npy")) if self._directory.exists() else []

    def _runs(self, transaction: str) -> list[Hashes]:
        while True:
            try:
                return [np.load(path, mmap_mode="r") for path in self._files() if path.stem != transaction]
            except FileNotFoundError:
                continue  # merged away meanwhile: what it held is in another run now

    def _confirmed(self, events: pl.DataFrame, candidates: pl.Series, transaction: str) -> pl.Series:
        suspects = events.filter(candidates)
        confirmed = pl.Series("event_id", [], dtype=pl.String)
        days = {str(day) for day in suspects["ts"].dt.date().unique()}
        files = [file for file in self._table.snapshot.files if transaction not in file.path]
        near = [file.path for file in files if file.partition[DATE] in days]
        far = [file.path for file in files if file.partition[DATE] not in days]
        open_ids = suspects["event_id"].unique()
        for paths in (near, far):
            if len(open_ids) and paths:
                confirmed.append(self._stored(paths, open_ids))
                open_ids = open_ids.filter(~open_ids.is_in(confirmed.implode()))
        return candidates & events["event_id"].is_in(confirmed.implode())

    def _stored(self, paths: list[str], ids: pl.Series) -> pl.Series:
        """Those of `ids` that the files hold."""
        stored = self._table.scan([str(self._table.root / path) for path in paths]).select("event_id")
        return stored.filter(pl.col("event_id").is_in(ids.implode())).collect(engine="streaming")["event_id"].unique()


def repeated(hashes: Hashes) -> bool:
    """Whether any hash is there twice."""
    ordered = np.sort(hashes)
    return bool((ordered[1:] == ordered[:-1]).any())


def contained(hashes: Hashes, runs: Iterable[Hashes]) -> NDArray[np.bool_]:
    """For each hash whether any of the sorted runs has it."""
    order = np.argsort(hashes)
    ordered = hashes[order]
    found = np.zeros(len(hashes), dtype=bool)
    for run in runs:
        if len(run):
            place = np.searchsorted(run, ordered)
            found[order] |= run[np.minimum(place, len(run) - 1)] == ordered
    return found


def _write(path: Path, run: Hashes) -> None:
    scratch = path.with_suffix(".tmp")
    with scratch.open("wb") as file:
        np.save(file, run)
    scratch.replace(path)
