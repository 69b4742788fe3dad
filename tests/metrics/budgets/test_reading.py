"""Budgets from a file and from the settings, and what is said of what cannot be one."""

from pathlib import Path

import pytest

from metrics.budgets import Budget, budgets_of
from metrics.budgets.reading import read
from metrics.budgets.schema import schema
from metrics.engine import Filter
from metrics.settings import Money, Settings

TEXT = """
- id: month
  amount: 5000
- {id: search, name: Search team, amount: 800, period: week, where: {attributes.team: search}, by: [feature]}
"""


def of(home: Path, text: str, monthly: float = 0) -> Settings:
    (home / "budgets.yaml").write_text(text, encoding="utf-8")
    return Settings(home=home, money=Money(monthly_budget_usd=monthly))


def test_budgets_are_read(tmp_path: Path) -> None:
    found = budgets_of(of(tmp_path, TEXT))
    whole, search = found.budgets
    assert (whole.title, whole.amount, whole.period, whole.filters, whole.is_whole_month) == (
        "month", 5000, "month", (), True,
    )  # fmt: skip
    assert (search.title, search.period, search.by, search.is_whole_month) == (
        "Search team", "week", ("feature",), False,
    )  # fmt: skip
    assert search.filters == (Filter(dimension="attributes.team", values=("search",)),)
    assert (found.problems, found.remarks) == ((), ())


def test_the_setting_is_the_budget_of_the_whole_month(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, money=Money(monthly_budget_usd=70))
    assert budgets_of(settings).budgets == (Budget(id="month", name="All calls", amount=70.0),)
    assert budgets_of(Settings(home=tmp_path)).budgets == ()


def test_the_file_takes_the_place_of_the_setting_and_that_is_said(tmp_path: Path) -> None:
    found = budgets_of(of(tmp_path, "- {id: all, amount: 90}", monthly=70))
    assert [budget.amount for budget in found.budgets] == [90]
    assert found.remarks == (
        "`money.monthly_budget_usd` does not count: `budgets.yaml` has the budget 'all' in its place",
    )
    beside = budgets_of(of(tmp_path, "- {id: daily, amount: 9, period: day}", monthly=70))
    assert [(budget.id, budget.amount) for budget in beside.budgets] == [("month", 70), ("daily", 9)]


WRONG = {
    "id: a": "budgets.yaml, line 1: expected a list, each budget beginning with `- id:`",
    "- id: a": "budgets.yaml, line 1: amount: is missing",
    "- {id: a, amount: 0}": "budgets.yaml, line 1: amount: must be greater than 0",
    "- {id: a, amount: many}": "budgets.yaml, line 1: amount: must be a valid number",
    "- {id: a, amount: 1, perod: day}": "budgets.yaml, line 1: perod: is not known; the nearest is 'period'",
    "- {id: a, amount: 1, period: year}":
        "budgets.yaml, line 1: period: expected 'month', 'week' or 'day', not 'year'",
    "- {id: a, amount: 1, by: [endpoint]}": "budgets.yaml, line 1: by.0: cost is made of llm_call events, which",
    "- {id: a, amount: 1, where: {provder: x}}":
        "budgets.yaml, line 1: where.provder: 'provder' is no dimension; the nearest is 'provider'",
    "- {id: a, amount: 1}\n- {id: a, amount: 2}":
        "budgets.yaml, line 2: id: 'a' is the id of another budget already, on line 1",
    "- {id: a, amount: 1": "budgets.yaml, line 1: not YAML",
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_by_line_and_key(text: str) -> None:
    _, problems = read(text, "budgets.yaml")
    assert [str(one)[: len(WRONG[text])] for one in problems] == [WRONG[text]]


def test_what_can_be_used_is_used_beside_what_cannot(tmp_path: Path) -> None:
    found = budgets_of(of(tmp_path, "- {id: a, amount: 1}\n- {id: b}"))
    assert [budget.id for budget in found.budgets] == ["a"]
    assert len(found.problems) == 1


def test_the_schema_describes_every_key() -> None:
    fields = schema()["$defs"]["Budget"]["properties"]
    assert fields.keys() == Budget.model_fields.keys()
    assert [name for name, field in fields.items() if not field.get("description")] == []
