"""How the components are that health probes look at."""

from datetime import timedelta

import polars as pl

from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.file_pruning import event_files
from metrics.engine.measures.uptime import CARRIED_MINUTES
from metrics.engine.query import Moment, Question, Window
from metrics.engine.statement import Statement
from metrics.engine.time_sql import moment_sql, span_sql


class ComponentStatus(Question[pl.DataFrame]):
    """Every component probed in the day before a moment, the worst first.

    Columns: component, status, since, last_probe, response_time_ms. A status older than 5 minutes is `unknown`.
    """

    at: Moment


def answer(context: Context, question: ComponentStatus) -> pl.DataFrame:
    """The last status of each as of the moment, and since when it has been so."""
    window = Window.last(timedelta(days=1), question.at + timedelta(microseconds=1))
    probes = event_files(context.lake, "health", [window])
    stale = moment_sql(window.end - timedelta(minutes=CARRIED_MINUTES))
    text = f"""
        WITH probes AS (
            SELECT component, ts, event_id, status, response_time_ms,
                lag(status) OVER (PARTITION BY component ORDER BY ts, event_id) AS before
            FROM {probes.sql} WHERE {span_sql("ts", [window])}
        ),
        latest AS (
            SELECT component, arg_max(status, (ts, event_id)) AS status, max(ts) AS last_probe,
                arg_max(response_time_ms, (ts, event_id)) AS response_time_ms,
                max(ts) FILTER (WHERE before IS DISTINCT FROM status) AS since
            FROM probes GROUP BY component
        )
        SELECT * FROM (SELECT component,
            CASE WHEN last_probe < {stale} THEN 'unknown' ELSE status END AS status,
            CASE WHEN last_probe < {stale} THEN last_probe + INTERVAL {CARRIED_MINUTES} MINUTE ELSE since END AS since,
            last_probe, response_time_ms
        FROM latest) AS components
        ORDER BY CASE status WHEN 'down' THEN 0 WHEN 'degraded' THEN 1 WHEN 'unknown' THEN 2 ELSE 3 END, component
    """
    return rows_of(Statement(text, {}, (probes,)))
