"""How an instance goes from quiet to firing and back: a pure state machine, one evaluation at a time.

    inactive ─breach─► pending ─breaches for `duration`─► firing ─recovered for `recover_for`─► resolved
        ▲                 │                                                                        │
        └───one non-breach┘                    (resolved is inactive, with a past) ◄───────────────┘

No data breaks a run. Where there are events, but too few to judge, clocks stand still: what was pending or recovering
goes on from where it was. After `stale_after` without a verdict (sooner where others of the rule go on reporting), the
alert ends with that reason.

Time is the instant of the evaluation; nothing here reads a clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from alerts.judging.instance import BREACHES, UNJUDGED, Instance, State, Transition, TransitionKind, Verdict
from alerts.rules import AlertRule
from alerts.rules.durations import written
from alerts.rules.kinds import Unusual

Worse = Literal["higher", "lower", "either"]
"""On which side of the threshold values get worse."""
NOW = datetime.min.replace(tzinfo=UTC)
"""A limit that has passed already."""
NEVER = datetime.max.replace(tzinfo=UTC)
"""A limit that does not come."""
# Members of an enumeration are looked up slowly, and these are looked up for every evaluation.
NO_DATA, RECOVERED, BETWEEN, BREACH, TOO_FEW, CALM, FADING, GONE, WAVERING, HOLIDAY = Verdict
INACTIVE, PENDING, FIRING, RESOLVED = State
_ACTIVE = (PENDING, FIRING)
_NONE = timedelta()
_MEANS: Mapping[str, Verdict] = {"keep": NO_DATA, "ok": RECOVERED, "alert": BREACH}
"""What no data counts as."""
_WHY = {
    NO_DATA: "no data for {}",
    TOO_FEW: "too few events to judge for {}",
    HOLIDAY: "not judged for {}: a holiday",
    GONE: "gone: no data for {}, while others of the rule have some",
}
"""Why an alert ends that nothing is known of any more."""
LEAST_GONE, WINDOWS_GONE = timedelta(minutes=2), 2
"""How long, and for how many windows, an instance must be silent among others that are not, to be gone."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What of a rule the lifecycle needs to know."""

    duration: timedelta = timedelta()
    recover_for: timedelta = timedelta()
    no_data: Literal["keep", "ok", "alert"] = "keep"
    worse: Worse = "higher"
    stale_after: timedelta = timedelta.max
    """How long nothing may be judged before an alert ends."""
    gone_after: timedelta = timedelta.max
    """The same, where others of the rule go on reporting."""
    refractory: timedelta = timedelta()
    """How long after an alert began to fire none begins again."""

    @classmethod
    def of(cls, rule: AlertRule) -> "Timing":
        """The rule's."""
        condition, stale = rule.condition, rule.stale
        gone = min(stale, max(LEAST_GONE, WINDOWS_GONE * rule.window))
        refractory = condition.refractory if isinstance(condition, Unusual) else timedelta()
        return cls(condition.duration, condition.recover_for, rule.no_data, worse_of(rule), stale, gone, refractory)

    def rests_until(self, instance: Instance) -> datetime:
        """Before which no alert begins again."""
        if not self.refractory or instance.state is not RESOLVED or instance.fired_at is None:
            return NOW
        return instance.fired_at + self.refractory

    def counted(self, verdict: Verdict, state: State) -> Verdict:
        """Which of the first five a verdict counts as in a state, no data being taken as the rule wants it."""
        if verdict in (NO_DATA, GONE):
            return _MEANS[self.no_data]
        if verdict is FADING:
            return TOO_FEW if state is PENDING else RECOVERED
        if verdict is WAVERING:
            return RECOVERED if state is FIRING else BREACH
        if verdict is HOLIDAY:
            return TOO_FEW
        return RECOVERED if verdict is CALM else verdict

    def patience(self, verdict: Verdict) -> timedelta:
        """How long evaluations with this verdict may go on before an alert ends."""
        if verdict not in UNJUDGED:
            return timedelta.max
        return self.gone_after if verdict is GONE else self.stale_after


@dataclass(frozen=True, slots=True)
class Changed:
    """A transition, and the instance as it was right after it."""

    transition: Transition
    instance: Instance


def worse_of(rule: AlertRule) -> Worse:
    """On which side values get worse, by what the rule's condition compares with."""
    sides: Mapping[str, Worse] = {"<": "lower", "<=": "lower", "down": "lower", "both": "either", "anomaly": "either"}
    condition = rule.condition
    said = getattr(condition, "operator", None) or getattr(condition, "direction", None) or condition.kind
    return sides.get(said, "higher")


def step(
    instance: Instance,
    verdict: Verdict,
    value: float | None,
    instant: datetime,
    timing: Timing,
    usual: float | None = None,
    ago: timedelta = _NONE,
    idle: timedelta = _NONE,
) -> tuple[Instance, Transition | None]:
    """The instance after one more evaluation, and the change of state it brought, if it brought one.

    `usual` is the value expected at the instant, where the condition knows one: what is farthest from it is worst.
    `ago` is how long before the instant had begun what the verdict says, `idle` how long before it the newest events
    came: a window that had to grow shows that. What belongs to an alert that is over counts for no other one.
    An instant that is not after the newest one evaluated changes nothing: it was judged before.
    """
    if instance.evaluated_at is not None and instant <= instance.evaluated_at:
        return instance, None
    counted, judged = timing.counted(verdict, instance.state), _judged(instance, verdict, instant, idle)
    if counted in (NO_DATA, TOO_FEW) and instance.state in _ACTIVE and instant - judged >= timing.patience(verdict):
        over, transition = ended(instance, instant, _WHY[verdict].format(written(instant - judged)))
        return replace(over, evaluated_at=instant), transition
    begun = instant - ago if instance.ended_at is None else max(instant - ago, min(instance.ended_at, instant))
    state, breaching, recovering, kind = _MOVES[instance.state](instance, counted, instant, timing, begun)
    since, worst = _episode(instance, state, breaching)
    if verdict in BREACHES and value is not None:
        worst = worse(worst, value, timing.worse, usual)
    fired, over_at = instance.fired_at, instance.ended_at
    if kind == "resolved":
        over_at = instant
    elif kind in ("pending", "firing"):
        fired, over_at = instant if kind == "firing" else None, None
    value = instance.value if value is None else value
    after = Instance(
        instance.key, state, breaching, recovering, since, fired, over_at, value, worst, instant,
        judged if state in _ACTIVE else None,
    )  # fmt: skip
    return after, None if kind is None else Transition(instance.key, kind, instant, value)


def _judged(instance: Instance, verdict: Verdict, instant: datetime, idle: timedelta) -> datetime:
    """The newest instant with a verdict by what was new; where none is known, time without one begins to count now."""
    return instant - idle if verdict not in UNJUDGED else instance.judged_at or instant


def unchanged_until(instance: Instance, timing: Timing) -> tuple[datetime, ...]:
    """By verdict: the first moment from which an evaluation with it does more to the instance than renew its values.

    `NOW` when any would, `NEVER` when none would. Evaluations before it, with whatever verdicts that allow for their
    instants, may be skipped over by `renewed`.
    """
    since, recovering, state = instance.breaching_since, instance.recovering_since, instance.state
    broken = NEVER
    if state is FIRING:
        breach = NEVER if since is not None and recovering is None else NOW
        recovered = fading = _after(recovering, timing.recover_for)
        broken = between = NEVER if since is None and recovering is None else NOW
    elif state is PENDING:
        breach, recovered, between = _after(since, timing.duration), NOW, NOW
        broken = fading = NEVER if since is None else NOW
    else:
        breach, recovered, between, fading = timing.rests_until(instance), NEVER, NEVER, NEVER
    no_data, too_few, gone = (_patient(instance, timing, verdict, broken) for verdict in (NO_DATA, TOO_FEW, GONE))
    if timing.no_data != "keep":
        no_data = gone = recovered if timing.no_data == "ok" else breach
    wavering = recovered if state is FIRING else breach
    return no_data, recovered, between, breach, too_few, recovered, fading, gone, wavering, too_few


def _patient(instance: Instance, timing: Timing, verdict: Verdict, broken: datetime) -> datetime:
    """Until when an evaluation without a verdict changes nothing."""
    if instance.state not in _ACTIVE or broken is NOW:
        return broken
    return _after(instance.judged_at, timing.patience(verdict))


def renewed(
    instance: Instance, value: float | None, worst: float | None, instant: datetime, judged: datetime | None
) -> Instance:
    """The instance after evaluations that changed nothing but this, the last of them at `instant`.

    `judged` is the newest of them that had a verdict, where any had.
    """
    return Instance(
        instance.key, instance.state, instance.breaching_since, instance.recovering_since, instance.since,
        instance.fired_at, instance.ended_at, instance.value if value is None else value, worst, instant,
        (judged or instance.judged_at) if instance.state in _ACTIVE else None,
    )  # fmt: skip


def worse(one: float | None, other: float, side: Worse, usual: float | None) -> float:
    """The one of two values that is farther out; without anything usual, the farther from zero where either counts."""
    if one is None:
        return other
    if side == "either":
        middle = usual or 0.0
        return other if abs(other - middle) > abs(one - middle) else one
    return max(one, other) if side == "higher" else min(one, other)


def interrupted(instance: Instance) -> Instance:
    """The instance after evaluations were missed: its state stays, but no run goes on across a gap."""
    return replace(instance, breaching_since=None, recovering_since=None, judged_at=None)


def ended(instance: Instance, at: datetime, reason: str) -> tuple[Instance, Transition | None]:
    """The instance after it was ended from outside: its rule was removed or disabled, or a person resolved it.

    Where it breaches on, it begins anew at its next evaluation.
    """
    quiet = interrupted(instance)
    if instance.state is FIRING:
        resolved = replace(quiet, state=RESOLVED, ended_at=at)
        return resolved, Transition(instance.key, "resolved", at, instance.value, reason)
    if instance.state is PENDING:
        cleared = replace(quiet, state=INACTIVE, since=None, worst=None)
        return cleared, Transition(instance.key, "cleared", at, instance.value, reason)
    return instance, None


_Move = tuple[State, datetime | None, datetime | None, TransitionKind | None]
"""State, start of the run of breaches, start of the run of recoveries, and what happened."""


def _from_quiet(instance: Instance, counted: Verdict, instant: datetime, timing: Timing, seen: datetime) -> _Move:
    if counted is not BREACH or instant < timing.rests_until(instance):
        return instance.state, None, None, None
    if instant - seen >= timing.duration:
        return FIRING, seen, None, "firing"
    return PENDING, seen, None, "pending"


def _from_pending(instance: Instance, counted: Verdict, instant: datetime, timing: Timing, seen: datetime) -> _Move:
    if counted is NO_DATA:
        return PENDING, None, None, None
    if counted is TOO_FEW:
        return PENDING, _later(instance.breaching_since, instance, instant), None, None
    if counted is not BREACH:
        return INACTIVE, None, None, "cleared"
    begun = instance.breaching_since or seen
    if instant - begun >= timing.duration:
        return FIRING, begun, None, "firing"
    return PENDING, begun, None, None


def _from_firing(instance: Instance, counted: Verdict, instant: datetime, timing: Timing, seen: datetime) -> _Move:
    if counted is BREACH:
        return FIRING, instance.breaching_since or seen, None, None
    if counted is TOO_FEW:
        return FIRING, None, _later(instance.recovering_since, instance, instant), None
    if counted is not RECOVERED:
        return FIRING, None, None, None
    begun = instance.recovering_since or max(seen, instance.fired_at or seen)
    if instant - begun >= timing.recover_for:
        return RESOLVED, None, None, "resolved"
    return FIRING, None, begun, None


_MOVES: Mapping[State, Callable[[Instance, Verdict, datetime, Timing, datetime], _Move]] = {
    INACTIVE: _from_quiet,
    RESOLVED: _from_quiet,
    PENDING: _from_pending,
    FIRING: _from_firing,
}


def _episode(instance: Instance, state: State, breaching: datetime | None) -> tuple[datetime | None, float | None]:
    """`since` and `worst` before this evaluation's value: of the run of breaches that fires or may come to fire."""
    if state is INACTIVE:
        return None, None
    if instance.state is FIRING or state is RESOLVED:
        return instance.since, instance.worst
    if breaching is None or instance.breaching_since is not None:  # it may have been moved
        return instance.since, instance.worst
    return breaching, None


def _later(begun: datetime | None, instance: Instance, instant: datetime) -> datetime | None:
    """When a run began, moved by the time since the newest evaluation: that counts for nothing."""
    return None if begun is None else begun + (instant - (instance.evaluated_at or instant))


def _after(begun: datetime | None, length: timedelta) -> datetime:
    if begun is None:
        return NOW
    try:
        return begun + length
    except OverflowError:
        return NEVER
