"""What was changed: deployments, configurations, maintenance, incidents."""

from datetime import timedelta

import polars as pl

from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.file_pruning import event_files
from metrics.engine.query import Question, Window
from metrics.engine.statement import Statement
from metrics.engine.time_sql import moment_sql, span_sql

LONGEST = timedelta(days=30)
"""How long before the window a change that still touches it may have begun."""


class Changes(Question[pl.DataFrame]):
    """`change` events that touch the window, in order of time.

    An incident that was told of as it began, and again, by the same name, as it ended (`ended_at` is `ts`), is one.

    Columns: ts, ended_at, change_type, name, severity, description.
    """

    window: Window


_BEGINS = "(change_type = 'incident' AND ended_at IS NULL)"
_STOPS = "(change_type = 'incident' AND ended_at = ts)"


def answer(context: Context, question: Changes) -> pl.DataFrame:
    """Those that began before the window and had not ended are among them."""
    window = question.window
    reach = Window(start=window.start - LONGEST, end=window.end)
    events = event_files(context.lake, "change", [reach])
    text = (
        f"WITH told AS (SELECT ts, ended_at, change_type, name, severity, description FROM {events.sql} "
        f"WHERE {span_sql('ts', [reach])}), "
        f"begun AS (SELECT ts, name FROM told WHERE {_BEGINS}), "
        f"stopped AS (SELECT ts, name FROM told WHERE {_STOPS}), "
        "whole AS (SELECT ts, CASE WHEN " + _BEGINS + " THEN "
        "(SELECT min(stopped.ts) FROM stopped WHERE stopped.name = told.name AND stopped.ts >= told.ts) "
        "ELSE ended_at END AS ended_at, change_type, name, severity, description FROM told "
        f"WHERE NOT coalesce({_STOPS} AND "
        "EXISTS (SELECT 1 FROM begun WHERE begun.name = told.name AND begun.ts <= told.ts), false)) "
        f"SELECT * FROM whole WHERE coalesce(ended_at, ts) >= {moment_sql(window.start)} ORDER BY ts"
    )
    return rows_of(Statement(text, {}, (events,)))
