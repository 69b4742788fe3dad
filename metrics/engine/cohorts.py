"""Who came back: users by the day or week of their first event, and the share of them that is there again later."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from metrics.catalog.usage import BY_PEOPLE
from metrics.engine.buckets import DAY, Buckets
from metrics.engine.measures.days import AGE, every_day, returns
from metrics.engine.measures.step import KEY
from metrics.engine.query import Filter, Grain, Value, Window, Zone
from metrics.engine.scope import Scope
from metrics.engine.statement import Statement

COHORTS = pl.Schema(
    {"cohort": pl.Datetime("us", "UTC"), "size": pl.Int64(), "age": pl.Int64(), "share": pl.Float64()}
)  # fmt: skip
_MONDAY = 4 * DAY
_SPANS = {"day": (Grain.DAY, DAY, 0), "week": (Grain.WEEK, 7 * DAY, _MONDAY)}


class Retention(Value):
    """Which users come back."""

    window: Window
    """Cohorts whose first day or week begins in it; what happened after its end is not looked at."""
    filters: tuple[Filter, ...] = ()
    tz: Zone = "UTC"
    unit: Literal["day", "week"] = "day"
    most: Annotated[int, Field(ge=1, le=90)] = 30
    """Days or weeks followed."""
    kinds: tuple[str, ...] = BY_PEOPLE


def cohorts(asked: Retention, scope: Scope, rows_of: Callable[[Statement], pl.DataFrame]) -> pl.DataFrame:
    """One row a cohort and age (`COHORTS`): `cohort` is the begin of its day or week, `size` its users at age 0.

    `share` is the percentage of them with an event in the day or week `age` later; null while that is not over.
    """
    able: Sequence[str] = scope.kinds_for("retention", asked.kinds)
    grain, width, origin = _SPANS[asked.unit]
    days = every_day(able, scope)
    spans = Buckets(Window(start=days.all[0].start, end=scope.window.end), grain, asked.tz)
    users, text = returns(able, scope, spans, f"age <= {asked.most:d}", width, origin)
    rows = rows_of(users.statement(text, scope))
    firsts = {span.key: span for span in spans.all}
    counted = {(row[KEY], row[AGE]): row["n"] for row in rows.iter_rows(named=True)}
    found = [
        {
            "cohort": span.start,
            "size": counted[key, 0],
            "age": age,
            "share": 100 * counted.get((key, age), 0) / counted[key, 0] if later.end <= scope.window.end else None,
        }
        for key, span in firsts.items()
        if (key, 0) in counted and span.start >= scope.window.start
        for age in range(asked.most + 1)
        if (later := firsts.get(key + age * width)) is not None
    ]
    return pl.DataFrame(found, schema=COHORTS)
