"""Partial aggregates that are written with the events and merged when they are read.

Three shapes, each additive across files:

- *counts*: sums and maxima an hour and combination of dimensions,
- *histogram*: log-scaled bins of a duration, from which percentiles are read,
- *users*: who was active on a day, in which of its hours, and when first. Distinct users of any span of
  whole hours, in any time zone of whole hours, are exact.

A rollup holds several *views*: the same numbers by different sets of dimensions, so that a question is
answered from the smallest one that knows the dimensions it names. Views are the partitions of the table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import Literal, Protocol

import polars as pl

from metrics.events.schema import TIMESTAMP
from metrics.lake.visits import Visits

BIN_RATIO = 1.004
"""Upper over lower edge of a bin: a value put in the middle of its bin is off by at most 0.2 %."""
BIN_ORIGIN_MS = 0.001
"""Lower edge of bin 1. Bin 0 holds everything below, zero included."""

LAST_BIN = 32_767
"""Holds everything above its lower edge of some 10^43 years."""

UNMERGED_ROWS = 500_000
"""Partial rows that are not worth merging while a file is read."""

BUCKET = "bucket"
VIEW = "view"
USER = "user_id"
BINS = "bins"
CODED = "coded_"
"""Prefix of the columns that hold a dimension as categories while events are aggregated."""
HOUR_BITS = tuple(1 << hour for hour in range(24))
HOURS = "hours"
FIRST = "first_ts"
BIN_LIST = pl.List(pl.Struct({"bin": pl.Int16(), "n": pl.Int64()}))

Unit = Literal["hour", "day"]
WIDTH: Mapping[Unit, str] = {"hour": "1h", "day": "1d"}


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
        return (_total(column) if self.merge == "sum" else column.max()).cast(self.dtype)


class Shape(Protocol):
    """What a rollup stores beside bucket and dimensions."""

    @property
    def columns(self) -> Mapping[str, pl.DataType]:
        """Stored columns and their types."""
        ...

    def prepare(self, events: pl.DataFrame, dimensions: Sequence[str]) -> pl.DataFrame:
        """Do once what every view needs; `partial` is given the outcome."""
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

    def prepare(self, events: pl.DataFrame, dimensions: Sequence[str]) -> pl.DataFrame:
        # By all dimensions at once: each view then sums a few rows instead of all events.
        keys = ["bucket_hour", "bucket_day", *(CODED + name for name in dimensions)]
        return events.group_by(keys).agg(
            aggregate.expression.cast(aggregate.dtype).alias(aggregate.name) for aggregate in self.aggregates
        )

    def partial(self, events: pl.DataFrame, view: View) -> pl.DataFrame:
        return self.merge(events, _keys(view))

    def merge(self, rows: pl.DataFrame, keys: Sequence[str] | Sequence[pl.Expr]) -> pl.DataFrame:
        return rows.group_by(keys).agg(aggregate.merged() for aggregate in self.aggregates)


@dataclass(frozen=True)
class Histogram:
    """Log-scaled bins of one column of durations in ms; nulls are left out."""

    column: str

    @property
    def columns(self) -> Mapping[str, pl.DataType]:
        return {BINS: BIN_LIST}

    def prepare(self, events: pl.DataFrame, dimensions: Sequence[str]) -> pl.DataFrame:
        keys = ["bucket_hour", "bucket_day", *(CODED + name for name in dimensions)]
        return events.filter(pl.col(self.column).is_not_null()).select(*keys, bin_of(self.column).alias("bin"))

    def partial(self, events: pl.DataFrame, view: View) -> pl.DataFrame:
        keys = _keys(view)
        return _listed(events.lazy().group_by([*keys, "bin"]).agg(pl.len().cast(pl.Int64).alias("n")), keys)

    def merge(self, rows: pl.DataFrame, keys: Sequence[str] | Sequence[pl.Expr]) -> pl.DataFrame:
        # Rows of one key are given one number first: bins are then grouped by numbers only.
        numbered = rows.select([*keys, BINS]).with_columns(number=pl.struct(keys).rank("dense"))
        loose = numbered.lazy().select("number", BINS).explode(BINS).unnest(BINS)
        merged = loose.group_by("number", "bin").agg(pl.col("n").sum()).collect()
        return numbered.drop(BINS).unique("number").join(_listed(merged.lazy(), ["number"]), on="number").drop("number")


@dataclass(frozen=True)
class Users:
    """One row a day, dimension value and user: the hours (UTC, bit 0 is midnight) and the first moment."""

    @property
    def columns(self) -> Mapping[str, pl.DataType]:
        return {USER: pl.String(), HOURS: pl.Int32(), FIRST: TIMESTAMP}

    def prepare(self, events: pl.DataFrame, dimensions: Sequence[str]) -> pl.DataFrame:
        users = pl.col(USER).cast(pl.Categorical(pl.Categories.random()))
        columns = ["bucket_hour", "bucket_day", *(CODED + name for name in dimensions), "hour_bit", "ts"]
        return events.filter(pl.col(USER).is_not_null()).select(*columns, users).with_row_index("row")

    def partial(self, events: pl.DataFrame, view: View) -> pl.DataFrame:
        keys = [*_keys(view), pl.col(USER)]
        # Grouping by one number takes a third of grouping by several columns.
        grouped = (
            events.lazy()
            .group_by(_as_one_number(keys))
            .agg(pl.col("row").first(), pl.col("hour_bit").bitwise_or().alias(HOURS), pl.col("ts").min().alias(FIRST))
            .collect()
        )
        return events.select(keys)[grouped["row"]].with_columns(grouped[HOURS], grouped[FIRST])

    def merge(self, rows: pl.DataFrame, keys: Sequence[str] | Sequence[pl.Expr]) -> pl.DataFrame:
        return rows.group_by([*keys, USER]).agg(pl.col(HOURS).bitwise_or(), pl.col(FIRST).min())


@dataclass(frozen=True)
class Rollup:
    """One table of partial aggregates over one event kind."""

    name: str
    kind: str
    shape: Shape
    views: tuple[View, ...]

    partition_by = (VIEW,)

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Every dimension of any view, in order of first mention."""
        return tuple(dict.fromkeys(name for view in self.views for name in view.dimensions))

    @cached_property
    def schema(self) -> pl.Schema:
        """`view`, `bucket`, the dimensions as text, then what the shape stores."""
        dimensions: dict[str, pl.DataType] = {name: pl.String() for name in self.dimensions}
        keys: dict[str, pl.DataType] = {VIEW: pl.String(), BUCKET: TIMESTAMP}
        return pl.Schema({**keys, **dimensions, **self.shape.columns})

    def laid_out(self, rows: pl.DataFrame, view: View) -> pl.DataFrame:
        """`rows` of one view with all columns of the schema, sorted so that readers can skip."""
        absent = [pl.lit(None, pl.String()).alias(name) for name in self.dimensions if name not in view.dimensions]
        return (
            rows.with_columns(pl.lit(view.name).alias(VIEW), *absent)
            .select(pl.col(name).cast(dtype) for name, dtype in self.schema.items())
            .sort([*view.dimensions, BUCKET])
        )


def _count(condition: pl.Expr, name: str) -> Aggregate:
    return Aggregate(name, condition.fill_null(False).sum(), pl.Int64())


def _sum(name: str, expression: pl.Expr, dtype: pl.DataType) -> Aggregate:
    return Aggregate(name, _total(expression), dtype)


def _total(expression: pl.Expr) -> pl.Expr:
    """The sum, null where there is nothing to add up: what was never reported is not 0."""
    return pl.when(expression.is_not_null().any()).then(expression.sum())


_status, _duration = pl.col("status_code"), pl.col("duration_ms")
REQUEST_COUNTS = Counts(
    (
        Aggregate("requests", pl.len(), pl.Int64()),
        _count(pl.col("feature").is_not_null(), "request_uses"),
        _count(_status.is_not_null(), "with_status"),
        _count(_status >= 500, "server_errors"),
        _count(_status.is_between(400, 499), "client_errors"),
        _count(_duration.is_not_null(), "timed"),
        _sum("duration_sum", _duration, pl.Float64()),
        Aggregate("duration_max", _duration.max(), pl.Float64(), merge="max"),
    )
)

_call, _ttft, _cost = pl.col("status"), pl.col("time_to_first_token_ms"), pl.col("cost_usd")
_tokens = pl.sum_horizontal("input_tokens", "output_tokens")
_streamed = (_ttft.is_not_null()) & (_duration > _ttft) & pl.col("output_tokens").is_not_null()
LLM_CALL_COUNTS = Counts(
    (
        Aggregate("llm_calls", pl.len(), pl.Int64()),
        _count(_call.is_not_null(), "calls_with_status"),
        _count(_call != "ok", "failed"),
        _count(_call == "rate_limited", "rate_limited"),
        _sum("input_tokens", pl.col("input_tokens"), pl.Int64()),
        _sum("output_tokens", pl.col("output_tokens"), pl.Int64()),
        _sum("cached_input_tokens", pl.col("cached_input_tokens"), pl.Int64()),
        _sum("reasoning_tokens", pl.col("reasoning_tokens"), pl.Int64()),
        _count(_cost.is_not_null(), "priced_calls"),
        _count(_cost.is_null(), "unpriced_calls"),
        _sum("cost", _cost, pl.Float64()),
        _sum("cache_savings", pl.col("cache_savings_usd"), pl.Float64()),
        _sum("prompt_cost", pl.when(pl.col("prompt_id").is_not_null()).then(_cost), pl.Float64()),
        _sum("priced_tokens", pl.when(_cost.is_not_null()).then(_tokens), pl.Int64()),
        _sum("streamed_tokens", pl.when(_streamed).then(pl.col("output_tokens")), pl.Int64()),
        _sum("streaming_ms", pl.when(_streamed).then(_duration - _ttft), pl.Float64()),
    )
)


def _views(*dimensions: str, unit: Unit = "hour") -> tuple[View, ...]:
    """The view without dimensions, and one a dimension."""
    return (View(unit), *(View(unit, (name,)) for name in dimensions))


_REQUEST_CUBE = ("endpoint", "provider", "region", "feature", "environment", "service")
_REQUEST_DETAIL = ("endpoint", "method", "status_code", "provider", "model")
_LLM_CUBE = ("provider", "model", "status", "operation", "region", "feature", "environment", "service")
_SEEN_BY_USERS = ("region", "feature", "environment")

_REQUEST_DURATION_VIEWS = (
    *_views("endpoint", "provider", "region", "feature", "environment", "service", "method", "model"),
    *(View("day", ("endpoint", other)) for other in ("provider", "region", "feature")),
)
_LLM_DURATION_VIEWS = _views("provider", "model", "region", "feature", "environment", "service")
_USER_VIEWS: Mapping[str, tuple[View, ...]] = {
    "request": _views(*_SEEN_BY_USERS, "provider", "endpoint", unit="day"),
    "llm_call": _views(*_SEEN_BY_USERS, "provider", "model", unit="day"),
    **dict.fromkeys(
        ("interaction", "web_vital", "prompt", "pipeline_run", "feedback", "error", "security"),
        _views(*_SEEN_BY_USERS, unit="day"),
    ),
}

ROLLUPS: Mapping[str, Rollup] = {
    rollup.name: rollup
    for rollup in (
        Rollup(
            "request_counts",
            "request",
            REQUEST_COUNTS,
            (*_views("endpoint"), View("hour", _REQUEST_CUBE), View("hour", _REQUEST_DETAIL)),
        ),
        Rollup("request_duration", "request", Histogram("duration_ms"), _REQUEST_DURATION_VIEWS),
        Rollup("llm_call_counts", "llm_call", LLM_CALL_COUNTS, (*_views("provider", "model"), View("hour", _LLM_CUBE))),
        Rollup("llm_call_duration", "llm_call", Histogram("duration_ms"), _LLM_DURATION_VIEWS),
        Rollup("llm_call_first_token", "llm_call", Histogram("time_to_first_token_ms"), _LLM_DURATION_VIEWS),
        Rollup("interaction_visits", "interaction", Visits(), (View("day"),)),
        *(Rollup(f"{kind}_users", kind, Users(), views) for kind, views in _USER_VIEWS.items()),
    )
}
"""Every rollup by name."""


def rollups_of(kind: str) -> tuple[Rollup, ...]:
    """The rollups over one event kind."""
    return tuple(rollup for rollup in ROLLUPS.values() if rollup.kind == kind)


def bin_of(column: str) -> pl.Expr:
    """The bin (Int16) of a duration in ms."""
    above = (pl.col(column) / BIN_ORIGIN_MS).log() / log(BIN_RATIO)
    inner = pl.when(pl.col(column) >= BIN_ORIGIN_MS).then(above.floor() + 1).otherwise(0)
    return inner.clip(upper_bound=LAST_BIN).cast(pl.Int16)


def partials(kind: str, events: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Aggregate events of one kind (stored schema) into every rollup of that kind, by rollup name."""
    rollups = rollups_of(kind)
    if not rollups or events.is_empty():
        return {}
    coded = _coded(events, rollups)
    return {rollup.name: _partial(rollup, coded) for rollup in rollups}


def merge(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Merge rows of one rollup (stored schema) to one a key; the numbers they stand for stay the same."""
    rollup = ROLLUPS[name]
    keys = (VIEW, BUCKET, *rollup.dimensions)
    merged = rollup.shape.merge(rows, keys).select(rollup.schema.names())
    return merged.sort([VIEW, *rollup.dimensions, BUCKET])


class Gathering:
    """Partial aggregates of one rollup, batch after batch, merged whenever there are twice as many as the last time.

    What is left unmerged is right all the same: readers merge, and so does compaction.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: list[pl.DataFrame] = []
        self._merged = UNMERGED_ROWS

    def add(self, partial: pl.DataFrame) -> None:
        """Take in one batch's aggregates."""
        self._parts.append(partial)
        if sum(part.height for part in self._parts) > 2 * self._merged:
            merged = merge(self._name, pl.concat(self._parts))
            self._parts, self._merged = [merged], max(merged.height, UNMERGED_ROWS)

    def rows(self) -> pl.DataFrame:
        """All of it, in the rollup's schema."""
        return pl.concat(self._parts)


def _partial(rollup: Rollup, events: pl.DataFrame) -> pl.DataFrame:
    prepared = rollup.shape.prepare(events, rollup.dimensions)
    return pl.concat(rollup.laid_out(rollup.shape.partial(prepared, view), view) for view in rollup.views)


def _keys(view: View) -> list[pl.Expr]:
    return [
        pl.col(f"bucket_{view.unit}").alias(BUCKET),
        *(pl.col(CODED + name).alias(name) for name in view.dimensions),
    ]


def _as_one_number(keys: Sequence[pl.Expr]) -> pl.Expr:
    """A number for each combination of the values: buckets and categories, of which a frame has less than 2^24 each."""
    number = pl.lit(0, pl.UInt64)
    for key in keys:
        name = key.meta.output_name()
        code = (key - key.min()).dt.total_hours() if name == BUCKET else key.to_physical() + 1
        code = code.fill_null(0).cast(pl.UInt64)
        number = number * (code.max() + 1) + code
    return number.alias("number")


def _coded(events: pl.DataFrame, rollups: Sequence[Rollup]) -> pl.DataFrame:
    """Buckets as columns, dimensions as categories: grouping then hashes no text."""
    dimensions = dict.fromkeys(name for rollup in rollups for name in rollup.dimensions)
    return events.with_columns(
        pl.col("ts").dt.truncate("1h").alias("bucket_hour"),
        pl.col("ts").dt.truncate("1d").alias("bucket_day"),
        pl.col("ts").dt.hour().replace_strict(range(24), HOUR_BITS, return_dtype=pl.Int32).alias("hour_bit"),
        *(_category(name) for name in dimensions),
    )


def _category(name: str) -> pl.Expr:
    # Categories of its own, so that the codes are forgotten with the frame.
    return pl.col(name).cast(pl.String).cast(pl.Categorical(pl.Categories.random())).alias(CODED + name)


def _listed(bins: pl.LazyFrame, keys: Sequence[str] | Sequence[pl.Expr]) -> pl.DataFrame:
    names = [key if isinstance(key, str) else key.meta.output_name() for key in keys]
    return bins.sort("bin").group_by(names).agg(pl.struct("bin", "n").alias(BINS)).collect()
