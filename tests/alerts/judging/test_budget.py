"""What a budget's rule expects of a period is what the pages expect; of many values those are watched that matter."""

from datetime import timedelta
from pathlib import Path

import pytest

from alerts.judging import budget as judging
from alerts.judging.conditions import ask_of, judge
from alerts.judging.evidence import Evidence, fetch
from alerts.judging.instance import Verdict
from alerts.rules import AlertRule
from alerts.rules.budgeting import rule_of
from metrics.budgets import Budget, standing_of
from metrics.engine import Engine, Window
from metrics.settings import Settings
from tests.metrics.budgets.spent import TUESDAY, spend

HOUR = timedelta(hours=1)
NOON = TUESDAY - 12 * HOUR


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    home: Path = tmp_path_factory.mktemp("spent")
    spend(home)
    return Engine(Settings(home=home))


def evidence_of(engine: Engine, rule: AlertRule) -> Evidence:
    """Of the evaluation at noon of Monday."""
    found = fetch(engine, {"r": ask_of(rule, Window(start=NOON - HOUR, end=NOON))})["r"]
    assert isinstance(found, Evidence)
    return found


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize("period", ["month", "week", "day"])
def test_it_expects_what_the_pages_expect(engine: Engine, period: str, zone: str) -> None:
    budget = Budget.model_validate({"id": "b", "amount": 15, "period": period})
    rule = rule_of(budget, zone)
    found = fetch(engine, {"r": ask_of(rule, Window(start=NOON - rule.window, end=NOON))})["r"]
    assert isinstance(found, Evidence)
    judged = judge(rule, found)
    (standing,) = standing_of(budget, engine.answer, NOON, zone)
    above = standing.spent if (standing.spent or 0) > budget.amount else standing.expected
    assert judged.values[0, -1] == pytest.approx(100 * (above or 0) / budget.amount)


def test_a_budget_that_even_the_dearest_days_keep_is_told_by_what_is_spent(engine: Engine) -> None:
    rule = rule_of(Budget(id="b", amount=1000.0), "UTC")
    judged = judge(rule, evidence_of(engine, rule))
    assert judged.values[0, -1] == pytest.approx(100 * 8.5 * 18 / 1000)
    assert judged.verdicts[0, -1] == Verdict.RECOVERED


def test_of_many_values_the_largest_are_watched(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = rule_of(Budget(id="b", amount=110.0, by=("attributes.team",)), "UTC")
    assert evidence_of(engine, rule).series.labels == (
        (("attributes.team", "chat"),), (("attributes.team", "search"),),
    )  # fmt: skip
    monkeypatch.setattr(judging, "MOST_WATCHED", 1)
    evidence = evidence_of(engine, rule)
    assert evidence.series.labels == ((("attributes.team", "search"),),)
    assert judge(rule, evidence).verdicts[0, -1] == Verdict.BREACH
