"""Who and what is in trouble."""

from dataclasses import dataclass

from metrics.engine.bad_events import bad_or_slow
from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.dimension_sql import filter_sql, used_parameters
from metrics.engine.file_pruning import event_files
from metrics.engine.query import Filter, Question, Window
from metrics.engine.statement import Statement
from metrics.engine.time_sql import span_sql
from metrics.lake.shapes import USER


@dataclass(frozen=True)
class Affected:
    """Who and what is in trouble."""

    users: int | None
    """Distinct users; None when no event says whose it is, or when nothing says which events are bad."""
    events: int | None
    """None when nothing says which are bad: all events of a percentile are struck by nothing."""


class AffectedUsers(Question[Affected]):
    """Distinct users and number of the events of the window that the metric counts as bad.

    A percentile knows no bad ones by itself: then those above `above` ms are, where that is given.
    """

    metric: str
    window: Window
    filters: tuple[Filter, ...] = ()
    above: float | None = None


def answer(context: Context, question: AffectedUsers) -> Affected:
    """Over all kinds of the metric."""
    metric = context.metric(question.metric)
    scope = context.scope_of(question.window, question.filters)
    bad = bad_or_slow(metric, question.above)
    if not bad:
        return Affected(None, None)
    relations = [event_files(scope.lake, kind, [scope.window]) for kind in scope.kinds_for(metric.name, metric.kinds)]
    selects = [
        f"SELECT {USER} FROM {events.sql} WHERE {span_sql('ts', [scope.window])} AND ({bad}){filter_sql(scope)}"
        for events in relations
    ]
    if not selects:
        return Affected(None, 0)
    text = f"SELECT count(DISTINCT {USER}) AS users, count(*) AS n FROM ({' UNION ALL '.join(selects)}) AS seen"
    users, events = rows_of(Statement(text, used_parameters(scope, text), tuple(relations))).row(0)
    return Affected(users or None, events)
