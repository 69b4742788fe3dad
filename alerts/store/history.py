"""What the alerts of the past say: how fast people were, which rules cry wolf, how much there was a day.

Spans are `[start, end)`; unless said otherwise, an incident or an alert belongs to the span in which it began.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from statistics import mean, median
from zoneinfo import ZoneInfo

from alerts.incidents import Alert, Incident, Status
from alerts.incidents.incident import NO_CHANNEL
from alerts.rules import Priority
from alerts.store.repository import Repository

SHORT = timedelta(minutes=5)
"""An alert that ended by itself sooner than this probably needed nobody."""


@dataclass(frozen=True, slots=True)
class Past:
    """An incident and how long it took."""

    incident: Incident
    duration: timedelta
    """From when it opened to when it was resolved; to now while it goes on."""
    to_acknowledge: timedelta | None
    """Until somebody was at it; None where nobody said so."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long people took, over the incidents of a span; None where there is none to take it over."""

    incidents: int
    acknowledged: int
    resolved: int
    to_acknowledge_mean: timedelta | None
    """MTTA: from opening to acknowledging, over those acknowledged."""
    to_acknowledge_median: timedelta | None
    to_resolve_mean: timedelta | None
    """MTTR: from opening to the end, over those resolved."""
    to_resolve_median: timedelta | None


@dataclass(frozen=True, slots=True)
class Noise:
    """What a rule asked of people in a span."""

    rule: str
    name: str
    """As it was called when it last fired."""
    priority: Priority
    fired: int = 0
    """Alerts."""
    acknowledged: int = 0
    """Of them, those whose incident somebody acknowledged."""
    short: int = 0
    """Of them, those that ended by themselves within `SHORT`."""
    withheld: int = 0
    """Of them, those of which nobody was told: silenced or suppressed."""
    told: int = 0
    """Messages that arrived about incidents whose head is of this rule."""
    firing: timedelta = timedelta()
    """How long its alerts fired, all together."""

    @property
    def short_percent(self) -> float:
        """Share of its alerts that ended by themselves, quickly."""
        return 100 * self.short / self.fired if self.fired else 0.0

    @property
    def withheld_percent(self) -> float:
        """Share of its alerts of which nobody was told."""
        return 100 * self.withheld / self.fired if self.fired else 0.0


@dataclass(frozen=True, slots=True)
class FalseAlerts:
    """How often nothing was wrong, of the incidents of a span that are over and were not withheld."""

    over: int
    false: int
    """Of them, those of which people said so."""


@dataclass(frozen=True, slots=True)
class Day:
    """How many incidents began on a day."""

    day: date
    priority: Priority
    incidents: int


def firing_now(repository: Repository) -> dict[Priority, tuple[Incident, ...]]:
    """Incidents that are not resolved, by priority, the most severe first, of each the oldest first."""
    by_age = sorted(repository.incidents(), key=lambda incident: incident.opened_at)
    return {priority: tuple(incident for incident in by_age if incident.priority is priority) for priority in Priority}


def past(repository: Repository, start: datetime, end: datetime, now: datetime) -> list[Past]:
    """Incidents that were open at some time of a span, the newest first."""
    return [
        Past(
            incident,
            (incident.resolved_at or now) - incident.opened_at,
            None if incident.acknowledged_at is None else incident.acknowledged_at - incident.opened_at,
        )
        for incident in repository.incidents(open_only=False, since=start, until=end)
    ]


def times(incidents: Iterable[Incident]) -> Times:
    """How long it took to acknowledge and to resolve incidents. Late ones, which nobody could see, are left out."""
    seen = [incident for incident in incidents if not incident.late]
    to_acknowledge = [one.acknowledged_at - one.opened_at for one in seen if one.acknowledged_at is not None]
    to_resolve = [one.resolved_at - one.opened_at for one in seen if one.resolved_at is not None]
    return Times(
        len(seen), len(to_acknowledge), len(to_resolve),
        *_middle(to_acknowledge),
        *_middle(to_resolve),
    )  # fmt: skip


def noise(repository: Repository, start: datetime, end: datetime, now: datetime) -> list[Noise]:
    """What each rule that fired in a span asked of people, the one that fired most first."""
    fired = defaultdict[str, list[Alert]](list)
    for alert in repository.alerts(start, end):
        if alert.fired_at >= start:
            fired[alert.key.rule].append(alert)
    incidents = {one.id: one for one in repository.incidents(open_only=False, since=start)}
    told: Counter[str] = Counter()
    for incident_id, messages in repository.arrived(start, end).items():
        if incident_id in incidents:
            told[incidents[incident_id].head.rule] += messages
    found = [replace(_noise(rule, alerts, incidents, now), told=told[rule]) for rule, alerts in fired.items()]
    return sorted(found, key=lambda one: (-one.fired, one.rule))


def false_alerts(repository: Repository, start: datetime, end: datetime) -> FalseAlerts:
    """Of the incidents that began in a span. Where no channel is set up people see them on the page: these count."""
    over = [
        one
        for one in repository.incidents(open_only=False, since=start, until=end)
        if one.opened_at >= start and one.status is Status.RESOLVED and one.withheld in ("", NO_CHANNEL)
    ]
    return FalseAlerts(len(over), sum(one.was_false for one in over))


def a_day(repository: Repository, start: datetime, end: datetime, zone: ZoneInfo) -> list[Day]:
    """Incidents by the day on which they began, by the calendar of a zone: every day of the span, every priority."""
    counted = Counter(
        (incident.opened_at.astimezone(zone).date(), incident.priority)
        for incident in repository.incidents(open_only=False, since=start, until=end)
        if incident.opened_at >= start
    )
    first, last = start.astimezone(zone).date(), (end - timedelta.resolution).astimezone(zone).date()
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [Day(day, priority, counted[day, priority]) for day in days for priority in Priority]


def _noise(rule: str, alerts: Sequence[Alert], incidents: Mapping[str, Incident], now: datetime) -> Noise:
    acknowledged = {one.id for one in incidents.values() if one.acknowledged_at is not None}
    lengths = [(alert.ended_at or now) - alert.fired_at for alert in alerts]
    by_itself = [alert.ended_at is not None and not alert.reason for alert in alerts]
    return Noise(
        rule,
        alerts[-1].name,
        alerts[-1].priority,
        fired=len(alerts),
        acknowledged=sum(alert.incident in acknowledged for alert in alerts),
        short=sum(length < SHORT and ended for length, ended in zip(lengths, by_itself, strict=True)),
        withheld=sum(bool(alert.withheld) for alert in alerts),
        firing=sum(lengths, timedelta()),
    )


def _middle(lengths: Sequence[timedelta]) -> tuple[timedelta | None, timedelta | None]:
    """Mean and median."""
    if not lengths:
        return None, None
    seconds = [length.total_seconds() for length in lengths]
    return timedelta(seconds=mean(seconds)), timedelta(seconds=median(seconds))
