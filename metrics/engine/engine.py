"""The one who answers: a question in, an answer of its type out."""

from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Protocol, TypeVar

from metrics.catalog import Metric, catalog
from metrics.engine.context import Context
from metrics.engine.export import Form, export_events
from metrics.engine.filter_cache import CACHE_FILTERS_FROM, FilterCache
from metrics.engine.past_months import PastMonths
from metrics.engine.plan import Plan, plan_query
from metrics.engine.query import Filter, Query, Question, Window
from metrics.engine.questions import HANDLERS
from metrics.engine.scope import EXACT_UP_TO, MINUTES_FROM
from metrics.engine.spark import OnSpark
from metrics.engine.statement_cache import StatementCache
from metrics.engine.userdays import MERGE_FROM, UserDays
from metrics.lake.tables import Lake
from metrics.settings import Settings

T = TypeVar("T")


class Answering(Protocol):
    """Whoever answers questions: the engine, or what takes its place in a test."""

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The catalog by name."""
        ...

    def answer(self, question: Question[T], /) -> T:
        """As of `Engine`."""
        ...


class Engine:
    """Answers questions over one home. Safe to share between threads.

    `exact_up_to`: events whose quantiles are taken by sorting. `minutes_from`: events from which minutes are read from
    rollups. `cache_filters_from`: events in question from which those that pass a filter are set aside for the
    questions to come; whoever asks many should set it to `CACHE_FILTERS_FROM`.
    `own_metrics`: whether the home's `metrics.yaml` counts; raises `MetricsError` when that cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        exact_up_to: int = EXACT_UP_TO,
        minutes_from: int = MINUTES_FROM,
        cache_filters_from: float = inf,
        own_metrics: bool = True,
    ) -> None:
        self.settings = settings
        self.lake = Lake.of(settings)
        self.metrics = catalog(settings, own=own_metrics)
        merge_from = cache_filters_from * MERGE_FROM / CACHE_FILTERS_FROM
        self.context = Context(
            self.lake,
            settings,
            self.metrics,
            StatementCache(),
            FilterCache(self.lake, cache_filters_from),
            UserDays(settings.home, merge_from),
            PastMonths(settings.home, merge_from),
            OnSpark(settings.spark.url, settings.engine.spark_from_events, _own_measures(self.metrics)),
            exact_up_to,
            minutes_from,
        )

    def answer(self, question: Question[T]) -> T:
        """The answer to a question, as the question describes it.

        Raises:
            UnknownName: a metric or a dimension is not in the catalog.
            DimensionMismatch: a metric, or the kind of events asked about, cannot be grouped or filtered so.
            NotCalculable: a metric of the home's own fails over its events, and none is asked about beside it.
        """
        return HANDLERS[type(question)](self.context, question)

    def plan(self, query: Query) -> Plan:
        """How a query would be answered, without answering it. Raises as `answer` does."""
        return plan_query(self.context, query)

    def export(self, kind: str, window: Window, filters: Sequence[Filter], path: Path, form: Form) -> int:
        """Write raw events to a file, in order of time; gives their number. Raises as `answer` does."""
        return export_events(self.context.scope_of(window, filters), kind, path, form)

    def data_version(self) -> str:
        """A text that changes whenever events come or go."""
        return self.lake.data_version


def _own_measures(metrics: Mapping[str, Metric]) -> frozenset[str]:
    """Names of the measures of metrics that are the home's own."""
    return frozenset(measure.name for metric in metrics.values() if metric.origin for measure in metric.measures)
