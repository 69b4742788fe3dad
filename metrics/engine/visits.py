"""Which days of a window are told by the rollup of visits, and what of it only events tell.

A day is told when the rollup counts as many events on it as the lake holds: one that was stored before there were
visits, or of which a part is just being committed, is read from its events.
"""

from dataclasses import dataclass
from itertools import pairwise

from metrics.engine.buckets import DAY
from metrics.engine.coverage import known_stretches
from metrics.engine.file_pruning import rollup_files
from metrics.engine.query import Window
from metrics.engine.rollup_selection import whole_units
from metrics.engine.scope import Scope
from metrics.engine.statement import Relation
from metrics.lake.rollups import ROLLUPS
from metrics.lake.upkeep.closed import rows_by_day
from metrics.lake.visits import EVENTS, MOMENTS

KIND, ROLLUP = "interaction", "interaction_visits"
(_VIEW,) = ROLLUPS[ROLLUP].views
PLACE = f"unnest(range(len({MOMENTS})))"
"""SQL for the place of each view of a visit."""


@dataclass(frozen=True)
class VisitAccess:
    """How the interactions of a window are read."""

    visits: Relation
    days: tuple[Window, ...]
    """What visits tell: stretches of whole UTC days."""
    edges: tuple[Window, ...]
    """What is left to events."""
    rows: float = 0
    """About how many visits lie in the days."""


def events_only(scope: Scope) -> VisitAccess:
    """All is left to events."""
    return VisitAccess(rollup_files(scope.lake, ROLLUP, _VIEW), (), (scope.window,))


def visit_access(scope: Scope) -> VisitAccess:
    """How the interactions of the scope's window are read; visits know no dimension."""
    visits = rollup_files(scope.lake, ROLLUP, _VIEW)
    if scope.query.raw or scope.dimensions or not visits.files:
        return events_only(scope)
    stored = scope.lake.events(KIND)
    whole = whole_units(scope.window, DAY)  # a visit is not cut
    known = known_stretches(rows_by_day(stored), visits, EVENTS, whole) if whole else []
    days = [stretch.window for stretch in known]
    moments = [scope.window.start, *(moment for day in days for moment in (day.start, day.end)), scope.window.end]
    gaps = list(pairwise(moments))[::2]
    edges = tuple(Window(start=start, end=end) for start, end in gaps if start < end)
    share = sum(stretch.events for stretch in known) / max(1, stored.snapshot.rows)
    return VisitAccess(visits, tuple(days), edges, share * scope.lake.rollup(ROLLUP).snapshot.rows)


def person_sql(session: str) -> str:
    """SQL for who it is. A user and a session of one name are two persons."""
    return f"CASE WHEN user_id IS NULL THEN {session} ELSE xor(hash(user_id), 1) END"
