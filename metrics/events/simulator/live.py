"""The simulator without an end: a day's events in their order, one day after the other, a few at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from metrics.events.simulator import ORDINARY, SIMULATED, World, simulate

PER_DAY = 20_000
"""Requests of a day, however fast it is played: at twenty events a second one takes about an hour."""


def upcoming(
    together: int,
    *,
    seed: int,
    end: datetime,
    kinds: Sequence[str] = SIMULATED,
    world: World = ORDINARY,
    per_day: int = PER_DAY,
) -> Iterator[Mapping[str, pl.DataFrame]]:
    """Events by kind, so many together, fewer where a day ends.

    They happen on the day before `end`: when they are sent is for those to say who send them. Identities are apart from
    those of any other `end`, and of the days before.
    """
    for number in count():
        with TemporaryDirectory() as folder:
            simulate(Path(folder), days=1, per_day=per_day, seed=seed + number, end=end, kinds=kinds, world=world)
            day = {kind.name: pl.read_parquet(kind / "*.parquet").sort("ts") for kind in _folders(Path(folder))}
        yield from _parts(day, together)


def first(count: int, parts: Iterable[Mapping[str, pl.DataFrame]]) -> Iterator[Mapping[str, pl.DataFrame]]:
    """The first so many events of parts."""
    for part in parts:
        kept: dict[str, pl.DataFrame] = {}
        for kind, frame in part.items():
            kept[kind] = frame.head(count)
            count -= kept[kind].height
        yield kept
        if not count:
            return


def _folders(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _parts(day: Mapping[str, pl.DataFrame], together: int) -> Iterator[Mapping[str, pl.DataFrame]]:
    moments = [frame["ts"].to_numpy() for frame in day.values()]
    order = np.argsort(np.concatenate(moments), kind="stable")
    kind_of = np.repeat(np.arange(len(day)), [len(one) for one in moments])[order]
    done = np.zeros(len(day), np.int64)
    for begin in range(0, len(order), together):
        counts = np.bincount(kind_of[begin : begin + together], minlength=len(day))
        yield {
            kind: frame.slice(int(start), int(size))
            for (kind, frame), start, size in zip(day.items(), done, counts, strict=True)
            if size
        }
        done += counts
