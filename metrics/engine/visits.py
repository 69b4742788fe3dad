"""Which days of a window are told by the rollup of visits, and what of it only events tell.

A day is told when the rollup counts as many events on it as the lake holds: one that was stored before there were
visits, or of which a part is just being committed, is read from its events.
"""

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from metrics.engine.buckets import DAY
from metrics.engine.coverage import known_days, stretches
from metrics.engine.query import Window
from metrics.engine.scope import Scope
from metrics.engine.statement import Relation
from metrics.lake.rollups import ROLLUPS
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


def untold(scope: Scope) -> Told:
    """All is left to events."""
    return Told(scope.rollup(ROLLUP, _VIEW), (), (scope.window,))


def told(scope: Scope) -> Told:
    """How the interactions of the scope's window are read; visits know no dimension."""
    visits = scope.rollup(ROLLUP, _VIEW)
    if scope.query.raw or scope.dimensions or not visits.files:
        return untold(scope)
    stored = scope.lake.events(KIND)
    known = known_days(stored, visits, EVENTS, scope.window)
    whole = stretches(day for day in known if day.window.length == _ONE_DAY)  # a visit is not cut
    days = [stretch.window for stretch in whole]
    moments = [scope.window.start, *(moment for day in days for moment in (day.start, day.end)), scope.window.end]
    gaps = list(pairwise(moments))[::2]
    edges = tuple(Window(start=start, end=end) for start, end in gaps if start < end)
    share = sum(stretch.events for stretch in whole) / max(1, stored.snapshot.rows)
    return Told(visits, tuple(days), edges, share * scope.lake.rollup(ROLLUP).snapshot.rows)
