"""What alerts know, as one transaction sees it: values in, values out."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select, true, update
from sqlalchemy import bindparam as given

from alerts.incidents import Alert, Incident, Silence, Step
from alerts.judging import Instance, Key, State, Transition, TransitionKind
from alerts.store import rows
from alerts.store.outbox import Outbox
from alerts.store.rows import key_id, parts, upsert
from alerts.store.tables import (
    ALERTS,
    EVALUATED,
    INCIDENTS,
    INSTANCES,
    RULE_TEXTS,
    SILENCES,
    TIMELINE,
    TRANSITIONS,
)

_LIVE = (State.PENDING, State.FIRING)
NOTHING_RECENT: Mapping[Key, Sequence[float | None]] = {}


class Repository(Outbox):
    """All that is known of alerts. Made by `Store.writing()` and `Store.reading()`; the outbox is part of it."""

    # Instances

    def instances(self) -> dict[Key, Instance]:
        """Those that are pending or firing; all others are inactive, and nothing is known of them."""
        columns = (column for column in INSTANCES.c if column is not INSTANCES.c.recent)
        found = self._connection.execute(select(*columns))
        return {instance.key: instance for instance in map(rows.instance_of, found)}

    def recent(self) -> dict[Key, tuple[float | None, ...]]:
        """The newest values of those instances, as they were saved."""
        found = self._connection.execute(select(INSTANCES.c.rule, INSTANCES.c.labels, INSTANCES.c.recent))
        return {rows.key_of(row): row.recent for row in found}

    def save_instances(
        self, changed: Iterable[Instance], recent: Mapping[Key, Sequence[float | None]] = NOTHING_RECENT
    ) -> None:
        """Keep instances with their newest values; those that are neither pending nor firing are forgotten."""
        live: list[rows.Values] = []
        gone: list[rows.Values] = []
        for instance in changed:
            if instance.state in _LIVE:
                live.append(rows.instance_row(instance, recent.get(instance.key, ())))
            else:
                gone.append({"gone": key_id(instance.key)})
        upsert(self._connection, INSTANCES, live)
        if gone:
            self._connection.execute(delete(INSTANCES).where(INSTANCES.c.id == given("gone")), gone)

    def save_transitions(self, transitions: Iterable[Transition]) -> None:
        """Add changes of state."""
        new = [rows.transition_row(transition) for transition in transitions]
        if new:
            self._connection.execute(TRANSITIONS.insert(), new)

    def transitions(
        self, since: datetime, kinds: Iterable[TransitionKind] = ("firing", "resolved")
    ) -> dict[Key, tuple[Transition, ...]]:
        """Changes of state of these kinds from a moment on, by instance, the oldest first."""
        statement = select(TRANSITIONS).where(TRANSITIONS.c.at >= since, TRANSITIONS.c.kind.in_(list(kinds)))
        found: dict[Key, tuple[Transition, ...]] = {}
        for row in self._connection.execute(statement.order_by(TRANSITIONS.c.at, TRANSITIONS.c.sequence)):
            transition = rows.transition_of(row)
            found[transition.key] = (*found.get(transition.key, ()), transition)
        return found

    # Rules

    def evaluated(self) -> dict[str, datetime]:
        """The last instant evaluated of each rule."""
        return {row.rule: row.at for row in self._connection.execute(select(EVALUATED))}

    def set_evaluated(self, instants: Mapping[str, datetime], too_few: Container[str] = ()) -> None:
        """Note the last instants evaluated of some rules, and which of them found too few events to judge."""
        listed = [{"rule": rule, "at": at, "too_few": rule in too_few} for rule, at in instants.items()]
        upsert(self._connection, EVALUATED, listed)

    def with_too_few(self) -> frozenset[str]:
        """Rules that found too few events to judge when they were evaluated last."""
        found = self._connection.execute(select(EVALUATED.c.rule).where(EVALUATED.c.too_few))
        return frozenset(row.rule for row in found)

    def rule_texts(self) -> dict[str, str]:
        """By name of the file, the texts of the rules last saved."""
        return {row.name: row.text for row in self._connection.execute(select(RULE_TEXTS))}

    def save_rule_texts(self, texts: Mapping[str, str], at: datetime) -> None:
        """Keep these texts and no others."""
        self._connection.execute(delete(RULE_TEXTS))
        upsert(
            self._connection, RULE_TEXTS, [{"name": name, "text": text, "saved_at": at} for name, text in texts.items()]
        )

    # Incidents and their alerts

    def incidents(
        self, open_only: bool = True, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[Incident, ...]:
        """Incidents, the newest first: those not resolved, or all.

        `since` and `until` keep those that were open at some time of that span.
        """
        statement = select(INCIDENTS)
        if open_only:
            statement = statement.where(INCIDENTS.c.resolved_at.is_(None))
        if since is not None:
            statement = statement.where(or_(INCIDENTS.c.resolved_at.is_(None), INCIDENTS.c.resolved_at >= since))
        if until is not None:
            statement = statement.where(INCIDENTS.c.opened_at < until)
        found = self._connection.execute(statement.order_by(INCIDENTS.c.opened_at.desc(), INCIDENTS.c.id))
        return tuple(map(rows.incident_of, found))

    def incident(self, incident_id: str) -> Incident | None:
        """The incident of that id."""
        row = self._connection.execute(select(INCIDENTS).where(INCIDENTS.c.id == incident_id)).one_or_none()
        return None if row is None else rows.incident_of(row)

    def save_incidents(self, incidents: Iterable[Incident]) -> None:
        """Keep incidents, new ones and changed ones."""
        upsert(self._connection, INCIDENTS, [rows.incident_row(incident) for incident in incidents])

    def mark_delivered(self, incident_ids: Iterable[str], at: datetime) -> None:
        """Note that a message about them arrived, unless one did before."""
        for part in parts(incident_ids):
            self._connection.execute(
                update(INCIDENTS)
                .where(INCIDENTS.c.id.in_(part), INCIDENTS.c.delivered_at.is_(None))
                .values(delivered_at=at)
            )

    def alerts_of(self, incident_ids: Iterable[str]) -> tuple[Alert, ...]:
        """All alerts of these incidents, the earliest first."""
        return tuple(alert for part in parts(incident_ids) for alert in self._alerts(ALERTS.c.incident.in_(part)))

    def firing_alerts(self) -> tuple[Alert, ...]:
        """The alerts that have not ended, the earliest first."""
        return self._alerts(ALERTS.c.ended_at.is_(None))

    def alerts(
        self, since: datetime, until: datetime | None = None, rules: Collection[str] | None = None
    ) -> tuple[Alert, ...]:
        """Alerts that fired at some time of a span, the earliest first; of all rules, or of some."""
        return self._alerts(
            or_(ALERTS.c.ended_at.is_(None), ALERTS.c.ended_at >= since),
            true() if until is None else ALERTS.c.fired_at < until,
            true() if rules is None else ALERTS.c.rule.in_(rules),
        )

    def save_alerts(self, alerts: Iterable[Alert]) -> None:
        """Keep alerts, new ones and changed ones. Their newest values are kept with their instances."""
        upsert(self._connection, ALERTS, [rows.alert_row(alert) for alert in alerts])

    def _alerts(self, *where: ColumnElement[bool]) -> tuple[Alert, ...]:
        joined = ALERTS.outerjoin(INSTANCES, (ALERTS.c.id == INSTANCES.c.id) & ALERTS.c.ended_at.is_(None))
        statement = select(*ALERTS.c, INSTANCES.c.recent).select_from(joined).where(*where)
        found = self._connection.execute(statement.order_by(ALERTS.c.fired_at, ALERTS.c.rule, ALERTS.c.id))
        return tuple(map(rows.alert_of, found))

    # What happened

    def record(self, steps: Iterable[Step]) -> None:
        """Add entries to the timeline."""
        new = [rows.step_row(step) for step in steps]
        if new:
            self._connection.execute(TIMELINE.insert(), new)

    def timeline(
        self,
        incident: str = "",
        rule: str = "",
        key: Key | None = None,
        since: datetime | None = None,
        limit: int = 1000,
    ) -> tuple[Step, ...]:
        """Entries in the order of time; of an incident, a rule, an instance, or all. Of too many, the newest."""
        where: list[ColumnElement[bool]] = []
        if incident:
            where.append(TIMELINE.c.incident == incident)
        if rule or key:
            where.append(TIMELINE.c.rule == (key.rule if key else rule))
        if key:
            where.append(TIMELINE.c.id == key_id(key))
        if since is not None:
            where.append(TIMELINE.c.at >= since)
        newest = select(TIMELINE).where(*where).order_by(TIMELINE.c.at.desc(), TIMELINE.c.sequence.desc()).limit(limit)
        return tuple(map(rows.step_of, reversed(list(self._connection.execute(newest)))))

    # Silences

    def silences(self, at: datetime | None = None) -> tuple[Silence, ...]:
        """Silences by their start: those that have not ended at a moment (they hold, or will), or all there were."""
        statement = select(SILENCES)
        if at is not None:
            statement = statement.where(SILENCES.c.ends_at > at)
        found = self._connection.execute(statement.order_by(SILENCES.c.starts_at, SILENCES.c.id))
        return tuple(map(rows.silence_of, found))

    def add_silence(self, silence: Silence) -> None:
        """Keep a silence."""
        upsert(self._connection, SILENCES, [rows.silence_row(silence)])

    def end_silence(self, silence_id: str, at: datetime) -> Silence | None:
        """End a silence that has not ended yet, and return it as it was; None where there is none of that id."""
        found = next((one for one in self.silences(at) if one.id == silence_id), None)
        if found is not None:
            start = min(found.start, at)
            self._connection.execute(
                update(SILENCES).where(SILENCES.c.id == silence_id).values(starts_at=start, ends_at=at)
            )
        return found

    # Retention

    def forget_transitions(self, before: datetime) -> None:
        """Drop changes of state: of alerts that fired, their spans stay."""
        self._connection.execute(delete(TRANSITIONS).where(TRANSITIONS.c.at < before))

    def forget(self, before: datetime) -> None:
        """Drop what ended before a moment: resolved incidents with all that belongs to them, and loose ends."""
        for statement in (
            delete(INCIDENTS).where(INCIDENTS.c.resolved_at < before),
            delete(ALERTS).where(ALERTS.c.ended_at < before, ALERTS.c.incident.is_(None)),
            delete(TIMELINE).where(TIMELINE.c.at < before, TIMELINE.c.incident.is_(None)),
            delete(SILENCES).where(SILENCES.c.ends_at < before),
        ):
            self._connection.execute(statement)
        self.forget_transitions(before)
