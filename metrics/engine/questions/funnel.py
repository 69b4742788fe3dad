"""How far people get on a way that is given."""

from collections.abc import Sequence
from typing import Annotated

import polars as pl
from pydantic import Field

from metrics.catalog.experience import VIEWED
from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.dimension_sql import filter_sql, used_parameters
from metrics.engine.file_pruning import filtered_event_files
from metrics.engine.query import Filter, Question, Value, Window
from metrics.engine.statement import ROW, Statement
from metrics.engine.time_sql import span_sql
from metrics.engine.visits import KIND, PLACE, events_only, person_sql, visit_access
from metrics.lake import visits
from metrics.lake.shapes import BUCKET

_PLACES = 1 << 40
_MOMENT = f"(CAST(ts AS HUGEINT) * {_PLACES} + row)"
"""SQL for one number that orders views by time, and those of one moment by their place."""

FUNNEL = pl.Schema(
    {
        "step": pl.String(), "users": pl.Int64(), "conversion": pl.Float64(), "overall": pl.Float64(),
        "median_seconds": pl.Float64(),
    }
)  # fmt: skip


class FunnelStep(Value):
    """A page viewed, or an action on it."""

    page: str
    action: str | None = None

    @property
    def label(self) -> str:
        """Its name."""
        return self.page if self.action is None else f"{self.page}: {self.action}"


class Funnel(Question[pl.DataFrame]):
    """How many get from one step to the next (`FUNNEL`): each step after the one before.

    A user is at a step from the first moment after having been at the step before. Conversions are in percent.
    """

    window: Window
    steps: Annotated[tuple[FunnelStep, ...], Field(min_length=2, max_length=12)]
    filters: tuple[Filter, ...] = ()


def answer(context: Context, question: Funnel) -> pl.DataFrame:
    """One row a step."""
    scope = context.scope_of(question.window, question.filters)
    scope.kinds_for("page_views", (KIND,))
    access = (
        visit_access(scope) if all(step.action is None for step in question.steps) else events_only(scope)
    )  # visits know views
    events = filtered_event_files(scope, KIND, access.edges)
    pages = ", ".join(f"$page_{index}" for index in range(len(question.steps)))
    at_steps = ", ".join(
        f"page = $page_{index} AND {VIEWED if step.action is None else f'action = $action_{index}'} AS at_{index}"
        for index, step in enumerate(question.steps)
    )
    whose = f"{person_sql('hash(session_id)')} AS person"
    parts = [
        f"SELECT {whose}, epoch_us(ts) AS ts, {ROW} AS row, page, action FROM {events.sql} "
        f"WHERE {span_sql('ts', access.edges)}{filter_sql(scope)} AND (user_id IS NOT NULL OR session_id IS NOT NULL)"
    ]
    if access.days:
        parts.append(
            f"SELECT {whose}, unnest({visits.MOMENTS}) AS ts, {PLACE} AS row, unnest({visits.VIEWED}) AS page, "
            "'page_view' AS action "
            f"FROM {access.visits.sql} WHERE {visits.JOURNEYS} > 0 AND {span_sql(BUCKET, access.days)} "
            "AND (user_id IS NOT NULL OR session_id IS NOT NULL)"
        )
    views = " UNION ALL ".join(parts)
    seen = f"SELECT person, {_MOMENT} AS moment, {at_steps} FROM ({views}) AS views WHERE page IN ({pages})"
    first = "step_0 AS (SELECT person, min(moment) AS at, NULL AS took FROM seen WHERE at_0 GROUP BY person)"
    others = (
        f"step_{index} AS (SELECT person, min(moment) AS at, "
        f"min(moment) // {_PLACES} - any_value(before.at) // {_PLACES} AS took FROM seen "
        f"JOIN step_{index - 1} AS before USING (person) WHERE at_{index} AND moment > before.at GROUP BY person)"
        for index in range(1, len(question.steps))
    )
    followed = ", ".join((first, *others))
    counts = " UNION ALL ".join(
        f"SELECT {index} AS step, count(*) AS users, CAST(median(took) AS DOUBLE) / 1e6 AS seconds FROM step_{index}"
        for index in range(len(question.steps))
    )
    text = f"WITH seen AS MATERIALIZED ({seen}), {followed} SELECT * FROM ({counts}) AS counts ORDER BY step"
    named = {f"page_{index}": step.page for index, step in enumerate(question.steps)}
    acted = {f"action_{index}": step.action for index, step in enumerate(question.steps) if step.action is not None}
    rows = rows_of(Statement(text, {**used_parameters(scope, text), **named, **acted}, (events, access.visits)))
    return _funnel(rows, [step.label for step in question.steps])


def _funnel(rows: pl.DataFrame, labels: Sequence[str]) -> pl.DataFrame:
    users, before, first = pl.col("users"), pl.col("users").shift(1), pl.col("users").first()
    return rows.select(
        pl.Series("step", labels), users, pl.when(before > 0).then(100 * users / before).alias("conversion"),
        pl.when(first > 0).then(100 * users / first).alias("overall"), pl.col("seconds").alias("median_seconds"),
    ).cast(dict(FUNNEL))  # fmt: skip  # pyright: ignore[reportArgumentType]
