"""A message with everything that is known: what, how bad, since when, where, what changed before, and where to look.

    message = compose(facts_of(repository, delivery), engine, rules, settings, now, Explainer())

What takes a query may fail, or take part in what is broken; it is left out then, and the message goes all the same.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import polars as pl

from alerts.incidents import Alert, Incident, NoticeKind, Status
from alerts.incidents.correlation import RECOVERED, title
from alerts.judging import State
from alerts.judging.thresholds import threshold_text
from alerts.rules import WINDOWS, AlertRule
from alerts.telling.delivery_facts import Facts
from alerts.telling.explaining import Explain
from alerts.telling.links import dashboard_url, explore_url, incident_url, trace_url
from alerts.telling.message import AlertLine, ChangeBefore, Claim, Message, Picture, Place
from alerts.telling.subject import Subject, subject_of
from metrics.catalog import ATTRIBUTE_PREFIX, DIMENSIONS, Metric
from metrics.engine import (
    AffectedUsers,
    Answering,
    Changes,
    Filter,
    Query,
    RawEvents,
    Window,
)
from metrics.events import KINDS
from metrics.insights.causes import Causes
from metrics.insights.causes.words import told
from metrics.settings import Settings

LOG = logging.getLogger("promptpilot.alerts.composing")
MOST_LISTED = 10
"""Alerts of an incident that are listed."""
MOST_CHANGES = 5
"""Changes that are named, the newest ones."""
MOST_PLACES, LEAST_SHARE = 3, 0.2
"""Places that are named, and their part in the change below which none is: what explains little is no explanation."""
NEW = "New about then: "
BEFORE = timedelta(hours=1)
"""How long before the breach a change may have led to it."""
_GRAINS = dict(WINDOWS)
STANDS: Mapping[Status, NoticeKind] = {
    Status.OPEN: "firing", Status.ACKNOWLEDGED: "acknowledged", Status.RESOLVED: "resolved",
}  # fmt: skip
"""What is told of an incident as a whole, by where it stands."""
AFFECTED: Mapping[tuple[str, ...], str] = {("request",): "Requests affected", ("llm_call",): "LLM calls affected"}
"""What is counted as affected, by the kinds of a metric."""
T = TypeVar("T")


def compose(
    facts: Facts,
    engine: Answering,
    rules: Mapping[str, AlertRule],
    settings: Settings,
    now: datetime,
    explain: Explain | None = None,
) -> Message:
    """The message to one target, as things stand at `now`. `explain` finds causes; without it there are none in it."""
    if facts.others:
        return _digest(facts, engine, rules, settings, now)
    message, subject = _plain(facts, engine, rules, settings, now)
    message = _asked(message, subject, engine, settings.alerts.public_url)
    if explain is None:
        return message
    causes = _had("causes", lambda: explain(facts.incident, subject, engine), None)
    return explained(message, causes, engine.metrics, settings.alerts.public_url)


def explained(message: Message, causes: Causes | None, metrics: Mapping[str, Metric], public_url: str) -> Message:
    """A message with what explains it, in three lines at most, each with a link to the chart that shows it."""
    if causes is None:
        return message
    words = told(causes, metrics)
    places = [(one, claim) for one, claim in zip(causes.where, words.where, strict=True) if one.share >= LEAST_SHARE][
        :MOST_PLACES
    ]
    new = [
        (abs(one.at - causes.span.start), claim)
        for one, claim in zip(causes.changed, words.changed, strict=True)
        if one.count is not None  # what people told is listed as such
    ]
    lines = [
        *(("", claim) for _, claim in places[:1]),
        *((f"Moved first, of {causes.tried:,} series: ", claim) for claim in words.moved[:1]),
        *((NEW, claim) for _, claim in sorted(new, key=lambda one: one[0])[:1]),
    ]
    return message.model_copy(
        update={
            "where": tuple(Place(values=one.values, percent=min(100 * one.share, 100)) for one, _ in places),
            "causes": tuple(
                Claim(text=f"{lead}{one.text}", url=explore_url(public_url, one.metric, causes.around, one.filters))
                for lead, one in lines
            ),
        }
    )


def _plain(
    facts: Facts, engine: Answering, rules: Mapping[str, AlertRule], settings: Settings, now: datetime
) -> tuple[Message, Subject]:
    """Everything that is known without asking."""
    incident, settle = facts.incident, timedelta(seconds=settings.alerts.settle_seconds)
    subjects = [subject_of(alert, rules, engine.metrics, settle, now) for alert in facts.alerts[:MOST_LISTED]]
    head = subjects[0] if subjects else subject_of(_stand_in(incident), rules, engine.metrics, settle, now)
    alert, rule, metric = head.alert, head.rule, head.metric
    public_url = settings.alerts.public_url
    message = Message(
        key=facts.key,
        incident=incident.id,
        kind=facts.kind,
        priority=incident.priority,
        title=_title(head, incident),
        rule=alert.key.rule,
        metric=rule.metric if rule else "",
        metric_title=metric.title if metric else "",
        value_title=head.value_title,
        value=alert.value,
        value_text=_value_text(head),
        threshold_text=threshold_text(rule, metric.unit) if rule and metric else "",
        labels=alert.key.labels,
        since=alert.since,
        at=now,
        ended_at=incident.resolved_at,
        alerts=tuple(map(_line, subjects)),
        alerts_total=max(len(facts.alerts), 1),
        dashboard_url=dashboard_url(public_url, metric.name if metric else "", head.paged, _known(head)),
        incident_url=incident_url(public_url, incident.id),
        runbook_url=rule.runbook if rule else "",
        description=rule.description if rule else "",
        who=facts.who,
        note=_note(facts),
    )
    return message, head


def _asked(message: Message, subject: Subject, engine: Answering, public_url: str) -> Message:
    """With everything that has to be asked for, but its causes."""
    changes = _had("changes", lambda: _changes(subject, engine), ())
    if subject.metric is None:
        return message.model_copy(update={"changes": changes})
    name, window, filters = subject.metric.name, subject.trouble, subject.filters
    bad = AffectedUsers(metric=name, window=window, filters=filters, above=subject.bad_above)
    # A probe that failed is no request of anybody.
    is_probed = subject.metric.kinds == ("health",)
    harm = None if is_probed else _had("people and requests affected", lambda: engine.answer(bad), None)
    return message.model_copy(
        update={
            "changes": changes,
            "users_affected": harm.users if harm else None,
            "requests_affected": harm.events if harm else None,
            "affected_title": AFFECTED.get(subject.metric.kinds, "Events affected"),
            "picture": _had("picture", lambda: _picture(subject, engine), None),
            "trace_url": _had("trace", lambda: _failing_trace(subject, engine, public_url), ""),
        }
    )


def _had(what: str, ask: Callable[[], T], otherwise: T) -> T:
    try:
        return ask()
    except Exception as error:  # the lake, the disk, a metric that is gone: people are told all the same
        LOG.warning("a message goes without its %s: %s: %s", what, type(error).__name__, error)
        return otherwise


def _title(subject: Subject, incident: Incident) -> str:
    """`Error rate above 5 %: 7.3 % on /api/v1/chat`; of what is over, without the value."""
    alert, value = subject.alert, subject.now_text
    if not value or incident.status is Status.RESOLVED:
        return title(alert)
    return title(replace(alert, name=f"{alert.name}: {value}"))


def _value_text(subject: Subject) -> str:
    """`58.3 % (7 of 12 events over 40m), at worst 80 %`."""
    now, worst = subject.now_text, subject.value_text(subject.alert.worst)
    is_worse = subject.alert.worst not in (None, subject.alert.value) and worst != now
    judged = f"{now} ({subject.alert.basis})" if now and subject.alert.basis else now
    return f"{judged}, at worst {worst}" if now and is_worse else judged


def _line(subject: Subject) -> AlertLine:
    alert = subject.alert
    return AlertLine(
        key=str(alert.key),
        name=alert.name,
        priority=alert.priority,
        value_text=subject.value_text(alert.value),
        since=alert.since,
        firing=alert.state is State.FIRING,
    )


def _note(facts: Facts) -> str:
    """What the notice says, and why the incident ended where that was not the value."""
    resolution = facts.incident.resolution
    why = resolution.partition(": ")[2] if facts.who else resolution
    return ". ".join(part for part in (facts.note, "" if why == RECOVERED else why) if part)


def _changes(subject: Subject, engine: Answering) -> tuple[ChangeBefore, ...]:
    window = Window(start=subject.trouble.start - BEFORE, end=max(subject.alert.fired_at, subject.trouble.end))
    found = [
        ChangeBefore(
            at=row["ts"],
            change_type=row["change_type"],
            name=row["name"] or "",
            description=row["description"] or "",
        )
        for row in engine.answer(Changes(window=window)).iter_rows(named=True)
        if window.start <= row["ts"] <= subject.alert.fired_at
    ]
    return tuple(found[-MOST_CHANGES:])


def _picture(subject: Subject, engine: Answering) -> Picture | None:
    """The newest values: those the alert was judged by where it still fires, else asked for."""
    metric, window, values = subject.metric, subject.pictured, subject.alert.recent
    if metric is None:
        return None
    if not values:
        query = Query(metrics=(metric.name,), window=window, grain=_GRAINS[subject.width], filters=subject.filters)
        values = tuple(engine.answer(query).frame[metric.name].cast(pl.Float64).to_list())
    if all(value is None for value in values):
        return None
    return Picture(
        start=window.end - len(values) * subject.width,
        step_seconds=subject.width.total_seconds(),
        values=values,
        threshold=subject.threshold,
        unit=metric.unit,
    )


def _failing_trace(subject: Subject, engine: Answering, public_url: str) -> str:
    """The address of the trace of the newest failing event that is of one; empty where there is none."""
    metric = subject.metric
    if metric is None or len(metric.kinds) != 1 or "trace_id" not in KINDS[metric.kinds[0]].by_name:
        return ""
    traced = Filter(dimension="trace_id", operator="not in", values=(None, ""))
    question = RawEvents(
        kind=metric.kinds[0], window=subject.trouble, filters=(*subject.filters, traced), bad_for=metric.name,
        above=subject.bad_above, limit=1,
    )  # fmt: skip
    found = engine.answer(question).rows
    return trace_url(public_url, found["trace_id"][0], found["ts"][0]) if found.height else ""


def _known(subject: Subject) -> tuple[Filter, ...]:
    """Filters by what pages can be filtered by."""
    return tuple(
        one for one in subject.filters if one.dimension in DIMENSIONS or one.dimension.startswith(ATTRIBUTE_PREFIX)
    )


def _stand_in(incident: Incident) -> Alert:
    """Something to speak of where no alert of the incident is known any more."""
    state = State.FIRING if incident.resolved_at is None else State.RESOLVED
    return Alert(
        incident.head, incident.title, incident.priority, state, incident.opened_at, incident.opened_at,
        incident.resolved_at,
    )  # fmt: skip


def _digest(
    facts: Facts, engine: Answering, rules: Mapping[str, AlertRule], settings: Settings, now: datetime
) -> Message:
    """All incidents in one message, with what is known without asking."""
    messages = [
        _plain(replace(one, kind=STANDS[one.incident.status]), engine, rules, settings, now)[0] for one in facts.others
    ]
    over = sum(message.kind == "resolved" for message in messages)
    count = f"{len(messages)} incident{'s' * (len(messages) != 1)} of low priority"
    return messages[0].model_copy(
        update={
            "kind": "digest",
            "title": f"{count}, {over} of them over" if over else count,
            "since": min(message.since for message in messages),
            "note": facts.note,
            "digest": tuple(messages),
        }
    )
