"""Who came back: users by the day or week of their first event, and the share of them that is there again later."""

from collections.abc import Sequence
from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from metrics.catalog.usage import BY_PEOPLE
from metrics.engine.buckets import DAY, Buckets
from metrics.engine.context import Context
from metrics.engine.measures.days import AGE, every_day, returns
from metrics.engine.measures.step import KEY
from metrics.engine.query import Filter, Grain, Question, Window
from metrics.zones import Zone

COHORTS = pl.Schema(
    {"cohort": pl.Datetime("us", "UTC"), "size": pl.Int64(), "age": pl.Int64(), "share": pl.Float64()}
)  # fmt: skip
_MONDAY = 4 * DAY
_SPANS = {"day": (Grain.DAY, DAY, 0), "week": (Grain.WEEK, 7 * DAY, _MONDAY)}


class Retention(Question[pl.DataFrame]):
    """Which users come back: one row a cohort and age (`COHORTS`).

    `cohort` is the begin of its day or week, `size` its users at age 0. `share` is the percentage of them with an event
    in the day or week `age` later; null while that is not over.
    """

    window: Window
    """Cohorts whose first day or week begins in it; what happened after its end is not looked at."""
    filters: tuple[Filter, ...] = ()
    tz: Zone = "UTC"
    unit: Literal["day", "week"] = "day"
    most: Annotated[int, Field(ge=1, le=90)] = 30
    """Days or weeks followed."""
    kinds: tuple[str, ...] = BY_PEOPLE


def answer(context: Context, question: Retention) -> pl.DataFrame:
    """Cohorts in order of time, each with its ages."""
    scope = context.scope_of(question.window, question.filters, grain=Grain.DAY, tz=question.tz)
    able: Sequence[str] = scope.kinds_for("retention", question.kinds)
    grain, width, origin = _SPANS[question.unit]
    days = every_day(able, scope)
    spans = Buckets(Window(start=days.all[0].start, end=scope.window.end), grain, question.tz)
    users, text = returns(able, scope, spans, f"age <= {question.most:d}", width, origin)
    rows = context.rows(users.statement(text, scope))
    firsts = {span.key: span for span in spans.all}
    counted = {(row[KEY], row[AGE]): row["n"] for row in rows.iter_rows(named=True)}
    shares = [
        {
            "cohort": span.start,
            "size": counted[key, 0],
            "age": age,
            "share": 100 * counted.get((key, age), 0) / counted[key, 0] if later.end <= scope.window.end else None,
        }
        for key, span in firsts.items()
        if (key, 0) in counted and span.start >= scope.window.start
        for age in range(question.most + 1)
        if (later := firsts.get(key + age * width)) is not None
    ]
    return pl.DataFrame(shares, schema=COHORTS)
