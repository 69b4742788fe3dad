"""Feedback in words."""

import polars as pl

from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.dimension_sql import filter_sql, used_parameters
from metrics.engine.file_pruning import event_files
from metrics.engine.query import Filter, Question, Window
from metrics.engine.statement import Statement
from metrics.engine.time_sql import span_sql


class Comments(Question[pl.DataFrame]):
    """Feedback in words, the newest first: ts, sentiment, nps_score, csat_score, comment, feature, user_id."""

    window: Window
    filters: tuple[Filter, ...] = ()
    limit: int = 50


def answer(context: Context, question: Comments) -> pl.DataFrame:
    """Feedback without words is left out."""
    scope = context.scope_of(question.window, question.filters)
    scope.kinds_for("nps", ("feedback",))
    events = event_files(scope.lake, "feedback", [scope.window])
    text = (
        f"SELECT ts, sentiment, nps_score, csat_score, comment, feature, user_id FROM {events.sql} "
        f"WHERE {span_sql('ts', [scope.window])} AND trim(comment) <> ''{filter_sql(scope)} "
        f"ORDER BY ts DESC, event_id LIMIT {question.limit:d}"
    )
    return rows_of(Statement(text, used_parameters(scope, text), (events,)))
