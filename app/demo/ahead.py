"""What happens in the demo after it was made: simulated with its past, and read an hour at a time.

An event is due when somebody would know of it: when it happens, or, of an incident, when it is over.
"""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import orjson
import polars as pl

from metrics.collect.receipt import Event
from metrics.collect.receiving import KIND
from metrics.files import write_whole

FOLDER = "ahead"
AT_A_TIME = timedelta(hours=1)
ROW_GROUP_ROWS = 5_000
MOST = 2_000
"""Events given together."""
_DUE = "due"
_POSITION = "taken.json"


def parted(events: Path, home: Path, now: datetime) -> list[Path]:
    """Part simulated events (`<events>/<kind>/*.parquet`): what is due at `now` and later is put below `home`.

    Gives the files of what was due before, one a kind: a file costs more to store than the few events of a day.
    """
    (home / FOLDER).mkdir()
    past: list[Path] = []
    for kind in sorted(path for path in events.iterdir() if path.is_dir()):
        rows = pl.scan_parquet(kind / "*.parquet").with_columns(_due(kind.name).alias(_DUE))
        past.append(events / f"{kind.name}.parquet")
        rows.filter(pl.col(_DUE) < now).drop(_DUE).sink_parquet(past[-1])
        later = rows.filter(pl.col(_DUE) >= now).sort(_DUE)
        later.sink_parquet(home / FOLDER / f"{kind.name}.parquet", row_group_size=ROW_GROUP_ROWS)
    _write_position(home / FOLDER, now)
    return past


def _due(kind: str) -> pl.Expr:
    if kind != "change":
        return pl.col("ts")
    return pl.when(pl.col("change_type") == "incident").then(pl.coalesce("ended_at", "ts")).otherwise("ts")


class Ahead:
    """What is still to come in a demo home. Survives a kill: what was given and not `taken` is given again."""

    def __init__(self, home: Path, begin: datetime) -> None:
        """From a moment on; `of` knows where it stood."""
        self._folder = home / FOLDER
        self._read_until = begin
        self._waiting: deque[tuple[datetime, Event]] = deque()

    @classmethod
    def of(cls, home: Path) -> Self | None:
        """What is still to come in this demo home; None where that is not known."""
        try:
            begin = json.loads((home / FOLDER / _POSITION).read_text(encoding="utf-8"))
            return cls(home, datetime.fromisoformat(begin))
        except (OSError, ValueError, TypeError):
            return None

    def due(self, now: datetime) -> Sequence[Event]:
        """What is due by `now`, at most `MOST` events and the oldest first; the same again until they are `taken`."""
        while len(self._waiting) < MOST and self._read_until <= now:
            self._read()
        given: list[Event] = []
        for at, event in self._waiting:
            if at > now or len(given) == MOST:
                break
            given.append(event)
        return given

    def taken(self, count: int) -> None:
        """So many of those that were due are on the disk."""
        newest = [self._waiting.popleft()[0] for _ in range(count)][-1:]
        for at in newest:
            _write_position(self._folder, at)

    def _read(self) -> None:
        begin, self._read_until = self._read_until, self._read_until + AT_A_TIME
        found: list[tuple[datetime, Event]] = []
        for path in sorted(self._folder.glob("*.parquet")):
            rows = pl.scan_parquet(path).filter(pl.col(_DUE) >= begin, pl.col(_DUE) < self._read_until).collect()
            # As they would come over a wire: times as text, nothing where there is nothing.
            lines = rows.drop(_DUE).with_columns(pl.lit(path.stem).alias(KIND)).write_ndjson().splitlines()
            found += zip(rows[_DUE].to_list(), map(_said, lines), strict=True)
        self._waiting.extend(sorted(found, key=lambda one: one[0]))


def _write_position(folder: Path, at: datetime) -> None:
    write_whole(folder / _POSITION, json.dumps(at.isoformat()))


def _said(line: str) -> Mapping[str, Any]:
    return {name: value for name, value in orjson.loads(line).items() if value is not None}
