"""Which events a rollup knows, where a home may be older than the rollup.

What was ingested before there was a rollup, or a view of it, is not in it until upkeep has put it there. A rollup
counts the events it was made of: where it counts as many as there are, it knows them all.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import pyarrow.parquet as pq

from metrics.engine.database import rows_of
from metrics.engine.query import Window
from metrics.engine.statement import Relation, Statement
from metrics.lake.shapes import BUCKET, REST
from metrics.lake.tables import Table
from metrics.lake.upkeep.closed import rows_by_day

_HOUR_MICROS = 3_600_000_000
_ONE_DAY = timedelta(days=1)
_NOTHING: Mapping[str, object] = {}


@lru_cache(maxsize=256)
def is_covered(minutes: Relation, hours: Relation, count: str, span: str) -> bool:
    """Whether the sums of `count` by hour are the same in both over `span`, SQL for a span of whole hours.

    Data files never change: one answer holds for as long as the views are made of the same files.
    """
    if hours.files and not minutes.files:
        return False
    hour = f"epoch_us(bucket) // {_HOUR_MICROS}"
    text = (
        f'SELECT hour FROM (SELECT {hour} AS hour, "{count}" AS n FROM {minutes.sql} WHERE {span} '
        f'UNION ALL SELECT {hour}, -"{count}" FROM {hours.sql} WHERE {span}) AS counted '
        "GROUP BY hour HAVING sum(n) <> 0 LIMIT 1"
    )
    return rows_of(Statement(text, _NOTHING, (minutes, hours))).is_empty()


def holds_rest(view: Relation, dimensions: tuple[str, ...]) -> bool:
    """Whether some values of the dimensions are put together in a view, so that only events tell them apart."""
    view.have_files()
    return any(_holds_rest(file, dimensions) for file in view.files)


@lru_cache(maxsize=100_000)
def _holds_rest(file: str, dimensions: tuple[str, ...]) -> bool:
    # What stands for the rest comes last of all texts. A file never changes.
    stored = pq.read_metadata(file)
    greatest = (
        column.statistics.max
        for group in map(stored.row_group, range(stored.num_row_groups))
        for column in map(group.column, range(group.num_columns))
        if column.path_in_schema in dimensions and column.statistics is not None and column.statistics.has_min_max
    )
    return any(str(one).startswith(REST) for one in greatest)


@dataclass(frozen=True, slots=True)
class Stretch:
    """UTC days one after the other, as far as they lie in a window, and the number of their events."""

    window: Window
    events: int


def known_days(
    events: Table, counts: Relation, count: str, window: Window, unknown: Container[str] = ()
) -> Iterator[Stretch]:
    """The days of which `counts` knows all events, one by one; one of which a part is just being committed is not.

    `unknown`: days that the rollup in question has not seen, whatever `counts` says.
    """
    counted = _by_day(counts, count)
    for day, one in _days(events, window):
        if one.events == counted.get(day, 0) and day not in unknown:
            yield one


def days_but(events: Table, window: Window, unknown: Container[str]) -> Iterator[Stretch]:
    """The days of the window, one by one, but for those that are `unknown`."""
    return (one for day, one in _days(events, window) if day not in unknown)


def _days(events: Table, window: Window) -> Iterator[tuple[str, Stretch]]:
    stored = rows_by_day(events)
    start = window.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while start < window.end:
        day = _date(start)
        yield (
            day,
            Stretch(Window(start=max(start, window.start), end=min(start + _ONE_DAY, window.end)), stored.get(day, 0)),
        )
        start += _ONE_DAY


def stretches(days: Iterable[Stretch]) -> list[Stretch]:
    """Days that follow one another, put together."""
    found: list[Stretch] = []
    for day in days:
        if found and found[-1].window.end == day.window.start:
            before = found.pop()
            day = Stretch(Window(start=before.window.start, end=day.window.end), before.events + day.events)
        found.append(day)
    return found


def days_apart(days: Relation, hours: Relation, count: str) -> set[str]:
    """The days (ISO dates) of which `days` counts other events than `hours` does."""
    by_day, by_hour = _by_day(days, count), _by_day(hours, count)
    return {day for day in {**by_day, **by_hour} if by_day.get(day) != by_hour.get(day)}


@lru_cache(maxsize=64)
def _by_day(counts: Relation, count: str) -> Mapping[str, int]:
    """Events counted, by UTC day; data files never change."""
    text = (
        f"SELECT CAST(CAST({BUCKET} AS DATE) AS VARCHAR) AS day, "
        f'CAST(sum("{count}") AS BIGINT) AS n FROM {counts.sql} GROUP BY ALL'
    )
    return dict(rows_of(Statement(text, _NOTHING, (counts,))).iter_rows())


def _date(bucket: datetime) -> str:
    return bucket.astimezone(UTC).date().isoformat()
