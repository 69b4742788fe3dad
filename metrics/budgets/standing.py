"""Where a budget stands at a moment: what of it is spent, what will be by the end of its period, when it is gone."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum

from metrics.budgets.model import Budget
from metrics.engine.questions.spending import Spending, Spendings, Spent
from metrics.insights.forecasting.accrual import Period


class Level(IntEnum):
    """How well it stands, the best first."""

    KEPT = 0
    UNKNOWN = 1
    """No call has a price, or there is none."""
    THREATENED = 2
    """It is expected to be exceeded."""
    EXCEEDED = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget, or the part of one that a value of its dimension has; money in USD, None is not known."""

    budget: Budget
    value: str | None
    """Of the dimension that the budget is by."""
    period: Period
    spent: float | None
    low: float | None
    expected: float | None
    high: float | None
    exhausted: date | None
    """The day on which it was used up, or is expected to be; None: not within the period."""
    calls: float
    unpriced: float
    """Those of the calls whose cost is not known: it is in none of the sums."""
    of: int = 1
    """How many values the dimension has."""
    over: int = 0
    """How many of them have used up theirs."""

    @property
    def share(self) -> float | None:
        """Percent of the amount that is spent."""
        return None if self.spent is None else 100 * self.spent / self.budget.amount

    @property
    def left(self) -> float | None:
        """What is left of the amount; below 0 when more was spent."""
        return None if self.spent is None else self.budget.amount - self.spent

    @property
    def level(self) -> Level:
        """How well it stands."""
        if self.spent is None:
            return Level.UNKNOWN
        if self.spent >= self.budget.amount:
            return Level.EXCEEDED
        threatened = self.expected is not None and self.expected > self.budget.amount
        return Level.THREATENED if threatened else Level.KEPT


Ask = Callable[[Spending], Spendings]
"""Whoever answers: an engine, or what keeps its answers."""


def standing_of(budget: Budget, ask: Ask, until: datetime, tz: str) -> tuple[Standing, ...]:
    """A budget in the period in which `until` lies, up to there; by its values, where it is by a dimension.

    Raises as `Engine.answer` does.
    """
    found = ask(
        Spending(amount=budget.amount, length=budget.period, until=until, by=budget.by, filters=budget.filters, tz=tz)
    )
    rows = found.rows or ((Spent(("",), None, None, None, None, None, 0, 0),) if not budget.by else ())
    return tuple(
        Standing(
            budget, one.values[0] if budget.by else None, found.period, one.spent, one.low, one.expected, one.high,
            one.reached, one.calls, one.unpriced, found.groups if budget.by else 1, found.over,
        )
        for one in rows
    )  # fmt: skip


def standings(budgets: Iterable[Budget], ask: Ask, until: datetime, tz: str) -> list[Standing]:
    """All budgets, those that stand worst first: exceeded, then threatened; among these, by the share that is spent.

    Raises as `Engine.answer` does.
    """
    every = (one for budget in budgets for one in standing_of(budget, ask, until, tz))
    return sorted(every, key=lambda one: (-one.level, -(one.share or 0.0), one.budget.id, one.value or ""))
