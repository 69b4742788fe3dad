"""What one tick hands from stage to stage: what happened, what is in force, and what becomes of it."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.incidents.incident import Alert, Incident, Notice, Silence, Step
from alerts.judging import Key, State, Transition
from alerts.policy import Policy, labels_of
from alerts.rules import AlertRule, Priority
from metrics.settings import Alerts

PLAIN = Policy(inhibit_rules=())
EDITED = frozenset({"slack", "webhook"})
"""Channels that take an update: Slack changes the message it wrote, a program can tell one from a page."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A `change` event, as far as rules may ask for it."""

    name: str
    change_type: str
    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """A tick. The first fields are given and stay; the last four are what the stages work on and leave behind."""

    now: datetime
    changed: tuple[Alert, ...] = ()
    """What began to fire or was resolved in this tick, in order of time. A spell that did both (while nobody was there)
    is one alert, resolved and without an incident."""
    ongoing: tuple[Alert, ...] = ()
    """Every other alert that fires, of all rules, with `incident` and `withheld` as the tick before left them."""
    open: tuple[Incident, ...] = ()
    """Every incident that is not resolved, as read within the transaction."""
    silences: tuple[Silence, ...] = ()
    """Those in force."""
    changes: tuple[Planned, ...] = ()
    """As `alerts.suppression.planned` reads them."""
    rules: Mapping[str, AlertRule] = field(default_factory=dict[str, AlertRule])
    """Every rule in force, by id."""
    history: Mapping[Key, tuple[Transition, ...]] = field(default_factory=dict[Key, tuple[Transition, ...]])
    """Transitions to firing and to resolved of the hour before, by instance; those of this tick may be left out."""
    settings: Alerts = field(default_factory=Alerts)
    timezone: str = "UTC"
    policy: Policy = PLAIN
    """Teams, routes and inhibitions in force."""
    set_up: frozenset[str] = frozenset()
    """Channels that have the credentials they need, as targets name them: `slack`, `pagerduty@checkout`."""
    edited: frozenset[str] = EDITED
    """Those of them that change what they wrote, or tell an update from a page."""

    alerts: tuple[Alert, ...] = ()
    """`changed` and `ongoing`, in this order, with the reasons they are withheld and the incidents they belong to."""
    incidents: tuple[Incident, ...] = ()
    """`open` and what was opened, as they stand now; one that was resolved stays among them."""
    notices: tuple[Notice, ...] = ()
    """What is to be told, and to whom; one that is `withheld` only for the record."""
    steps: tuple[Step, ...] = ()
    """New entries of the incidents' timelines, in order."""

    @property
    def updated(self) -> tuple[Incident, ...]:
        """Incidents that are new or not as they were read: those to be written."""
        before = {incident.id: incident for incident in self.open}
        return tuple(incident for incident in self.incidents if before.get(incident.id) != incident)

    @property
    def updated_alerts(self) -> tuple[Alert, ...]:
        """Alerts that changed, and others that are not as they were given: those to be written."""
        changed, others = self.alerts[: len(self.changed)], self.alerts[len(self.changed) :]
        return (*changed, *(one for one, given in zip(others, self.ongoing, strict=True) if one != given))

    def labels(self, alert: Alert) -> Mapping[str, str]:
        """What matchers look at of an alert."""
        return labels_of(alert.key, alert.priority, self.rules.get(alert.key.rule))

    def firing(self) -> Mapping[str, tuple[Alert, ...]]:
        """Alerts that fire, by incident: the most severe first, then the earliest."""
        found: defaultdict[str, list[Alert]] = defaultdict(list)
        for alert in self.alerts:
            if alert.state is State.FIRING and alert.incident:
                found[alert.incident].append(alert)
        return {incident: tuple(sorted(alerts, key=rank)) for incident, alerts in found.items()}

    def begun(self) -> "Batch":
        """As the first stage gets it: nothing is withheld, nothing decided."""
        alerts = tuple(replace(one, withheld="") if one.withheld else one for one in (*self.changed, *self.ongoing))
        return replace(self, alerts=alerts, incidents=self.open, notices=(), steps=())


def rank(alert: Alert) -> tuple[Priority, datetime, str]:
    """Orders alerts by how much they matter: the most severe first, of those the earliest."""
    return alert.priority, alert.fired_at, str(alert.key)


Stage = Callable[[Batch], Batch]
"""Looks at a batch and hands on what it makes of it. Pure: the same batch gives the same batch."""
