"""What every question is answered with: the lake, the metrics, and what one engine keeps from question to question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from metrics.catalog import Metric
from metrics.engine.buckets import Buckets, resolve
from metrics.engine.database import rows_of
from metrics.engine.filter_cache import FilterCache
from metrics.engine.measures.step import Step
from metrics.engine.past_months import PastMonths
from metrics.engine.problems import UnknownName
from metrics.engine.query import Filter, Grain, Query, Window
from metrics.engine.scope import EXACT_UP_TO, MINUTES_FROM, Scope
from metrics.engine.spark import OnSpark
from metrics.engine.statement import Statement
from metrics.engine.statement_cache import StatementCache
from metrics.engine.userdays import UserDays
from metrics.lake.tables import Lake
from metrics.settings import Settings


@dataclass(frozen=True)
class Context:
    """The parts of one engine. Safe to share between threads."""

    lake: Lake
    settings: Settings
    metrics: Mapping[str, Metric]
    statements: StatementCache
    filters: FilterCache
    user_days: UserDays
    past_months: PastMonths
    spark: OnSpark
    exact_up_to: int = EXACT_UP_TO
    minutes_from: int = MINUTES_FROM

    def metric(self, name: str) -> Metric:
        """A metric of the catalog. Raises `UnknownName`."""
        if name not in self.metrics:
            raise UnknownName.among("metric", name, self.metrics)
        return self.metrics[name]

    def scope(self, query: Query) -> Scope:
        """The scope of a query."""
        buckets = Buckets(query.window, resolve(query.grain, query.window), query.tz)
        return Scope(query, buckets, self.lake, self.settings, self.exact_up_to, self.minutes_from)

    def scope_of(
        self,
        window: Window,
        filters: Sequence[Filter] = (),
        *,
        by: Sequence[str] = (),
        grain: Grain = Grain.NONE,
        tz: str = "UTC",
    ) -> Scope:
        """The scope of a question that asks about no metric, or about one that it names itself."""
        metrics = ("requests",)  # a query names one; the scope does not look at it
        query = Query(metrics=metrics, window=window, filters=tuple(filters), by=tuple(by), grain=grain, tz=tz)
        return self.scope(query)

    def rows(self, statement: Statement) -> pl.DataFrame:
        """Run a statement: on Spark where that is worth it, else over files set aside by earlier ones if any are."""
        found = self.spark.rows(statement)
        return found if found is not None else rows_of(self.user_days.over(self.filters.over(statement)))

    def shared_rows(self, statement: Statement) -> pl.DataFrame:
        """Run a statement that several questions share, unless its rows are known already."""
        return self.statements.rows(statement, self.rows)

    def frame_by_month(self, step: Step) -> pl.DataFrame | None:
        """The frame of a step, of what is known of months that are over; None where that is no way to it."""
        return self.past_months.frame(step.by_month, self.rows) if step.by_month else None
