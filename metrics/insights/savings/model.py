"""Savings as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

MONTH = timedelta(days=30)
LEAST_USD = 1.0
"""A month, below which nothing is told."""
Kind = Literal["failed calls", "repeated prompts", "idle features", "output limits", "cheaper model"]
"""In the order in which a call counts for one: each dollar is told once."""
Row = Mapping[str, Any]
"""Of `CallSpending`."""


@dataclass(frozen=True, slots=True)
class Saving:
    """One way to spend less."""

    kind: Kind
    monthly: float
    """USD, of the thirty days that were looked at."""
    provider: str | None
    model: str | None
    feature: str | None
    """Null also where it is of several, as the others are."""
    calls: int
    """That it is about, in the days that were looked at."""
    basis: str
    """How it was counted, in a sentence."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What is no longer wasted."""

    kind: Kind
    monthly: float
    """USD: what would be wasted of as many calls as now, had nothing changed, less what is."""
    provider: str | None
    model: str | None
    feature: str | None
    before: float
    """USD wasted in the thirty days before these."""
    now: float
    """USD of the same in these."""


@dataclass(frozen=True, slots=True)
class Savings:
    """What was found, and what could not be looked for."""

    found: tuple[Saving, ...]
    """The largest first. No dollar is in two of them."""
    spent: float
    """USD in these thirty days, of all calls that have a price."""
    remarks: tuple[str, ...]
    saved: tuple[Saved, ...] = ()
    """What fell since the thirty days before, the largest first."""
    less: float = 0.0
    """USD a month that are wasted less than then, of as many calls: what fell, less what rose."""

    @property
    def total(self) -> float:
        """USD a month, of all that was found."""
        return sum(one.monthly for one in self.found)
