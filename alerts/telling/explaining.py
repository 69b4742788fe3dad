"""What explains an incident: found once for all messages about it, and within so many seconds a minute.

    explainer = Explainer()                                   # for as long as the program runs
    causes = explainer(incident, subject, engine)             # None: not within the time there is; messages go without

A storm of incidents must not keep messages, or the rules, waiting: the first ones are explained, and whoever opens
another sees what explains it on its page.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from alerts.incidents import Incident
from alerts.rules import Priority
from alerts.telling.subject import Subject
from metrics.catalog import Metric
from metrics.catalog.model import Quantile
from metrics.engine import Query
from metrics.engine.bad_events import Ratio
from metrics.engine.engine import Answering
from metrics.insights.causes import Causes, explain

LONGEST = 3.0
"""Seconds after which no further part of an explanation is begun."""
A_MINUTE = 6.0
"""Seconds of any minute that may go into explanations."""
REMEMBERED = 500
"""Incidents whose causes are kept: the newest."""
_MINUTE = 60.0
Explain = Callable[[Incident, Subject, Answering], Causes | None]


def causes_of(subject: Subject, engine: Answering, is_late: Callable[[], bool] = lambda: False) -> Causes | None:
    """What explains the trouble that an alert is about; None where it is of no metric.

    No place is named where the metric got better: a failure rate that fell is no trouble to be explained.

    Raises:
        EngineError: as of `Engine.answer`.
    """
    metric = subject.metric
    if metric is None:
        return None
    question = Query(metrics=(metric.name,), window=subject.trouble, filters=subject.filters)
    causes = explain(engine, question, subject.trouble, is_late=is_late)
    return replace(causes, where=()) if causes.where and _is_better(causes, metric) else causes


def _is_better(causes: Causes, metric: Metric) -> bool:
    """Of what has a side on which it is bad, whether it went to the other."""
    is_percentile = any(isinstance(one, Quantile) for one in metric.measures)
    if metric.direction == "neutral" or not (is_percentile or Ratio.of(metric)):
        return False
    before, after = causes.before or 0.0, causes.after or 0.0
    return after < before if metric.direction == "down" else after > before


@dataclass(frozen=True)
class _Known:
    priority: Priority
    causes: Causes | None


class Explainer:
    """Explains each incident once, and anew when its priority rises. May be called from several threads."""

    def __init__(self, steady: Callable[[], float] = monotonic) -> None:
        """`steady` tells seconds, and is never set back."""
        self._steady = steady
        self._turn = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._spent: deque[tuple[float, float]] = deque()
        """When an explanation ended, and how long it took."""

    def __call__(self, incident: Incident, subject: Subject, engine: Answering) -> Causes | None:
        """What explains it; None where there was no time, or nothing is to be explained."""
        with self._turn:
            known, begun = self._known.get(incident.id), self._steady()
            if known is not None and known.priority <= incident.priority:
                return known.causes
            if self._spent_since(begun - _MINUTE) >= A_MINUTE:
                return known.causes if known else None
            causes = None
            try:
                causes = causes_of(subject, engine, lambda: self._steady() - begun > LONGEST)
            finally:  # one that fails would again
                self._spent.append((self._steady(), self._steady() - begun))
                self._keep(incident, causes)
            return causes

    def _spent_since(self, moment: float) -> float:
        while self._spent and self._spent[0][0] < moment:
            self._spent.popleft()
        return sum(seconds for _, seconds in self._spent)

    def _keep(self, incident: Incident, causes: Causes | None) -> None:
        self._known.pop(incident.id, None)
        self._known[incident.id] = _Known(incident.priority, causes)
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
