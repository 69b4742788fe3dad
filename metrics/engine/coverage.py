"""Which events a rollup knows, where a home may be older than the rollup.

What was ingested before there was a rollup, or a view of it, is not in it until upkeep has put it there. A rollup
counts the events it was made of: where it counts as many as there are, it knows them all.
"""

from bisect import bisect_left
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate

import pyarrow.parquet as pq

from metrics.engine.database import rows_of
from metrics.engine.query import Window
from metrics.engine.statement import Relation, Statement
from metrics.lake.shapes import BUCKET, REST

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


def known_stretches(
    stored: Mapping[str, int], counts: Relation, count: str, window: Window, unknown: Set[str] = frozenset()
) -> list[Stretch]:
    """The days of which `counts` knows all events, put together; one of which a part is just being committed is not.

    `stored`: events by day; `unknown`: days that the rollup in question has not seen, whatever `counts` says.
    """
    counted = _by_day(counts, count)
    apart = {day for day in {**stored, **counted} if stored.get(day, 0) != counted.get(day, 0)}
    return stretches_but(stored, window, apart | unknown)


def stretches_but(stored: Mapping[str, int], window: Window, unknown: Set[str]) -> list[Stretch]:
    """What the window has before, between and after days that are `unknown`; all days are ISO dates of UTC.

    A window may begin in 1970: what lies between two such days is not looked through.
    """
    first, last = window.start.date(), (window.end - timedelta.resolution).date()
    cuts = [date.fromisoformat(day) for day in sorted(unknown) if first.isoformat() <= day <= last.isoformat()]
    days = sorted(stored)
    sums = [0, *accumulate(stored[day] for day in days)]

    def before(day: date) -> int:
        return sums[bisect_left(days, day.isoformat())]

    return [
        Stretch(
            Window(start=max(_midnight(start), window.start), end=min(_midnight(end), window.end)),
            before(end) - before(start),
        )
        for start, end in zip([first, *(day + _ONE_DAY for day in cuts)], [*cuts, last + _ONE_DAY], strict=True)
        if start < end
    ]


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


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
