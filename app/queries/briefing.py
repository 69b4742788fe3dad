"""What somebody who is called asks first of an incident: what messages say, its causes, what was like it before."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl
import streamlit as st

from alerts.incidents import Alert, Incident
from alerts.store import Store
from alerts.telling import composing
from alerts.telling.composing import STANDS, compose
from alerts.telling.delivery_facts import Facts
from alerts.telling.explaining import causes_of
from alerts.telling.message import Message
from alerts.telling.subject import Subject, subject_of
from app import answers, wording
from app.queries import alert_home, ruling
from app.queries.alerting import Case
from app.queries.asking import Answer, ask
from app.source import source
from app.state import View
from metrics.engine import EventPage, Filter, RawEvents
from metrics.events import KINDS
from metrics.insights.causes import Causes
from metrics.insights.causes.words import Told, named
from metrics.insights.causes.words import told as in_words

LOOKED_BACK = timedelta(days=90)
MOST_BEFORE = 5
MOST_FAILING = 8
PLACE = "place"
"""The column that names whose line it is."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An incident of the same rule before."""

    incident: Incident
    is_same_place: bool
    """Whether its head had the same labels, too."""


def told(case: Case) -> Message:
    """What a message about it would say now, but for what explains it: who is hit, what changed before.

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


def causes(case: Case, tz: str) -> tuple[Causes, Told] | None:
    """What explains it, as values and in sentences; None where it is of no metric.

    Looked for once; of what goes on anew once it has lasted twice as long, or became worse.
    """
    if case.head is None:
        return None
    current, subject = source(), _subject(case.head)
    if subject.metric is None:
        return None
    lasted = 0 if case.head.ended_at else int(subject.trouble.length / timedelta(minutes=1)).bit_length()
    asked = (subject.metric.name, subject.filters, case.head.since, case.head.ended_at, case.incident.priority)
    identity = f"causes@{current.settings.home}@{current.own_metrics}@{current.settings_version}@{asked}@{lasted}"
    found = answers.kept(identity, lambda: causes_of(subject, current.engine))
    return None if found is None else (found, in_words(found, current.engine.metrics, tz, wording.MOMENT_AND_ZONE))


def explained(case: Case, found: Causes | None) -> Message:
    """What a message about it would say now, with what explains it."""
    url = alert_home.of_rules().alerts.public_url
    return composing.explained(told(case), found, source().engine.metrics, url)


def beside(found: Causes, view: View) -> Answer:
    """The metric over time at the likeliest place, and everywhere: `time`, `place`, and the metric."""
    first = found.where[0]
    here = _over_time(found, view, found.metric, (*found.filters, *first.filters))
    everywhere = _over_time(found, view, found.metric, found.filters)
    if here.is_empty or everywhere.is_empty:
        return here
    parts = ((here, named(first.values)), (everywhere, "everywhere"))
    columns = ("time", PLACE, found.metric)
    frames = [one.frame.with_columns(pl.lit(name).alias(PLACE)).select(columns) for one, name in parts]
    return replace(here, frame=pl.concat(frames))


def moved_first(found: Causes, view: View) -> Answer:
    """What moved first, over time."""
    first = found.moved[0]
    return _over_time(found, view, first.metric, first.filters)


def _over_time(found: Causes, view: View, metric: str, filters: tuple[Filter, ...]) -> Answer:
    return ask(replace(view, range=found.around, compare=False, filters=filters), (metric,))


def _subject(head: Alert) -> Subject:
    settle = timedelta(seconds=source().settings.alerts.settle_seconds)
    # To the minute, so that the part of the page that is shown anew all the time asks the same for so long.
    return subject_of(head, ruling.in_force(), source().engine.metrics, settle, _minute())


def failing(case: Case) -> tuple[str, EventPage] | None:
    """The newest events that its metric counts as bad, with their kind; None where nothing says which are.

    What is said of such a kind only comes before what is said of all.
    """
    if case.head is None:
        return None
    subject = _subject(case.head)
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
