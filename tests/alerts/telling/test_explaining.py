"""What explains incidents is found once each, within so many seconds a minute."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.incidents import Incident
from alerts.rules import Priority
from alerts.telling import explaining
from alerts.telling.explaining import A_MINUTE, LONGEST, Explainer, causes_of
from alerts.telling.subject import Subject, subject_of
from metrics.catalog import METRICS
from metrics.engine import Query, Window
from metrics.insights.causes import Causes, Where
from tests.alerts.timetables import at, firing, key, rule

HEAD = firing("errors", 0, "P1", since=at(-5), value=7.0)
RULES = {
    name: rule(name, "P1", metric=metric)
    for name, metric in (("errors", "error_rate"), ("good", "success_rate"), ("slow", "response_time_p95"),
                         ("traffic", "requests"))
}  # fmt: skip
SPAN = Window(start=at(0), end=at(30))
PLACE = Where((("region", "eu"),), 1.0, 9.0, "rate", 1.0, 9.0, 1.0, 1.0, 100)


def incident(name: str, priority: Priority = Priority.P1) -> Incident:
    return Incident(name, HEAD.key, name, priority, at(0), (HEAD.key,), (HEAD.key,))


def subject(name: str = "errors", minute: float = 10) -> Subject:
    return subject_of(replace(HEAD, key=key(name)), RULES, METRICS, timedelta(seconds=10), at(minute))


@dataclass
class Explained:
    """Takes the place of `explain`, and some seconds."""

    takes: float
    clock: float = 0.0
    asked: list[tuple[str, Window]] = field(default_factory=list[tuple[str, Window]])
    late: list[bool] = field(default_factory=list[bool])
    values: tuple[float, float] = (1.0, 9.0)
    fails: bool = False

    def __call__(self, engine: object, query: Query, span: Window, *, is_late: Any) -> Causes:
        self.asked.append((query.metrics[0], span))
        self.clock += self.takes
        self.late.append(is_late())
        if self.fails:
            raise OSError("the disk is gone")
        return Causes(query.metrics[0], query.filters, span, (), *self.values, where=(PLACE,))


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Explained:
    made = Explained(takes=2.0)
    monkeypatch.setattr(explaining, "explain", made)
    return made


ENGINE: Any = object()


def test_an_incident_is_explained_once_and_anew_when_its_priority_rises(found: Explained) -> None:
    explainer = Explainer(lambda: found.clock)
    first = explainer(incident("a"), subject(), ENGINE)
    assert first is not None
    assert explainer(incident("a"), subject(minute=60), ENGINE) is first
    assert explainer(incident("a", Priority.P2), subject(), ENGINE) is first
    risen = explainer(incident("a", Priority.P0), subject(minute=60), ENGINE)
    assert risen is not None
    assert risen.span.end > first.span.end
    assert [span for _, span in found.asked] == [subject().trouble, subject(minute=60).trouble]


def test_of_a_storm_the_first_are_explained_and_later_ones_once_there_is_time(found: Explained) -> None:
    explainer = Explainer(lambda: found.clock)
    some = [explainer(incident(str(number)), subject(), ENGINE) is not None for number in range(100)]
    assert sum(some) == sum(some[:3]) == A_MINUTE / found.takes
    found.clock += 60
    assert explainer(incident("99"), subject(), ENGINE) is not None


def test_one_that_takes_long_is_cut_short(found: Explained) -> None:
    explainer = Explainer(lambda: found.clock)
    explainer(incident("a"), subject(), ENGINE)
    found.takes = LONGEST + 1
    explainer(incident("b"), subject(), ENGINE)
    assert found.late == [False, True]


def test_one_that_fails_is_not_tried_for_every_message(found: Explained) -> None:
    found.fails = True
    explainer = Explainer(lambda: found.clock)
    with pytest.raises(OSError, match="disk"):
        explainer(incident("a"), subject(), ENGINE)
    assert explainer(incident("a"), subject(), ENGINE) is None
    assert len(found.asked) == 1


@pytest.mark.parametrize(
    ("name", "values", "places"),
    [
        ("errors", (1.0, 9.0), 1), ("errors", (9.0, 1.0), 0), ("good", (99.0, 90.0), 1), ("good", (90.0, 99.0), 0),
        ("slow", (100.0, 90.0), 0), ("traffic", (9.0, 1.0), 1), ("traffic", (1.0, 9.0), 1),
    ],
)  # fmt: skip
def test_no_place_is_named_for_what_got_better(
    found: Explained, name: str, values: tuple[float, float], places: int
) -> None:
    found.values = values
    causes = causes_of(subject(name), ENGINE)
    assert causes is not None
    assert len(causes.where) == places


def test_what_is_of_no_metric_is_not_explained() -> None:
    assert causes_of(subject("removed"), ENGINE) is None
