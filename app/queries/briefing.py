"""What somebody who is called asks first of an incident: what messages about it say, and what was like it before."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import streamlit as st

from alerts.incidents import Incident
from alerts.store import Store
from alerts.telling.channels.plain_text import plain_text
from alerts.telling.composing import STANDS, compose
from alerts.telling.delivery_facts import Facts
from alerts.telling.message import Message
from alerts.telling.subject import Subject
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
    """What a message about it would say now: who is hit, where, what changed before. Shared for a minute."""
    minute = source().now().replace(second=0, microsecond=0)
    return _told(case.incident.id, alert_home.stamp(), answers.version(), minute, case)


@st.cache_data(show_spinner=False, max_entries=32)
def _told(incident_id: str, stamp: object, version: str, minute: datetime, _case: Case) -> Message:
    incident = _case.incident
    facts = Facts("", STANDS[incident.status], incident, _case.alerts, who=incident.acknowledged_by)
    return compose(facts, source().engine, ruling.in_force(), alert_home.of_rules(), source().now())


def failing(case: Case) -> tuple[str, EventPage] | None:
    """The newest events that its metric counts as bad, with their kind; None where nothing says which are.

    What is said of such a kind only comes before what is said of all.
    """
    rule, head = case.rule, case.head
    metric = source().engine.metrics.get(rule.metric) if rule else None
    if rule is None or head is None or metric is None or len(metric.kinds) != 1:
        return None
    settle = timedelta(seconds=source().settings.alerts.settle_seconds)
    subject = Subject(head, rule, metric, settle, source().now())
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


def as_text(message: Message) -> str:
    """To be pasted into the channel of the incident."""
    return plain_text(message)


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
