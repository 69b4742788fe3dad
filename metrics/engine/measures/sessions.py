"""Sessions: by the `session_id` that events give, else a user's events without a gap of 30 minutes.

A session is made of the events of the window that pass the filters, and counts in the bucket where it begins.
"""

from collections.abc import Iterator, Sequence

from metrics.catalog.experience import VIEWED
from metrics.catalog.model import Sessions
from metrics.engine.measures.step import KEY, Step
from metrics.engine.query import Window
from metrics.engine.scope import Scope, span_sql
from metrics.engine.statement import Relation, Statement

GAP_MINUTES = 30
_COUNTED = {
    "sessions": "count(*)",
    "bounced": "count(*) FILTER (WHERE views = 1 AND acts = 0)",
    "seconds": "sum(epoch_us(last) - epoch_us(first)) / 1e6",
    "views": "CAST(sum(views) AS BIGINT)",
    "distinct_pages": "CAST(sum(pages) AS BIGINT)",
}


def steps(measures: Sequence[Sessions], scope: Scope) -> Iterator[Step]:
    """One step for all that is counted; distinct pages are looked at only when they are asked for."""
    scope.kinds_for(measures[0].name, ("interaction",))
    events = scope.filtered_events("interaction", [scope.window])
    groups = "".join(f", {group}" for group in scope.groups)
    pages = f", count(DISTINCT page) FILTER (WHERE {VIEWED}) AS pages"
    pages = pages if any(measure.counted == "distinct_pages" for measure in measures) else ""
    counts = ", ".join(f'{_COUNTED[measure.counted]} AS "{measure.name}"' for measure in measures)
    text = (
        f"WITH events AS ({in_sessions(scope, events, scope.window)}), "
        f"sessions AS (SELECT min(ts) AS first, max(ts) AS last, count(*) FILTER (WHERE {VIEWED}) AS views, "
        f"count(*) FILTER (WHERE NOT {VIEWED}) AS acts{pages}{groups} FROM events GROUP BY session, number{groups}) "
        f"SELECT {scope.buckets.key_sql('epoch_us(first)')} AS {KEY}{groups}, {counts} FROM sessions "
        "GROUP BY ALL HAVING count(*) > 0"
    )
    yield Step(Statement(text, scope.used_parameters(text), (events,)), "events")


def in_sessions(scope: Scope, events: Relation, window: Window) -> str:
    """SQL for the interactions of a window with the `session` and `number` that together name their session.

    Columns: ts, page, action, user_id, the groups. What tells neither session nor user is left out.
    """
    groups = "".join(f", {group}" for group in scope.groups)
    columns = f"ts, page, action, user_id{scope.select_groups()}"
    where = f"{span_sql('ts', [window])}{scope.filter_sql()}"
    of_user = f"OVER (PARTITION BY user_id{groups} ORDER BY ts)"
    return (
        f"SELECT hash(session_id) AS session, 0 AS number, {columns} FROM {events.sql} "
        f"WHERE session_id IS NOT NULL AND {where} UNION ALL "
        f"SELECT hash(user_id) AS session, 1 + sum(begins) {of_user} AS number, ts, page, action, user_id{groups} "
        "FROM ("
        f"SELECT *, CASE WHEN ts - lag(ts) {of_user} > INTERVAL {GAP_MINUTES} MINUTE THEN 1 ELSE 0 END AS begins FROM ("
        f"SELECT {columns} FROM {events.sql} WHERE session_id IS NULL AND user_id IS NOT NULL AND {where}"
        ") AS loose) AS marked"
    )
