"""Who would have been told: the stages over evaluations that are only played through, as timelines of rules are.

    report = report_of(path, metrics, notify=lambda: Audience(settings.alerts, settings.timezone))

It remembers between evaluations what the database would. Every channel counts as set up; nothing is silenced.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from alerts.incidents import Alert, Incident, Notice
from alerts.incidents.alert_changes import alert_changes
from alerts.incidents.batch import EDITED, PLAIN, Batch
from alerts.incidents.digest import newest_due
from alerts.incidents.flapping import SPAN
from alerts.incidents.pipeline import DIGEST, STAGES, Stage, run
from alerts.judging import Key, State, Transition
from alerts.judging.evaluation import Evaluation
from alerts.policy import Policy
from alerts.rules import CHANNELS, AlertRule
from metrics.settings import Alerts


class Audience:
    """What people are told after each evaluation, a line a notice: `firing errors{endpoint=/chat} to slack, email`."""

    def __init__(self, settings: Alerts, timezone: str = "UTC", policy: Policy = PLAIN) -> None:
        self._settings = _reachable(settings)
        self._timezone = timezone
        self._policy = policy
        self._firing: tuple[Alert, ...] = ()
        self._incidents: dict[str, Incident] = {}
        self._history: tuple[Transition, ...] = ()
        self._digest: datetime | None = None

    def __call__(self, rules: Sequence[AlertRule], evaluation: Evaluation, instant: datetime) -> Sequence[str]:
        """What is told at an instant; instants come in order."""
        instances = {key: one for outcome in evaluation.outcomes for key, one in outcome.instances.items()}
        recent = {key: values for outcome in evaluation.outcomes for key, values in outcome.recent.items()}
        by_id = {rule.id: rule for rule in rules}
        now_so = alert_changes(evaluation.changes, self._firing, instances, recent, by_id)
        transitions = (one for one in evaluation.transitions if one.kind in ("firing", "resolved"))
        self._history = tuple(one for one in (*self._history, *transitions) if one.at >= instant - SPAN)
        batch = Batch(
            now=instant,
            changed=now_so.changed,
            ongoing=now_so.ongoing,
            open=tuple(one for one in self._incidents.values() if one.resolved_at is None),
            rules=by_id,
            history=_by_key(self._history),
            settings=self._settings,
            timezone=self._timezone,
            policy=self._policy,
            set_up=self._ways(CHANNELS),
            edited=self._ways(EDITED),
        )
        return [*self._told(batch, STAGES), *self._digested(batch)]

    def _ways(self, channels: Iterable[str]) -> frozenset[str]:
        """Channels, those of contact points too."""
        points = ("", *(f"@{name}" for name in self._policy.contact_points))
        return frozenset(f"{channel}{point}" for channel in channels for point in points)

    def _digested(self, batch: Batch) -> Sequence[str]:
        due = newest_due(batch.now, self._settings.digest_at, self._timezone)
        last, self._digest = self._digest or due, due
        if last == due:
            return []
        every = tuple(self._incidents.values())
        return self._told(replace(batch, changed=(), ongoing=self._firing, open=every), DIGEST)

    def _told(self, batch: Batch, stages: tuple[Stage, ...]) -> Sequence[str]:
        passed = run(batch, stages)
        self._incidents |= {one.id: one for one in passed.updated}
        self._firing = tuple(one for one in passed.alerts if one.state is State.FIRING)
        return [_line(notice) for notice in passed.notices if notice.targets]


def _line(notice: Notice) -> str:
    heads = ", ".join(str(one.head) for one in notice.others or (notice.incident,))
    return f"{notice.kind} {heads} to {', '.join(map(str, notice.targets))}"


def _by_key(transitions: Sequence[Transition]) -> dict[Key, tuple[Transition, ...]]:
    found: dict[Key, tuple[Transition, ...]] = {}
    for one in transitions:
        found[one.key] = (*found.get(one.key, ()), one)
    return found


def _reachable(settings: Alerts) -> Alerts:
    """The settings, with somebody behind every channel."""
    somebody = "somebody@example.com"
    email = settings.email.model_copy(update={"to": settings.email.to or (somebody,)})
    webhook = settings.webhook.model_copy(update={"url": settings.webhook.url or "https://example.com/"})
    return settings.model_copy(update={"email": email, "webhook": webhook})
