"""Where budgets stand: spent, expected, used up; of their own calls, and of the period in which a moment lies."""

from datetime import date, datetime, timedelta

import pytest

from metrics.budgets import Budget, Level, Standing, standings
from metrics.engine import Engine, Query, Window
from metrics.settings import Settings
from tests.metrics.budgets.spent import TUESDAY, spend

NOON = TUESDAY - timedelta(hours=12)
"""Monday, before anything is dearer than it was: 12 + 6 USD a day are spent."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    home = tmp_path_factory.mktemp("spent")
    spend(home)
    return Engine(Settings(home=home))


def standing(engine: Engine, until: datetime = NOON, tz: str = "UTC", **budget: object) -> list[Standing]:
    return standings([Budget.model_validate({"id": "b", **budget})], engine.answer, until, tz)


def test_of_a_month_it_is_told_what_is_spent_what_will_be_and_when_it_is_used_up(engine: Engine) -> None:
    (found,) = standing(engine, amount=300)
    assert (found.period.first, found.period.last) == (date(2026, 3, 1), date(2026, 3, 31))
    assert found.spent == pytest.approx(8.5 * 18)
    assert found.expected == pytest.approx(31 * 18)
    # 300 USD are spent in the course of the seventeenth day.
    assert (found.level, found.exhausted) == (Level.THREATENED, date(2026, 3, 17))
    (kept,) = standing(engine, amount=600)
    assert (kept.level, kept.exhausted, kept.left) == (Level.KEPT, None, pytest.approx(600 - 8.5 * 18))
    (spent,) = standing(engine, amount=100)
    assert (spent.level, spent.exhausted) == (Level.EXCEEDED, date(2026, 3, 6))


def test_what_is_expected_of_a_month_is_its_projection(engine: Engine) -> None:
    (found,) = standing(engine, amount=300)
    names = ("cost_projection_low", "cost_projection", "cost_projection_high")
    frame = engine.answer(Query(metrics=names, window=Window(start=NOON - timedelta(days=1), end=NOON))).frame
    assert (found.low, found.expected, found.high) == frame.select(names).row(0)


def test_weeks_and_days_are_periods_too(engine: Engine) -> None:
    (week,) = standing(engine, amount=200, period="week")
    assert (week.period.first, week.spent, week.expected) == (date(2026, 3, 9), pytest.approx(9), pytest.approx(126))
    (day,) = standing(engine, amount=15, period="day")
    assert (day.spent, day.expected, day.exhausted) == (pytest.approx(9), pytest.approx(18), date(2026, 3, 9))


def test_a_day_begins_at_midnight_of_the_zone(engine: Engine) -> None:
    (day,) = standing(engine, amount=15, period="day", tz="Asia/Kolkata")
    # From 18:30 of the day before: of the calls every two hours those from 20 to 10 o'clock.
    assert day.spent == pytest.approx(8 * 1.5)


def test_a_budget_has_its_own_calls_and_one_by_a_dimension_an_amount_for_each(engine: Engine) -> None:
    (team,) = standing(engine, amount=300, where={"attributes.team": "search"})
    assert team.spent == pytest.approx(8.5 * 12)
    search, chat = standing(engine, amount=110, by=["attributes.team"])
    assert [(one.value, one.of, one.over) for one in (search, chat)] == [("search", 2, 0), ("chat", 2, 0)]
    assert (search.level, search.exhausted) == (Level.THREATENED, date(2026, 3, 10))
    assert chat.exhausted == date(2026, 3, 19)


def test_what_has_no_price_is_not_known_and_counted_beside(engine: Engine) -> None:
    (found,) = standing(engine, TUESDAY + timedelta(hours=2), amount=300)
    assert (found.unpriced, found.spent) == (1, pytest.approx(9 * 18 + 2.5))
    (nobody,) = standing(engine, amount=300, where={"provider": "nobody"})
    assert (nobody.spent, nobody.expected, nobody.level) == (None, None, Level.UNKNOWN)


def test_before_the_first_call_of_a_period_nothing_is_spent(engine: Engine) -> None:
    (found,) = standing(engine, TUESDAY - timedelta(hours=23, minutes=59), amount=300, period="day",
                        where={"feature": "chat"})  # fmt: skip
    assert found.spent == pytest.approx(0.05)
    (none,) = standing(engine, datetime(2026, 3, 12, tzinfo=TUESDAY.tzinfo), amount=300, period="day")
    assert (none.calls, none.spent, none.level) == (0, 0.0, Level.KEPT)


def test_those_that_stand_worst_come_first(engine: Engine) -> None:
    budgets = [Budget(id=name, amount=amount) for name, amount in (("kept", 900.0), ("gone", 10.0), ("soon", 400.0))]
    assert [one.budget.id for one in standings(budgets, engine.answer, NOON, "UTC")] == ["gone", "soon", "kept"]
