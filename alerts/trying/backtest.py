"""What a rule would have done: the code that evaluates it live, over history, and held against what happened.

A spell of firing was right when it overlaps an incident (a `change` event of type incident), whose span is drawn out
by the time the rule needs to see its end: its duration and one window. An incident was found when any spell overlaps
it, as late as the first of them began to fire.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alerts.incidents import Alert
from alerts.incidents.alert_changes import alert_changes
from alerts.incidents.batch import Batch, Planned
from alerts.incidents.correlation import grouped
from alerts.incidents.grouping import TOGETHER
from alerts.incidents.suppression import OPEN_ENDED, UNENDED, suppress
from alerts.judging import Labels, State, Verdict
from alerts.judging.evaluation import Outcome, Rows, Span, evaluate
from alerts.judging.evidence import Memory
from alerts.judging.holidays import NO_HOLIDAYS, Holidays, spared_on_holidays
from alerts.judging.instance import UNJUDGED
from alerts.judging.instants import MICROSECOND, micros, moment
from alerts.rules import AlertRule, Composite
from metrics.engine import Answering, Changes, Window
from metrics.holidays import Holiday

INCIDENT = "incident"
"""The type of `change` events that say what really happened."""
Grouping = Callable[[Iterable[Alert], Mapping[str, AlertRule]], int]
"""How many incidents alerts would have made."""
_DAY = timedelta(days=1) // MICROSECOND
MOST_GROUPED = 5_000
"""Alerts that are put into incidents as live ones are; of more, those that begin together count as one."""
Watches = Callable[[Planned], bool]
"""Whether a rule is there to see an incident."""


def could_judge(rows: Rows) -> NDArray[np.bool_]:
    """By evaluation, whether there was anything to judge an instance by."""
    return np.asarray((~np.isin(rows.judged.verdicts, (*UNJUDGED, Verdict.CALM))).any(axis=0))


@dataclass(frozen=True)
class Backtest:
    """What a rule would have done in a window."""

    rule: AlertRule
    window: Window
    """From its first bucket to the end of the last one that could be evaluated."""
    alerts: tuple[Alert, ...]
    """Every spell of firing, in order; one that is not resolved fires at the window's end."""
    rows: Rows | None
    """The figures that it was judged by, to be drawn; None where nothing could be evaluated."""
    incidents: tuple[Planned, ...]
    """What happened that the rule is there to see, and had data to judge by; each has an end."""
    right: tuple[Alert, ...]
    """Alerts that overlap an incident."""
    delays: Mapping[Planned, timedelta]
    """Incidents that were found, and how long after their begin the first alert fired."""
    suppressed: int
    """Alerts of which nobody would have been told, because suppression covers them whole."""
    told: int
    """Incidents that people would have been told of instead of the other alerts."""
    problem: str = ""
    """Why there is no data, where that is known."""
    unseen: tuple[Planned, ...] = ()
    """What happened while there was nothing the rule could judge by; not among `incidents`."""
    holidays: tuple[Holiday, ...] = ()
    """Days of the window on which the rule judged nothing to be too little."""
    judged: timedelta = timedelta()
    """For how much of the window any instance could be judged."""
    unjudged_days: tuple[date, ...] = ()
    """Days (of UTC) of the window on which nothing could be judged."""

    @property
    def episodes_per_week(self) -> float:
        """How often it would have fired in a week, over the time for which there was anything to judge by."""
        return len(self.alerts) / (self.judged / timedelta(weeks=1)) if self.judged else 0.0

    @property
    def firing(self) -> timedelta:
        """How long it would have fired, over all instances."""
        return sum((end - start for start, end in map(self.span, self.alerts)), timedelta())

    @property
    def precision(self) -> float | None:
        """The part of the alerts that were right; None where there were none, or no incident to hold them against."""
        return len(self.right) / len(self.alerts) if self.alerts and self.incidents else None

    @property
    def recall(self) -> float | None:
        """The part of the incidents that were found; None where there were none."""
        return len(self.delays) / len(self.incidents) if self.incidents else None

    @property
    def delay(self) -> timedelta | None:
        """The median time from the begin of an incident to the alert that found it."""
        delays = [one.total_seconds() for one in self.delays.values()]
        return timedelta(seconds=median(delays)) if delays else None

    def span(self, alert: Alert) -> tuple[datetime, datetime]:
        """From when to when an alert fired, within the window."""
        return alert.fired_at, max(alert.ended_at or self.window.end, alert.fired_at)

    def of(self, labels: Labels) -> tuple[Alert, ...]:
        """The alerts of one instance."""
        return tuple(alert for alert in self.alerts if alert.key.labels == labels)


def backtest(
    rule: AlertRule,
    engine: Answering,
    window: Window,
    now: datetime,
    settle: timedelta,
    others: Iterable[AlertRule] = (),
    watches: Watches | None = None,
    grouping: Grouping = grouped,
    memory: Memory | None = None,
    holidays: Holidays = NO_HOLIDAYS,
) -> Backtest:
    """What a rule would have done in a window, as far as that is over.

    `others` are the rules it may look at; `watches` says which incidents it is there to see: all, unless told.
    Raises ValueError as `alerts.evaluation.planned` does.
    """
    rule = rule.model_copy(update={"enabled": True})
    rules = _with_others(rule, others)
    until = max(min(window.end + settle, now), window.start + settle)
    span = Span(window.start + settle, until, only_firing=True)
    outcomes = evaluate(rules, engine, (), span, settle, memory, holidays).outcomes
    outcome = next((one for one in outcomes if one.rule.id == rule.id), Outcome(rule))
    if outcome.rows is not None:
        instants = outcome.rows.instants
        start, end = moment(int(instants[0])) - settle - rule.window, moment(int(instants[-1])) - settle
        window = Window(start=start, end=end)
    alerts = _alerts(outcome)
    if len(alerts) <= MOST_GROUPED:
        alerts = tuple(_with_recent(alert, outcome.rows) for alert in alerts)
    changes = _changes(engine.answer(Changes(window=window)))
    seen = [one for one in changes if one.change_type == INCIDENT and (watches is None or watches(one))]
    slack = rule.condition.duration + rule.window + settle
    found = {one: [alert for alert in alerts if overlap(alert, one, slack)] for one in seen}
    unseen = tuple(one for one in seen if not found[one] and not _is_visible(one, outcome.rows, slack))
    seen = [one for one in seen if one not in unseen]
    right = {(alert.key, alert.fired_at) for hits in found.values() for alert in hits}
    heard = [alert for alert in alerts if not _is_suppressed(alert, rule, changes, window.end)]
    return Backtest(
        rule=rule,
        window=window,
        alerts=alerts,
        rows=outcome.rows,
        incidents=tuple(seen),
        right=tuple(alert for alert in alerts if (alert.key, alert.fired_at) in right),
        delays={one: max(hits[0].fired_at - one.start, timedelta()) for one, hits in found.items() if hits},
        suppressed=len(alerts) - len(heard),
        told=grouping(heard, {one.id: one for one in rules}) if len(heard) <= MOST_GROUPED else _begun_together(heard),
        problem=outcome.problem,
        unseen=unseen,
        holidays=holidays.within(window) if spared_on_holidays(rule) else (),
        judged=rule.window * int(could_judge(outcome.rows).sum()) if outcome.rows is not None else timedelta(),
        unjudged_days=_unjudged_days(outcome.rows, rule) if outcome.rows is not None else (),
    )


def _unjudged_days(rows: Rows, rule: AlertRule) -> tuple[date, ...]:
    days = (rows.instants - rule.window // MICROSECOND) // _DAY
    judged = set(days[could_judge(rows)].tolist())
    return tuple(moment(day * _DAY).date() for day in dict.fromkeys(days.tolist()) if day not in judged)


def _is_visible(incident: Planned, rows: Rows | None, slack: timedelta) -> bool:
    """Whether the rule could judge at any time of an incident."""
    if rows is None:
        return False
    end = (incident.end or incident.start) + slack
    first, last = rows.instants.searchsorted([micros(incident.start), micros(end)])
    return bool(could_judge(rows)[first:last].any())


def _with_others(rule: AlertRule, others: Iterable[AlertRule]) -> tuple[AlertRule, ...]:
    """The rule, and those that it looks at, and those that these look at."""
    known = {**{one.id: one for one in others}, rule.id: rule}
    taken, waiting = dict[str, AlertRule](), [rule.id]
    while waiting:
        one = known.get(waiting.pop())
        if one is not None and one.id not in taken:
            taken[one.id] = one
            waiting += one.condition.rules if isinstance(one.condition, Composite) else ()
    return tuple(taken.values())


def _alerts(outcome: Outcome) -> tuple[Alert, ...]:
    """Every spell of firing, in order of its begin; one that goes on is as bad as it became."""
    found = alert_changes(outcome.changes, (), {}, {}, {outcome.rule.id: outcome.rule}).changed
    alerts = [
        replace(alert, value=outcome.instances[alert.key].value, worst=outcome.instances[alert.key].worst)
        if alert.state is State.FIRING
        else alert
        for alert in found
    ]
    return tuple(sorted(alerts, key=lambda alert: alert.fired_at))


def _with_recent(alert: Alert, rows: Rows | None) -> Alert:
    """The alert with the values that there were when it began to fire."""
    if rows is None:
        return alert
    row, column = rows.labels.index(alert.key.labels), int(rows.instants.searchsorted(micros(alert.fired_at)))
    return replace(alert, recent=rows.recent(row, column))


def _begun_together(alerts: Sequence[Alert]) -> int:
    """How many there are, when each belongs to the one before it that began no longer ago than alerts may that join."""
    apart = (after.fired_at - before.fired_at > TOGETHER for before, after in pairwise(alerts))
    return min(len(alerts), 1) + sum(apart)


def _changes(frame: pl.DataFrame) -> tuple[Planned, ...]:
    """What was changed and what happened, in order, all with an end.

    What has none takes that of a later event of its name and type, which tells of the same; what never gets one is
    over after a while.
    """
    found: dict[tuple[str, str], list[Planned]] = {}
    for row in frame.sort("ts").iter_rows(named=True):
        one = Planned(row["name"] or "", row["change_type"] or "", row["ts"], row["ended_at"])
        same = found.setdefault((one.name, one.change_type), [])
        lasts = one.change_type in OPEN_ENDED
        if lasts and same and same[-1].end is None and one.start < same[-1].start + UNENDED:
            same[-1] = replace(same[-1], end=one.end)
        else:
            same.append(one)
    every = [one for same in found.values() for one in same]
    return tuple(sorted((_with_end(one) for one in every), key=lambda one: (one.start, one.name)))


def _with_end(one: Planned) -> Planned:
    lasts = UNENDED if one.change_type in OPEN_ENDED else timedelta()
    return one if one.end else replace(one, end=one.start + lasts)


def overlap(alert: Alert, incident: Planned, slack: timedelta) -> bool:
    """Whether an alert fires during an incident, or so much later."""
    ended = alert.ended_at is not None and alert.ended_at < incident.start
    return not ended and alert.fired_at <= (incident.end or incident.start) + slack


def _is_suppressed(alert: Alert, rule: AlertRule, changes: tuple[Planned, ...], end: datetime) -> bool:
    """Whether suppression covers an alert from its begin to its end: whatever outlasts it is told then."""
    if not rule.suppression:
        return False
    batch = Batch(now=alert.fired_at, changed=(alert,), changes=changes, rules={rule.id: rule})
    over = replace(batch, now=max(alert.ended_at or end, alert.fired_at))
    return all(suppress(one.begun()).alerts[0].withheld for one in (batch, over))
