"""Questions about alerts: who watches, what fires, what was told.

Alerts are those of one's own home; while the demo is shown, those of the demo's home where it has any.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import streamlit as st

from alerts import acts
from alerts.incidents import Alert, Incident, Silence, Status, Step
from alerts.judging import Instance, Key, State
from alerts.policy import Matcher, labels_of, matches
from alerts.rules import AlertRule
from alerts.store import Store
from alerts.store.outbox import Delivery
from alerts.store.repository import Repository
from app import heartbeat, wording
from app.queries import alert_home, ruling
from app.source import source

JOB = "alerts"
"""The sidecar's job that evaluates rules, as its heartbeat names it."""
STALE = timedelta(seconds=60)
"""Age of the newest evaluation from which on nobody watches."""
RECENTLY = timedelta(hours=24)
"""For which the messages told and not told are counted."""


class Watching(StrEnum):
    """Whether rules are evaluated."""

    WATCHING = "watching"
    LATE = "late"
    """The process runs, but no evaluation came to its end for a while."""
    FAILING = "failing"
    STARTING = "starting"
    """It runs, and has not evaluated yet."""
    UNATTENDED = "unattended"
    """The process that evaluates does not run."""
    WITHOUT_RULES = "without rules"
    DISABLED = "disabled"
    DEMO = "demo"
    """The demo is shown: its rules are evaluated, and nobody is told."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Whether rules are evaluated, and how that goes."""

    state: Watching
    rules: int = 0
    """Rules that watch."""
    evaluated_at: datetime | None = None
    error: str = ""
    """Why the newest evaluation failed."""
    vouches: bool = False
    """Whether what is not seen to fire is known not to."""


@dataclass(frozen=True, slots=True)
class Case:
    """An incident with what must be known to act on it."""

    incident: Incident
    alerts: tuple[Alert, ...]
    """The head first, then those that fire, then those that ended."""
    rule: AlertRule | None
    """The head's rule, while it is in force."""
    silence: Silence | None = None
    """The one that keeps the head quiet now."""
    reached: tuple[str, ...] = ()
    """Targets at which a message about it arrived."""
    recovering: datetime | None = None
    """Since when the head's values are well again; None while they are not, or have not been for one evaluation."""

    @property
    def since(self) -> datetime:
        """When the head's breach began, which is before it fired."""
        return self.head.since if self.head else self.incident.opened_at

    @property
    def head(self) -> Alert | None:
        """The newest spell of the alert that gave the incident its name."""
        return next((alert for alert in self.alerts if alert.key == self.incident.head), None)

    @property
    def needs_somebody(self) -> bool:
        """Whether nobody has taken it on, and nobody said that it may wait."""
        return self.incident.status is Status.OPEN and self.silence is None


@dataclass(frozen=True, slots=True)
class Pending:
    """An instance that breaches, and does not fire yet."""

    instance: Instance
    rule: AlertRule | None


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that is so now."""

    cases: tuple[Case, ...] = ()
    """Open incidents: the most severe first; of these the ones that need somebody first, and of these the oldest."""
    pending: tuple[Pending, ...] = ()
    dead: tuple[Delivery, ...] = ()
    """Messages that were given up."""
    waiting: int = 0
    """Messages that are to be sent."""
    told: int = 0
    """Messages that arrived recently."""
    failed: int = 0
    """Tries that failed recently."""
    quiet_since: datetime | None = None
    """When the last incident ended; None where none ever did."""


def pulse() -> Pulse:
    """Whether rules are evaluated, and how that goes."""
    home, now = source().own_home, source().now()
    rules = sum(rule.enabled for rule in ruling.in_force().values())
    job = heartbeat.job(home, heartbeat.DEMO_EVALUATE if source().is_demo else JOB)
    finished, error = (job.finished, job.error) if job else (None, "")
    age = heartbeat.age(home, now)
    attended = age is not None and age <= heartbeat.STALE_SECONDS
    state = _watching(rules, attended, finished, error, now)
    shown = Watching.DEMO if source().is_demo else state
    return Pulse(shown, rules, finished, error, vouches=state is Watching.WATCHING)


def _watching(rules: int, attended: bool, finished: datetime | None, error: str, now: datetime) -> Watching:
    if not source().settings.alerts.enabled:
        return Watching.DISABLED
    if not attended:
        return Watching.UNATTENDED
    if error:
        return Watching.FAILING
    if not rules:
        return Watching.WITHOUT_RULES
    if finished is None:
        return Watching.STARTING
    return Watching.LATE if now - finished > STALE else Watching.WATCHING


def board() -> Board:
    """Everything that is so now. Raises StoreUnavailable."""
    opened, now = alert_home.store(), source().now()
    if opened is None:
        return Board()
    shared_until = now - (now - datetime.min.replace(tzinfo=now.tzinfo)) % _SHARED
    known = _known(alert_home.stamp(), shared_until, opened)
    rules = ruling.in_force()
    cases = [
        _case(incident, known.alerts.get(incident.id, ()), known.reached, rules, known.silences, known.recovering, now)
        for incident in known.incidents
    ]
    return Board(
        cases=tuple(sorted(cases, key=_urgency)),
        pending=tuple(Pending(one, rules.get(one.key.rule)) for one in sorted(known.pending, key=_begun)),
        dead=known.dead,
        waiting=known.waiting,
        told=known.told,
        failed=known.failed,
        quiet_since=None if cases else known.ended_at,
    )


@dataclass(frozen=True)
class _Known:
    """What the database says at a moment."""

    incidents: tuple[Incident, ...]
    """Open ones."""
    alerts: Mapping[str, tuple[Alert, ...]]
    """Theirs."""
    reached: Mapping[str, tuple[str, ...]]
    """Whom messages about them reached."""
    silences: tuple[Silence, ...]
    recovering: Mapping[Key, datetime]
    """Since when instances that fire are well again."""
    pending: tuple[Instance, ...]
    dead: tuple[Delivery, ...]
    waiting: int
    told: int
    failed: int
    ended_at: datetime | None


_SHARED = timedelta(seconds=5)
"""For which all viewers and all parts of a page share what was read, unless the database changes."""


@st.cache_resource(show_spinner=False, max_entries=4)
def _known(stamp: object, moment: datetime, _store: Store) -> _Known:
    with _store.reading() as repository:
        incidents, instances = repository.incidents(), tuple(repository.instances().values())
        alerts: dict[str, list[Alert]] = {}
        for alert in repository.alerts_of(incident.id for incident in incidents):
            alerts.setdefault(alert.incident, []).append(alert)
        return _Known(
            incidents=incidents,
            alerts={incident: tuple(members) for incident, members in alerts.items()},
            reached=repository.reached(incident.id for incident in incidents),
            silences=repository.silences(moment),
            recovering=_recovering(instances),
            pending=tuple(one for one in instances if one.state is State.PENDING),
            dead=repository.dead_letters(),
            waiting=repository.waiting()[0],
            told=sum(repository.arrived(moment - RECENTLY, moment + _SHARED).values()),
            failed=sum(step.kind == "failed" for step in repository.timeline(since=moment - RECENTLY)),
            ended_at=None if incidents else _ended_at(repository, moment),
        )


def case(incident_id: str) -> tuple[Case, tuple[Step, ...]] | None:
    """An incident with everything that happened to it, oldest first; None where no such incident is known."""
    opened, now = alert_home.store(), source().now()
    if opened is None:
        return None
    with opened.reading() as repository:
        incident = repository.incident(incident_id)
        if incident is None:
            return None
        alerts, reached, steps, silences, recovering = (
            repository.alerts_of([incident_id]),
            repository.reached([incident_id]),
            repository.timeline(incident_id),
            repository.silences(now),
            _recovering(repository.instances().values()),
        )
    found = _case(incident, alerts, reached, ruling.in_force(), silences, recovering, now)
    return found, (*_beginning(found, steps), *steps)


def _recovering(instances: Iterable[Instance]) -> Mapping[Key, datetime]:
    firing = (one for one in instances if one.state is State.FIRING)
    return {one.key: one.recovering_since for one in firing if one.recovering_since is not None}


def _beginning(case: Case, steps: tuple[Step, ...]) -> Iterator[Step]:
    """How it began, before there was an incident to write it down for: read off the head's first spell."""
    first = min((alert for alert in case.alerts if alert.key == case.incident.head), key=_fired, default=None)
    if first is None or any(step.kind in ("breach", "pending") for step in steps):
        return
    watched = ruling.watch(case.rule)
    said = f"{watched.title} {watched.threshold_text}" if watched.threshold_text else "it breached"
    yield Step(first.since, "breach", said, case.incident.id, first.key)
    if first.fired_at > first.since:
        length = wording.span(first.fired_at - first.since)
        yield Step(first.since, "pending", f"for {length}: nobody is told yet", case.incident.id, first.key)
    if not any(step.kind == "firing" for step in steps):
        yield Step(first.fired_at, "firing", f"{case.incident.title} fires", case.incident.id, first.key)


def _fired(alert: Alert) -> datetime:
    return alert.fired_at


def silences() -> tuple[Silence, ...]:
    """Every silence that is known, also those that have ended."""
    opened = alert_home.store()
    if opened is None:
        return ()
    with opened.reading() as repository:
        return repository.silences()


def matching(matchers: Sequence[Matcher]) -> tuple[Alert, ...]:
    """The alerts that fire now and that matchers hold for."""
    opened, rules = alert_home.store(), ruling.in_force()
    if opened is None:
        return ()
    with opened.reading() as repository:
        firing = repository.firing_alerts()
    return tuple(one for one in firing if matches(matchers, labels_of(one.key, one.priority, rules.get(one.key.rule))))


def matched(silences: Sequence[Silence]) -> dict[str, tuple[Alert, ...]]:
    """By the id of each silence, the alerts that fire now and that it keeps quiet, or will once it begins."""
    opened, now, rules = alert_home.store(), source().now(), ruling.in_force()
    if opened is None or not silences:
        return {}
    with opened.reading() as repository:
        firing = repository.firing_alerts()
    return {one.id: acts.matched(firing, one, rules, now) for one in silences}


def _case(
    incident: Incident,
    alerts: tuple[Alert, ...],
    reached: Mapping[str, tuple[str, ...]],
    rules: Mapping[str, AlertRule],
    silences: tuple[Silence, ...],
    recovering: Mapping[Key, datetime],
    now: datetime,
) -> Case:
    own = sorted(alerts, key=_fired, reverse=True)
    own.sort(key=lambda alert: (alert.key != incident.head, alert.state is not State.FIRING, alert.priority))
    rule = rules.get(incident.head.rule)
    labels = labels_of(incident.head, incident.priority, rule)
    quiet = next((silence for silence in silences if silence.matches(labels, now)), None)
    # A digest is kept with the first of its incidents only.
    told = reached.get(incident.id, incident.told if incident.delivered_at else ())
    return Case(incident, tuple(own), rule, quiet, told, recovering.get(incident.head))


def _urgency(case: Case) -> tuple[str, bool, datetime, str]:
    return case.incident.priority, not case.needs_somebody, case.incident.opened_at, case.incident.id


def _begun(instance: Instance) -> tuple[bool, datetime | None, str]:
    return instance.since is None, instance.since, str(instance.key)


def _ended_at(repository: Repository, now: datetime) -> datetime | None:
    """When the last incident ended, if that is not long ago."""
    ended = (incident.resolved_at for incident in repository.incidents(open_only=False, since=now - _LOOKED_BACK))
    return max((at for at in ended if at is not None), default=None)


_LOOKED_BACK = timedelta(days=7)
