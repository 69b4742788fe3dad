"""What made the calls of a window dearer or cheaper than those of the windows before it.

The cost is a sum over models: calls × share of the model × tokens a call × price a token. The difference has a part
of each of these factors (`metrics.insights.decomposition`), and one of single calls that are dearer than all that is
usual, which would otherwise pass for a rise of prices.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from metrics.catalog.money import COST, PRICED_CALLS, PRICED_TOKENS, UNPRICED_CALLS
from metrics.engine.buckets import Buckets
from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.dimension_sql import filter_sql, used_parameters
from metrics.engine.file_pruning import filtered_event_files
from metrics.engine.measures import additive
from metrics.engine.query import Filter, Grain, Question, Window
from metrics.engine.scope import Scope
from metrics.engine.statement import Statement
from metrics.engine.time_sql import span_sql
from metrics.insights.decomposition import Floats, parts
from metrics.zones import Zone

FACTORS = ("volume", "mix", "tokens", "price")
"""Calls; which models were called; tokens a call of a model; what a token of a model came to."""
OUTLIER = "outliers"
"""The part of single calls."""
SHARE_OF_A_DAY, TIMES_THE_MEAN = 0.1, 100
"""A call is an outlier that costs so much of all that a day costs, and so many times what the others do on average."""
MOST_OUTLIERS = 5
_MEASURES = (COST, PRICED_CALLS, PRICED_TOKENS, UNPRICED_CALLS)
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class DearCall:
    """A call that is dearer than all that is usual."""

    ts: datetime
    event_id: str
    cost: float
    """USD."""
    tokens: int
    provider: str | None
    model: str | None
    feature: str | None
    user_id: str | None


@dataclass(frozen=True)
class CostChanged:
    """How the cost of a window differs from the mean of the windows before; money in USD."""

    cost: float | None
    """None where no call of the window has a price, or there was none."""
    before: float | None
    """The mean of the windows before."""
    parts: pl.DataFrame
    """By `provider` and `model`: a column for each of `FACTORS`, and `cost` and `before`, all without `outliers`."""
    outliers: tuple[DearCall, ...]
    """Of the window, the dearest first."""
    outliers_before: float
    """The mean of what such calls cost in the windows before."""
    calls: float
    """Calls with a price in the window, and the mean of those before."""
    calls_before: float
    unpriced: float
    """Calls of the window whose cost is not known: they are in none of these."""
    unpriced_before: float
    baselines: int
    """How many windows before it is compared with."""

    @property
    def of_factors(self) -> dict[str, float]:
        """The part of each factor in the difference, and of outliers: together they are all of it."""
        sums = {name: float(self.parts[name].sum()) for name in FACTORS}
        return {**sums, OUTLIER: sum(call.cost for call in self.outliers) - self.outliers_before}


class CostChange(Question[CostChanged]):
    """How the cost of a window differs from the mean of others of the same length, and what made it so."""

    window: Window
    baselines: tuple[Window, ...]
    filters: tuple[Filter, ...] = ()
    tz: Zone = "UTC"


def answer(context: Context, question: CostChange) -> CostChanged:
    """From sums by model, and from the few calls that are dearer than is usual."""
    scope = context.scope_of(question.window, question.filters, by=("provider", "model"), tz=question.tz)
    windows = (question.window, *question.baselines)
    if not scope.kinds_for(COST.name, (COST.kind,)):
        windows = ()
    sums = [_sums(scope, window) for window in windows]
    dear = [_outliers(scope, window, rows) for window, rows in zip(windows, sums, strict=True)]
    if not sums:
        return CostChanged(None, None, decomposed(_nothing(), _nothing()), (), 0.0, 0.0, 0.0, 0.0, 0.0, 0)
    count = len(question.baselines)
    totals = [_totals(rows) for rows in sums]
    usual = [_without(rows, calls) for rows, calls in zip(sums, dear, strict=True)]
    now, before = usual[0], _mean(usual[1:], count)
    priced_before = sum(one["priced_calls"] for one in totals[1:])
    mean = {name: sum(one[name] for one in totals[1:]) / max(count, 1) for name in totals[0]}
    return CostChanged(
        totals[0]["cost"] if totals[0]["priced_calls"] else None,
        mean["cost"] if priced_before else None,
        decomposed(before, now),
        tuple(dear[0]),
        sum(call.cost for calls in dear[1:] for call in calls) / max(count, 1),
        totals[0]["priced_calls"],
        mean["priced_calls"],
        totals[0]["unpriced_calls"],
        mean["unpriced_calls"],
        count,
    )


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema={"d0": pl.String, "d1": pl.String, **{one.name: pl.Float64 for one in _MEASURES}})


def _sums(scope: Scope, window: Window) -> pl.DataFrame:
    """By `d0` (provider) and `d1` (model): what `_MEASURES` came to."""
    asked = scope.over(Buckets(window, Grain.NONE, scope.buckets.tz))
    asked = replace(asked, query=asked.query.model_copy(update={"window": window}))
    frames = [rows_of(step.statement) for step in additive.steps(_MEASURES, asked)]
    together = pl.concat([_nothing(), *(frame.drop("t").cast({pl.Decimal: pl.Float64}) for frame in frames)],
                         how="diagonal_relaxed")  # fmt: skip
    return together.group_by("d0", "d1").agg(pl.col(one.name).sum().cast(pl.Float64) for one in _MEASURES)


def _totals(rows: pl.DataFrame) -> dict[str, float]:
    return {one.name: float(rows[one.name].sum()) for one in _MEASURES}


def _outliers(scope: Scope, window: Window, rows: pl.DataFrame) -> list[DearCall]:
    """The calls of a window that are dearer than is usual, the dearest first."""
    totals = _totals(rows)
    cost, calls = totals["cost"], totals["priced_calls"]
    days = max(window.length.total_seconds() / _DAY_SECONDS, 1.0)
    if calls < TIMES_THE_MEAN or cost <= 0:
        return []
    events = filtered_event_files(scope, COST.kind, [window])
    text = (
        "SELECT ts, CAST(event_id AS VARCHAR), cost_usd, coalesce(input_tokens, 0) + coalesce(output_tokens, 0), "
        f"provider, model, feature, user_id FROM {events.sql} WHERE {span_sql('ts', [window])}{filter_sql(scope)} "
        f"AND cost_usd >= {SHARE_OF_A_DAY * cost / days!r} ORDER BY cost_usd DESC, ts LIMIT {MOST_OUTLIERS}"
    )
    found: Sequence[tuple[Any, ...]] = rows_of(Statement(text, used_parameters(scope, text), (events,))).rows()
    dear = [DearCall(row[0], row[1], float(row[2]), int(row[3]), *row[4:]) for row in found]
    rest = (cost - sum(call.cost for call in dear)) / max(calls - len(dear), 1)
    return [call for call in dear if call.cost >= TIMES_THE_MEAN * rest]


def _without(rows: pl.DataFrame, calls: Sequence[DearCall]) -> pl.DataFrame:
    """The sums without some calls."""
    if not calls:
        return rows
    less = pl.DataFrame(
        [(call.provider, call.model, -call.cost, -1.0, -float(call.tokens), 0.0) for call in calls],
        schema=rows.schema,
        orient="row",
    )
    return pl.concat([rows, less]).group_by("d0", "d1").agg(pl.col(one.name).sum() for one in _MEASURES)


def _mean(frames: Sequence[pl.DataFrame], count: int) -> pl.DataFrame:
    together = pl.concat([_nothing(), *frames])
    return together.group_by("d0", "d1").agg(pl.col(one.name).sum() / max(count, 1) for one in _MEASURES)


def decomposed(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """By `provider` and `model`, the part of each factor."""
    both = now.join(before, on=["d0", "d1"], how="full", suffix="_before", coalesce=True, nulls_equal=True)
    both = both.with_columns(pl.col(pl.Float64).fill_null(0.0)).sort("d0", "d1")
    then, today = ({name: both[name + end].to_numpy() for name in _SUMS} for end in ("_before", ""))
    made = parts(*_factors(then, today))
    return both.select(
        pl.col("d0").alias("provider"), pl.col("d1").alias("model"),
        *(pl.Series(name, made[name], pl.Float64) for name in FACTORS),
        cost="cost", before="cost_before",
    )  # fmt: skip


_SUMS = (COST.name, PRICED_CALLS.name, PRICED_TOKENS.name)


def _factors(then: dict[str, Floats], now: dict[str, Floats]) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """The factors of both times by model; their product is the cost.

    A model that was not called at one time has the tokens a call and the price of the other: only the mix has changed.
    One whose tokens nobody counts has a price a call instead.
    """
    uncounted = ((now["priced_calls"] > 0) & (now["priced_tokens"] <= 0)) | (
        (then["priced_calls"] > 0) & (then["priced_tokens"] <= 0)
    )
    (calls, length, price), (calls_now, length_now, price_now) = (_rates(one, uncounted) for one in (then, now))
    absent, absent_now = calls <= 0, calls_now <= 0
    length, price = np.where(absent, length_now, length), np.where(absent, price_now, price)
    length_now, price_now = np.where(absent_now, length, length_now), np.where(absent_now, price, price_now)
    volumes = [np.full_like(one, one.sum()) for one in (calls, calls_now)]
    shares = [np.divide(one, all_of, out=np.zeros_like(one), where=all_of > 0)
              for one, all_of in zip((calls, calls_now), volumes, strict=True)]  # fmt: skip
    # Of a time without any call it is not known which models there would have been: only the volume has changed.
    if not volumes[0].any():
        shares[0] = shares[1]
    if not volumes[1].any():
        shares[1] = shares[0]
    return (
        dict(zip(FACTORS, (volumes[0], shares[0], length, price), strict=True)),
        dict(zip(FACTORS, (volumes[1], shares[1], length_now, price_now), strict=True)),
    )


def _rates(sums: dict[str, Floats], uncounted: Any) -> tuple[Floats, Floats, Floats]:
    """Calls, tokens a call, and price a token; where tokens are not counted, a call counts as one token."""
    calls = np.where(sums["priced_calls"] > 0, sums["priced_calls"], 0.0)
    tokens = np.where(uncounted, calls, sums["priced_tokens"])
    length = np.divide(tokens, calls, out=np.zeros_like(calls), where=calls > 0)
    price = np.divide(sums["cost"], tokens, out=np.zeros_like(calls), where=tokens > 0)
    return calls, length, price
