"""Errors that nobody has resolved yet."""

from datetime import UTC, datetime

import polars as pl

from metrics.catalog.dimensions import ATTRIBUTE_PREFIX
from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.dimension_sql import filter_sql, used_parameters
from metrics.engine.file_pruning import event_files
from metrics.engine.measures.errors import LIFE_COLUMNS
from metrics.engine.query import Filter, Question, Window
from metrics.engine.statement import Statement
from metrics.engine.time_sql import moment_sql, span_sql

_BADNESS = {"critical": 0, "error": 1, "warning": 2, "info": 3}
_COLUMNS = ("severity", "error_type", "message", "endpoint", "component")


class OpenErrors(Question[pl.DataFrame]):
    """Errors not resolved by the window's end, the most severe and newest first.

    Columns: opened_at, severity, error_type, message, endpoint, component, error_id, events.
    """

    window: Window
    filters: tuple[Filter, ...] = ()
    limit: int = 20


def answer(context: Context, question: OpenErrors) -> pl.DataFrame:
    """From all errors before the window's end, whenever they were opened."""
    scope = context.scope_of(question.window, question.filters)
    ever = Window(start=datetime(1970, 1, 1, tzinfo=UTC), end=scope.window.end)
    scope.kinds_for("open errors", ("error",))
    errors = event_files(scope.lake, "error", [ever])
    names = [name for name in scope.dimensions if name not in _COLUMNS and not name.startswith(ATTRIBUTE_PREFIX)]
    first = ", ".join(f'arg_min("{name}", (ts, event_id)) AS "{name}"' for name in (*_COLUMNS, *names))
    rank = " ".join(f"WHEN '{severity}' THEN {rank}" for severity, rank in _BADNESS.items())
    end = moment_sql(scope.window.end)
    text = (
        f"SELECT opened AS opened_at, {', '.join(_COLUMNS)}, identity AS error_id, events "
        f"FROM (SELECT {LIFE_COLUMNS}, count(*) AS events, arg_min(attributes, (ts, event_id)) AS attributes, {first} "
        f"FROM {errors.sql} WHERE {span_sql('ts', [ever])} GROUP BY identity) AS life "
        f"WHERE (resolved IS NULL OR resolved >= {end}){filter_sql(scope)} "
        f"ORDER BY CASE severity {rank} ELSE 4 END, opened DESC LIMIT {question.limit:d}"
    )
    return rows_of(Statement(text, used_parameters(scope, text), (errors,)))
