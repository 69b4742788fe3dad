"""The one who answers: a `Query` in, a `Result` out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from pathlib import Path

import polars as pl

from metrics.catalog import Metric, catalog
from metrics.catalog.model import Additive, counter_of, kinds_of
from metrics.engine import board, dropped, raw
from metrics.engine.buckets import Bucket, Buckets, resolve
from metrics.engine.cohorts import Retention, cohorts
from metrics.engine.contributions import Affected, Contribution, affected, contributions, dimensions_of, kind_to_explain
from metrics.engine.database import rows_of
from metrics.engine.dropped import Spans
from metrics.engine.grid import joined, on_grid
from metrics.engine.journeys import Funnel, Journeys, Ways, steps_of, ways
from metrics.engine.measures import KEY, Step, projection, steps
from metrics.engine.measures.quantiles import binned
from metrics.engine.memory import Memory
from metrics.engine.narrowing import NARROW_FROM, Narrowing
from metrics.engine.problems import UnknownName
from metrics.engine.query import Filter, Grain, Query, Window
from metrics.engine.raw import EventPage, Place
from metrics.engine.result import EVENTS, PREVIOUS, TIME, Freshness, KindFreshness, Result
from metrics.engine.scope import EXACT_UP_TO, MINUTES_FROM, Scope
from metrics.engine.statement import Statement, laid_out
from metrics.engine.userdays import MERGE_FROM, UserDays
from metrics.events import KINDS
from metrics.lake.tables import Lake
from metrics.lake.upkeep.closed import closed_days
from metrics.settings import Settings


@dataclass(frozen=True)
class Plan:
    """How a query is going to be answered."""

    metrics: tuple[Metric, ...]
    scope: Scope
    steps: tuple[Step, ...]
    missing: Mapping[str, str]

    @property
    def source(self) -> str:
        """Where the numbers come from."""
        return ", ".join(dict.fromkeys(step.source for step in self.steps)) or "nothing ingested"

    @property
    def statements(self) -> tuple[Statement, ...]:
        """What is asked of the database."""
        return tuple(step.statement for step in self.steps)

    @property
    def sql(self) -> str:
        """The statements, laid out to be read."""
        return laid_out(self.statements)


class Engine:
    """Answers queries over one home. Safe to share between threads.

    `exact_up_to`: events whose quantiles are taken by sorting. `minutes_from`: events from which minutes are read from
    rollups. `narrow_from`: events in question from which those that pass a filter are set aside for the questions to
    come; whoever asks many should set it to `NARROW_FROM`.
    `own_metrics`: whether the home's `metrics.yaml` counts; raises `MetricsError` when that cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        exact_up_to: int = EXACT_UP_TO,
        minutes_from: int = MINUTES_FROM,
        narrow_from: float = inf,
        own_metrics: bool = True,
    ) -> None:
        self.settings = settings
        self.exact_up_to = exact_up_to
        self.minutes_from = minutes_from
        self.lake = Lake(settings.home)
        self._narrowing = Narrowing(self.lake, narrow_from)
        self._memory = Memory()
        self._user_days = UserDays(narrow_from * MERGE_FROM / NARROW_FROM)
        self.metrics = catalog(settings, own=own_metrics)

    def run(self, query: Query) -> Result:
        """Answer a query.

        Raises:
            UnknownName: a metric or a dimension is not in the catalog.
            DimensionMismatch: a metric cannot be grouped or filtered so.
        """
        plan = self.plan(query)
        frame, unknown = self._answer(plan)
        if query.compare:
            before = self.plan(
                query.model_copy(
                    update={"window": query.window.previous, "grain": plan.scope.buckets.grain, "with_events": False}
                )
            )
            pairs = plan.scope.buckets.before(before.scope.buckets)
            frame = _with_previous(frame, self._answer(before)[0], query, pairs)
        return Result(query, plan.scope.buckets.grain, frame, plan.source, plan.statements, plan.missing, unknown)

    def plan(self, query: Query) -> Plan:
        """How a query would be answered, without answering it. Raises as `run` does."""
        metrics = tuple(self._metric(name) for name in query.metrics)
        buckets = Buckets(query.window, resolve(query.grain, query.window), query.tz)
        scope = Scope(query, buckets, self.lake, self.settings, self.exact_up_to, self.minutes_from)
        for metric in metrics:
            for measure in metric.measures:
                scope.kinds_for(metric.name, kinds_of(measure))
        present = {kind for metric in metrics for kind in metric.kinds if self.lake.events(kind).version >= 0}
        missing = {metric.name: lacking for metric in metrics if (lacking := metric.lacks(present))}
        measures = [measure for metric in metrics if metric.name not in missing for measure in metric.measures]
        if query.with_events:
            measures += [counter for metric in metrics for counter in _counters(metric, scope)]
        return Plan(metrics, scope, tuple(steps(measures, scope)), missing)

    def distribution(self, metric: str, window: Window, filters: Sequence[Filter] = ()) -> pl.DataFrame:
        """Events by duration: `lower` and `upper` edge in ms (log-scaled), `count`; empty bins between are kept.

        `metric` is `response_time` or `llm_latency`.
        """
        kind, column, rollup = board.DISTRIBUTIONS[metric]
        scope = self._scope(Query(metrics=("requests",), window=window, filters=tuple(filters)))
        if not scope.kinds_for(metric, (kind,)):
            return board.EMPTY_DISTRIBUTION
        bins = binned(kind, column, rollup, scope, scope.parts(kind, rollup))
        return board.distribution(rows_of(self._narrowing.over(bins)))

    def dimension_values(self, dimension: str, window: Window, search: str = "", limit: int = 200) -> list[str | None]:
        """Values of a dimension in the window, the most frequent first; `search` is matched anywhere, without case."""
        found = Filter(dimension=dimension, operator="contains", values=(search,))
        filters = (found,) if search else ()
        scope = self._scope(Query(metrics=("requests",), window=window, by=(dimension,), filters=filters))
        kinds = scope.kinds_for(dimension, tuple(KINDS))
        return board.values(kinds, scope, limit) if kinds else []

    def journeys(self, asked: Journeys) -> Ways:
        """The ways people take from page to page. Raises as `run` does."""
        return ways(asked, self._interactions(asked.window, asked.filters))

    def funnel(self, asked: Funnel) -> pl.DataFrame:
        """How many get from one step to the next (`FUNNEL`). Raises as `run` does."""
        return steps_of(asked, self._interactions(asked.window, asked.filters))

    def retention(self, asked: Retention) -> pl.DataFrame:
        """The share of each cohort that came back (`COHORTS`). Raises as `run` does."""
        query = Query(metrics=("users_active",), window=asked.window, filters=asked.filters, tz=asked.tz)
        scope = self._scope(query.model_copy(update={"grain": Grain.DAY}))
        return cohorts(asked, scope, self._rows)

    def outlook(self, metric: str, window: Window, filters: Sequence[Filter] = (), tz: str = "UTC") -> pl.DataFrame:
        """An additive metric by day over the month in which the window ends, and what is to be expected of the rest.

        Columns: `time`, the metric's name, `<metric>_projection` with `_low` and `_high` of the interval of 80 % from
        the day of the window's end on. Null is no data.
        """
        (of,) = (one for one in self._metric(metric).measures if isinstance(one, Additive) and one.name == metric)
        scope = self._scope(Query(metrics=(metric,), window=window, filters=tuple(filters), tz=tz))
        scope.kinds_for(metric, (of.kind,))
        (step,) = projection.history(of, scope)
        return projection.daily(projection.outlook(rows_of(step.statement), of, scope), metric, scope)

    def scores(self, window: Window, filters: Sequence[Filter] = ()) -> pl.DataFrame:
        """Prompt quality scores: `lower` and `upper` edge in points, `count`."""
        return board.scores(self._scope(Query(metrics=("quality_mean",), window=window, filters=tuple(filters))))

    def comments(self, window: Window, filters: Sequence[Filter] = (), limit: int = 50) -> pl.DataFrame:
        """Feedback in words, the newest first: ts, sentiment, nps_score, csat_score, comment, feature, user_id."""
        return board.comments(self._scope(Query(metrics=("nps",), window=window, filters=tuple(filters))), limit)

    def efficiency(self, window: Window, filters: Sequence[Filter] = ()) -> board.Sampled:
        """LLM calls by tokens and cost: `provider`, `model`, `tokens`, `cost` (middles of log-scaled bins), `calls`."""
        scope = self._scope(Query(metrics=("cost",), window=window, filters=tuple(filters)))
        return board.efficiency(self._narrowing, scope)

    def events(
        self, kind: str, window: Window, filters: Sequence[Filter] = (), after: Place | None = None, limit: int = 200
    ) -> EventPage:
        """Raw events of a kind, the newest first, from a place on. Raises as `run` does."""
        return raw.page(kind, self._over(window, filters), after, limit)

    def together(self, dimension: str, value: str, window: Window, limit: int = 200) -> pl.DataFrame:
        """Events of all kinds that have that value: `ts`, `kind`, `event_id`, `details`, the newest first."""
        return raw.together(self._over(window, ()), dimension, value, limit)

    def export(self, kind: str, window: Window, filters: Sequence[Filter], path: Path, form: raw.Form) -> int:
        """Write raw events to a file, in order of time; gives their number. Raises as `run` does."""
        return raw.export(kind, self._over(window, filters), path, form)

    def open_errors(self, window: Window, filters: Sequence[Filter] = (), limit: int = 20) -> pl.DataFrame:
        """Errors not resolved by the window's end, the most severe and newest first.

        Columns: opened_at, severity, error_type, message, endpoint, component, error_id, events.
        """
        scope = self._scope(Query(metrics=("errors_pending",), window=window, filters=tuple(filters)))
        return board.open_errors(scope, limit)

    def component_status(self, now: datetime) -> pl.DataFrame:
        """Every component probed in the day before `now`, the worst first.

        Columns: component, status, since, last_probe, response_time_ms. A status older than 5 minutes is `unknown`.
        """
        window = Window.last(timedelta(days=1), now + timedelta(microseconds=1))
        return board.component_status(self._scope(Query(metrics=("uptime",), window=window)))

    def changes(self, window: Window) -> pl.DataFrame:
        """`change` events that touch the window: ts, ended_at, change_type, name, severity, description."""
        return board.changes(self._scope(Query(metrics=("requests",), window=window)))

    def contributions(
        self,
        metric: str,
        window: Window,
        baseline: Window,
        filters: Sequence[Filter] = (),
        dimensions: Sequence[str] | None = None,
        limit: int = 3,
    ) -> tuple[Contribution, ...]:
        """Which values explain how the metric changed from `baseline` to `window`, the most telling first.

        At most one value a dimension: the one whose part in the change exceeds its share of the window's events most,
        as a region that has most of the traffic has most of the failures, too, and explains nothing. Windows of
        different length are compared by what there is a second; they must not overlap. The part of a value is

        - of a percentage, its share of the additional bad events,
        - of a mean, its share of the excess over what the mean of the baseline would have given,
        - of a count or a sum, its share of the difference,
        - of a percentile, its share of the events above that percentile of the baseline: a percentile has no parts that
          add up to it, but it rises when more events than before lie above where it was.

        Empty when there is nothing to explain (nothing got worse), and for metrics that are put together otherwise.
        Raises as `run` does.
        """
        of = self._metric(metric)
        kind = kind_to_explain(of)
        by = tuple(dimensions if dimensions is not None else dimensions_of(kind) if kind else ())
        scope = self._scope(Query(metrics=(metric,), window=window, filters=tuple(filters), by=by))
        if kind is None or not by or not scope.kinds_for(metric, (kind,)):
            return ()
        return contributions(of, kind, scope, baseline, limit)

    def affected(self, metric: str, window: Window, filters: Sequence[Filter] = ()) -> Affected:
        """Distinct users and number of the events of the window that the metric counts as bad.

        All events of its kinds when it knows no bad ones, as of a percentile. Raises as `run` does.
        """
        of = self._metric(metric)
        scope = self._scope(Query(metrics=(metric,), window=window, filters=tuple(filters)))
        return affected(of, scope.kinds_for(metric, of.kinds), scope)

    def freshness(self) -> Freshness:
        """How much there is and how new it is, from the tables' statistics."""
        kinds: dict[str, KindFreshness] = {}
        for kind in KINDS:
            table = self.lake.events(kind)
            files = table.snapshot.files if table.is_readable else ()
            if files or closed_days(table):
                last = max((file.max_ts for file in files if file.max_ts), default=None)
                kinds[kind] = KindFreshness(sum(file.rows for file in files), dropped.first_moment(table), last)
        return Freshness(kinds)

    def data_version(self) -> str:
        """A text that changes whenever events come or go."""
        return self.lake.data_version

    def _answer(self, plan: Plan) -> tuple[pl.DataFrame, Mapping[str, str]]:
        """Run the steps, join their frames, apply the formulas, lay the rows on the grid of buckets.

        Where a step read spans of dropped events, there is no value; with why, by metric.
        """
        by = plan.scope.query.by
        groups = list(plan.scope.groups)
        taken = [self._taken(step, plan.scope.window) for step in plan.steps]
        rows = on_grid(joined([_typed(frame, groups) for frame, _ in taken], [KEY, *groups]), plan.scope)
        unknown = _unknown(plan, taken)
        columns = [_value(metric, plan, unknown.get(metric.name, ())).alias(metric.name) for metric in plan.metrics]
        if plan.scope.query.with_events:
            columns += [_events(metric, plan.scope).alias(metric.name + EVENTS) for metric in plan.metrics]
        named = [pl.col(group).alias(name) for group, name in zip(groups, by, strict=True)]
        time = [] if plan.scope.buckets.grain is Grain.NONE else [pl.col(TIME)]
        why = {name: dropped.why(self.lake, self.metrics[name].kinds, spans) for name, spans in unknown.items()}
        return rows.select(*time, *named, *columns), why

    def _taken(self, step: Step, window: Window) -> tuple[pl.DataFrame, Spans]:
        """The frame of one step, and the spans whose events it would have needed."""
        rows = self._of(step)
        rest = step.rest(rows)
        if rest is not None:
            rows = pl.concat([rows, self._rows(rest)], how="diagonal_relaxed")
        relations = (*step.statement.relations, *(rest.relations if rest is not None else ()))
        return step.finish(rows), tuple(span for one in relations for span in dropped.unknown(one, window))

    def _of(self, step: Step) -> pl.DataFrame:
        return self._memory.rows(step.statement, self._rows) if step.is_shared else self._rows(step.statement)

    def _rows(self, statement: Statement) -> pl.DataFrame:
        return rows_of(self._user_days.over(self._narrowing.over(statement)))

    def _over(self, window: Window, filters: Sequence[Filter]) -> Scope:
        return self._scope(Query(metrics=("requests",), window=window, filters=tuple(filters)))

    def _interactions(self, window: Window, filters: tuple[Filter, ...]) -> Scope:
        scope = self._scope(Query(metrics=("page_views",), window=window, filters=filters))
        scope.kinds_for("page_views", ("interaction",))
        return scope

    def _scope(self, query: Query) -> Scope:
        buckets = Buckets(query.window, resolve(query.grain, query.window), query.tz)
        return Scope(query, buckets, self.lake, self.settings, self.exact_up_to, self.minutes_from)

    def _metric(self, name: str) -> Metric:
        if name not in self.metrics:
            raise UnknownName.among("metric", name, self.metrics)
        return self.metrics[name]


def _typed(frame: pl.DataFrame, groups: Sequence[str]) -> pl.DataFrame:
    """Keys of one type for the join, sums of whole numbers as Int64."""
    wide = [name for name, dtype in frame.schema.items() if dtype.is_decimal() or dtype == pl.Int128]
    grouped = [group for group in groups if group in frame.columns]
    return frame.with_columns(pl.col(KEY).cast(pl.Int64), pl.col(grouped).cast(pl.String), pl.col(wide).cast(pl.Int64))


def _value(metric: Metric, plan: Plan, unknown: Spans) -> pl.Expr:
    if metric.name in plan.missing:
        return pl.lit(None, pl.Float64)
    value = pl.sql_expr(metric.formula)
    value = value.fill_null(0) if metric.empty_is_zero else value
    buckets = plan.scope.buckets
    keys = [bucket.key for bucket in buckets.all if dropped.touched(buckets.covered(bucket), unknown)]
    return pl.when(~pl.col(KEY).is_in(keys)).then(value) if keys else value


def _unknown(plan: Plan, taken: Sequence[tuple[pl.DataFrame, Spans]]) -> Mapping[str, Spans]:
    """By metric the spans of dropped events that it cannot do without."""
    spans = {name: spans for frame, spans in taken if spans for name in frame.columns}
    named = ((metric.name, [spans.get(measure.name, ()) for measure in metric.measures]) for metric in plan.metrics)
    return {name: found for name, parts in named if (found := tuple(span for part in parts for span in part))}


def _counters(metric: Metric, scope: Scope) -> tuple[Additive, ...]:
    """What counts the events behind a metric: a measure a kind that was ever ingested and can be asked so."""
    return tuple(counter_of(kind) for kind in scope.kinds_for(metric.name, metric.kinds))


def _events(metric: Metric, scope: Scope) -> pl.Expr:
    counters = [pl.col(counter.name) for counter in _counters(metric, scope)]
    return pl.sum_horizontal(counters or [pl.lit(0)]).fill_null(0).cast(pl.Int64)


def _with_previous(
    frame: pl.DataFrame, before: pl.DataFrame, query: Query, pairs: Sequence[tuple[Bucket, Bucket]]
) -> pl.DataFrame:
    """`frame` with the values of the window before; `pairs` are the buckets of both that stand side by side."""
    renamed = before.rename({name: name + PREVIOUS for name in query.metrics})
    if TIME not in frame.columns:
        if not query.by:
            return pl.concat([frame, renamed], how="horizontal")
        return _full(frame, renamed, query.by).sort(query.by, nulls_last=True)
    dtype = frame.schema[TIME]
    times = pl.DataFrame(
        {TIME: [now.start for now, _ in pairs], "earlier": [then.start for _, then in pairs]},
        schema={TIME: dtype, "earlier": dtype},
    )
    landed = times.join(renamed.rename({TIME: "earlier"}), on="earlier").drop("earlier")
    keys = [TIME, *query.by]
    return _full(frame, landed, keys).sort(keys, nulls_last=True)


def _full(left: pl.DataFrame, right: pl.DataFrame, keys: Iterable[str]) -> pl.DataFrame:
    return left.join(right, on=list(keys), how="full", coalesce=True, nulls_equal=True)
