"""Rules over a span of time: the one way from figures to changes of state, live, after a stop, and over history.

    plan = planned(rules, known, span, settle)      what is to be asked
    evidence = fetch(engine, plan.asks, memory)     the only part that waits for anybody
    evaluation = evaluated(plan, evidence, known)   pure

`evaluate` does the three in one. A tick does the first two outside of any transaction and the last one inside, with
the instances as they are known then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from alerts.judging.composite import firings, in_order, instances_of, judged_by_rules
from alerts.judging.conditions import ask_of, judge
from alerts.judging.evidence import RECENT, Ask, Evidence, Memory, fetch
from alerts.judging.holidays import NO_HOLIDAYS, Holidays
from alerts.judging.instance import UNJUDGED, Instance, Key, Labels, State, Transition, Verdict
from alerts.judging.instants import MICROSECOND, Instants, buckets, due, micros
from alerts.judging.lifecycle import NOW, Changed, Timing, ended, interrupted
from alerts.judging.scan import Track, scan
from alerts.judging.series import Answers, Floats, Unanswered
from alerts.judging.verdicts import Judged
from alerts.rules import AlertRule, Composite
from metrics.engine import Window

_ACTIVE = (State.PENDING, State.FIRING)
_FEW = (Verdict.TOO_FEW, Verdict.CALM)


@dataclass(frozen=True, slots=True)
class Span:
    """Which instants are evaluated: those in (after, until]."""

    after: datetime
    until: datetime
    late_before: datetime = NOW
    """What happened at instants before this was seen too late."""
    behind: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """By rule, another `after`: those whose question came to nothing the last time."""
    only_firing: bool = False
    """Whether pending that comes to nothing may be left out."""


@dataclass(frozen=True)
class Plan:
    """What has to be asked, and of whom."""

    rules: tuple[AlertRule, ...]
    """All of them, each after those it looks at."""
    windows: Mapping[str, Window]
    """Buckets to be judged, by enabled rule; a rule with none is not due."""
    asks: Mapping[str, Ask]
    """By rule."""
    span: Span
    settle: timedelta


@dataclass(frozen=True)
class Rows:
    """What was made of a rule's evidence: a row an instance, a column an evaluation."""

    instants: Instants
    labels: tuple[Labels, ...]
    begins: NDArray[np.intp]
    """By row: the first column at which the instance exists."""
    judged: Judged
    metric: Floats
    """The metric itself, up to the same newest column, and from farther back; no column where there is none."""

    def basis(self, row: int, instant: datetime | None, width: timedelta) -> str:
        """What the verdict at an instant stands on; empty where it is the rule's own window."""
        tally = self.judged.tally
        if tally is None or instant is None:
            return ""
        return tally.text(row, int(self.instants.searchsorted(micros(instant))), width)

    def recent(self, row: int, column: int) -> tuple[float | None, ...]:
        """The newest values of the metric at an evaluation, at most `RECENT`, the last one newest."""
        end = self.metric.shape[1] - len(self.instants) + column + 1
        newest = self.metric[row, max(end - RECENT, 0) : max(end, 0)].tolist()
        return tuple(None if value != value else value for value in newest)


@dataclass(frozen=True)
class Outcome:
    """What became of one rule that was due."""

    rule: AlertRule
    instances: Mapping[Key, Instance] = field(default_factory=dict[Key, Instance])
    """As the newest evaluation left them."""
    changes: tuple[Changed, ...] = ()
    """In order of their instants."""
    recent: Mapping[Key, tuple[float | None, ...]] = field(default_factory=dict[Key, tuple[float | None, ...]])
    """The newest values of the metric, at most 60, for each instance that is pending or firing or changed."""
    problem: str = ""
    """Why there is no data, where that is known."""
    too_few: bool = False
    """Whether the newest evaluation found events, and no instance with enough of them to judge by."""
    failed: bool = False
    """Nothing was evaluated: the rule stays behind, to be evaluated over the same instants another time."""
    rows: Rows | None = None


@dataclass(frozen=True)
class Evaluation:
    """What became of all rules."""

    outcomes: tuple[Outcome, ...]
    """One a rule that was due; each after those it looks at."""
    retired: tuple[Changed, ...] = ()
    """Instances that ended because their rule is gone, disabled, or looks at other labels now."""

    @property
    def changes(self) -> tuple[Changed, ...]:
        """Every change of state in order: by instant; at the same one, composite rules after those they look at."""
        every = [change for outcome in self.outcomes for change in outcome.changes]
        return (*sorted(every, key=lambda change: change.transition.at), *self.retired)

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """Those of `changes`."""
        return tuple(change.transition for change in self.changes)


def planned(
    rules: Sequence[AlertRule],
    known: Iterable[Instance],
    span: Span,
    settle: timedelta,
    holidays: Holidays = NO_HOLIDAYS,
) -> Plan:
    """What has to be asked for a span.

    Raises ValueError that names what a composite rule looks at in vain.
    """
    ordered = in_order(rules)
    windows = {
        rule.id: window
        for rule in ordered
        if rule.enabled and (window := due(rule.window, settle, span.behind.get(rule.id, span.after), span.until))
    }
    labels = _by_rule(one.key for one in known)
    fitting = {rule.id: [key.labels for key in labels.get(rule.id, ()) if _fits(rule, key)] for rule in ordered}
    asks = {
        rule.id: ask_of(rule, windows[rule.id], fitting[rule.id], holidays)
        for rule in ordered
        if rule.id in windows and not isinstance(rule.condition, Composite)
    }
    return Plan(ordered, windows, asks, span, settle)


def evaluated(plan: Plan, evidence: Mapping[str, Evidence | Unanswered], known: Iterable[Instance]) -> Evaluation:
    """What becomes of the rules, and of the instances that were known before."""
    instances = {one.key: one for one in known}
    keys = _by_rule(instances)
    outcomes: dict[str, Outcome] = {}
    fired = {
        rule.id: firings((instances[key] for key in keys.get(rule.id, ()) if rule.enabled), ()) for rule in plan.rules
    }
    for rule in plan.rules:
        if rule.id not in plan.windows:
            continue
        before = {key: instances[key] for key in keys.get(rule.id, ()) if _fits(rule, key)}
        given = evidence.get(rule.id)
        if isinstance(given, Unanswered):
            outcomes[rule.id] = Outcome(rule, problem=given.reason, failed=True)
            continue
        window = plan.windows[rule.id]
        instants = buckets(window, rule.window) + (rule.window + plan.settle) // MICROSECOND
        if given is None:
            assert isinstance(rule.condition, Composite)
            labels = instances_of(rule, fired, before)
            judged = judged_by_rules(rule.condition, fired, labels, instants)
            nothing = np.empty((len(labels), 0))
            rows = Rows(instants, labels, np.zeros(len(labels), np.intp), judged, nothing)
        else:
            rows = Rows(instants, given.series.labels, given.begins, judge(rule, given), given.masked.values)
        outcomes[rule.id] = _outcome(rule, before, rows, plan.span)
        fired[rule.id] = firings(before.values(), outcomes[rule.id].changes)
    return Evaluation(tuple(outcomes.values()), retired(plan.rules, instances.values(), plan.span.until))


def evaluate(
    rules: Sequence[AlertRule],
    engine: Answers,
    known: Iterable[Instance],
    span: Span,
    settle: timedelta,
    memory: Memory | None = None,
    holidays: Holidays = NO_HOLIDAYS,
) -> Evaluation:
    """What becomes of the rules over a span. Raises as `planned` does."""
    known = tuple(known)
    plan = planned(rules, known, span, settle, holidays)
    return evaluated(plan, fetch(engine, plan.asks, memory), known)


def retired(rules: Iterable[AlertRule], known: Iterable[Instance], at: datetime) -> tuple[Changed, ...]:
    """Instances that nobody evaluates any more, ended with the reason."""
    by_id = {rule.id: rule for rule in rules}
    found: list[Changed] = []
    for instance in known:
        reason = _why_retired(by_id.get(instance.key.rule), instance.key)
        if reason and instance.state in _ACTIVE:
            after, transition = ended(instance, at, reason)
            if transition is not None:
                found.append(Changed(transition, after))
    return tuple(found)


def _why_retired(rule: AlertRule | None, key: Key) -> str:
    if rule is None:
        return "the rule was removed"
    if not rule.enabled:
        return "the rule was disabled"
    return "" if _fits(rule, key) else "the rule was changed: it looks at other labels now"


def _fits(rule: AlertRule, key: Key) -> bool:
    return tuple(name for name, _ in key.labels) == rule.by


def _by_rule(keys: Iterable[Key]) -> Mapping[str, list[Key]]:
    found: dict[str, list[Key]] = {}
    for key in keys:
        found.setdefault(key.rule, []).append(key)
    return found


def _outcome(rule: AlertRule, known: Mapping[Key, Instance], rows: Rows, span: Span) -> Outcome:
    timing = Timing.of(rule)
    instances: dict[Key, Instance] = {}
    changes: list[Changed] = []
    recent: dict[Key, tuple[float | None, ...]] = {}
    for row, labels in enumerate(rows.labels):
        key = Key(rule.id, labels)
        before = _without_gap(known.get(key) or Instance(key), rows.instants, rule.window)
        track = _track(rows, row, timing, rule.window)
        after, changed = scan(before, track, span.late_before, only_firing=span.only_firing)
        if rows.judged.tally is not None:
            after = _with_basis(after, rows, row, rule.window)
            changed = tuple(replace(one, instance=_with_basis(one.instance, rows, row, rule.window)) for one in changed)
        instances[key] = after
        changes += changed
        if changed or after.state in _ACTIVE:
            recent[key] = rows.recent(row, len(rows.instants) - 1)
    changes.sort(key=lambda change: change.transition.at)
    return Outcome(rule, instances, tuple(changes), recent, rows.judged.problem, _too_few(rows.judged), rows=rows)


def _too_few(judged: Judged) -> bool:
    newest = judged.verdicts[:, -1]
    return bool(np.isin(newest, _FEW).any() and np.isin(newest, (*_FEW, *UNJUDGED)).all())


def _with_basis(instance: Instance, rows: Rows, row: int, width: timedelta) -> Instance:
    if instance.state not in _ACTIVE:
        return instance
    return replace(instance, basis=rows.basis(row, instance.evaluated_at, width))


def _track(rows: Rows, row: int, timing: Timing, width: timedelta) -> Track:
    begin, judged = rows.begins[row], rows.judged
    usual = None if judged.usual is None else judged.usual[row, begin:]
    ago, idle = (
        None if columns is None else columns[row, begin:] * (width // MICROSECOND)
        for columns in (judged.ago, judged.idle)
    )
    return Track(
        rows.instants[begin:], judged.verdicts[row, begin:], judged.values[row, begin:], timing, usual, ago, idle
    )


def _without_gap(instance: Instance, instants: Instants, width: timedelta) -> Instance:
    """The instance, its runs broken where an evaluation was missed since its newest one."""
    if instance.state not in _ACTIVE or instance.evaluated_at is None:
        return instance
    missed = int(instants[0]) - micros(instance.evaluated_at) >= 2 * (width // MICROSECOND)
    return interrupted(instance) if missed else instance
