"""A budget, as it stands in `budgets.yaml`.

    - id: month
      amount: 5000                     # USD
    - id: search
      name: Search team
      amount: 800
      where: {attributes.team: search}
    - id: each-user
      amount: 20
      period: day
      by: [user_id]                    # so much for each of them

Where nothing else is said it is of all calls, and of a month.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from metrics.engine.query import Filter
from metrics.engine.where import Values, filters_of
from metrics.events.entries import Entry
from metrics.insights.forecasting.accrual import Length


class Budget(Entry):
    """What the calls of a period may cost, all of them or some."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
    """What the budget is known by: letters, digits, `.`, `_` and `-`. Its alert rule is `budget-<id>`."""
    amount: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
    """What may be spent in a period, in USD."""
    name: Annotated[str, Field(max_length=120)] = ""
    """What people call it; left out: its `id`."""
    period: Length = "month"
    """A calendar month, a week from Monday on, or a day, in the time zone of the settings."""
    where: Mapping[str, Values] = {}
    """Values of dimensions that calls must have; left out: all calls."""
    by: Annotated[tuple[str, ...], Field(max_length=1)] = ()
    """A dimension each of whose values may spend the amount."""
    warn_at: Annotated[float, Field(strict=True, gt=0, le=1000)] = 100
    """The alert begins when so many percent of the amount are spent, or expected by the end of the period."""
    priority: Literal["P0", "P1", "P2", "P3"] = "P2"
    """How much the alert may disturb: P0 the most."""
    channels: tuple[str, ...] = ()
    """Who is told; left out: those of the priority (`alerts.routes` in the settings)."""

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.id

    @property
    def filters(self) -> tuple[Filter, ...]:
        """`where`, as a question has it."""
        return filters_of(self.where)

    @property
    def is_whole_month(self) -> bool:
        """Whether it is what `money.monthly_budget_usd` sets, too: that of all calls of a month."""
        return self.period == "month" and not self.where and not self.by
