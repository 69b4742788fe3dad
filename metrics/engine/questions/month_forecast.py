"""What a sum will have come to by the end of the month."""

import polars as pl

from metrics.catalog.model import Additive
from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.measures import projection
from metrics.engine.query import Filter, Question, Window
from metrics.zones import Zone


class MonthForecast(Question[pl.DataFrame]):
    """An additive metric by day over the month in which the window ends, and what is to be expected of the rest.

    Columns: `time`, the metric's name, `<metric>_projection` with `_low` and `_high` of the interval of 80 % from the
    day of the window's end on. Null is no data.
    """

    metric: str
    window: Window
    filters: tuple[Filter, ...] = ()
    tz: Zone = "UTC"


def answer(context: Context, question: MonthForecast) -> pl.DataFrame:
    """From the days before the window's end."""
    name = question.metric
    measures = context.metric(name).measures
    (of,) = (measure for measure in measures if isinstance(measure, Additive) and measure.name == name)
    scope = context.scope_of(question.window, question.filters, tz=question.tz)
    scope.kinds_for(name, (of.kind,))
    (step,) = projection.history(of, scope)
    return projection.daily(projection.outlook(rows_of(step.statement), of, scope), name, scope)
