"""Each budget brings a rule, from the file and from the settings; a rule of the home takes its place."""

from datetime import timedelta
from pathlib import Path

import pytest

from alerts.rules import AlertRule, Budget
from alerts.rules.budgeting import rule_of
from alerts.rules.reading import Rules, RuleSet
from metrics import budgets
from metrics.catalog import METRICS
from metrics.engine import Filter
from metrics.settings import Alerts, Money, Settings

FILE = """\
- {id: search, amount: 800, where: {attributes.team: search}, period: week, warn_at: 90, channels: [email:a@b.example]}
- {id: users, amount: 20, period: day, by: [user_id], priority: P3}
"""


def load(home: Path, rules: Rules | None = None, monthly: float = 0) -> RuleSet:
    settings = Settings(home=home, alerts=Alerts(shipped_rules=False), money=Money(monthly_budget_usd=monthly))
    return (rules or Rules()).load(settings, METRICS)


def write(home: Path, text: str, name: str = budgets.FILE_NAME) -> None:
    (home / name).write_text(text, encoding="utf-8")


def condition(rule: AlertRule) -> tuple[float, str, float]:
    assert isinstance(rule.condition, Budget)
    return rule.condition.amount, rule.condition.period, rule.condition.percent


def test_a_budget_is_watched_by_its_own_calls_from_the_percentage_it_names(tmp_path: Path) -> None:
    write(tmp_path, FILE)
    found = load(tmp_path)
    search, users = found.rules["budget-search"], found.rules["budget-users"]
    assert (condition(search), condition(users)) == ((800, "week", 90), (20, "day", 100))
    assert search.filters == (Filter(dimension="attributes.team", values=("search",)),)
    assert search.notifications.channels == ("email:a@b.example",)
    assert (users.by, users.priority, users.notifications.channels) == (("user_id",), "P3", None)
    assert str(found.origins["budget-users"]) == "budgets.yaml, line 2"


def test_the_setting_brings_one_until_the_file_has_a_budget_in_its_place(tmp_path: Path) -> None:
    rules = Rules()
    assert condition(load(tmp_path, rules, monthly=70).rules["budget-month"]) == (70, "month", 100)
    write(tmp_path, "- {id: all, amount: 90}")
    assert list(load(tmp_path, rules, monthly=70).rules) == ["budget-all"]


def test_a_rule_of_the_home_takes_its_place(tmp_path: Path) -> None:
    write(tmp_path, FILE)
    write(
        tmp_path, "- {id: budget-users, name: U, priority: P0, metric: cost, condition: {kind: absent}}", "alerts.yaml"
    )
    found = load(tmp_path)
    assert (found.rules["budget-users"].name, found.problems) == ("U", ())


def test_a_file_that_cannot_be_used_leaves_its_last_good_rules_and_is_told(tmp_path: Path) -> None:
    rules = Rules()
    write(tmp_path, FILE)
    load(tmp_path, rules)
    write(tmp_path, FILE.replace("email:a@b.example", "fax:12").replace("amount: 20", "amount: 30"))
    found = load(tmp_path, rules)
    assert condition(found.rules["budget-users"]) == (20, "day", 100)
    (problem,) = found.problems
    assert str(problem).startswith("budgets.yaml, line 1: channels.0: 'fax' is no channel")


@pytest.mark.parametrize(("zone", "minutes"), [("UTC", 60), ("Europe/Berlin", 60), ("Asia/Kolkata", 15)])
def test_windows_end_where_days_do(zone: str, minutes: int) -> None:
    rule = rule_of(budgets.Budget(id="a", amount=1.0), zone)
    assert rule.window == timedelta(minutes=minutes)
    assert isinstance(rule.condition, Budget)
    assert rule.condition.timezone == zone
