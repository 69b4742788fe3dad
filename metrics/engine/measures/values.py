"""Distinct values: of a bucket, or seen up to its end; and prompts whose quality rose."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from metrics.catalog.model import DistinctValues, ImprovedPrompts, SeenValues
from metrics.engine.measures.step import KEY, Step
from metrics.engine.measures.users import BEFORE, running_total
from metrics.engine.query import Window
from metrics.engine.scope import Scope, moment_sql, span_sql
from metrics.engine.statement import Statement

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def distinct(measures: Sequence[DistinctValues], scope: Scope) -> Iterator[Step]:
    """Distinct values a bucket: one step an event kind."""
    for kind in dict.fromkeys(measure.kind for measure in measures):
        wanted = [measure for measure in measures if measure.kind == kind]
        scope.kinds_for(wanted[0].name, (kind,))
        events = scope.filtered_events(kind, [scope.window])
        counts = ", ".join(f'count(DISTINCT {measure.sql}) AS "{measure.name}"' for measure in wanted)
        text = (
            f"SELECT {scope.buckets.key_sql('epoch_us(ts)')} AS {KEY}{scope.select_groups()}, {counts} "
            f"FROM {events.sql} WHERE {span_sql('ts', [scope.window])}{scope.filter_sql()} GROUP BY ALL "
            "HAVING count(*) > 0"
        )
        yield Step(Statement(text, scope.used_parameters(text), (events,)), "events")


def seen(measures: Sequence[SeenValues], scope: Scope) -> Iterator[Step]:
    """Distinct values in all events up to the end of each bucket, or in those of the last days."""
    for measure in measures:
        scope.kinds_for(measure.name, (measure.kind,))
        yield _ever(measure, scope) if measure.days is None else _lately(measure, measure.days, scope)


def improved(measures: Sequence[ImprovedPrompts], scope: Scope) -> Iterator[Step]:
    """Prompts whose last score of a bucket exceeds their first."""
    for measure in measures:
        scope.kinds_for(measure.name, ("prompt",))
        events = scope.filtered_events("prompt", [scope.window])
        groups = "".join(f", {group}" for group in scope.groups)
        text = (
            f'SELECT {KEY}{groups}, count(*) FILTER (WHERE last > first) AS "{measure.name}" FROM ('
            f"SELECT {scope.buckets.key_sql('epoch_us(ts)')} AS {KEY}{scope.select_groups()}, prompt_id AS prompt, "
            "arg_min(quality_score, (ts, event_id)) AS first, arg_max(quality_score, (ts, event_id)) AS last "
            f"FROM {events.sql} WHERE {span_sql('ts', [scope.window])} AND quality_score IS NOT NULL "
            f"AND prompt_id IS NOT NULL{scope.filter_sql()} GROUP BY ALL) AS scored GROUP BY ALL"
        )
        yield Step(Statement(text, scope.used_parameters(text), (events,)), "events")


def _ever(measure: SeenValues, scope: Scope) -> Step:
    """By the first event of each value, then added up."""
    events = scope.filtered_events(measure.kind, [Window(start=_EVER, end=scope.window.end)])
    groups = "".join(f", {group}" for group in scope.groups)
    text = (
        f"SELECT CASE WHEN first >= {moment_sql(scope.window.start)} THEN {scope.buckets.key_sql('epoch_us(first)')} "
        f'ELSE {BEFORE} END AS {KEY}{groups}, count(*) AS "{measure.name}" FROM ('
        f"SELECT {measure.column} AS value{scope.select_groups()}, min(ts) AS first FROM {events.sql} "
        f"WHERE ts < {moment_sql(scope.window.end)} AND {measure.column} IS NOT NULL{scope.filter_sql()} GROUP BY ALL"
        ") AS firsts GROUP BY ALL"
    )
    finish = partial(running_total, name=measure.name, scope=scope)
    return Step(Statement(text, scope.used_parameters(text), (events,)), "events", finish)


def _lately(measure: SeenValues, days: int, scope: Scope) -> Step:
    length = timedelta(days=days)
    ends = [min(bucket.end, scope.window.end) for bucket in scope.buckets.all]
    reach = Window(start=ends[0] - length, end=ends[-1])
    events = scope.filtered_events(measure.kind, [reach])
    groups = "".join(f", {group}" for group in scope.groups)
    text = (
        f'SELECT i.key AS {KEY}{groups}, count(DISTINCT value) AS "{measure.name}" FROM ('
        f"SELECT ts AS at, {measure.column} AS value{scope.select_groups()} FROM {events.sql} "
        f"WHERE {span_sql('ts', [reach])} AND {measure.column} IS NOT NULL{scope.filter_sql()}) AS seen "
        "JOIN (SELECT unnest($keys) AS key, unnest($since) AS since, unnest($ends) AS until) AS i "
        "ON seen.at < i.until AND seen.at >= i.since GROUP BY ALL"
    )
    parameters = scope.used_parameters(text) | {
        "keys": [bucket.key for bucket in scope.buckets.all],
        "since": [end - length for end in ends],
        "ends": ends,
    }
    return Step(Statement(text, parameters, (events,)), "events")
