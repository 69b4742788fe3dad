"""Rules over spans of time: in order, once, late or not, and the same in however many steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.judging import Instance, Key, State
from alerts.judging.evaluation import Evaluation, Span, evaluate, evaluated, planned, retired
from alerts.judging.evidence import fetch
from alerts.rules import AlertRule
from alerts.trying.input_series import InputSeries, Row
from metrics.engine import Engine, Query, Question, Window
from metrics.settings import Settings
from tests.alerts.made_up import CATALOG, MONDAY, row, rule
from tests.conftest import SIMULATED_END

T = TypeVar("T")
MINUTE, SETTLE = timedelta(minutes=1), timedelta(seconds=10)
CHAT = Key("a", (("endpoint", "/chat"),))


def minutes(count: float) -> timedelta:
    return count * MINUTE


def errors(duration: str = "2m", **others: object) -> AlertRule:
    return rule({"operator": ">", "threshold": 5, "duration": duration}, **others)  # pyright: ignore[reportArgumentType]


def run(
    rules: Sequence[AlertRule], rows: Sequence[Row], *ticks: float, late: float = 0, known: Iterable[Instance] = ()
) -> tuple[list[str], dict[Key, Instance]]:
    """What happened when somebody came at those minutes, and how it was then."""
    instances = {one.key: one for one in known}
    happened: list[str] = []
    for after, until in zip((0, *ticks), ticks, strict=False):
        span = Span(MONDAY + minutes(after) + SETTLE, MONDAY + minutes(until) + SETTLE, MONDAY + minutes(late))
        evaluation = evaluate(rules, InputSeries(tuple(rows), CATALOG), instances.values(), span, SETTLE)
        happened += texts(evaluation)
        for outcome in evaluation.outcomes:
            instances |= outcome.instances
        instances |= {change.instance.key: change.instance for change in evaluation.retired}
    return happened, instances


def texts(evaluation: Evaluation) -> list[str]:
    def text(seconds: float) -> str:
        return f"{seconds // 60:g}:{seconds % 60:02g}"

    return [
        f"{text((one.at - MONDAY).total_seconds())} {one.kind} {one.key}{' late' * one.late}"
        for one in evaluation.transitions
    ]


def test_instants_lie_settle_behind_the_end_of_their_window() -> None:
    happened, _ = run([errors("1m")], [row("1 6 6")], 3)
    assert happened == ["2:10 pending a", "3:10 firing a"]


def test_what_happens_before_a_moment_is_late() -> None:
    happened, _ = run([errors("1m")], [row("6 6 1 6")], 4, late=4)
    assert happened == ["1:10 pending a late", "2:10 firing a late", "3:10 resolved a late", "4:10 pending a"]


def test_rules_of_several_windows_happen_in_order() -> None:
    rules = [
        errors("0s", id="slow", window="5m"),
        errors("0s", id="quick"),
        rule({"kind": "composite", "all": ["slow", "quick"]}, id="both", metric=""),
    ]
    happened, _ = run(rules, [row("1 1 1 6 6 6 1"), row("6 6", window="5m")], 7)
    assert happened == [
        "4:10 firing quick", "5:10 firing slow", "5:10 firing both", "7:10 resolved quick", "7:10 resolved both",
    ]  # fmt: skip


def test_a_gap_longer_than_a_window_breaks_the_run() -> None:
    happened, instances = run([errors("3m")], [row("6x9")], 2)
    resumed, after = run([errors("3m")], [row("6x9")], 2, known=instances.values())
    assert resumed == [], "what was evaluated is not evaluated again"
    span = Span(MONDAY + minutes(5) + SETTLE, MONDAY + minutes(8) + SETTLE)
    evaluation = evaluate([errors("3m")], InputSeries((row("6x9"),), CATALOG), after.values(), span, SETTLE)
    assert (happened, texts(evaluation)) == (["1:10 pending a"], [])
    assert evaluation.outcomes[0].instances[Key("a")].breaching_since == MONDAY + minutes(6) + SETTLE


def test_a_settle_time_that_changes_is_no_gap() -> None:
    _, instances = run([errors("3m")], [row("6x9")], 3)
    span = Span(MONDAY + minutes(3) + SETTLE, MONDAY + minutes(5))
    evaluation = evaluate([errors("3m")], InputSeries((row("6x9"),), CATALOG), instances.values(), span, 4 * SETTLE)
    assert texts(evaluation) == ["4:40 firing a"]


def test_a_clock_that_jumps_back_evaluates_nothing() -> None:
    _, instances = run([errors()], [row("6x9")], 5)
    plan = planned([errors()], instances.values(), Span(MONDAY + minutes(5), MONDAY + minutes(2)), SETTLE)
    assert plan.windows == {}
    again, after = run([errors()], [row("1x9")], 4, known=instances.values())
    assert (again, after) == ([], instances)


def test_a_rule_that_is_edited_keeps_what_fires() -> None:
    _, instances = run([errors()], [row("6x3")], 3)
    happened, after = run([errors("1h", name="Renamed")], [row("6x9")], 3, 5, known=instances.values())
    assert happened == []
    assert after[Key("a")].state is State.FIRING


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ([], "the rule was removed"),
        ([errors(enabled=False, by=["endpoint"])], "the rule was disabled"),
        ([errors(by=["region"])], "the rule was changed: it looks at other labels now"),
    ],
)
def test_what_nobody_evaluates_any_more_ends_with_the_reason(rules: list[AlertRule], reason: str) -> None:
    _, instances = run([errors(by=["endpoint"])], [row("6x3", labels={"endpoint": "/chat"})], 3)
    assert instances[CHAT].state is State.FIRING
    (change,) = retired(rules, instances.values(), MONDAY + minutes(4))
    assert (change.transition.kind, change.transition.reason, change.transition.key) == ("resolved", reason, CHAT)
    happened, after = run(rules, [], 3, 4, known=instances.values())
    assert happened[-1:] == ["3:10 resolved a{endpoint=/chat}"]
    assert after[CHAT].state is State.RESOLVED


def test_a_disabled_rule_does_not_count_for_those_that_look_at_it() -> None:
    both = rule({"kind": "composite", "any": ["a"]}, id="both", metric="")
    _, instances = run([errors(), both], [row("6x3")], 3)
    happened, _ = run([errors(enabled=False), both], [row("6x9")], 3, 4, known=instances.values())
    assert happened == ["3:10 resolved a", "4:10 resolved both"]


@pytest.mark.parametrize(
    ("looks_at", "complaint"),
    [
        ({"both": ["gone"]}, "rule 'both' looks at rule 'gone', which does not exist"),
        ({"x": ["y"], "y": ["x"]}, "composite rules look at one another in a circle: "),
        ({"x": ["x"]}, "composite rules look at one another in a circle: x → x"),
    ],
)
def test_composite_rules_must_come_to_an_end(looks_at: dict[str, list[str]], complaint: str) -> None:
    rules = [rule({"kind": "composite", "all": others}, id=name, metric="") for name, others in looks_at.items()]
    with pytest.raises(ValueError, match=complaint):
        planned(rules, (), Span(MONDAY, MONDAY + MINUTE), SETTLE)


def test_the_newest_values_come_with_what_fires() -> None:
    rows = [row([*range(70), 6, 6, 6], labels={"endpoint": "/chat"}), row("1x73", labels={"endpoint": "/quiet"})]
    span = Span(MONDAY + minutes(70) + SETTLE, MONDAY + minutes(73) + SETTLE)
    (outcome,) = evaluate([errors(by=["endpoint"])], InputSeries(tuple(rows), CATALOG), (), span, SETTLE).outcomes
    assert outcome.recent == {CHAT: (*map(float, range(13, 70)), 6.0, 6.0, 6.0)}
    assert set(outcome.instances) == {CHAT, Key("a", (("endpoint", "/quiet"),))}


@dataclass
class Broken:
    """An engine whose disk is broken while it is."""

    figures: InputSeries
    metrics = CATALOG
    broken: bool = True

    def answer(self, question: Question[T], /) -> T:
        asked: object = question
        if self.broken and isinstance(asked, Query) and "error_rate" in asked.metrics:
            raise OSError("the disk is broken")
        return self.figures.answer(question)


def test_a_rule_whose_question_failed_is_made_up_for_and_the_others_go_on() -> None:
    engine = Broken(InputSeries((row("6x9"), row("6x9", metric="requests", window="5m")), CATALOG))
    rules = [errors("3m"), errors("0s", id="other", metric="requests", window="5m")]
    span = Span(MONDAY + SETTLE, MONDAY + minutes(5) + SETTLE)
    failed, other = evaluate(rules, engine, (), span, SETTLE).outcomes
    assert (failed.failed, failed.problem, failed.instances) == (True, "OSError: the disk is broken", {})
    assert [change.transition.kind for change in other.changes] == ["firing"]
    engine.broken = False
    later = Span(span.until, MONDAY + minutes(6) + SETTLE, behind={"a": span.after})
    assert texts(evaluate(rules, engine, other.instances.values(), later, SETTLE)) == [
        "1:10 pending a",
        "4:10 firing a",
    ]


def test_what_was_quiet_and_is_gone_is_absent_though_nobody_kept_it() -> None:
    rows = [row("9x5 _x9", labels={"endpoint": "/chat"})]
    absent = rule({"kind": "absent", "duration": "2m"}, by=["endpoint"])
    first, _ = run([absent], rows, 5)
    assert first == []
    span = Span(MONDAY + minutes(5) + SETTLE, MONDAY + minutes(9) + SETTLE)
    evaluation = evaluate([absent], InputSeries(tuple(rows), CATALOG), (), span, SETTLE)
    assert texts(evaluation) == ["6:10 pending a{endpoint=/chat}", "8:10 firing a{endpoint=/chat}"]


def test_a_metric_that_is_not_there_says_so_and_fires_nothing() -> None:
    watched = errors(metric="eror_rate", no_data="keep")
    span = Span(MONDAY, MONDAY + minutes(5))
    (outcome,) = evaluate([watched], InputSeries((), CATALOG), (), span, SETTLE).outcomes
    assert (outcome.changes, outcome.failed) == ((), False)
    assert outcome.problem.startswith("there is no metric 'eror_rate'")


def test_state_may_change_between_the_questions_and_their_evaluation() -> None:
    _, instances = run([errors()], [row("6x9")], 3)
    span = Span(MONDAY + minutes(3) + SETTLE, MONDAY + minutes(4) + SETTLE)
    figures = InputSeries((row("6x9"),), CATALOG)
    plan = planned([errors()], instances.values(), span, SETTLE)
    evidence = fetch(figures, plan.asks)
    resolved = Instance(Key("a"), State.RESOLVED, evaluated_at=instances[Key("a")].evaluated_at)
    assert texts(evaluated(plan, evidence, [resolved])) == ["4:10 pending a"]


VALUES = st.lists(st.sampled_from([1.0, 4.5, 6.0, 9.0, float("nan")]), min_size=1, max_size=40)
CONDITIONS = st.sampled_from(
    [
        {"operator": ">", "threshold": 5, "duration": "3m", "recover": 4, "recover_for": "2m"},
        {"operator": "<", "threshold": 5},
        {"kind": "absent", "duration": "2m"},
        {"kind": "change", "operator": ">", "threshold": 20, "against": "3m", "duration": "1m"},
        {"kind": "burn_rate", "objective": 95, "burns": [{"rate": 1.2, "long": "5m", "short": "2m"}]},
        {"kind": "forecast", "operator": ">", "threshold": 7, "horizon": "4m", "history": "5m"},
    ]
)


@settings(deadline=None)
@given(CONDITIONS, st.sampled_from(["keep", "ok", "alert"]), VALUES, VALUES, st.sets(st.integers(1, 39), max_size=8))
def test_live_and_made_up_for_are_the_same(
    condition: dict[str, object], no_data: str, chat: list[float], search: list[float], ticks: set[int]
) -> None:
    watched = [
        rule(condition, by=["endpoint"], no_data=no_data),
        rule({"kind": "composite", "any": ["a"], "duration": "1m"}, id="any", metric=""),
    ]
    rows = [row(values, labels={"endpoint": name}) for name, values in (("/chat", chat), ("/search", search))]
    assert run(watched, rows, *sorted(ticks), 40) == run(watched, rows, 40)


def test_a_real_lake_is_evaluated_the_same_in_many_steps_and_in_one(simulated_home: Path) -> None:
    engine = Engine(Settings(home=simulated_home))
    rules = [
        rule({"operator": ">", "threshold": 2, "duration": "5m"}, by=["endpoint"], window="5m", min_events=5),
        rule({"operator": ">", "threshold": 2000, "recover": 1500}, id="slow", metric="response_time_p95", window="5m"),
        rule({"kind": "absent"}, id="silent", metric="requests", by=["endpoint"], window="5m"),
    ]
    whole = Window(start=SIMULATED_END - timedelta(hours=30), end=SIMULATED_END)

    def happened(steps: int) -> list[object]:
        instances: dict[Key, Instance] = {}
        found: list[object] = []
        for number in range(steps):
            start = whole.start + number * whole.length / steps
            span = Span(start, start + whole.length / steps)
            evaluation = evaluate(rules, engine, instances.values(), span, SETTLE)
            found += evaluation.transitions
            for outcome in evaluation.outcomes:
                instances |= outcome.instances
        return [*found, instances]

    once = happened(1)
    assert len(once) > 20
    assert happened(17) == once
