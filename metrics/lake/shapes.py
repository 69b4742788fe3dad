"""What a rollup can store: sums, bins of durations, percentiles of minutes, users; each knows how two become one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.events.schema import TIMESTAMP

BIN_RATIO = 1.004
"""Upper over lower edge of a bin: a value put in the middle of its bin is off by at most 0.2 %."""
BIN_ORIGIN_MS = 0.001
"""Lower edge of bin 1. Bin 0 holds everything below, zero included."""

LAST_BIN = 32_767
"""Holds everything above its lower edge of some 10^43 years."""

STEPS_A_DECADE = 10
"""Bins of tokens, and of cost, to a power of ten."""
MOST_TOKENS, COSTS, LEAST_COST = 127, 256, -128
"""The highest step of tokens, how many steps of cost there are, and the lowest of them."""
ON_THE_EDGE = 1e-9
"""Added before rounding down: the logarithm of a power of ten may come out a little too small."""

BUCKET = "bucket"
VIEW = "view"
USER = "user_id"
BINS = "bins"
CODED = "coded_"
"""Prefix of the columns that hold a dimension as categories while events are aggregated."""
HOUR_BITS = tuple(1 << hour for hour in range(24))
HOURS = "hours"
FIRST = "first_ts"
MOST_MS = float(np.finfo(np.float32).max)
"""What longer durations are taken for."""
NUMBER_BITS = 24
"""What a number of a bucket and its dimensions may take of 64 bits, so that Float32 fits beside it."""
BIN_LIST = pl.List(pl.Struct({"bin": pl.Int16(), "n": pl.Int64()}))

TIMED = "timed"
PERCENTILES: Mapping[float, str] = {0.5: "p50", 0.75: "p75", 0.9: "p90", 0.95: "p95", 0.99: "p99"}
"""The quantiles that are kept of a minute, and their columns."""

Unit = Literal["minute", "hour", "day"]
WIDTH: Mapping[Unit, str] = {"minute": "1m", "hour": "1h", "day": "1d"}

MOST_VALUES: Mapping[Unit, int] = {"minute": 1_000, "hour": 5_000, "day": 20_000}
"""Values of a dimension that a view tells apart on one day of one file: with more of them it would be as large as the
events. `user_id` has no such limit: a user's day is what such a view is there to know."""
REST = "\U0010ffff"
"""Stands in a view for all other values of a dimension. It comes after every text, so that a file's statistics tell."""


@dataclass(frozen=True, slots=True)
class View:
    """One set of dimensions at one width of bucket."""

    unit: Unit
    dimensions: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Partition value, such as `hour.endpoint.provider`."""
        return ".".join((self.unit, *self.dimensions))


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A column of a counts rollup: how it is computed from events, and how two of them become one."""

    name: str
    expression: pl.Expr
    dtype: pl.DataType
    merge: Literal["sum", "max"] = "sum"

    def merged(self) -> pl.Expr:
        """The expression that merges partial values."""
        column = pl.col(self.name)
        return (total(column) if self.merge == "sum" else column.max()).cast(self.dtype)


class Shape(Protocol):
    """What a rollup stores beside bucket and dimensions."""

    @property
    def columns(self) -> Mapping[str, pl.DataType]:
        """Stored columns and their types."""
        ...

    def prepare(self, events: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
        """Do once what several views need, whose buckets and coded dimensions are `keys`."""
        ...

    def partial(self, events: pl.DataFrame, view: View) -> pl.DataFrame:
        """Aggregate prepared events to one view: `bucket`, its dimensions, the stored columns."""
        ...

    def merge(self, rows: pl.DataFrame, keys: Sequence[str] | Sequence[pl.Expr]) -> pl.DataFrame:
        """Fewer rows of the same meaning: one a key."""
        ...


@dataclass(frozen=True)
class Counts:
    """Sums and maxima."""

    aggregates: tuple[Aggregate, ...]

    @property
    def columns(self) -> Mapping[str, pl.DataType]:
        return {aggregate.name: aggregate.dtype for aggregate in self.aggregates}

    def prepare(self, events: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
        # By all dimensions at once: each view then sums a few rows instead of all events.
        return events.group_by(keys).agg(
            aggregate.expression.cast(aggregate.dtype).alias(aggregate.name) for aggregate in self.aggregates
        )

    def partial(self, events: pl.DataFrame, view: View) -> pl.DataFrame:
        return self.merge(events, keys_of(view))

    def merge(self, rows: pl.DataFrame, keys: Sequence[str] | Sequence[pl.Expr]) -> pl.DataFrame:
        return rows.group_by(keys).agg(self._merged)

    @cached_property
    def _merged(self) -> Sequence[pl.Expr]:
        """Of few rows, making expressions takes longer than what they say."""
        return [aggregate.merged() for aggregate in self.aggregates]


def bin_of(column: str) -> pl.Expr:
    """The bin (Int16) of a duration in ms."""
    above = (pl.col(column) / BIN_ORIGIN_MS).log() / log(BIN_RATIO)
    inner = pl.when(pl.col(column) >= BIN_ORIGIN_MS).then(above.floor() + 1).otherwise(0)
    return inner.clip(upper_bound=LAST_BIN).cast(pl.Int16)


def tokens_and_cost(cost: str) -> pl.Expr:
    """The bin (Int16) of an LLM call by its tokens and its cost, ten steps to a power of ten; null where one is 0.

    `step of the tokens × COSTS + step of the cost − LEAST_COST`.
    """
    tokens = pl.sum_horizontal(pl.col("input_tokens", "output_tokens").fill_null(0))
    token_step, cost_step = ((STEPS_A_DECADE * one.log10() + ON_THE_EDGE).floor() for one in (tokens, pl.col(cost)))
    place = token_step.clip(0, MOST_TOKENS) * COSTS + cost_step.clip(LEAST_COST, LEAST_COST + COSTS - 1) - LEAST_COST
    return pl.when((tokens > 0) & (pl.col(cost) > 0)).then(place).cast(pl.Int16)


@dataclass(frozen=True)
class Histogram:
    """Bins of one column, of durations in ms unless said otherwise; nulls are left out."""

    column: str
    binned: Callable[[str], pl.Expr] = bin_of

    @property
    def columns(self) -> Mapping[str, pl.DataType]:
        return {BINS: BIN_LIST}

    def prepare(self, events: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
        known = events.filter(pl.col(self.column).is_not_null())
        return known.select(*keys, self.binned(self.column).alias("bin")).drop_nulls("bin")

    def partial(self, events: pl.DataFrame, view: View) -> pl.DataFrame:
        keys = keys_of(view)
        return _listed(events.lazy().group_by([*keys, "bin"]).agg(pl.len().cast(pl.Int64).alias("n")), keys)

    def merge(self, rows: pl.DataFrame, keys: Sequence[str] | Sequence[pl.Expr]) -> pl.DataFrame:
        # Rows of one key are given one number first: bins are then grouped by numbers only.
        numbered = rows.select([*keys, BINS]).with_columns(number=pl.struct(keys).rank("dense"))
        loose = numbered.lazy().select("number", BINS).explode(BINS).unnest(BINS)
        merged = loose.group_by("number", "bin").agg(pl.col("n").sum()).collect()
        return numbered.drop(BINS).unique("number").join(_listed(merged.lazy(), ["number"]), on="number").drop("number")


@dataclass(frozen=True)
class Percentiles:
    """Percentiles of one column of durations in ms (nulls left out), exact, and how many durations they are of.

    Of a minute, that is: it holds few events, so that its bins would be nearly as many rows as these. A percentile
    cannot be merged, and becomes null when a bucket has two rows; readers ask the events of that minute. Files hold
    hours or days, and only the minutes at their ends are split.
    """

    column: str

    @property
    def columns(self) -> Mapping[str, pl.DataType]:
        return {TIMED: pl.Int64(), **dict.fromkeys(PERCENTILES.values(), pl.Float32())}

    def prepare(self, events: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
        return events.filter(pl.col(self.column).is_not_null()).select(*keys, self.column)

    def partial(self, events: pl.DataFrame, view: View) -> pl.DataFrame:
        keys = events.select(keys_of(view))
        if keys.is_empty():
            return keys.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in self.columns.items())
        numbers = _dense(keys.select(as_one_number([pl.col(name) for name in keys.columns])).to_series().to_numpy())
        groups = keys.with_columns(number=numbers).unique("number", keep="any").sort("number").drop("number")
        starts, values = _sorted_within(numbers, events[self.column].to_numpy())
        counts = np.diff(starts)
        columns = {name: _quantile(q, starts[:-1], counts, values) for q, name in PERCENTILES.items()}
        return groups.with_columns(pl.Series(TIMED, counts), *(pl.Series(n, v) for n, v in columns.items()))

    def merge(self, rows: pl.DataFrame, keys: Sequence[str] | Sequence[pl.Expr]) -> pl.DataFrame:
        alone = (pl.when(pl.len() == 1).then(pl.col(name).first()).alias(name) for name in PERCENTILES.values())
        return rows.group_by(keys).agg(pl.col(TIMED).sum(), *alone)


@dataclass(frozen=True)
class Users:
    """One row a day, dimension value and user: the hours (UTC, bit 0 is midnight) and the first moment."""

    @property
    def columns(self) -> Mapping[str, pl.DataType]:
        return {USER: pl.String(), HOURS: pl.Int32(), FIRST: TIMESTAMP}

    def prepare(self, events: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
        users = pl.col(USER).cast(pl.Categorical(pl.Categories.random()))
        seen = events.filter(pl.col(USER).is_not_null())
        return seen.select(*keys, "hour_bit", "ts", users).with_row_index("row")

    def partial(self, events: pl.DataFrame, view: View) -> pl.DataFrame:
        keys = [*keys_of(view), pl.col(USER)]
        # Grouping by one number takes a third of grouping by several columns.
        grouped = (
            events.lazy()
            .group_by(as_one_number(keys))
            .agg(pl.col("row").first(), pl.col("hour_bit").bitwise_or().alias(HOURS), pl.col("ts").min().alias(FIRST))
            .collect()
        )
        return events.select(keys)[grouped["row"]].with_columns(grouped[HOURS], grouped[FIRST])

    def merge(self, rows: pl.DataFrame, keys: Sequence[str] | Sequence[pl.Expr]) -> pl.DataFrame:
        return rows.group_by([*keys, USER]).agg(pl.col(HOURS).bitwise_or(), pl.col(FIRST).min())


def total(expression: pl.Expr) -> pl.Expr:
    """The sum, null where there is nothing to add up: what was never reported is not 0."""
    return pl.when(expression.is_not_null().any()).then(expression.sum())


def keys_of(view: View) -> list[pl.Expr]:
    """Bucket and dimensions of a view, from the columns that coded events have."""
    return [
        pl.col(f"bucket_{view.unit}").alias(BUCKET),
        *(pl.col(CODED + name).alias(name) for name in view.dimensions),
    ]


def as_one_number(keys: Sequence[pl.Expr]) -> pl.Expr:
    """A number for each combination of the values: buckets and categories, of which a frame has less than 2^24 each."""
    number = pl.lit(0, pl.UInt64)
    for key in keys:
        name = key.meta.output_name()
        code = (key - key.min()).dt.total_minutes() if name == BUCKET else key.to_physical() + 1
        code = code.fill_null(0).cast(pl.UInt64)
        number = number * (code.max() + 1) + code
    return number.alias("number")


def capped(rows: pl.DataFrame, view: View) -> pl.DataFrame:
    """Put `REST` in the place of values beyond the most that a view tells apart on a day.

    `rows` are partial ones of the view: `bucket`, its dimensions, what its shape stores. The values in the most of them
    stay. Where rows of one key came of it they are to be merged; where no value has to go, `rows` themselves are given.
    """
    found = rows
    for name in view.dimensions:
        most = MOST_VALUES[view.unit]
        if name == USER or rows[name].n_unique() <= most:
            continue
        values = found.select(day=pl.col(BUCKET).dt.date(), value=pl.col(name).cast(pl.String))
        ranked = values.group_by("day", "value").len().sort(["len", "value"], descending=[True, False])
        stays = ranked.filter(pl.int_range(pl.len()).over("day") < most).with_columns(stays=True).drop("len")
        kept = values.join(stays, on=["day", "value"], how="left", nulls_equal=True, maintain_order="left")["stays"]
        if kept.null_count():
            found = found.with_columns(pl.when(kept).then(values["value"]).otherwise(pl.lit(REST)).alias(name))
    return found


def _listed(bins: pl.LazyFrame, keys: Sequence[str] | Sequence[pl.Expr]) -> pl.DataFrame:
    names = [key if isinstance(key, str) else key.meta.output_name() for key in keys]
    return bins.sort("bin").group_by(names).agg(pl.struct("bin", "n").alias(BINS)).collect()


def _dense(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers in the same order, small enough to leave room for a duration beside them in 64 bits."""
    if int(numbers.max()).bit_length() <= NUMBER_BITS:
        return numbers
    return np.unique(numbers, return_inverse=True)[1].astype(np.uint64)


def _sorted_within(
    numbers: NDArray[np.uint64], durations: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Where each number's durations begin (and the last end), and durations in order of number and value.

    Both are put into one integer, and integers are sorted: a third of the time that sorting by two columns takes. A
    duration keeps the bits there is room for, which are more than are stored.
    """
    bits = np.uint64(max(int(numbers.max()).bit_length(), 1))
    positive = np.clip(durations, 0.0, MOST_MS).view(np.uint64) << np.uint64(1)
    packed = (numbers << (np.uint64(64) - bits)) | (positive >> bits)
    packed.sort()
    values = ((packed << bits) >> np.uint64(1)).view(np.float64)
    ordered = packed >> (np.uint64(64) - bits)
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1], [True]]))
    return starts, values


def _quantile(
    q: float, starts: NDArray[np.int64], counts: NDArray[np.int64], values: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The quantile of each run of sorted values, interpolated linearly."""
    rank = q * (counts - 1)
    lower = np.floor(rank).astype(np.int64)
    low, high = values[starts + lower], values[starts + np.minimum(lower + 1, counts - 1)]
    return (low + (high - low) * (rank - lower)).astype(np.float32)
