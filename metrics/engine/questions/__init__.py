"""What can be asked: one module a question, which holds it as a value and the `answer` to it."""

from collections.abc import Mapping
from typing import Any, Protocol

from metrics.engine import execution
from metrics.engine.context import Context
from metrics.engine.query import Query, Question
from metrics.engine.questions import (
    affected,
    bad_event_counts,
    breakdown,
    call_spending,
    calls,
    changes,
    cohorts,
    comments,
    component_status,
    cost_change,
    dimension_values,
    distribution,
    efficiency,
    features,
    freshness,
    funnel,
    journeys,
    month_forecast,
    new_errors,
    open_errors,
    price_changes,
    quality_scores,
    raw_events,
    related_events,
    spending,
    trace,
)
from metrics.engine.questions.affected import AffectedUsers
from metrics.engine.questions.bad_event_counts import BadEventCounts
from metrics.engine.questions.breakdown import Breakdown
from metrics.engine.questions.call_spending import CallSpending
from metrics.engine.questions.calls import Calls
from metrics.engine.questions.changes import Changes
from metrics.engine.questions.cohorts import Retention
from metrics.engine.questions.comments import Comments
from metrics.engine.questions.component_status import ComponentStatus
from metrics.engine.questions.cost_change import CostChange
from metrics.engine.questions.dimension_values import DimensionValues
from metrics.engine.questions.distribution import Distribution
from metrics.engine.questions.efficiency import Efficiency
from metrics.engine.questions.features import FeatureUse
from metrics.engine.questions.freshness import DataFreshness
from metrics.engine.questions.funnel import Funnel
from metrics.engine.questions.journeys import Journeys
from metrics.engine.questions.month_forecast import MonthForecast
from metrics.engine.questions.new_errors import NewErrors
from metrics.engine.questions.open_errors import OpenErrors
from metrics.engine.questions.price_changes import PriceChanges
from metrics.engine.questions.quality_scores import QualityScores
from metrics.engine.questions.raw_events import RawEvents
from metrics.engine.questions.related_events import RelatedEvents
from metrics.engine.questions.spending import Spending
from metrics.engine.questions.trace import Trace


class Handler(Protocol):
    """Answers questions of one type."""

    def __call__(self, context: Context, question: Any, /) -> Any:
        """The answer, of the type that the question names."""
        ...


HANDLERS: Mapping[type[Question[Any]], Handler] = {
    Query: execution.answer,
    AffectedUsers: affected.answer,
    BadEventCounts: bad_event_counts.answer,
    CallSpending: call_spending.answer,
    Breakdown: breakdown.answer,
    Calls: calls.answer,
    Changes: changes.answer,
    Comments: comments.answer,
    ComponentStatus: component_status.answer,
    CostChange: cost_change.answer,
    DataFreshness: freshness.answer,
    DimensionValues: dimension_values.answer,
    Distribution: distribution.answer,
    Efficiency: efficiency.answer,
    FeatureUse: features.answer,
    Funnel: funnel.answer,
    Journeys: journeys.answer,
    MonthForecast: month_forecast.answer,
    NewErrors: new_errors.answer,
    OpenErrors: open_errors.answer,
    PriceChanges: price_changes.answer,
    QualityScores: quality_scores.answer,
    RawEvents: raw_events.answer,
    RelatedEvents: related_events.answer,
    Retention: cohorts.answer,
    Spending: spending.answer,
    Trace: trace.answer,
}
"""Who answers which question."""
