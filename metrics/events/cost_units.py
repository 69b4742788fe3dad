"""In which part of a dollar a cost is: what its name says, or what the same tokens cost by list prices."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from metrics.events.pricing import PriceBook

COST = "cost_usd"
_LEAST_COSTS = 5
"""Different costs without which nothing is told: an invented one, said of every call, may be any number of times."""
_OFF = 0.25
"""By which share a cost may be off its list price, as by a discount."""
_AGREEING = 0.8


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of a dollar."""

    says: str
    in_dollars: float
    words: frozenset[str]
    """By which names say it."""


UNITS = (
    Unit("cents", 0.01, frozenset(("cents", "cent", "ct"))),
    Unit("thousandths of a dollar", 1e-3, frozenset(("milli", "millis", "mills"))),
    Unit("millionths of a dollar", 1e-6, frozenset(("micros", "micro", "microusd", "microdollars"))),
    Unit("billionths of a dollar", 1e-9, frozenset(("nano", "nanos", "nanousd"))),
)
CURRENCIES = frozenset(("eur", "euro", "euros", "gbp", "jpy", "chf", "cny", "inr", "credits", "credit", "points"))
"""Words by which names say that a cost is in no dollars at all."""


def unit_by_words(words: Iterable[str]) -> Unit | None:
    """The part of a dollar that a word of a name says."""
    said = frozenset(words)
    return next((unit for unit in UNITS if said & unit.words), None)


def times_list_price(calls: pl.DataFrame, prices: PriceBook) -> pl.DataFrame:
    """What calls are said to have cost, and how many times their list price that is.

    Takes columns of `llm_call`, those that prices follow from among them. Gives `cost` and `times` of the calls that
    have both a cost and a list price.
    """
    said = calls.filter((pl.col("cost_usd") > 0).fill_null(False))
    nothing = (pl.lit(None, said.schema[name]).alias(name) for name in ("cost_usd", "cache_savings_usd", "cost_source"))
    listed = prices.priced(said.with_columns(*nothing))["cost_usd"]
    found = pl.DataFrame({"cost": said["cost_usd"], "times": said["cost_usd"] / listed})
    return found.filter((pl.col("times").is_finite()).fill_null(False))


def free_of_charge(calls: pl.DataFrame, prices: PriceBook) -> int:
    """How many calls are said to cost nothing, of which the same tokens have a list price.

    Takes columns of `llm_call`, those that prices follow from among them.
    """
    said = calls.filter((pl.col("cost_usd") == 0).fill_null(False) & ~pl.col("cache_hit").fill_null(False))
    nothing = (pl.lit(None, said.schema[name]).alias(name) for name in ("cost_usd", "cache_savings_usd", "cost_source"))
    return int((prices.priced(said.with_columns(*nothing))["cost_usd"] > 0).sum()) if said.height else 0


def unit_by_list_prices(found: pl.DataFrame) -> Unit | None:
    """The part of a dollar that all costs but few are in; `found` is as of `times_list_price`."""
    if found["cost"].n_unique() < _LEAST_COSTS:
        return None
    for unit in UNITS:
        off = (found["times"] * unit.in_dollars - 1).abs()
        if (off <= _OFF).mean() >= _AGREEING:  # pyright: ignore[reportOperatorIssue, reportOptionalOperand]
            return unit
    return None
