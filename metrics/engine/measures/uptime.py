"""Uptime and component states in one-minute slots.

A component's state in a slot is the worst status probed in it; without a probe it is that of the last
one, for at most five minutes. A slot is down if any critical component is, and is left out if all of
those are unknown. Unless the settings name the critical ones, they are the product's own: what it depends on
(`dependency:…`, `llm:…`) may be down without it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl

from metrics.catalog.model import LastState, MinuteSlots
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.file_pruning import event_files
from metrics.engine.measures import quarter_hours
from metrics.engine.measures.step import KEY, Step
from metrics.engine.query import Window
from metrics.engine.scope import Scope
from metrics.engine.statement import Statement
from metrics.engine.time_sql import moment_sql, span_sql

CARRIED_MINUTES = 5
MINUTE_US = 60_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BADNESS = "CASE status WHEN 'healthy' THEN 0 WHEN 'degraded' THEN 1 WHEN 'down' THEN 2 ELSE -1 END"
"""Worse is greater; unknown says nothing."""
OWN = "NOT (starts_with(component, 'dependency:') OR starts_with(component, 'llm:'))"
"""What belongs to the product and not to somebody else."""


def steps(measures: Sequence[MinuteSlots], scope: Scope) -> Iterator[Step]:
    """One step for all slot counts."""
    slots = _slots(scope, "" if _chosen(scope) or scope.settings.slo.critical_components else f" AND {OWN}")
    groups = "".join(f", {group}" for group in scope.groups)
    is_fine = quarter_hours.serve(scope.buckets)
    text = f"""
        {slots.text}
        SELECT {(quarter_hours if is_fine else scope.buckets).key_sql(f"minute * {MINUTE_US}")} AS {KEY}{groups},
            count(*) FILTER (WHERE state >= 0) AS slots_observed, count(*) FILTER (WHERE state = 2) AS slots_down
        FROM slots GROUP BY ALL
    """
    names = [KEY, *scope.groups, *(f"slots_{measure.counted}" for measure in measures)]

    def named(rows: pl.DataFrame) -> pl.DataFrame:
        return (quarter_hours.summed(rows, scope.buckets, scope.groups) if is_fine else rows).select(names)

    yield Step(replace(slots, text=text), "events", named, is_shared=is_fine)


def states(measures: Sequence[LastState], scope: Scope) -> Iterator[Step]:
    """The state in the slot with which each bucket, or its part in the window, ends."""
    (measure,) = measures
    slots = _slots(scope)
    groups = "".join(f", {group}" for group in scope.groups)
    text = f"""
        {slots.text}
        SELECT minute{groups}, CAST(state AS BIGINT) AS state FROM slots WHERE state >= 0
    """
    ends = ((bucket.key, scope.buckets.covered(bucket).end) for bucket in scope.buckets.all)
    schema = {KEY: pl.Int64, "minute": pl.Int64}
    last = pl.DataFrame([(key, _slot_before(end)) for key, end in ends], schema, orient="row")

    def at_the_end(rows: pl.DataFrame) -> pl.DataFrame:
        found = last.join(rows.with_columns(pl.col("minute").cast(pl.Int64)), on="minute")
        return found.select(KEY, *scope.groups, pl.col("state").alias(measure.name))

    yield Step(replace(slots, text=text), "events", at_the_end)


def _slot_before(end: datetime) -> int:
    """The number of the slot that ends at a moment, or in which it lies."""
    return -(-int((end - _EPOCH) / timedelta(microseconds=1)) // MINUTE_US) - 1


def _slots(scope: Scope, only: str = "") -> Statement:
    """The beginning of a statement: `slots` with `minute`, the groups and the worst `state`, -1 being unknown.

    Of `only` those components that pass a condition.
    """
    scope.kinds_for("uptime", ("health",))
    reach = Window(start=scope.window.start - timedelta(minutes=CARRIED_MINUTES), end=scope.window.end)
    probes = event_files(scope.lake, "health", [reach])
    critical = scope.settings.slo.critical_components
    only_critical = " AND list_contains($critical, component)" if critical and not _chosen(scope) else ""
    groups = "".join(f", {group}" for group in scope.groups)
    start, end = scope.window.start, scope.window.end
    text = f"""
        WITH probed AS (
            SELECT component{select_groups(scope)}, epoch_us(ts) // {MINUTE_US} AS slot,
                max({BADNESS}) AS worst, arg_max({BADNESS}, (ts, event_id)) AS last
            FROM {probes.sql} WHERE {span_sql("ts", [reach])}{only}{only_critical}{filter_sql(scope)} GROUP BY ALL
        ),
        spans AS (
            SELECT *, least(
                coalesce(lead(slot) OVER (PARTITION BY component{groups} ORDER BY slot), slot + {CARRIED_MINUTES + 1}),
                slot + {CARRIED_MINUTES + 1}
            ) AS until FROM probed
        ),
        states AS (
            SELECT minute{groups}, CASE WHEN minute = slot THEN worst ELSE last END AS state
            FROM (SELECT *, unnest(range(slot, until)) AS minute FROM spans) AS carried
            WHERE minute * {MINUTE_US} >= epoch_us({moment_sql(start)})
                AND minute * {MINUTE_US} < epoch_us({moment_sql(end)})
        ),
        slots AS (SELECT minute{groups}, max(state) AS state FROM states GROUP BY ALL)"""
    parameters = used_parameters(scope, text) | ({"critical": list(critical)} if only_critical else {})
    return Statement(text, parameters, (probes,))


def _chosen(scope: Scope) -> bool:
    """Whether the question names components itself."""
    return "component" in scope.dimensions
