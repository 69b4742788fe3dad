"""Runs: files of 64-bit hashes of ids, in segments by day, each sorted. Of a run only the segments asked for are read.

A run is an array of whole numbers: how many segments there are, the days (since 1970) and the end of each, then the
hashes. It is mapped, not loaded, and never changes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Days = NDArray[np.int32]
"""Days since 1970."""
HASHING = f"polars-{pl.__version__}-by-day"
"""How ids are hashed and stored. Another version of Polars may hash otherwise."""
SEED = 20_240_117
_EPOCH = date(1970, 1, 1)
_BETWEEN = "_"
"""What stands between the first day, the last day and the name of a file that says its span."""


@dataclass(frozen=True)
class Run:
    """One file."""

    path: Path
    values: NDArray[np.uint64]

    @cached_property
    def segments(self) -> Mapping[int, Hashes]:
        """Sorted hashes by day."""
        count = int(self.values[0])
        days, ends = self.values[1 : 1 + count], self.values[1 + count : 1 + 2 * count]
        hashes = self.values[1 + 2 * count :]
        starts = [0, *ends[:-1].tolist()]
        return {day: hashes[start:end] for day, start, end in zip(days.tolist(), starts, ends.tolist(), strict=True)}

    @property
    def size(self) -> int:
        """Hashes in it."""
        return len(self.values) - 1 - 2 * int(self.values[0])


def of_day(day: int) -> date:
    """The date of a day's number."""
    return _EPOCH + timedelta(days=day)


def number_of(day: date) -> int:
    """The number of a date."""
    return (day - _EPOCH).days


@dataclass(frozen=True)
class Hashed:
    """Hashes of the ids of some events, in the order of the events."""

    hashes: Hashes
    days: Days

    @cached_property
    def ordered(self) -> Hashes:
        """All of them, sorted."""
        return ascending(self.hashes)

    @cached_property
    def segments(self) -> Mapping[int, Hashes]:
        """Sorted within each of their days, day by day."""
        if not len(self.days):
            return {}
        first, last = int(self.days.min()), int(self.days.max())
        if first == last:
            return {first: self.ordered}
        # Whole numbers of 16 bits are sorted by their digits: there are fewer days than that.
        order = np.argsort((self.days - first).astype(np.uint16), kind="stable")
        days, hashes = self.days[order], self.hashes[order]
        starts = [0, *(np.flatnonzero(days[1:] != days[:-1]) + 1).tolist()]
        ends = [*starts[1:], len(days)]
        return {int(days[start]): ascending(hashes[start:end]) for start, end in zip(starts, ends, strict=True)}

    @property
    def repeat(self) -> bool:
        """Whether any hash is there twice."""
        return bool((self.ordered[1:] == self.ordered[:-1]).any())

    def among(self, chosen: Hashes) -> pl.Series:
        """For each event whether its hash is one of those."""
        return pl.Series(self.hashes).is_in(pl.Series(chosen).implode())

    def only(self, keep: NDArray[np.bool_]) -> "Hashed":
        """Those of some of the events."""
        return Hashed(self.hashes[keep], self.days[keep])


def hashed(events: pl.DataFrame) -> Hashed:
    """Hashes of the `event_id` of events."""
    days = events["ts"].dt.date().to_physical().to_numpy()
    return Hashed(events["event_id"].hash(SEED).to_numpy(), days)


def united(parts: Iterable[Mapping[int, Hashes]]) -> dict[int, Hashes]:
    """Segments put together, day by day."""
    found: dict[int, list[Hashes]] = {}
    for part in parts:
        for day, hashes in part.items():
            found.setdefault(day, []).append(hashes)
    return {day: same[0] if len(same) == 1 else ascending(np.concatenate(same)) for day, same in sorted(found.items())}


def opened(path: Path) -> Run:
    """A run, mapped. Raises `FileNotFoundError`."""
    return Run(path, np.load(path, mmap_mode="r"))


def write(path: Path, segments: Mapping[int, Hashes]) -> None:
    """Write a run, at once."""
    ends = np.cumsum([len(hashes) for hashes in segments.values()], dtype=np.uint64)
    head = np.array([len(segments), *segments], dtype=np.uint64)
    scratch = path.with_suffix(f".{uuid4().hex[:8]}.tmp")
    with scratch.open("wb") as file:
        np.save(file, np.concatenate([head, ends, *segments.values()]))
    scratch.replace(path)


def name_with_span(days: Sequence[int], name: str) -> str:
    """A file's name that says of which days it is, so that it is only opened for them."""
    return f"{of_day(days[0])}{_BETWEEN}{of_day(days[-1])}{_BETWEEN}{name}.npy"


def span_of(path: Path) -> tuple[int, int] | None:
    """First and last day of a run, where its name says them."""
    parts = path.stem.split(_BETWEEN)
    if len(parts) != 3:
        return None
    return number_of(date.fromisoformat(parts[0])), number_of(date.fromisoformat(parts[1]))


def contained(hashes: Hashes, runs: Iterable[Hashes]) -> NDArray[np.bool_]:
    """For each of the hashes whether any of the sorted runs has it. Sorted ones are found faster."""
    found = np.zeros(len(hashes), dtype=bool)
    for run in runs:
        if len(run):
            place = np.searchsorted(run, hashes)
            found |= run[np.minimum(place, len(run) - 1)] == hashes
    return found


def ascending(hashes: Hashes) -> Hashes:
    """Sorted. By Polars, which takes a fifth of NumPy's time."""
    return pl.Series(hashes).sort().to_numpy()
