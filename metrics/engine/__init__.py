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
    Breakdown,
    Calls,
    CallSpending,
    Changes,
    Comments,
    ComponentStatus,
    CostChange,
    DataFreshness,
    DimensionValues,
    Distribution,
    Efficiency,
    FeatureUse,
    Funnel,
    Journeys,
    MonthForecast,
    NewErrors,
    OpenErrors,
    PriceChanges,
    QualityScores,
    RawEvents,
    RelatedEvents,
    Retention,
    Spending,
    Trace,
)
from metrics.engine.questions.affected import Affected
from metrics.engine.questions.breakdown import Parts
from metrics.engine.questions.cost_change import CostChanged, DearCall
from metrics.engine.questions.efficiency import Sampled
from metrics.engine.questions.freshness import Freshness, KindFreshness
from metrics.engine.questions.funnel import FunnelStep
from metrics.engine.questions.journeys import UserFlows
from metrics.engine.questions.raw_events import EventPage, Place
from metrics.engine.questions.spending import Spendings
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
    "Breakdown",
    "CallSpending",
    "Calls",
    "Changes",
    "Comments",
    "ComponentStatus",
    "CostChange",
    "CostChanged",
    "DataFreshness",
    "DearCall",
    "DimensionMismatch",
    "DimensionValues",
    "Distribution",
    "Efficiency",
    "Engine",
    "EngineError",
    "EventPage",
    "FeatureUse",
    "Filter",
    "Freshness",
    "Funnel",
    "FunnelStep",
    "Grain",
    "Journeys",
    "KindFreshness",
    "MonthForecast",
    "NewErrors",
    "NotCalculable",
    "OpenErrors",
    "Parts",
    "Place",
    "Plan",
    "PriceChanges",
    "QualityScores",
    "Query",
    "Question",
    "RawEvents",
    "RelatedEvents",
    "Result",
    "Retention",
    "Sampled",
    "Spending",
    "Spendings",
    "Trace",
    "Traced",
    "UnknownName",
    "UserFlows",
    "Window",
]
