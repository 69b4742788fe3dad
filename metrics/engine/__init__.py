"""How a number is computed: a `Query` becomes SQL, is run on DuckDB, and comes back as a Polars frame."""

from metrics.engine.cohorts import Retention
from metrics.engine.contributions import Affected, Contribution
from metrics.engine.engine import Engine, Plan
from metrics.engine.journeys import Funnel, FunnelStep, Journeys, Ways
from metrics.engine.narrowing import NARROW_FROM
from metrics.engine.problems import DimensionMismatch, EngineError, UnknownName
from metrics.engine.query import Filter, Grain, Query, Window
from metrics.engine.raw import EventPage, Place
from metrics.engine.result import EVENTS, PREVIOUS, Freshness, KindFreshness, Result

__all__ = [
    "EVENTS",
    "NARROW_FROM",
    "PREVIOUS",
    "Affected",
    "Contribution",
    "DimensionMismatch",
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
    "Place",
    "Plan",
    "Query",
    "Result",
    "Retention",
    "UnknownName",
    "Ways",
    "Window",
]
