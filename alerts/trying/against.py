"""A rule beside itself with another condition: a threshold against a band that is learned from one's own history.

Both are held against the same: what was recorded as an incident (`change` events), and what people made of the alerts
of the rule itself: what somebody acknowledged was real, what somebody called false was noise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.incidents import Alert, Incident
from alerts.incidents.batch import Planned
from alerts.rules import AlertRule, Static
from alerts.rules.durations import written
from alerts.rules.kinds import Dynamic
from alerts.trying.backtest import INCIDENT, Backtest, overlap

LONGEST_WINDOW = timedelta(days=1)
"""Longer ones have no hours that a band could be learned of."""
LEAST_JUDGED = timedelta(weeks=1)
"""For which both must have had something to judge by, before one is said to do better."""
CLEARLY_FOUND, CLEARLY_QUIETER = 2, 3
"""By how many incidents, or alerts beside incidents, one must do better for that to be said; and by a half."""
_SIDES = {">": "up", ">=": "up", "<": "down", "<=": "down"}


def as_dynamic(rule: AlertRule) -> AlertRule:
    """The same rule with a band in the place of its threshold.

    Raises:
        ValueError: it has no threshold that a band could take the place of; says why.
    """
    condition = rule.condition
    if not isinstance(condition, Static) or condition.operator not in _SIDES:
        raise ValueError(f"{rule.id}: only a threshold with >, >=, < or <= can be set against a band")
    if rule.window > LONGEST_WINDOW:
        raise ValueError(f"{rule.id}: windows longer than a day are not judged by a band")
    band = Dynamic(
        kind="dynamic",
        direction=_SIDES[condition.operator],  # pyright: ignore[reportArgumentType]
        duration=condition.duration,
        recover_for=condition.recover_for,
    )
    return rule.model_copy(update={"condition": band, "over": None})


@dataclass(frozen=True)
class Known:
    """What people made of the alerts of a rule: spans in which something was wrong, and in which nothing was."""

    real: tuple[Planned, ...] = ()
    false: tuple[Planned, ...] = ()

    @classmethod
    def of(cls, incidents: Iterable[Incident], rule: AlertRule) -> "Known":
        """By incidents whose head is of the rule; what nobody said anything of counts for neither."""
        own = [one for one in incidents if one.head.rule == rule.id]
        return cls(
            tuple(_span(one) for one in own if one.acknowledged_at is not None and not one.was_false),
            tuple(_span(one) for one in own if one.was_false),
        )


@dataclass(frozen=True)
class Figures:
    """How a rule did."""

    alerts: int
    firing: timedelta
    """Over all instances."""
    per_week: float
    found: int
    """Of what was real, what an alert overlaps."""
    false: int
    """Of what was called false, where it fires."""
    beside: int
    """Alerts that overlap nothing that was real."""
    judged: timedelta
    """For how much of the window there was anything to judge by."""


@dataclass(frozen=True)
class Comparison:
    """A rule as it is, and with a band."""

    static: Figures
    dynamic: Figures
    real: int
    """Incidents that were recorded or acknowledged."""
    false: int
    """Those that were called false."""
    suggestion: str
    """A sentence; empty where neither does clearly better."""

    @property
    def said(self) -> str:
        """The suggestion, or why there is none."""
        if self.suggestion:
            return self.suggestion
        if not self.real:
            return "Nothing was recorded or acknowledged in this time that they could be held against."
        for side, name in ((self.static, "threshold"), (self.dynamic, "band")):
            if side.judged < LEAST_JUDGED:
                return f"The {name} had something to judge by for {written(side.judged)} only: too little to compare."
        return "Neither does clearly better over this time."


def compared(static: Backtest, dynamic: Backtest, known: Known, settle: timedelta) -> Comparison:
    """Two backtests of one rule over the same window, held against the same incidents."""
    recorded = static.incidents
    real = (*recorded, *(one for one in known.real if not any(_touch(one, other) for other in recorded)))
    ours, theirs = (_figures(one, real, known.false, settle) for one in (static, dynamic))
    return Comparison(ours, theirs, len(real), len(known.false), _suggestion(ours, theirs, len(real)))


def _figures(tried: Backtest, real: Sequence[Planned], false: Sequence[Planned], settle: timedelta) -> Figures:
    slack = tried.rule.condition.duration + tried.rule.window + settle

    def fires(span: Planned) -> bool:
        return any(overlap(alert, span, slack) for alert in tried.alerts)

    def is_right(alert: Alert) -> bool:
        return any(overlap(alert, span, slack) for span in real)

    return Figures(
        alerts=len(tried.alerts),
        firing=tried.firing,
        per_week=tried.episodes_per_week,
        found=sum(map(fires, real)),
        false=sum(map(fires, false)),
        beside=sum(not is_right(alert) for alert in tried.alerts),
        judged=tried.judged,
    )


def _suggestion(static: Figures, dynamic: Figures, real: int) -> str:
    """Which does better, where that is clear: more is found and no more beside, or as much and far less beside."""
    if not real or min(static.judged, dynamic.judged) < LEAST_JUDGED:
        return ""
    for better, other, said in (
        (dynamic, static, "As a dynamic rule it would have found"),
        (static, dynamic, "Keep the threshold: it found"),
    ):
        finds_more = better.found - other.found >= CLEARLY_FOUND and better.beside <= other.beside
        quieter = other.beside - better.beside
        is_quieter = better.found >= other.found and quieter >= CLEARLY_QUIETER and better.beside <= other.beside / 2
        if finds_more or is_quieter:
            return (
                f"{said} {better.found} of {real} incident{'s' * (real != 1)} instead of {other.found}, "
                f"with {better.beside:,} alerts beside them instead of {other.beside:,}."
            )
    return ""


def _span(one: Incident) -> Planned:
    return Planned(
        one.title, INCIDENT, one.opened_at, one.resolved_at or datetime.max.replace(tzinfo=one.opened_at.tzinfo)
    )


def _touch(one: Planned, other: Planned) -> bool:
    return one.start <= (other.end or other.start) and other.start <= (one.end or one.start)
