"""How a query is going to be answered: the metrics it names, taken apart into the steps that answer them."""

from collections.abc import Mapping
from dataclasses import dataclass

from metrics.catalog import Metric
from metrics.catalog.model import Additive, counter_of, kinds_of
from metrics.engine.context import Context
from metrics.engine.measures import Step, steps
from metrics.engine.query import Query
from metrics.engine.scope import Scope
from metrics.engine.statement import Statement, laid_out


@dataclass(frozen=True)
class Plan:
    """How a query is going to be answered."""

    metrics: tuple[Metric, ...]
    scope: Scope
    steps: tuple[Step, ...]
    missing: Mapping[str, str]
    """Metrics of which nothing was ever ingested, and the event kind each needs."""

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


def plan_query(context: Context, query: Query) -> Plan:
    """The plan of a query.

    Raises:
        UnknownName: a metric or a dimension is not in the catalog.
        DimensionMismatch: a metric cannot be grouped or filtered so.
    """
    metrics = tuple(context.metric(name) for name in query.metrics)
    scope = context.scope(query)
    for metric in metrics:
        for measure in metric.measures:
            scope.kinds_for(metric.name, kinds_of(measure))
    present = {kind for metric in metrics for kind in metric.kinds if context.lake.events(kind).version >= 0}
    missing = {metric.name: lacking for metric in metrics if (lacking := metric.lacks(present))}
    measures = [measure for metric in metrics if metric.name not in missing for measure in metric.measures]
    if query.with_events:
        measures += [counter for metric in metrics for counter in counters(metric, scope)]
    return Plan(metrics, scope, tuple(steps(measures, scope)), missing)


def counters(metric: Metric, scope: Scope) -> tuple[Additive, ...]:
    """What counts the events behind a metric: a measure a kind that was ever ingested and can be asked so."""
    return tuple(counter_of(kind) for kind in scope.kinds_for(metric.name, metric.kinds))
