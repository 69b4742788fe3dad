"""What is spent of an amount in a period, what it will have come to by its end, and when the amount is gone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import polars as pl
from pydantic import Field

from metrics.catalog.money import COST
from metrics.engine import execution
from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.measures import projection
from metrics.engine.query import Filter, Moment, Query, Question, Window
from metrics.insights.forecasting.accrual import Accrual, Length, Period, day_before, midnight
from metrics.zones import Zone

MOST_FORECAST = 20
"""Groups of which it is told what they will come to: those that have spent most."""
_ASKED = ("cost", "llm_calls", "unpriced_calls")


@dataclass(frozen=True, slots=True)
class Spent:
    """One group, or all of it; money in USD."""

    values: tuple[str | None, ...]
    """Of the dimensions grouped by."""
    spent: float | None
    """None where nothing is known: there was no call, or none of them has a price."""
    low: float | None
    """Lower end of what it will have come to, of an interval of 80 %."""
    expected: float | None
    """None: too few days to go by."""
    high: float | None
    reached: date | None
    """The day on which the amount was reached, or is expected to be; None: not within the period."""
    calls: float
    unpriced: float
    """Those of the calls without a price: what they cost is in none of these."""


@dataclass(frozen=True, slots=True)
class Spendings:
    """All of them."""

    period: Period
    rows: tuple[Spent, ...]
    """Those that have spent most, the most first."""
    groups: int
    """How many there are."""
    over: int
    """How many of them have spent the amount, or more."""


class Spending(Question[Spendings]):
    """What was spent of an amount in the period in which a moment lies, up to there, by group."""

    amount: Annotated[float, Field(gt=0)]
    """USD, for each group."""
    length: Length
    until: Moment
    by: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    tz: Zone = "UTC"
    """Zone in which the period begins."""


def answer(context: Context, question: Spending) -> Spendings:
    """From the days of the period, and what the nine weeks before say of the rest."""
    period = Period.around(day_before(question.until, question.tz), question.length)
    window = Window(start=midnight(period.first, question.tz), end=question.until)
    query = Query(metrics=_ASKED, window=window, by=question.by, filters=question.filters, tz=question.tz)
    frame = execution.answer(context, query).frame
    ranked = frame.sort("cost", *question.by, descending=[True, *[False] * len(question.by)], nulls_last=True)
    most = ranked.head(MOST_FORECAST)
    accruals = _accruals(context, question, most)
    rows = tuple(_spent(row, accruals, period, question) for row in most.iter_rows(named=True))
    return Spendings(period, rows, ranked.height, ranked.filter(pl.col("cost") >= question.amount).height)


def _accruals(context: Context, question: Spending, most: pl.DataFrame) -> Mapping[tuple[str | None, ...], Accrual]:
    """By values of the dimensions, of the groups in question."""
    chosen = (Filter(dimension=name, values=tuple(most[name].to_list())) for name in question.by)
    window = Window(start=question.until - projection.HISTORY, end=question.until)
    scope = context.scope_of(window, (*question.filters, *chosen), by=question.by, tz=question.tz)
    if not most.height or not scope.kinds_for(COST.name, (COST.kind,)):
        return {}
    (step,) = projection.history(COST, scope)
    rows = rows_of(step.statement)
    parts: Iterator[tuple[tuple[str | None, ...], pl.DataFrame]] = (
        iter(rows.partition_by(list(scope.groups), as_dict=True).items()) if question.by else iter([((), rows)])
    )
    return {values: projection.outlook(part, COST, scope) for values, part in parts}


def _spent(
    row: Mapping[str, object], accruals: Mapping[tuple[str | None, ...], Accrual], period: Period, question: Spending
) -> Spent:
    values = tuple(None if row[name] is None else str(row[name]) for name in question.by)
    accrual = accruals.get(values)
    cost, calls, unpriced = (float(found) if isinstance(found := row[name], int | float) else None for name in _ASKED)
    if not calls and accrual and accrual.values:
        cost = 0.0  # before the first call of a period nothing is spent, and that is known
    low, expected, high = (accrual.whole(period) if accrual else None) or (None, None, None)
    reached = accrual.reached(question.amount, period) if accrual else None
    return Spent(values, cost, low, expected, high, reached, calls or 0.0, unpriced or 0.0)
