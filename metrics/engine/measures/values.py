"""Distinct values: of a bucket, or seen up to its end; and prompts whose quality rose."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import polars as pl

from metrics.catalog.model import DistinctValues, ImprovedPrompts, SeenValues
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.file_pruning import filtered_event_files
from metrics.engine.measures.step import KEY, Step
from metrics.engine.measures.users import BEFORE, running_total
from metrics.engine.query import Window
from metrics.engine.scope import Scope
from metrics.engine.statement import Statement
from metrics.engine.time_sql import moment_sql, span_sql

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def distinct(measures: Sequence[DistinctValues], scope: Scope) -> Iterator[Step]:
    """Distinct values a bucket: one step an event kind."""
    for kind in dict.fromkeys(measure.kind for measure in measures):
        wanted = [measure for measure in measures if measure.kind == kind]
        scope.kinds_for(wanted[0].name, (kind,))
        events = filtered_event_files(scope, kind, [scope.window])
        counts = ", ".join(f'count(DISTINCT {measure.sql}) AS "{measure.name}"' for measure in wanted)
        text = (
            f"SELECT {scope.buckets.key_sql('epoch_us(ts)')} AS {KEY}{select_groups(scope)}, {counts} "
            f"FROM {events.sql} WHERE {span_sql('ts', [scope.window])}{filter_sql(scope)} GROUP BY ALL "
            "HAVING count(*) > 0"
        )
        yield Step(Statement(text, used_parameters(scope, text), (events,)), "events")


def seen(measures: Sequence[SeenValues], scope: Scope) -> Iterator[Step]:
    """Distinct values in all events up to the end of each bucket, or in those of the last days."""
    for measure in measures:
        scope.kinds_for(measure.name, (measure.kind,))
        yield _ever(measure, scope) if measure.days is None else _lately(measure, measure.days, scope)


def improved(measures: Sequence[ImprovedPrompts], scope: Scope) -> Iterator[Step]:
    """Prompts whose last score of a bucket exceeds their first."""
    for measure in measures:
        scope.kinds_for(measure.name, ("prompt",))
        events = filtered_event_files(scope, "prompt", [scope.window])
        groups = "".join(f", {group}" for group in scope.groups)
        text = (
            f'SELECT {KEY}{groups}, count(*) FILTER (WHERE last > first) AS "{measure.name}" FROM ('
            f"SELECT {scope.buckets.key_sql('epoch_us(ts)')} AS {KEY}{select_groups(scope)}, prompt_id AS prompt, "
            "arg_min(quality_score, (ts, event_id)) AS first, arg_max(quality_score, (ts, event_id)) AS last "
            f"FROM {events.sql} WHERE {span_sql('ts', [scope.window])} AND quality_score IS NOT NULL "
            f"AND prompt_id IS NOT NULL{filter_sql(scope)} GROUP BY ALL) AS scored GROUP BY ALL"
        )
        yield Step(Statement(text, used_parameters(scope, text), (events,)), "events")


def _ever(measure: SeenValues, scope: Scope) -> Step:
    """By the first event of each value, then added up."""
    events = filtered_event_files(scope, measure.kind, [Window(start=_EVER, end=scope.window.end)])
    groups = "".join(f", {group}" for group in scope.groups)
    text = (
        f"SELECT CASE WHEN first >= {moment_sql(scope.window.start)} THEN {scope.buckets.key_sql('epoch_us(first)')} "
        f'ELSE {BEFORE} END AS {KEY}{groups}, count(*) AS "{measure.name}" FROM ('
        f"SELECT {measure.column} AS value{select_groups(scope)}, min(ts) AS first FROM {events.sql} "
        f"WHERE ts < {moment_sql(scope.window.end)} AND {measure.column} IS NOT NULL{filter_sql(scope)} GROUP BY ALL"
        ") AS firsts GROUP BY ALL"
    )
    finish = partial(running_total, name=measure.name, scope=scope)
    return Step(Statement(text, used_parameters(scope, text), (events,)), "events", finish)


def _lately(measure: SeenValues, days: int, scope: Scope) -> Step:
    """By the buckets between which each value is there: from that of an event to that in which it is too old."""
    start, end = scope.buckets.all[0], scope.window.end
    reach = Window(start=min(start.end, end) - timedelta(days=days), end=end)
    events = filtered_event_files(scope, measure.kind, [reach])
    groups = "".join(f", {group}" for group in scope.groups)
    old = f"newest + INTERVAL {days:d} DAY"
    text = (
        f"SELECT value{groups}, {_COMES}, "
        f"CASE WHEN {old} < {moment_sql(end)} THEN {scope.buckets.key_sql(f'epoch_us({old})')} END AS {_GOES} FROM ("
        f"SELECT {measure.column} AS value{select_groups(scope)}, max(ts) AS newest, "
        f"CASE WHEN ts < {moment_sql(scope.window.start)} THEN {start.key} "
        f"ELSE {scope.buckets.key_sql('epoch_us(ts)')} END AS {_COMES} "
        f"FROM {events.sql} WHERE {span_sql('ts', [reach])} AND {measure.column} IS NOT NULL{filter_sql(scope)} "
        "GROUP BY ALL) AS seen"
    )
    finish = partial(_present, name=measure.name, scope=scope)
    return Step(Statement(text, used_parameters(scope, text), (events,)), "events", finish)


_COMES, _GOES = "comes", "goes"


def _present(rows: pl.DataFrame, *, name: str, scope: Scope) -> pl.DataFrame:
    """How many values are there at the end of each bucket.

    What `goes` in a bucket is no longer there at its end; null is never. Of a value's events, each counts until the
    next one at most.
    """
    keys = [bucket.key for bucket in scope.buckets.all]
    never = len(keys)
    placed = rows.with_columns(
        pl.col(column).cast(pl.Int64).replace_strict(keys, range(never), default=never).fill_null(never)
        for column in (_COMES, _GOES)
    ).sort(_COMES)
    earlier = pl.col(_GOES).shift(1).over("value", *scope.groups).fill_null(0)
    there = placed.with_columns(pl.max_horizontal(_COMES, earlier).alias(_COMES)).filter(pl.col(_COMES) < pl.col(_GOES))
    changes = pl.concat(
        there.select(*scope.groups, pl.col(at).alias("place"), pl.lit(n).alias(name))
        for at, n in ((_COMES, 1), (_GOES, -1))
    ).filter(pl.col("place") < never)
    keyed = changes.with_columns(pl.col("place").replace_strict(range(never), keys, return_dtype=pl.Int64).alias(KEY))
    return running_total(keyed.group_by(KEY, *scope.groups).agg(pl.col(name).sum()), name=name, scope=scope)
