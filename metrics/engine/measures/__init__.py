"""How each sort of measure is taken: one module a sort, all ending in the same frame."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from metrics.catalog.model import (
    Additive,
    ConcurrentUsers,
    DailyUsers,
    DistinctUsers,
    DistinctValues,
    ErrorCount,
    FirstSeenUsers,
    ImprovedPrompts,
    LastSample,
    LastState,
    Measure,
    MinuteSlots,
    Projected,
    Quantile,
    RepairTime,
    RetainedUsers,
    SeenValues,
    Sessions,
    UserDays,
)
from metrics.engine.measures import (
    additive,
    days,
    errors,
    hosts,
    projection,
    quantiles,
    sessions,
    uptime,
    users,
    values,
)
from metrics.engine.measures.step import KEY, Step
from metrics.engine.scope import Scope


class Planner(Protocol):
    """Turns measures of one sort into steps."""

    def __call__(self, measures: Any, scope: Scope) -> Iterator[Step]:
        """The steps that answer `measures`."""
        ...


PLANNERS: Mapping[type[Measure], Planner] = {
    Additive: additive.steps,
    Quantile: quantiles.steps,
    DistinctUsers: users.distinct,
    DailyUsers: days.active,
    UserDays: days.use,
    RetainedUsers: days.retained,
    FirstSeenUsers: users.first_seen,
    ConcurrentUsers: users.concurrent,
    DistinctValues: values.distinct,
    SeenValues: values.seen,
    ImprovedPrompts: values.improved,
    Sessions: sessions.steps,
    LastSample: hosts.steps,
    ErrorCount: errors.steps,
    RepairTime: errors.repairs,
    Projected: projection.steps,
    MinuteSlots: uptime.steps,
    LastState: uptime.states,
}
"""Who plans which sort of measure."""


def steps(measures: Sequence[Measure], scope: Scope) -> Iterator[Step]:
    """The steps that answer all measures, each taken once."""
    for sort, planner in PLANNERS.items():
        wanted = [measure for measure in dict.fromkeys(measures) if isinstance(measure, sort)]
        if wanted:
            yield from planner(wanted, scope)


__all__ = ["KEY", "PLANNERS", "Step", "steps"]
