"""What people do about alerts: acknowledge, resolve, silence, note. The page, the command line and Slack call this.

Each act is to be one transaction of its own:

    with store.writing() as repository:
        answer = acknowledge(repository, incident_id, "ada", now)
    say(answer.text)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b

from alerts.incidents import Alert, Incident, Notice, NoticeKind, Silence, Status, Step
from alerts.incidents.incident import FALSE_ALERT
from alerts.judging import Key, State
from alerts.judging.lifecycle import ended
from alerts.policy import Matcher, labels_of
from alerts.rules import AlertRule, Target
from alerts.store.outbox import Delivery
from alerts.store.repository import Repository

UNKNOWN: Mapping[str, AlertRule] = {}
"""Where nobody says what the rules are: matchers see rule, priority and labels only."""
TOLD_OF_ACKNOWLEDGING = frozenset({"slack", "pagerduty", "webhook"})
"""Channels that can show that somebody is at it. A mail about it would only be one more mail."""


class NoIncident(LookupError):
    """There is no incident of that id: it never was, or was so long ago that it is forgotten."""

    def __init__(self, incident_id: str) -> None:
        super().__init__(f"no incident {incident_id!r}")
        self.incident_id = incident_id


class NoSilence(LookupError):
    """There is no silence of that id that has not ended."""

    def __init__(self, silence_id: str) -> None:
        super().__init__(f"no silence {silence_id!r} that has not ended")
        self.silence_id = silence_id


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an act."""

    incident: Incident
    """As it is now."""
    done: bool
    """Whether the act changed anything; False where somebody was first."""
    text: str
    """A sentence for who did it: `acknowledged by ada`, `acknowledged by grace at 12:03 UTC already`."""


def acknowledge(repository: Repository, incident_id: str, who: str, at: datetime) -> Answer:
    """Somebody is at it: no further escalation, no repeats; the channels that can, show it. Raises NoIncident."""
    incident = _found(repository, incident_id)
    if incident.status is not Status.OPEN:
        return Answer(incident, False, _first(incident))
    acknowledged = replace(incident, acknowledged_at=at, acknowledged_by=who)
    repository.save_incidents([acknowledged])
    text = f"acknowledged by {who}"
    repository.record([Step(at, "acknowledged", text, incident.id, who=who)])
    targets = [target for target in _told(incident) if target.channel in TOLD_OF_ACKNOWLEDGING]
    _tell(repository, "acknowledged", acknowledged, targets, who, at)
    return Answer(acknowledged, True, text)


def resolve(
    repository: Repository, incident_id: str, who: str, why: str, at: datetime, *, is_false: bool = False
) -> Answer:
    """It is over, says somebody: its alerts end, and who was told of it is told so.

    What breaches on fires again only after the full duration of its rule, as another incident. `is_false`: nothing was
    wrong, which can be said of one that is over, too. Raises NoIncident.
    """
    incident = _found(repository, incident_id)
    if incident.status is Status.RESOLVED:
        return _marked_false(repository, incident, who, at) if is_false else Answer(incident, False, _first(incident))
    text = f"resolved by {who}: {why}" if why else f"resolved by {who}"
    text = f"{FALSE_ALERT}, {text}" if is_false else text
    _end_instances(repository, frozenset(incident.members), at, text)
    over = [
        replace(alert, state=State.RESOLVED, ended_at=at, reason=text)
        for alert in repository.alerts_of([incident.id])
        if alert.ended_at is None
    ]
    repository.save_alerts(over)
    resolved = replace(incident, resolved_at=at, resolution=text, firing=(), flapping_since=None)
    repository.save_incidents([resolved])
    repository.record([Step(at, "resolved", text, incident.id, who=who)])
    _tell(repository, "resolved", resolved, _told(incident), who, at)
    return Answer(resolved, True, text)


def _marked_false(repository: Repository, incident: Incident, who: str, at: datetime) -> Answer:
    if incident.was_false:
        return Answer(incident, False, f"said to be a {FALSE_ALERT} already")
    marked = replace(incident, resolution=f"{FALSE_ALERT}, {incident.resolution}")
    repository.save_incidents([marked])
    text = f"a {FALSE_ALERT}, says {who}"
    repository.record([Step(at, "note", text, incident.id, who=who)])
    return Answer(marked, True, text)


def note(repository: Repository, incident_id: str, who: str, text: str, at: datetime) -> Answer:
    """Write into an incident's timeline what was seen or tried, also after its end. Raises NoIncident, ValueError."""
    incident = _found(repository, incident_id)
    if not text.strip():
        raise ValueError("a note must say something")
    repository.record([Step(at, "note", text.strip(), incident.id, who=who)])
    return Answer(incident, True, "noted")


def silence(
    repository: Repository,
    *,
    who: str,
    why: str,
    at: datetime,
    end: datetime,
    start: datetime | None = None,
    matchers: Sequence[Matcher] = (),
    rules: Mapping[str, AlertRule] = UNKNOWN,
) -> Silence:
    """Nobody is told of what matches, from `start` (default: now) until `end`; it still is recorded.

    No matchers match everything. `rules` are those in force, for matchers that ask what a rule says of its alerts.
    Raises ValueError, which says what is expected.
    """
    begins = start or at
    if end <= max(begins, at):
        raise ValueError(f"a silence must end after it starts and after now, not at {end.isoformat()}")
    written = sorted(map(str, matchers))
    named = blake2b(f"{written} {begins} {end} {who} {at}".encode(), digest_size=6).hexdigest()
    made = Silence(named, begins, end, why, who, tuple(matchers))
    repository.add_silence(made)
    text = f"silenced until {_clock(end)} by {who}" + (f": {why}" if why else "")
    _record_silence(repository, made, at, text, who, rules)
    return made


def unsilence(
    repository: Repository, silence_id: str, who: str, at: datetime, rules: Mapping[str, AlertRule] = UNKNOWN
) -> Silence:
    """End a silence now: what it kept quiet and still fires is told by the next tick. Raises NoSilence.

    `rules` are those in force. Returns the silence as it was.
    """
    found = repository.end_silence(silence_id, at)
    if found is None:
        raise NoSilence(silence_id)
    _record_silence(repository, found, at, f"silence ended by {who}", who, rules)
    return found


def matched(
    firing: Iterable[Alert], silence: Silence, rules: Mapping[str, AlertRule], at: datetime
) -> tuple[Alert, ...]:
    """The alerts of those that fire which a silence keeps quiet, or will once it begins."""
    moment = max(at, silence.start)
    return tuple(
        alert
        for alert in firing
        if silence.matches(labels_of(alert.key, alert.priority, rules.get(alert.key.rule)), moment)
    )


def _found(repository: Repository, incident_id: str) -> Incident:
    incident = repository.incident(incident_id)
    if incident is None:
        raise NoIncident(incident_id)
    return incident


def _first(incident: Incident) -> str:
    """What somebody else, or time, has done already."""
    if incident.resolved_at is not None:
        return f"{incident.resolution or 'resolved'} at {_clock(incident.resolved_at)} already"
    assert incident.acknowledged_at is not None
    return f"acknowledged by {incident.acknowledged_by} at {_clock(incident.acknowledged_at)} already"


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _told(incident: Incident) -> list[Target]:
    return [Target.of(text) for text in incident.told]


def _tell(
    repository: Repository, kind: NoticeKind, incident: Incident, targets: list[Target], who: str, at: datetime
) -> None:
    alerts = sorted(repository.alerts_of([incident.id]), key=lambda alert: alert.key != incident.head)
    notice = Notice(kind, incident, tuple(alerts), tuple(targets))
    repository.enqueue(Delivery.of(notice, target, at, who=who) for target in targets)


def _end_instances(repository: Repository, keys: frozenset[Key], at: datetime, reason: str) -> None:
    """Forget that they breach: their next breach is the first of a new run."""
    quiet = [ended(instance, at, reason) for instance in repository.instances().values() if instance.key in keys]
    repository.save_instances(instance for instance, _ in quiet)
    repository.save_transitions(transition for _, transition in quiet if transition is not None)


def _record_silence(
    repository: Repository, made: Silence, at: datetime, text: str, who: str, rules: Mapping[str, AlertRule]
) -> None:
    """Into the timeline of its rule, and of every open incident of which it matches an alert that fires."""
    touched = dict.fromkeys(
        one.incident for one in matched(repository.firing_alerts(), made, rules, at) if one.incident
    )
    of_rule = Step(at, "silenced", text, key=Key(made.rule) if made.rule else None, who=who)
    repository.record([of_rule, *(replace(of_rule, incident=incident, key=None) for incident in touched)])
