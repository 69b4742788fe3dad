"""What the engine answered, kept until the lake changes: the same question costs nothing the second time.

Each function is cached by its arguments and by the version of the lake, for all viewers.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st
from pydantic import BaseModel

from app.source import source
from metrics.engine import EventPage, Freshness, Funnel, Journeys, Place, Result, Retention, Ways
from metrics.engine.board import Sampled
from metrics.engine.query import Filter, Query, Window


def _as_key(value: BaseModel) -> str:
    return value.model_dump_json()


_HASHES: Mapping[Any, Any] = dict.fromkeys((Query, Window, Filter, Journeys, Funnel, Retention), _as_key)
_cached = st.cache_data(max_entries=512, show_spinner=False, hash_funcs=dict(_HASHES))


def version() -> str:
    """The lake and its state: a new one whenever events arrive or another home is shown."""
    current = source()
    return f"{current.settings.home}@{current.engine.data_version()}@{current.own_metrics}"


def run(query: Query) -> Result:
    """The answer to a query."""
    return _run(version(), query)


def freshness() -> Freshness:
    """First and newest event, and rows a kind."""
    return _freshness(version())


def changes(window: Window) -> pl.DataFrame:
    """`change` events of the window."""
    return _changes(version(), window)


def distribution(window: Window, filters: tuple[Filter, ...]) -> pl.DataFrame:
    """Requests by response time: `lower`, `upper` (ms), `count`."""
    return _distribution(version(), window, filters)


def journeys(asked: Journeys) -> Ways:
    """The ways people take."""
    return _journeys(version(), asked)


def funnel(asked: Funnel) -> pl.DataFrame:
    """Who gets how far."""
    return _funnel(version(), asked)


def retention(asked: Retention) -> pl.DataFrame:
    """Who came back."""
    return _retention(version(), asked)


def outlook(metric: str, window: Window, filters: tuple[Filter, ...], tz: str) -> pl.DataFrame:
    """A sum by day, and what is expected of the rest of the month."""
    return _outlook(version(), metric, window, filters, tz)


def efficiency(window: Window, filters: tuple[Filter, ...]) -> Sampled:
    """LLM calls by tokens and cost."""
    return _efficiency(version(), window, filters)


def scores(window: Window, filters: tuple[Filter, ...]) -> pl.DataFrame:
    """Quality scores: `lower`, `upper` (points), `count`."""
    return _scores(version(), window, filters)


def comments(window: Window, filters: tuple[Filter, ...], limit: int) -> pl.DataFrame:
    """Feedback in words."""
    return _comments(version(), window, filters, limit)


def events(kind: str, window: Window, filters: tuple[Filter, ...], after: Place | None, limit: int) -> EventPage:
    """Raw events, a page of them."""
    return _events(version(), kind, window, filters, after, limit)


def together(dimension: str, value: str, window: Window, limit: int) -> pl.DataFrame:
    """Events of all kinds that belong together."""
    return _together(version(), dimension, value, window, limit)


def open_errors(window: Window, filters: tuple[Filter, ...], limit: int) -> pl.DataFrame:
    """Errors that are open."""
    return _open_errors(version(), window, filters, limit)


def components(minute: datetime) -> pl.DataFrame:
    """State of each probed component at `minute`; it changes with time alone, so the minute is part of the question."""
    return _components(version(), minute)


def dimension_values(dimension: str, window: Window, search: str, limit: int) -> list[str | None]:
    """Values of a dimension."""
    return _dimension_values(version(), dimension, window, search, limit)


@_cached
def _run(version: str, query: Query) -> Result:
    return source().engine.run(query)


@_cached
def _freshness(version: str) -> Freshness:
    return source().engine.freshness()


@_cached
def _changes(version: str, window: Window) -> pl.DataFrame:
    return source().engine.changes(window)


@_cached
def _distribution(version: str, window: Window, filters: tuple[Filter, ...]) -> pl.DataFrame:
    return source().engine.distribution("response_time", window, filters)


@_cached
def _open_errors(version: str, window: Window, filters: tuple[Filter, ...], limit: int) -> pl.DataFrame:
    return source().engine.open_errors(window, filters, limit)


@_cached
def _components(version: str, minute: datetime) -> pl.DataFrame:
    return source().engine.component_status(minute)


@_cached
def _dimension_values(version: str, dimension: str, window: Window, search: str, limit: int) -> list[str | None]:
    return source().engine.dimension_values(dimension, window, search, limit)


@_cached
def _journeys(version: str, asked: Journeys) -> Ways:
    return source().engine.journeys(asked)


@_cached
def _funnel(version: str, asked: Funnel) -> pl.DataFrame:
    return source().engine.funnel(asked)


@_cached
def _retention(version: str, asked: Retention) -> pl.DataFrame:
    return source().engine.retention(asked)


@_cached
def _outlook(version: str, metric: str, window: Window, filters: tuple[Filter, ...], tz: str) -> pl.DataFrame:
    return source().engine.outlook(metric, window, filters, tz)


@_cached
def _efficiency(version: str, window: Window, filters: tuple[Filter, ...]) -> Sampled:
    return source().engine.efficiency(window, filters)


@_cached
def _scores(version: str, window: Window, filters: tuple[Filter, ...]) -> pl.DataFrame:
    return source().engine.scores(window, filters)


@_cached
def _comments(version: str, window: Window, filters: tuple[Filter, ...], limit: int) -> pl.DataFrame:
    return source().engine.comments(window, filters, limit)


@_cached
def _events(
    version: str, kind: str, window: Window, filters: tuple[Filter, ...], after: Place | None, limit: int
) -> EventPage:
    return source().engine.events(kind, window, filters, after, limit)


@_cached
def _together(version: str, dimension: str, value: str, window: Window, limit: int) -> pl.DataFrame:
    return source().engine.together(dimension, value, window, limit)
