"""The values of a dimension, to choose from."""

from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.file_pruning import event_files, rollup_files
from metrics.engine.query import Filter, Question, Window
from metrics.engine.rollup_selection import access_path
from metrics.engine.statement import Relation, Statement
from metrics.engine.time_sql import span_sql
from metrics.events import KINDS
from metrics.lake.rollups import ROLLUPS
from metrics.lake.shapes import BUCKET, Counts


class DimensionValues(Question[list[str | None]]):
    """Values of a dimension in the window, the most frequent first."""

    dimension: str
    window: Window
    search: str = ""
    """Matched anywhere, without case."""
    limit: int = 200


def answer(context: Context, question: DimensionValues) -> list[str | None]:
    """Over all kinds that have the dimension."""
    search = Filter(dimension=question.dimension, operator="contains", values=(question.search,))
    scope = context.scope_of(question.window, (search,) if question.search else (), by=(question.dimension,))
    selects: list[str] = []
    relations: list[Relation] = []
    for kind in scope.kinds_for(question.dimension, tuple(KINDS)):
        rollup = f"{kind}_counts"
        path = access_path(scope, kind, rollup) if rollup in ROLLUPS else None
        if path and path.view and path.interior:
            stored = rollup_files(scope.lake, rollup, path.view, path.interior)
            shape = ROLLUPS[rollup].shape
            count = shape.aggregates[0].name if isinstance(shape, Counts) else "1"
            where = f"{span_sql(BUCKET, [path.interior])}{filter_sql(scope, view=path.view)}"
            groups = select_groups(scope, view=path.view)
            selects.append(f'SELECT sum("{count}") AS n{groups} FROM {stored.sql} WHERE {where} GROUP BY ALL')
            relations.append(stored)
        edges = path.edges if path else (scope.window,)
        if edges:
            events = event_files(scope.lake, kind, edges)
            where = f"{span_sql('ts', edges)}{filter_sql(scope)}"
            selects.append(f"SELECT count(*) AS n{select_groups(scope)} FROM {events.sql} WHERE {where} GROUP BY ALL")
            relations.append(events)
    if not selects:
        return []
    text = (
        f"SELECT d0 FROM ({' UNION ALL '.join(selects)}) AS seen GROUP BY d0 "
        f"ORDER BY sum(n) DESC, d0 LIMIT {question.limit:d}"
    )
    return rows_of(Statement(text, used_parameters(scope, text), tuple(relations)))["d0"].to_list()
