"""Error messages that nobody had seen before."""

from datetime import timedelta

import polars as pl

from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.file_pruning import event_files
from metrics.engine.query import Question, Window
from metrics.engine.statement import Statement
from metrics.engine.time_sql import moment_sql, span_sql


class NewErrors(Question[pl.DataFrame]):
    """Error messages of the window that did not come in the time before it, the earliest first.

    Numbers within a message do not tell two apart. Columns: ts (of the first), message, error_type, component, events.
    """

    window: Window
    before: timedelta
    """How far back it is looked."""
    limit: int = 20


def answer(context: Context, question: NewErrors) -> pl.DataFrame:
    """From `error` events."""
    window = question.window
    reach = Window(start=window.start - question.before, end=window.end)
    errors = event_files(context.lake, "error", [reach])
    first = ", ".join(f"arg_min({name}, (ts, event_id)) AS {name}" for name in ("message", "error_type", "component"))
    text = (
        f"SELECT min(ts) AS ts, {first}, count(*) AS events FROM {errors.sql} "
        f"WHERE {span_sql('ts', [reach])} AND message IS NOT NULL "
        r"GROUP BY regexp_replace(message, '[0-9]+', '#', 'g') "
        f"HAVING min(ts) >= {moment_sql(window.start)} ORDER BY ts, message LIMIT {question.limit:d}"
    )
    return rows_of(Statement(text, {}, (errors,)))
