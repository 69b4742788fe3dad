"""A tick: from what is new in the lake to what is to be told, kept in one transaction.

    watch = Watch(settings, store, set_up=channels)
    watch.tick(now)             # every second or so; evaluates whatever fell due

What takes time (reading rules, asking the engine) comes first and holds no lock. Then one transaction reads where
everything stands, takes the evaluations and the stages over it, and writes instances, alerts, incidents, timeline and
outbox together: a kill at any moment leaves either all of a tick or nothing of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.incidents import Alert, Incident
from alerts.incidents.alert_changes import alert_changes
from alerts.incidents.batch import EDITED, Batch, Planned
from alerts.incidents.digest import newest_due
from alerts.incidents.pipeline import DIGEST, run
from alerts.incidents.suppression import planned as changes_planned
from alerts.judging import Instance, Key, State, Verdict
from alerts.judging.evaluation import Evaluation, Plan, Span, evaluated, planned
from alerts.judging.evidence import Memory, fetch
from alerts.judging.holidays import Holidays
from alerts.judging.lifecycle import Changed, Timing, step
from alerts.judging.rule_problems import ABOUT_RULES, about
from alerts.policy.reading import FILE_NAME as ROUTING
from alerts.policy.reading import InForce, Policies
from alerts.rules import AlertRule, Priority
from alerts.rules.reading import Rules, RuleSet
from alerts.store import Store
from alerts.store.outbox import Delivery
from alerts.store.repository import Repository
from metrics.catalog.own import MetricsError, stamp_of
from metrics.engine import DataFreshness, Engine
from metrics.events.entries import Problem
from metrics.settings import Alerts, Settings

LATE = timedelta(minutes=2)
"""How long after its instant an evaluation counts as late."""
STAGES_EVERY = timedelta(seconds=5)
"""How often silences, repeats and escalations are looked at when no rule is due."""
FLAPS = timedelta(hours=1)
"""How far back changes of state are looked at."""
DIGEST_SENT = "promptpilot-digest"
"""Under this name, when the last digest was put together."""
_ACTIVE = (State.PENDING, State.FIRING)


@dataclass(frozen=True, slots=True)
class Tick:
    """What came of a tick."""

    until: datetime
    """Instants up to here were due."""
    evaluated: int = 0
    """Rules."""
    changes: int = 0
    """Changes of state."""
    told: int = 0
    """Messages put into the outbox."""
    failed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Rules whose question came to nothing, and why; they are asked again."""


@dataclass(frozen=True, slots=True)
class Channels:
    """What is known of the channels while rules are evaluated."""

    set_up: frozenset[str] = frozenset()
    """Those that can be told, as targets name them: `slack`, `pagerduty@checkout`."""
    edited: frozenset[str] = EDITED
    """Those of them that change what they wrote, or tell an update from a page."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with the files of settings and secrets; the last good ones are in force."""


class Watch:
    """Evaluates the rules of one home, tick by tick. Not to be shared between threads.

    `set_up` names the channels that can be told; `renew` names others later. `begin` is how far back a rule begins that
    was never evaluated: not at all, but to look at the past of a home that was just made.
    """

    def __init__(
        self, settings: Settings, store: Store, set_up: Iterable[str] = (), begin: timedelta = timedelta()
    ) -> None:
        self.settings = settings
        self._store = store
        self._channels = Channels(frozenset(set_up))
        self._begin = begin
        self._rules = Rules()
        self._policies = Policies()
        self._memory = Memory()
        self._engine: Engine | None = None
        self._own_metrics: int | None = None
        self._staged_at: datetime | None = None
        self._texts: Mapping[str, str] | None = None

    def renew(self, settings: Settings, channels: "Channels") -> None:
        """Go by other settings and channels from the next tick on."""
        if settings != self.settings:
            self.settings, self._engine = settings, None
        self._channels = channels

    @property
    def engine(self) -> Engine:
        """Answers for the home; another once its own metrics change. Such as cannot be used are left out."""
        stamp = stamp_of(self.settings.home)
        if self._engine is None or stamp != self._own_metrics:
            try:
                self._engine = Engine(self.settings)
            except MetricsError:
                self._engine = Engine(self.settings, own_metrics=False)
            self._own_metrics = stamp
        return self._engine

    def rules(self) -> RuleSet:
        """The rules in force."""
        last_good = {name: text for name, text in self._last_good().items() if name != ROUTING}
        return self._rules.load(self.settings, self.engine.metrics, last_good)

    def policy(self) -> InForce:
        """The teams, routes and inhibitions in force."""
        return self._policies.load(self.settings.home, self._last_good().get(ROUTING, ""))

    def _last_good(self) -> Mapping[str, str]:
        if self._texts is None:
            with self._store.reading() as repository:
                self._texts = repository.rule_texts()
        return self._texts

    def tick(self, now: datetime) -> Tick:
        """Evaluate what fell due, and let the outcome pass the stages. Raises StoreUnavailable."""
        engine, rule_set, in_force = self.engine, self.rules(), self.policy()
        rules = rule_set.rules
        alerts = self.settings.alerts
        until = horizon(now, engine.answer(DataFreshness()).last, alerts)
        with self._store.reading() as repository:
            seen, known = repository.evaluated(), {**_resting(repository, rules, until), **repository.instances()}
        span = self._span(rules.values(), seen, now, until)
        settle = timedelta(seconds=alerts.settle_seconds)
        holidays = Holidays.of(self.settings.holidays, self.settings.timezone)
        plan = planned(tuple(rules.values()), _of_rules(known), span, settle, holidays)
        if not plan.windows and not self._stages_are_due(now):
            return Tick(until)
        evidence = fetch(engine, plan.asks, self._memory)
        changes = changes_planned(engine, rules.values(), now)
        with self._store.writing() as repository:
            if repository.evaluated() != seen:  # somebody else evaluates the same home, and was faster
                return Tick(until)
            known = repository.instances()
            resting = _resting(repository, rules, until)
            evaluation = evaluated(plan, evidence, _of_rules({**resting, **known}))
            tick = self._kept(repository, now, rule_set, in_force, plan, evaluation, known, changes)
        self._staged_at = now
        return tick

    def digest(self, now: datetime) -> int:
        """Put the digest of P3 into the outbox, if it is due; how many messages that are. Raises StoreUnavailable."""
        due = newest_due(now, self.settings.alerts.digest_at, self.settings.timezone)
        with self._store.reading() as repository:
            if _is_sent(_last_digest(repository), due):
                return 0
        rules = self.rules().rules
        changes = changes_planned(self.engine, rules.values(), now)
        with self._store.writing() as repository:
            last = _last_digest(repository)
            if _is_sent(last, due):  # by somebody else, in the meantime
                return 0
            ended = repository.incidents(open_only=False, since=last or due)
            open_ = tuple(one for one in ended if one.resolved_at is None or one.priority is Priority.P3)
            batch = run(self._batch(repository, now, rules, (), repository.firing_alerts(), open_, changes), DIGEST)
            repository.set_evaluated({DIGEST_SENT: now})
            return _written(repository, batch, now)

    def _span(self, rules: Iterable[AlertRule], seen: Mapping[str, datetime], now: datetime, until: datetime) -> Span:
        """Each rule from where it was left, but no farther back than is made up for."""
        first = until - timedelta(seconds=self.settings.alerts.catch_up_seconds)
        behind = {rule.id: max(seen.get(rule.id, until - max(self._begin, rule.window)), first) for rule in rules}
        return Span(first, until, now - LATE, behind)

    def _stages_are_due(self, now: datetime) -> bool:
        return self._staged_at is None or not timedelta() <= now - self._staged_at < STAGES_EVERY

    def _kept(
        self,
        repository: Repository,
        now: datetime,
        rule_set: RuleSet,
        in_force: InForce,
        plan: Plan,
        evaluation: Evaluation,
        known: Mapping[Key, Instance],
        changes: tuple[Planned, ...],
    ) -> Tick:
        """Write what came of the evaluations, with everything that follows from it."""
        problems = (*rule_set.problems, *in_force.problems, *self._channels.problems)
        own, own_changes = _about_rules(problems, known, now)
        changed = (*evaluation.changes, *own_changes)
        instances = {**_instances(evaluation), **own}
        recent = {key: values for outcome in evaluation.outcomes for key, values in outcome.recent.items()}
        rules = {**rule_set.rules, ABOUT_RULES.id: ABOUT_RULES}
        repository.save_instances(
            (one for key, one in instances.items() if one.state in _ACTIVE or key in known), recent
        )
        now_so = alert_changes(changed, repository.firing_alerts(), instances, recent, rules)
        batch = run(
            self._batch(repository, now, rules, now_so.changed, now_so.ongoing, repository.incidents(), changes)
        )
        repository.save_alerts(now_so.renewed)
        repository.save_transitions(change.transition for change in changed)
        failed = {outcome.rule.id: outcome.problem for outcome in evaluation.outcomes if outcome.failed}
        too_few = {outcome.rule.id for outcome in evaluation.outcomes if outcome.too_few}
        repository.set_evaluated({rule: plan.span.until for rule in plan.windows if rule not in failed}, too_few)
        texts = {**rule_set.texts, **({ROUTING: in_force.text} if in_force.text else {})}
        if texts != self._texts:
            repository.save_rule_texts(texts, now)
            self._texts = texts
        told = _written(repository, batch, now)
        return Tick(plan.span.until, len(plan.windows) - len(failed), len(changed), told, failed)

    def _batch(
        self,
        repository: Repository,
        now: datetime,
        rules: Mapping[str, AlertRule],
        changed: tuple[Alert, ...],
        ongoing: tuple[Alert, ...],
        open_: tuple[Incident, ...],
        changes: tuple[Planned, ...],
    ) -> Batch:
        return Batch(
            now=now,
            changed=changed,
            ongoing=ongoing,
            open=open_,
            silences=tuple(one for one in repository.silences(now) if one.start <= now),
            changes=changes,
            rules=rules,
            history=repository.transitions(now - FLAPS),
            settings=self.settings.alerts,
            timezone=self.settings.timezone,
            policy=self.policy().policy,
            set_up=self._channels.set_up,
            edited=self._channels.edited,
        )


def horizon(now: datetime, newest: datetime | None, alerts: Alerts) -> datetime:
    """The last instant that may be evaluated: now, unless the lake is behind.

    Where events come late (files dropped every few minutes), instants are evaluated once events have passed them, as
    they would have been; after `patience`, with what there is.
    """
    settle, patience = timedelta(seconds=alerts.settle_seconds), timedelta(seconds=alerts.patience_seconds)
    if newest is None:
        return now - patience
    return min(now, max(newest + settle, now - patience))


def _last_digest(repository: Repository) -> datetime | None:
    return repository.evaluated().get(DIGEST_SENT)


def _is_sent(last: datetime | None, due: datetime) -> bool:
    return last is not None and last >= due


def _of_rules(known: Mapping[Key, Instance]) -> tuple[Instance, ...]:
    """Instances of rules that stand in files."""
    return tuple(one for one in known.values() if one.key.rule != ABOUT_RULES.id)


def _about_rules(
    problems: Iterable[Problem], known: Mapping[Key, Instance], now: datetime
) -> tuple[Mapping[Key, Instance], tuple[Changed, ...]]:
    """Files of rules and routes that cannot be read, evaluated like anything else."""
    wrong = about(problems)
    instances: dict[Key, Instance] = {}
    changes: list[Changed] = []
    for key in dict.fromkeys((*wrong, *(key for key in known if key.rule == ABOUT_RULES.id))):
        verdict = Verdict.BREACH if key in wrong else Verdict.RECOVERED
        after, transition = step(known.get(key) or Instance(key), verdict, None, now, Timing.of(ABOUT_RULES))
        instances[key] = after
        changes += [Changed(transition, after)] if transition is not None else []
    return instances, tuple(changes)


def _resting(repository: Repository, rules: Mapping[str, AlertRule], until: datetime) -> Mapping[Key, Instance]:
    """Instances whose newest alert is over, where none may begin again for a while after it began."""
    rests = {rule.id: rest for rule in rules.values() if (rest := Timing.of(rule).refractory)}
    if not rests:
        return {}
    return {
        alert.key: Instance(alert.key, State.RESOLVED, fired_at=alert.fired_at, ended_at=alert.ended_at)
        for alert in repository.alerts(until - max(rests.values()) - timedelta(days=1), rules=rests)
        if alert.ended_at is not None
    }


def _instances(evaluation: Evaluation) -> Mapping[Key, Instance]:
    found = {key: one for outcome in evaluation.outcomes for key, one in outcome.instances.items()}
    return {**found, **{change.transition.key: change.instance for change in evaluation.retired}}


def _written(repository: Repository, batch: Batch, now: datetime) -> int:
    """Write what the stages made of a batch; how many messages wait because of it."""
    repository.save_alerts(batch.updated_alerts)
    repository.save_incidents(batch.updated)
    repository.record(batch.steps)
    deliveries = [
        Delivery.of(notice, target, now, note=notice.note)
        for notice in batch.notices
        if not notice.withheld
        for target in notice.targets
    ]
    repository.enqueue(deliveries)
    return len(deliveries)
