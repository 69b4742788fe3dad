"""The rules that budgets bring: one each, which warns before its period has cost too much."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from alerts.rules.kinds import Budget as Condition
from alerts.rules.model import AlertRule
from metrics.budgets.model import Budget
from metrics.budgets.reading import Placed, read
from metrics.events.entries import Problem

PREFIX = "budget-"
"""How the ids of these rules begin."""
_HOUR, _QUARTER = timedelta(hours=1), timedelta(minutes=15)


def rules_of(text: str, name: str, timezone: str) -> tuple[list[tuple[AlertRule, Placed]], list[Problem]]:
    """The rules of a text of budgets, each with its budget, and what is wrong with the text.

    `timezone` is that in which periods begin.
    """
    placed, problems = read(text, name)
    found: list[tuple[AlertRule, Placed]] = []
    for one in placed:
        try:
            found.append((rule_of(one.budget, timezone), one))
        except ValidationError as error:
            problems += _of_channels(one, error)
    return found, problems


def rule_of(budget: Budget, timezone: str) -> AlertRule:
    """The rule of a budget. Raises ValidationError where one of its channels is none."""
    whole_hours = all(
        (ZoneInfo(timezone).utcoffset(day) or timedelta()) % _HOUR == timedelta() for day in _DAYS_OF_BOTH_CLOCKS
    )
    return AlertRule(
        id=f"{PREFIX}{budget.id}",
        name=f"Budget {budget.title}: {budget.period} above {budget.warn_at:g} % of it",
        priority=budget.priority,  # pyright: ignore[reportArgumentType]
        metric="cost",
        by=budget.by,
        where=budget.where,
        window=_HOUR if whole_hours else _QUARTER,
        condition=Condition(
            kind="budget", amount=budget.amount, period=budget.period, percent=budget.warn_at, timezone=timezone
        ),
        notifications={"channels": budget.channels} if budget.channels else {},  # pyright: ignore[reportArgumentType]
        description="Look at the Cost page what grew against the same weekdays before, and at what makes it dear.",
    )


_DAYS_OF_BOTH_CLOCKS = (datetime(2026, 1, 1), datetime(2026, 7, 1))  # noqa: DTZ001 – clocks on the wall


def _of_channels(placed: Placed, error: ValidationError) -> Iterator[Problem]:
    for one in error.errors():
        (number, *_) = [part for part in one["loc"] if isinstance(part, int)] or [0]
        yield placed.problem(("channels", number), one["msg"].removeprefix("Value error, "))
