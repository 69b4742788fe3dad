"""Events that belong together: those of one user, session, request or trace."""

import polars as pl

from metrics.engine.context import Context
from metrics.engine.query import Filter, Question, Window
from metrics.engine.questions.raw_events import page
from metrics.events import KINDS


class RelatedEvents(Question[pl.DataFrame]):
    """Events of all kinds that have that value: `ts`, `kind`, `event_id`, `details`, the newest first."""

    dimension: str
    value: str
    window: Window
    limit: int = 200


def answer(context: Context, question: RelatedEvents) -> pl.DataFrame:
    """Of each kind that has the dimension, the newest."""
    related = Filter(dimension=question.dimension, values=(question.value,))
    scope = context.scope_of(question.window, (related,))
    kinds = [kind for kind in KINDS if scope.knows(kind, question.dimension)]
    parts = [
        _described(kind, page(scope, kind, None, question.limit).rows)
        for kind in scope.kinds_for(question.dimension, kinds)
    ]
    schema = {"ts": pl.Datetime("us", "UTC"), "kind": pl.String, "event_id": pl.String, "details": pl.String}
    described = pl.concat([pl.DataFrame(schema=schema), *parts])
    return described.sort("ts", "event_id", descending=True).head(question.limit)


def _described(kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    own = [column.name for column in KINDS[kind].own_columns]
    details = [
        ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)
        for row in rows.select(own).iter_rows(named=True)
    ]
    return rows.select("ts", pl.lit(kind).alias("kind"), "event_id", pl.Series("details", details, dtype=pl.String))
