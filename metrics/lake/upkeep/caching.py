"""The disk cache of a lake in object storage: kept within its size, and filled with what pages ask for first."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from metrics.events import KINDS
from metrics.lake import derived, kept_months, pending
from metrics.lake.datafiles import DataFile
from metrics.lake.remote.cache import Cached, evict, on_disk
from metrics.lake.rollups import ROLLUPS
from metrics.lake.tables import Lake, Table
from metrics.settings import Settings

AHEAD = timedelta(days=8)
"""How far back from the newest event of a kind its events are fetched before anybody asks: the week that pages show."""
_ALL = timedelta.max


def tend(settings: Settings, *, now: Callable[[], datetime]) -> int:
    """Delete what takes the cache beyond `lake.cache_gb`, and fetch what fits of rollups and of the newest events.

    How many files were deleted. Safe beside whoever reads or writes. Does nothing for a lake of the home's own.

    Raises:
        LakeUnavailable: storage does not answer.
    """
    lake, most = Lake.of(settings), settings.lake.cache_gb * 1e9
    if lake.remote is None:
        return 0
    derived.sweep(lake, timedelta(hours=settings.lake.vacuum_grace_hours), now())
    kept_months.sweep(lake)
    gone = evict(_cached(lake), most, now().timestamp())
    free = most - sum(one.size for one in _cached(lake))
    for table, ahead in _wanted_first(lake):
        for file in _newest_first(table, ahead):
            if (table.root / file.path).exists():
                continue
            if file.size > free:
                return gone
            table.local([file.path])
            free -= file.size
    return gone


def _cached(lake: Lake) -> Iterator[Cached]:
    """The data files on the disk that are in storage, too."""
    if any(pending.folder(lake.home).glob(f"*{pending.ENDING}")):
        return  # what a plan names may not be there yet
    for table in lake.tables:
        paths = [table.root / file.path for file in table.committed]
        yield from on_disk(paths, are_rollups=table.name.startswith("rollups/"))


def _wanted_first(lake: Lake) -> Iterator[tuple[Table, timedelta]]:
    yield from ((lake.rollup(name), _ALL) for name in ROLLUPS)
    yield from ((lake.events(kind), AHEAD) for kind in KINDS)


def _newest_first(table: Table, ahead: timedelta) -> list[DataFile]:
    """The files of a table that reach into the time up to its newest row."""
    dated = [(file.max_ts, file) for file in table.committed if file.max_ts is not None]
    newest = max((moment for moment, _ in dated), default=None)
    within = [(moment, file) for moment, file in dated if newest is not None and newest - moment <= ahead]
    return [file for _, file in sorted(within, key=lambda one: one[0], reverse=True)]
