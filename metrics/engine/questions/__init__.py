"""What can be asked: one module a question, which holds it as a value and the `answer` to it."""

from collections.abc import Mapping
from typing import Any, Protocol

from metrics.engine import execution
from metrics.engine.context import Context
from metrics.engine.query import Query, Question
from metrics.engine.questions import (
    affected,
    bad_event_counts,
    changes,
    cohorts,
    comments,
    component_status,
    contributions,
    dimension_values,
    distribution,
    efficiency,
    freshness,
    funnel,
    journeys,
    month_forecast,
    open_errors,
    quality_scores,
    raw_events,
    related_events,
    trace,
)
from metrics.engine.questions.affected import AffectedUsers
from metrics.engine.questions.bad_event_counts import BadEventCounts
from metrics.engine.questions.changes import Changes
from metrics.engine.questions.cohorts import Retention
from metrics.engine.questions.comments import Comments
from metrics.engine.questions.component_status import ComponentStatus
from metrics.engine.questions.contributions import Contributions
from metrics.engine.questions.dimension_values import DimensionValues
from metrics.engine.questions.distribution import Distribution
from metrics.engine.questions.efficiency import Efficiency
from metrics.engine.questions.freshness import DataFreshness
from metrics.engine.questions.funnel import Funnel
from metrics.engine.questions.journeys import Journeys
from metrics.engine.questions.month_forecast import MonthForecast
from metrics.engine.questions.open_errors import OpenErrors
from metrics.engine.questions.quality_scores import QualityScores
from metrics.engine.questions.raw_events import RawEvents
from metrics.engine.questions.related_events import RelatedEvents
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
    Changes: changes.answer,
    Comments: comments.answer,
    ComponentStatus: component_status.answer,
    Contributions: contributions.answer,
    DataFreshness: freshness.answer,
    DimensionValues: dimension_values.answer,
    Distribution: distribution.answer,
    Efficiency: efficiency.answer,
    Funnel: funnel.answer,
    Journeys: journeys.answer,
    MonthForecast: month_forecast.answer,
    OpenErrors: open_errors.answer,
    QualityScores: quality_scores.answer,
    RawEvents: raw_events.answer,
    RelatedEvents: related_events.answer,
    Retention: cohorts.answer,
    Trace: trace.answer,
}
"""Who answers which question."""
