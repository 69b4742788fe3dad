"""How a number is computed: a question becomes SQL, is run on DuckDB, and comes back as a Polars frame.

`Engine.answer` is the one door. `Query` asks for metrics, the other questions for what is none.
"""

from metrics.engine.engine import Answering, Engine
from metrics.engine.filter_cache import CACHE_FILTERS_FROM
from metrics.engine.plan import Plan
from metrics.engine.problems import DimensionMismatch, EngineError, NotCalculable, UnknownName
from metrics.engine.query import EVENTS, PREVIOUS, TIME, Filter, Grain, Query, Question, Result, Window
from metrics.engine.questions import (
    AffectedUsers,
    BadEventCounts,
    Changes,
    Comments,
    ComponentStatus,
    Contributions,
    DataFreshness,
    DimensionValues,
    Distribution,
    Efficiency,
    Funnel,
    Journeys,
    MonthForecast,
    OpenErrors,
    QualityScores,
    RawEvents,
    RelatedEvents,
    Retention,
    Trace,
)
from metrics.engine.questions.affected import Affected
from metrics.engine.questions.contributions import Contribution
from metrics.engine.questions.efficiency import Sampled
from metrics.engine.questions.freshness import Freshness, KindFreshness
from metrics.engine.questions.funnel import FunnelStep
from metrics.engine.questions.journeys import UserFlows
from metrics.engine.questions.raw_events import EventPage, Place
from metrics.engine.questions.trace import Traced

__all__ = [
    "CACHE_FILTERS_FROM",
    "EVENTS",
    "PREVIOUS",
    "TIME",
    "Affected",
    "AffectedUsers",
    "Answering",
    "BadEventCounts",
    "Changes",
    "Comments",
    "ComponentStatus",
    "Contribution",
    "Contributions",
    "DataFreshness",
    "DimensionMismatch",
    "DimensionValues",
    "Distribution",
    "Efficiency",
    "Engine",
    "EngineError",
    "EventPage",
    "Filter",
    "Freshness",
    "Funnel",
    "FunnelStep",
    "Grain",
    "Journeys",
    "KindFreshness",
    "MonthForecast",
    "NotCalculable",
    "OpenErrors",
    "Place",
    "Plan",
    "QualityScores",
    "Query",
    "Question",
    "RawEvents",
    "RelatedEvents",
    "Result",
    "Retention",
    "Sampled",
    "Trace",
    "Traced",
    "UnknownName",
    "UserFlows",
    "Window",
]
