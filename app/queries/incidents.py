"""Questions about incidents: what there was in a range, the course of one of them, and where to look on from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import streamlit as st

from alerts.incidents import Incident, Step
from alerts.rules import AlertRule
from alerts.store import Store, history
from alerts.store.history import Noise, Past
from alerts.telling.links import EXPLORE, page_of
from app.charts.axis import TimeAxis
from app.charts.watched import Moment, Span
from app.navigation import ENTRIES
from app.queries import alert_home, ruling, trying
from app.queries.alerting import Case
from app.queries.asking import shown
from app.queries.trying import Course
from app.source import source
from app.state import View, serialise
from metrics.engine.query import Filter, Window

BEFORE, AFTER = timedelta(hours=1), timedelta(minutes=30)
"""Shown at least around an incident."""
_WINDOWS_BEFORE, _WINDOWS_AFTER = 30, 15
_LONGEST = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Way:
    """A page with a query: where to look on."""

    page: Path
    label: str
    icon: str
    query: Mapping[str, Sequence[str]]


def past(view: View) -> list[Past]:
    """Incidents that were open at some time of the range, the newest first."""
    opened = alert_home.store()
    return [] if opened is None else _past(alert_home.stamp(), shown(view).window, _minute(), opened)


def began(view: View) -> list[Incident]:
    """Those of them that began in the range."""
    start = shown(view).window.start
    return [one.incident for one in past(view) if one.incident.opened_at >= start]


def noise(view: View) -> list[Noise]:
    """What each rule asked of people in the range, the noisiest first."""
    opened = alert_home.store()
    return [] if opened is None else _noise(alert_home.stamp(), shown(view).window, _minute(), opened)


def _minute() -> datetime:
    """Now, to the minute: so long what was read is shared, unless the database changes."""
    return source().now().replace(second=0, microsecond=0) + timedelta(minutes=1)


_shared = st.cache_resource(show_spinner=False, max_entries=8, hash_funcs={Window: Window.model_dump_json})


@_shared
def _past(stamp: object, window: Window, now: datetime, _store: Store) -> list[Past]:
    with _store.reading() as repository:
        return history.past(repository, window.start, window.end, now)


@_shared
def _noise(stamp: object, window: Window, now: datetime, _store: Store) -> list[Noise]:
    with _store.reading() as repository:
        return history.noise(repository, window.start, window.end, now)


def axis(view: View, on_dark: bool) -> TimeAxis:
    """The range as an axis."""
    return TimeAxis(shown(view).window, view.tz, on_dark=on_dark)


def course(case: Case, steps: Sequence[Step]) -> Course | None:
    """The metric around an incident, of the head alone, with what is recorded; None where nothing can be drawn."""
    if case.rule is None:
        return None
    found = trying.over(case.rule, window_around(case, case.rule))
    name = ruling.instance_name(case.incident.head.labels)
    frame = found.frame.filter(pl.col("instance") == name)
    if frame.is_empty():
        return None
    end = found.window.end
    spans = [
        Span(start, until, kind)
        for alert in case.alerts
        if alert.key == case.incident.head
        for kind, start, until in (
            ("pending", alert.since, alert.fired_at),
            ("firing", alert.fired_at, min(alert.ended_at or end, end)),
        )
        if start < until
    ]
    moments = [Moment(step.at, step.kind, step.text) for step in steps if found.window.start <= step.at <= end]
    return replace(found, frame=frame, watch=replace(found.watch, spans=tuple(spans), moments=tuple(moments)))


def window_around(case: Case, rule: AlertRule) -> Window:
    """From some time before it began until some time after its end, or now."""
    head, now = case.head, source().now()
    begun = min(case.incident.opened_at, head.since) if head else case.incident.opened_at
    start = begun - max(BEFORE, _WINDOWS_BEFORE * rule.window)
    end = min(now, (case.incident.resolved_at or now) + max(AFTER, _WINDOWS_AFTER * rule.window))
    return Window(start=max(start, end - _LONGEST), end=end)


def ways_on(case: Case, view: View) -> tuple[Way, ...]:
    """Pages that tell more, over the same window and with the same filters."""
    rule = case.rule
    if rule is None:
        return ()
    seen = replace(view, range=window_around(case, rule), compare=False, filters=_filters(case, rule))
    query = serialise(seen, source().settings.timezone)
    metric = source().engine.metrics.get(rule.metric)
    if metric is None:
        return ()
    pages = {entry.path.stem: entry for entry in ENTRIES}
    board, explore = pages[page_of(metric.name)], pages[EXPLORE]
    by = [name for name, _ in case.incident.head.labels]
    explored = {**query, "m": [metric.name], **({"by": by} if by else {})}
    more = Way(explore.path, f"Explore {metric.title}", explore.icon, explored)
    return (more,) if board is explore else (Way(board.path, f"{board.title} at that time", board.icon, query), more)


def _filters(case: Case, rule: AlertRule) -> tuple[Filter, ...]:
    named = dict(case.incident.head.labels)
    chosen = [Filter(dimension=name, values=(value,)) for name, value in named.items()]
    return (*chosen, *(one for one in rule.filters if one.dimension not in named))
