"""Where a budget stands, in words: on the pages and on the command line."""

from collections.abc import Mapping
from datetime import date

from app import wording
from metrics.budgets import Level, Standing

STATES: Mapping[Level, str] = {
    Level.KEPT: "kept", Level.UNKNOWN: "not known", Level.THREATENED: "will be exceeded", Level.EXCEEDED: "exceeded",
}  # fmt: skip


def title(one: Standing) -> str:
    """The budget by its name, and the value that has it for itself."""
    return f"{one.budget.title}: {wording.name(one.value, 40)}" if one.budget.by else wording.name(one.budget.title)


def period(one: Standing) -> str:
    """The period: `November 2026`, `week of 23 Nov 2026`, `Tue 24 Nov 2026`."""
    form = {"month": "%B %Y", "week": "week of %d %b %Y", "day": "%a %d %b %Y"}[one.budget.period]
    return one.period.first.strftime(form)


def day(when: date) -> str:
    """A day of a year that is told elsewhere."""
    return f"{when:%d %b}"


def spent(one: Standing) -> str:
    """What is spent; what has no price is not 0."""
    return wording.NO_PRICE if one.spent is None and one.unpriced else wording.quantity(one.spent, "USD", 2)


def expected(one: Standing) -> str:
    """What it will have come to by the end of the period."""
    return wording.NO_PRICE if one.spent is None and one.unpriced else wording.quantity(one.expected, "USD", 2)


def interval(one: Standing) -> str:
    """The interval of 80 % of that."""
    ends = [wording.quantity(end, "USD", 2) for end in (one.low, one.high)]
    return wording.NOTHING if one.expected is None else f"{ends[0]} to {ends[1]}"


def lasts(one: Standing, until: date) -> str:
    """Until when it lasts, as of a day: `used up on 24 Nov`, `used up by about 27 Nov`, `lasts`."""
    if one.exhausted is None:
        if one.level is Level.UNKNOWN:
            return "what is spent is not known"
        return "lasts" if one.expected is not None else "too few days to say whether it lasts"
    is_past = one.level is Level.EXCEEDED or one.exhausted < until
    return f"used up on {day(one.exhausted)}" if is_past else f"used up by about {day(one.exhausted)}"
