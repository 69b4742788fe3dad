"""How an instance goes from quiet to firing and back: a pure state machine, one evaluation at a time.

    inactive ─breach─► pending ─breaches for `duration`─► firing ─recovered for `recover_for`─► resolved
        ▲                 │                                                                        │
        └───one non-breach┘                    (resolved is inactive, with a past) ◄───────────────┘

Time is the instant of the evaluation; nothing here reads a clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from alerts.judging.instance import Instance, State, Transition, TransitionKind, Verdict
from alerts.rules import AlertRule

Worse = Literal["higher", "lower", "either"]
"""On which side of the threshold values get worse."""
NOW = datetime.min.replace(tzinfo=UTC)
"""A limit that has passed already."""
NEVER = datetime.max.replace(tzinfo=UTC)
"""A limit that does not come."""
# Members of an enumeration are looked up slowly, and these are looked up for every evaluation.
NO_DATA, RECOVERED, BETWEEN, BREACH = Verdict
INACTIVE, PENDING, FIRING, RESOLVED = State
_MEANS: Mapping[str, Verdict] = {"keep": NO_DATA, "ok": RECOVERED, "alert": BREACH}
"""What no data counts as."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What of a rule the lifecycle needs to know."""

    duration: timedelta = timedelta()
    recover_for: timedelta = timedelta()
    no_data: Literal["keep", "ok", "alert"] = "keep"
    worse: Worse = "higher"

    @classmethod
    def of(cls, rule: AlertRule) -> "Timing":
        """The rule's."""
        condition = rule.condition
        return cls(condition.duration, condition.recover_for, rule.no_data, worse_of(rule))

    def counted(self, verdict: Verdict) -> Verdict:
        """What a verdict counts as, no data being taken as the rule wants it."""
        return _MEANS[self.no_data] if verdict is NO_DATA else verdict


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
) -> tuple[Instance, Transition | None]:
    """The instance after one more evaluation, and the change of state it brought, if it brought one.

    `usual` is the value expected at the instant, where the condition knows one: what is farthest from it is worst.
    An instant that is not after the newest one evaluated changes nothing: it was judged before.
    """
    if instance.evaluated_at is not None and instant <= instance.evaluated_at:
        return instance, None
    counted = timing.counted(verdict)
    state, breaching, recovering, kind = _MOVES[instance.state](instance, counted, instant, timing)
    since, worst = _episode(instance, state, breaching)
    if verdict is BREACH and value is not None:
        worst = worse(worst, value, timing.worse, usual)
    fired, over = instance.fired_at, instance.ended_at
    if kind == "resolved":
        over = instant
    elif kind in ("pending", "firing"):
        fired, over = instant if kind == "firing" else None, None
    value = instance.value if value is None else value
    after = Instance(instance.key, state, breaching, recovering, since, fired, over, value, worst, instant)
    return after, None if kind is None else Transition(instance.key, kind, instant, value)


def unchanged_until(instance: Instance, timing: Timing) -> tuple[datetime, datetime, datetime, datetime]:
    """By verdict: the first moment from which an evaluation with it does more to the instance than renew its values.

    `NOW` when any would, `NEVER` when none would. Evaluations before it, with whatever verdicts that allow for their
    instants, may be skipped over by `renewed`.
    """
    since, recovering = instance.breaching_since, instance.recovering_since
    state = instance.state
    if state is FIRING:
        breach = NEVER if since is not None and recovering is None else NOW
        recovered = _after(recovering, timing.recover_for)
        between = no_data = NEVER if since is None and recovering is None else NOW
    elif state is PENDING:
        breach, recovered, between = _after(since, timing.duration), NOW, NOW
        no_data = NEVER if since is None else NOW
    else:
        breach, recovered, between, no_data = NOW, NEVER, NEVER, NEVER
    if timing.no_data != "keep":
        no_data = recovered if timing.no_data == "ok" else breach
    return no_data, recovered, between, breach


def renewed(instance: Instance, value: float | None, worst: float | None, instant: datetime) -> Instance:
    """The instance after evaluations that changed nothing but this, the last of them at `instant`."""
    return Instance(
        instance.key, instance.state, instance.breaching_since, instance.recovering_since, instance.since,
        instance.fired_at, instance.ended_at, instance.value if value is None else value, worst, instant,
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
    return replace(instance, breaching_since=None, recovering_since=None)


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


def _from_quiet(instance: Instance, counted: Verdict, instant: datetime, timing: Timing) -> _Move:
    if counted is not BREACH:
        return instance.state, None, None, None
    if timing.duration <= timedelta():
        return FIRING, instant, None, "firing"
    return PENDING, instant, None, "pending"


def _from_pending(instance: Instance, counted: Verdict, instant: datetime, timing: Timing) -> _Move:
    if counted is NO_DATA:
        return PENDING, None, None, None
    if counted is not BREACH:
        return INACTIVE, None, None, "cleared"
    begun = instance.breaching_since or instant
    if instant - begun >= timing.duration:
        return FIRING, begun, None, "firing"
    return PENDING, begun, None, None


def _from_firing(instance: Instance, counted: Verdict, instant: datetime, timing: Timing) -> _Move:
    if counted is BREACH:
        return FIRING, instance.breaching_since or instant, None, None
    if counted is not RECOVERED:
        return FIRING, None, None, None
    begun = instance.recovering_since or instant
    if instant - begun >= timing.recover_for:
        return RESOLVED, None, None, "resolved"
    return FIRING, None, begun, None


_MOVES: Mapping[State, Callable[[Instance, Verdict, datetime, Timing], _Move]] = {
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
    if breaching is None or breaching == instance.since:
        return instance.since, instance.worst
    return breaching, None


def _after(begun: datetime | None, length: timedelta) -> datetime:
    if begun is None:
        return NOW
    try:
        return begun + length
    except OverflowError:
        return NEVER
