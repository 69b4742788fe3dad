"""Sessions: by the `session_id` that events give, else a user's events without a gap of 30 minutes.

A session is made of the events of the window that pass the filters, and counts in the bucket where it begins.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import polars as pl

from metrics.catalog.experience import VIEWED
from metrics.catalog.model import Sessions
from metrics.engine.buckets import Buckets
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.dropped import gone
from metrics.engine.file_pruning import filtered_event_files
from metrics.engine.measures import quarter_hours
from metrics.engine.measures.step import KEY, Step
from metrics.engine.query import Window
from metrics.engine.scope import Scope
from metrics.engine.statement import Relation, Statement
from metrics.engine.time_sql import span_sql
from metrics.engine.visits import KIND, VisitAccess, visit_access
from metrics.lake import visits
from metrics.lake.shapes import BUCKET

GAP_MINUTES = visits.PAUSE // timedelta(minutes=1)
_COUNTED = {
    "sessions": "count(*)",
    "bounced": "count(*) FILTER (WHERE views = 1 AND acts = 0)",
    "seconds": "sum(epoch_us(last) - epoch_us(first)) / 1e6",
    "views": "CAST(sum(views) AS BIGINT)",
    "distinct_pages": "CAST(sum(pages) AS BIGINT)",
}


def steps(measures: Sequence[Sessions], scope: Scope) -> Iterator[Step]:
    """One step for all that is counted."""
    scope.kinds_for(measures[0].name, (KIND,))
    events = filtered_event_files(scope, KIND, [scope.window])
    access = visit_access(scope)
    if access.days:
        events = replace(events, gone=gone(scope.lake.events(KIND), access.edges))
    # Visits know how many pages they saw; of events, that is found out only when it is asked for.
    counted = [name for name in _COUNTED if access.days or name in {measure.counted for measure in measures}]
    sessions = (
        _from_visits(scope, events, access) if access.days else _from_events(scope, events, "distinct_pages" in counted)
    )
    groups = "".join(f", {group}" for group in scope.groups)
    is_fine = not scope.groups and quarter_hours.serve(scope.buckets)
    key = (quarter_hours if is_fine else scope.buckets).key_sql("epoch_us(first)")
    counts = ", ".join(f"{_COUNTED[name]} AS {name}" for name in counted)
    text = f"WITH {sessions} SELECT {key} AS {KEY}{groups}, {counts} FROM sessions GROUP BY ALL HAVING count(*) > 0"
    relations = (events, access.visits) if access.days else (events,)
    finish = partial(_named, measures=measures, buckets=scope.buckets if is_fine else None)
    source = "rollup visits" if access.days else "events"
    yield Step(Statement(text, used_parameters(scope, text), relations), source, finish, is_shared=is_fine)


def in_sessions(scope: Scope, events: Relation, given: Sequence[Window], more: str = "") -> str:
    """SQL for interactions with the `session` and `number` that together name their session.

    Of sessions that are given, those in the windows; of the others, all of the scope's. Columns: ts, page, action,
    user_id, the groups, and `more` of them (`, name`). What tells neither session nor user is left out.
    """
    groups = "".join(f", {group}" for group in scope.groups)
    columns = f"ts, page, action, user_id{select_groups(scope)}{more}"
    of_user = f"OVER (PARTITION BY user_id{groups} ORDER BY ts)"
    named = (
        f"SELECT hash(session_id) AS session, 0 AS number, {columns} FROM {events.sql} "
        f"WHERE session_id IS NOT NULL AND {span_sql('ts', given)}{filter_sql(scope)} UNION ALL "
    )
    loose = (
        f"SELECT hash(user_id) AS session, 1 + sum(begins) {of_user} AS number, "
        f"ts, page, action, user_id{groups}{more} FROM ("
        f"SELECT *, CASE WHEN ts - lag(ts) {of_user} > INTERVAL {GAP_MINUTES} MINUTE THEN 1 ELSE 0 END AS begins FROM ("
        f"SELECT {columns} FROM {events.sql} WHERE session_id IS NULL AND user_id IS NOT NULL "
        f"AND {span_sql('ts', [scope.window])}{filter_sql(scope)}"
        ") AS loose) AS marked"
    )
    return (named if given else "") + loose


def _from_events(scope: Scope, events: Relation, with_pages: bool) -> str:
    groups = "".join(f", {group}" for group in scope.groups)
    pages = f", {_PAGES}" if with_pages else ""
    return (
        f"interactions AS ({in_sessions(scope, events, [scope.window])}), "
        f"sessions AS (SELECT {_OF_EVENTS}{pages}{groups} FROM interactions GROUP BY session, number{groups})"
    )


def _from_visits(scope: Scope, events: Relation, access: VisitAccess) -> str:
    """Sessions of visits, and of events where there are no visits; a session that has both, or several, is one.

    Counts add up, but for different pages: where there are several parts, they are looked at.
    """
    given = f"FROM {access.visits.sql} WHERE session_id IS NOT NULL AND {span_sql(BUCKET, access.days)}"
    seen = (
        f"SELECT hash(session_id) AS session, unnest({visits.VIEWED}) AS page {given} "
        "AND hash(session_id) IN (SELECT session FROM several)"
    )
    if access.edges:
        seen += (
            f" UNION ALL SELECT hash(session_id) AS session, page FROM {events.sql} WHERE session_id IS NOT NULL "
            f"AND {span_sql('ts', access.edges)} AND {VIEWED} AND hash(session_id) IN (SELECT session FROM several)"
        )
    return (
        f"interactions AS ({in_sessions(scope, events, access.edges)}), parts AS ("
        f"SELECT hash(session_id) AS session, 0 AS number, {visits.BEGUN} AS first, {visits.ENDED} AS last, "
        f"{visits.VIEWS} AS views, {visits.EVENTS} - {visits.VIEWS} AS acts, {visits.PAGES} AS pages {given} UNION ALL "
        f"SELECT session, number, {_OF_EVENTS}, {_PAGES} FROM interactions GROUP BY session, number), "
        "merged AS MATERIALIZED (SELECT session, number, min(first) AS first, max(last) AS last, sum(views) AS views, "
        "sum(acts) AS acts, max(pages) AS pages, count(*) AS parts FROM parts GROUP BY session, number), "
        "several AS (SELECT session FROM merged WHERE parts > 1), "
        f"recounted AS (SELECT session, count(DISTINCT page) AS pages FROM ({seen}) AS seen GROUP BY session), "
        "sessions AS (SELECT first, last, views, acts, "
        "CASE WHEN parts > 1 THEN coalesce(recounted.pages, 0) ELSE merged.pages END AS pages "
        "FROM merged LEFT JOIN recounted ON merged.session = recounted.session)"
    )


_OF_EVENTS = (
    f"min(ts) AS first, max(ts) AS last, count(*) FILTER (WHERE {VIEWED}) AS views, "
    f"count(*) FILTER (WHERE NOT {VIEWED}) AS acts"
)
_PAGES = f"count(DISTINCT page) FILTER (WHERE {VIEWED}) AS pages"


def _named(rows: pl.DataFrame, *, measures: Sequence[Sessions], buckets: Buckets | None) -> pl.DataFrame:
    """Counts under the names of the measures; those of quarter_hours of an hour are summed to `buckets`."""
    if buckets is not None:
        rows = quarter_hours.summed(rows, buckets)
    groups = [name for name in rows.columns if name not in _COUNTED]
    return rows.select(*groups, *(pl.col(measure.counted).alias(measure.name) for measure in measures))
