"""Prompts by the score of their quality."""

import polars as pl

from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.dimension_sql import filter_sql, used_parameters
from metrics.engine.file_pruning import filtered_event_files
from metrics.engine.query import Filter, Question, Window
from metrics.engine.statement import Statement
from metrics.engine.time_sql import span_sql

WIDTH = 5
"""Points of a bin."""
_NOTHING = pl.DataFrame(schema={"lower": pl.Float64, "upper": pl.Float64, "count": pl.Int64})


class QualityScores(Question[pl.DataFrame]):
    """Prompt quality scores in bins of five points, 100 in the last: `lower` and `upper` edge in points, `count`."""

    window: Window
    filters: tuple[Filter, ...] = ()


def answer(context: Context, question: QualityScores) -> pl.DataFrame:
    """Every bin; none without scores."""
    scope = context.scope_of(question.window, question.filters)
    if not scope.kinds_for("quality_mean", ("prompt",)):
        return _NOTHING
    events = filtered_event_files(scope, "prompt", [scope.window])
    text = (
        f"SELECT least(floor(quality_score / {WIDTH}), {100 // WIDTH - 1}) AS bin, count(*) AS n "
        f"FROM {events.sql} WHERE {span_sql('ts', [scope.window])} AND quality_score IS NOT NULL{filter_sql(scope)} "
        "GROUP BY ALL"
    )
    counts = dict(rows_of(Statement(text, used_parameters(scope, text), (events,))).iter_rows())
    edges = range(0, 100, WIDTH)
    bins = [(float(edge), float(edge + WIDTH), counts.get(edge / WIDTH, 0)) for edge in edges]
    return pl.DataFrame(bins if counts else [], schema=_NOTHING.schema, orient="row")
