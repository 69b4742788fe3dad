"""Partial aggregates that are written with the events and merged when they are read.

Four shapes (`shapes.py`), each merged across files:

- *counts*: sums and maxima an hour or a minute and combination of dimensions,
- *histogram*: log-scaled bins of a duration, from which percentiles are read,
- *percentiles*: those of a minute, for alert rules, where one file holds all of the minute,
- *users*: who was active on a day, in which of its hours, and when first. Distinct users of any span of
  whole hours, in any time zone of whole hours, are exact.

A rollup holds several *views*: the same numbers by different sets of dimensions, so that a question is
answered from the smallest one that knows the dimensions it names. Views are the partitions of the table. Some are the
sums of others: what the hours of a day come to. Upkeep makes these once the day is over. Where a
day has too many values of a dimension (paths with ids in them, say), a view puts most of them together, and events
tell them apart.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from metrics.events.product import VITAL_LIMITS
from metrics.events.schema import TIMESTAMP
from metrics.lake.shapes import (
    BUCKET,
    CODED,
    HOUR_BITS,
    USER,
    VIEW,
    WIDTH,
    Aggregate,
    Counts,
    Histogram,
    Percentiles,
    Shape,
    Unit,
    Users,
    View,
    capped,
    tokens_and_cost,
    total,
)
from metrics.lake.visits import Visits, is_page_view

UNMERGED_ROWS = 500_000
"""Partial rows that are not worth merging while a file is read."""


@dataclass(frozen=True)
class Rollup:
    """One table of partial aggregates over one event kind."""

    name: str
    kind: str
    shape: Shape
    views: tuple[View, ...]
    witness: str = ""
    """The counts rollup that came with it, and whose counts tell which days it knows: homes hold days that are older
    than it. Empty for what homes had from the beginning."""

    partition_by = (VIEW,)

    @cached_property
    def sums(self) -> tuple[View, ...]:
        """The views by day that are the sums of views by hour: not written with the events, but by upkeep."""
        return tuple(view for view in self.views if view.unit == "day" and hours_of(view) in self.views)

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
        return rows.select(self._layouts[view]).sort([*view.dimensions, BUCKET])

    @cached_property
    def _layouts(self) -> Mapping[View, Sequence[pl.Expr]]:
        """By view, its columns: of few rows, making expressions takes longer than what they say."""
        return {view: [self._column(view, name, dtype) for name, dtype in self.schema.items()] for view in self.views}

    def _column(self, view: View, name: str, dtype: pl.DataType) -> pl.Expr:
        if name == VIEW:
            return pl.lit(view.name, dtype).alias(VIEW)
        is_absent = name in self.dimensions and name not in view.dimensions
        return pl.lit(None, dtype).alias(name) if is_absent else pl.col(name).cast(dtype)


def hours_of(day: View) -> View:
    """The view by hour of which a view by day is the sum, should there be one."""
    return View("hour", day.dimensions)


def _count(condition: pl.Expr, name: str) -> Aggregate:
    return Aggregate(name, condition.fill_null(False).sum(), pl.Int64())


def _sum(name: str, expression: pl.Expr, dtype: pl.DataType) -> Aggregate:
    return Aggregate(name, total(expression), dtype)


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


INTERACTION_COUNTS = Counts(
    (
        Aggregate("interaction_events", pl.len(), pl.Int64()),
        _count(pl.col("feature").is_not_null(), "interaction_uses"),
        _count(is_page_view(), "page_views"),
    )
)

_action, _outcome, _score = pl.col("action"), pl.col("outcome"), pl.col("quality_score")
PROMPT_COUNTS = Counts(
    (
        Aggregate("prompt_events", pl.len(), pl.Int64()),
        _count(_action == "created", "prompts_created"),
        _count(_action == "executed", "prompts_executed"),
        _count((_action == "executed") & (_outcome == "success"), "prompts_successful"),
        _count((_action == "executed") & (_outcome == "failure"), "prompts_failed"),
        _sum("prompt_length_sum", pl.col("length_chars"), pl.Int64()),
        _count(pl.col("length_chars").is_not_null(), "with_length"),
        _sum("quality_sum", _score, pl.Float64()),
        _count(_score.is_not_null(), "scored"),
        _count(_score >= 90, "quality_excellent_count"),
        _count((_score >= 75) & (_score < 90), "quality_good_count"),
        _count((_score >= 50) & (_score < 75), "quality_average_count"),
        _count(_score < 50, "quality_poor_count"),
    )
)


def _within(which: int) -> pl.Expr:
    """Whether a web vital is at most its first or second limit; null for a vital that has none."""
    limits = {name: float(limits[which]) for name, limits in VITAL_LIMITS.items()}
    limit = pl.col("name").cast(pl.String).replace_strict(limits, default=None, return_dtype=pl.Float64)
    return pl.col("value") <= limit


WEB_VITAL_COUNTS = Counts(
    (
        Aggregate("web_vital_events", pl.len(), pl.Int64()),
        _count(_within(0), "web_vital_good_count"),
        _count(~_within(0) & _within(1), "web_vital_needs_improvement_count"),
        _count(~_within(1), "web_vital_poor_count"),
    )
)
_SPENT = ("llm_calls", "cost", "priced_calls", "unpriced_calls", "input_tokens", "output_tokens", "priced_tokens")
SPENDING = Counts(tuple(one for one in LLM_CALL_COUNTS.aggregates if one.name in _SPENT))
"""What is asked user by user."""


def _views(*dimensions: str, unit: Unit = "hour") -> tuple[View, ...]:
    """The view without dimensions, and one a dimension."""
    return (View(unit), *(View(unit, (name,)) for name in dimensions))


def _with_days(*views: View) -> tuple[View, ...]:
    """The views, and the sums of those by hour."""
    return (*views, *(View("day", view.dimensions) for view in views if view.unit == "hour"))


_REQUEST_CUBE = ("endpoint", "provider", "region", "feature", "environment", "service")
_REQUEST_DETAIL = ("endpoint", "method", "status_code", "provider", "model")
_LLM_CUBE = ("provider", "model", "status", "operation", "region", "feature", "environment", "service")
_SEEN_BY_USERS = ("region", "feature", "environment")

_REQUEST_MINUTES = _views("endpoint", "provider", unit="minute")
_LLM_MINUTES = _views("provider", "model", unit="minute")
"""What alert rules watch, whose backtests ask for a month of minutes."""

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
            _with_days(
                *_views("endpoint"), View("hour", _REQUEST_CUBE), View("hour", _REQUEST_DETAIL), *_REQUEST_MINUTES
            ),
        ),
        Rollup("request_duration", "request", Histogram("duration_ms"), _with_days(*_REQUEST_DURATION_VIEWS)),
        Rollup(
            "llm_call_counts",
            "llm_call",
            LLM_CALL_COUNTS,
            _with_days(*_views("provider", "model"), View("hour", _LLM_CUBE), *_LLM_MINUTES),
        ),
        Rollup("llm_call_duration", "llm_call", Histogram("duration_ms"), _with_days(*_LLM_DURATION_VIEWS)),
        Rollup(
            "llm_call_first_token",
            "llm_call",
            Histogram("time_to_first_token_ms"),
            _with_days(*_LLM_DURATION_VIEWS),
        ),
        Rollup("request_percentiles", "request", Percentiles("duration_ms"), _REQUEST_MINUTES),
        Rollup("llm_call_percentiles", "llm_call", Percentiles("duration_ms"), _LLM_MINUTES),
        Rollup(
            "llm_call_spending", "llm_call", SPENDING, (View("day"), View("day", (USER,))), witness="llm_call_spending"
        ),
        Rollup(
            "llm_call_efficiency",
            "llm_call",
            Histogram("cost_usd", tokens_and_cost),
            (View("day", ("provider", "model")),),
            witness="llm_call_spending",
        ),
        *(
            Rollup(f"{kind}_counts", kind, shape, _views(*dimensions), witness=f"{kind}_counts")
            for kind, shape, dimensions in (
                ("interaction", INTERACTION_COUNTS, ("page", "action", "device", *_SEEN_BY_USERS)),
                ("prompt", PROMPT_COUNTS, _SEEN_BY_USERS),
                ("web_vital", WEB_VITAL_COUNTS, ("name", "page", "device", *_SEEN_BY_USERS)),
            )
        ),
        Rollup("interaction_visits", "interaction", Visits(), (View("day"),), witness="interaction_counts"),
        *(Rollup(f"{kind}_users", kind, Users(), views) for kind, views in _USER_VIEWS.items()),
    )
}
"""Every rollup by name."""


def rollups_of(kind: str) -> tuple[Rollup, ...]:
    """The rollups over one event kind."""
    return tuple(rollup for rollup in ROLLUPS.values() if rollup.kind == kind)


def partials(kind: str, events: pl.DataFrame, names: Container[str] = ROLLUPS) -> dict[str, pl.DataFrame]:
    """Aggregate events of one kind (stored schema) into every rollup of that kind, or those named, by rollup name.

    All views but those that are sums of others (`Rollup.sums`, `sums_of`).
    """
    rollups = tuple(rollup for rollup in rollups_of(kind) if rollup.name in names)
    if not rollups or events.is_empty():
        return {}
    coded = _coded(events, rollups)
    return {rollup.name: _partial(rollup, coded) for rollup in rollups}


def sums_of(name: str, day: View, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a view by day, as the sums of those by hour that `rows` (stored schema of the rollup) hold."""
    rollup = ROLLUPS[name]
    hours = rows.filter(pl.col(VIEW) == hours_of(day).name)
    by_day = hours.with_columns(pl.col(BUCKET).dt.truncate(WIDTH[day.unit]))
    return rollup.laid_out(rollup.shape.merge(by_day, (BUCKET, *day.dimensions)), day)


def merge_view(name: str, view: str, rows: pl.DataFrame) -> pl.DataFrame:
    """`merge` rows of one view; no more values of a dimension are told apart than there may be on one day."""
    (meant,) = (one for one in ROLLUPS[name].views if one.name == view)
    return merge(name, capped(rows, meant))


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
        return pl.concat(self._parts) if self._parts else ROLLUPS[self._name].schema.to_frame()


def _partial(rollup: Rollup, events: pl.DataFrame) -> pl.DataFrame:
    # Minutes by themselves: by minute and all dimensions of the wider views there are nearly as many rows as events.
    parts: list[pl.DataFrame] = []
    for units in (("minute",), ("hour", "day")):
        views = [view for view in rollup.views if view.unit in units and view not in rollup.sums]
        if views:
            dimensions = dict.fromkeys(name for view in views for name in view.dimensions)
            keys = [*(f"bucket_{unit}" for unit in units), *(CODED + name for name in dimensions)]
            prepared = rollup.shape.prepare(events, keys)
            parts += [rollup.laid_out(_of_view(rollup.shape, prepared, view), view) for view in views]
    return pl.concat(parts)


def _of_view(shape: Shape, prepared: pl.DataFrame, view: View) -> pl.DataFrame:
    rows = shape.partial(prepared, view)
    fewer = capped(rows, view)
    return rows if fewer is rows else shape.merge(fewer, (BUCKET, *view.dimensions))


def _coded(events: pl.DataFrame, rollups: Sequence[Rollup]) -> pl.DataFrame:
    """Buckets as columns, dimensions as categories: grouping then hashes no text."""
    dimensions = dict.fromkeys(name for rollup in rollups for name in rollup.dimensions)
    return events.with_columns(
        *(pl.col("ts").dt.truncate(width).alias(f"bucket_{unit}") for unit, width in WIDTH.items()),
        pl.col("ts").dt.hour().replace_strict(range(24), HOUR_BITS, return_dtype=pl.Int32).alias("hour_bit"),
        *(_category(name) for name in dimensions),
    )


def _category(name: str) -> pl.Expr:
    # Categories of its own, so that the codes are forgotten with the frame.
    return pl.col(name).cast(pl.String).cast(pl.Categorical(pl.Categories.random())).alias(CODED + name)
