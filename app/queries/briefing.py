"""What somebody who is called asks first of an incident: what messages about it say, and what was like it before."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import streamlit as st

from alerts.incidents import Incident
from alerts.store import Store
from alerts.telling.composing import STANDS, compose
from alerts.telling.delivery_facts import Facts
from alerts.telling.message import Message
from alerts.telling.subject import subject_of
from app import answers
from app.queries import alert_home, ruling
from app.queries.alerting import Case
from app.source import source
from metrics.engine import EventPage, RawEvents
from metrics.events import KINDS

LOOKED_BACK = timedelta(days=90)
MOST_BEFORE = 5
MOST_FAILING = 8


@dataclass(frozen=True, slots=True)
class Earlier:
    """An incident of the same rule before."""

    incident: Incident
    is_same_place: bool
    """Whether its head had the same labels, too."""


def told(case: Case) -> Message:
    """What a message about it would say now: who is hit, where, what changed before.

    Shared for a minute, unless the incident, its alerts or the lake change: that the database does says nothing, as
    every evaluation is written down in it.
    """
    return _told(repr((case.incident, case.alerts)), answers.version(), _minute(), case)


def _minute() -> datetime:
    return source().now().replace(second=0, microsecond=0)


@st.cache_data(show_spinner=False, max_entries=32)
def _told(incident: str, version: str, minute: datetime, _case: Case) -> Message:
    one = _case.incident
    facts = Facts("", STANDS[one.status], one, _case.alerts, who=one.acknowledged_by)
    return compose(facts, source().engine, ruling.in_force(), alert_home.of_rules(), source().now())


def failing(case: Case) -> tuple[str, EventPage] | None:
    """The newest events that its metric counts as bad, with their kind; None where nothing says which are.

    What is said of such a kind only comes before what is said of all.
    """
    if case.head is None:
        return None
    settle = timedelta(seconds=source().settings.alerts.settle_seconds)
    # To the minute, so that the part of the page that is shown anew all the time asks the same for so long.
    subject = subject_of(case.head, ruling.in_force(), source().engine.metrics, settle, _minute())
    metric = subject.metric
    if metric is None or len(metric.kinds) != 1:
        return None
    found = answers.ask(
        RawEvents(
            kind=metric.kinds[0], window=subject.trouble, filters=subject.filters, bad_for=metric.name,
            above=subject.bad_above, limit=MOST_FAILING,
        )
    )  # fmt: skip
    if found.rows.is_empty():
        return None
    first = ("ts", *(column.name for column in KINDS[metric.kinds[0]].own_columns if column.name != "ts"))
    rest = (name for name in found.rows.columns if name not in first)
    return metric.kinds[0], replace(found, rows=found.rows.select(*first, *rest))


def earlier(case: Case) -> list[Earlier]:
    """Incidents of the same rule before this one, those at the same place first, then the newest."""
    opened = alert_home.store()
    return [] if opened is None else _earlier(case.incident.id, alert_home.stamp(), case.incident, opened)


@st.cache_resource(show_spinner=False, max_entries=32)
def _earlier(incident_id: str, stamp: object, _incident: Incident, _store: Store) -> list[Earlier]:
    begun, head = _incident.opened_at, _incident.head
    with _store.reading() as repository:
        known = repository.incidents(open_only=False, since=begun - LOOKED_BACK, until=begun)
    alike = [Earlier(one, one.head == head) for one in known if one.head.rule == head.rule and one.id != incident_id]
    return sorted(alike, key=lambda one: not one.is_same_place)[:MOST_BEFORE]
