"""Which days of a window are told by the rollup of visits, and what of it only events tell.

A day is told when the rollup counts as many events on it as the lake holds: one that was stored before there were
visits, or of which a part is just being committed, is read from its events.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise

from metrics.engine.buckets import DAY
from metrics.engine.database import rows_of
from metrics.engine.query import Window
from metrics.engine.scope import Scope
from metrics.engine.statement import Relation, Statement
from metrics.lake.rollups import ROLLUPS
from metrics.lake.shapes import BUCKET
from metrics.lake.tables import DATE
from metrics.lake.visits import EVENTS

KIND, ROLLUP = "interaction", "interaction_visits"
(_VIEW,) = ROLLUPS[ROLLUP].views
_ONE_DAY = timedelta(seconds=DAY)


@dataclass(frozen=True)
class Told:
    """How the interactions of a window are read."""

    visits: Relation
    days: tuple[Window, ...]
    """What visits tell: stretches of whole UTC days."""
    edges: tuple[Window, ...]
    """What is left to events."""
    rows: float = 0
    """About how many visits lie in the days."""


def told(scope: Scope) -> Told:
    """How the interactions of the scope's window are read; visits know no dimension."""
    visits = scope.rollup(ROLLUP, _VIEW)
    if scope.query.raw or scope.dimensions or not visits.files:
        return Told(visits, (), (scope.window,))
    stored = Counter[str]()
    for file in scope.lake.events(KIND).snapshot.files:
        stored[file.partition[DATE]] += file.rows
    counted = _events_by_day(visits)
    days: list[Window] = []
    events = 0
    for day in _whole_days(scope.window):
        date = day.start.date().isoformat()
        if stored[date] != counted.get(date, 0):
            continue
        events += stored[date]
        if days and days[-1].end == day.start:
            day = Window(start=days.pop().start, end=day.end)
        days.append(day)
    moments = [scope.window.start, *(moment for day in days for moment in (day.start, day.end)), scope.window.end]
    gaps = list(pairwise(moments))[::2]
    edges = tuple(Window(start=start, end=end) for start, end in gaps if start < end)
    share = events / max(1, sum(counted.values()))
    return Told(visits, tuple(days), edges, share * scope.lake.rollup(ROLLUP).snapshot.rows)


def _whole_days(window: Window) -> Iterator[Window]:
    start = window.start.replace(hour=0, minute=0, second=0, microsecond=0)
    start = start if start == window.start else start + _ONE_DAY
    while start + _ONE_DAY <= window.end:
        yield Window(start=start, end=start + _ONE_DAY)
        start += _ONE_DAY


@lru_cache(maxsize=8)
def _events_by_day(visits: Relation) -> Mapping[str, int]:
    """Events that visits stand for, by UTC day; data files never change."""
    nothing: Mapping[str, object] = {}
    text = f"SELECT {BUCKET} AS day, CAST(sum({EVENTS}) AS BIGINT) AS n FROM {visits.sql} GROUP BY ALL"
    rows = rows_of(Statement(text, nothing, (visits,)))
    return {day.date().isoformat(): count for day, count in rows.iter_rows()}
