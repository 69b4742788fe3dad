"""Closed days: their events were dropped while their rollups stay.

What a rollup cannot say of a closed day is not known any more, and nothing more is taken in for it, as it could not be
told from what was counted already. Days are written down as closed, with the number of their events, before these go:
so readers know which rollups counted all of them.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

import polars as pl

from metrics.lake.remote.lake import NOTES
from metrics.lake.tables import DATE, Table

_BOOK = NOTES["lake"]
_NOTHING = pl.DataFrame(schema={"row": pl.Int64, "kind": pl.String, "reason": pl.String, "values": pl.String})


@dataclass(frozen=True, slots=True)
class Closed:
    """A day whose events were dropped."""

    events: int
    """How many there were."""
    on: date
    """When they were dropped."""


def closed_days(table: Table) -> Mapping[str, Closed]:
    """The closed days of an event table, by date."""
    path = table.root / _BOOK
    try:
        stat = path.stat()
    except FileNotFoundError:
        return {}
    return _read(path, stat.st_mtime_ns, stat.st_ino)


def write_closed(table: Table, days: Mapping[str, Closed]) -> None:
    """Write down all days that are closed."""
    scratch = table.root / f"_{uuid4().hex}.tmp"
    document = {day: {"events": one.events, "on": one.on.isoformat()} for day, one in sorted(days.items())}
    scratch.write_text(json.dumps(document), encoding="utf-8")
    scratch.replace(table.root / _BOOK)
    table.noted()


def rows_by_day(table: Table) -> Mapping[str, int]:
    """Events by date that a rollup that knows all has counted: those there are, and those of closed days."""
    return {**table.snapshot.rows_by(DATE), **{day: one.events for day, one in closed_days(table).items()}}


def parted(table: Table, kind: str, events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The events whose day is open, and the others as rejected rows: `row` (null), `kind`, `reason`, `values`."""
    days = closed_days(table)
    if not days:
        return events, _NOTHING
    is_late = _date().is_in(list(days))
    return events.filter(~is_late), events.filter(is_late).select(
        pl.lit(None, pl.Int64).alias("row"),
        pl.lit(kind).alias("kind"),
        _date().replace_strict({day: _why(one.on) for day, one in days.items()}, default=None, return_dtype=pl.String)
        .alias("reason"),
        pl.struct(pl.exclude("attributes")).struct.json_encode().alias("values"),
    )  # fmt: skip


def stretches(days: Iterable[str]) -> list[tuple[date, date]]:
    """The first of days that follow one another, and the day after the last."""
    found: list[tuple[date, date]] = []
    for day in sorted(map(date.fromisoformat, days)):
        first = found.pop()[0] if found and found[-1][1] == day else day
        found.append((first, day + timedelta(days=1)))
    return found


def _date() -> pl.Expr:
    return pl.col("ts").dt.date().cast(pl.String)


def _why(on: date) -> str:
    return (
        f"the events of its day were dropped on {on} (lake.retention_days) and only their sums are kept "
        "(lake.rollup_days): what is new could not be told from what was counted"
    )


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int, _number: int) -> Mapping[str, Closed]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return {day: Closed(one["events"], date.fromisoformat(one["on"])) for day, one in document.items()}
