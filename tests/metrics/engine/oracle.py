"""Every metric once more, from its definition, in Polars over the raw events.

`answer` takes all events and a query of one metric and returns `time`, the dimensions and `value`. It
shares nothing with the engine but the query: no SQL, no rollups, no keys, another calendar.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial

import polars as pl

from metrics.engine.query import Filter, Grain, Query
from tests.metrics.engine.wall import TIMESTAMP, calendar, day_of

Events = Mapping[str, pl.DataFrame]
"""All events by kind, each with all columns of its kind."""
PEOPLE = (
    "request", "llm_call", "prompt", "pipeline_run", "interaction", "web_vital", "feedback", "error", "security",
)  # fmt: skip
"""Kinds that a person causes."""
FIVE_MINUTES = timedelta(minutes=5)


@dataclass(frozen=True)
class Facts:
    """A query and the events it is asked about."""

    events: Events
    query: Query
    critical: tuple[str, ...] = ()

    @cached_property
    def calendar(self) -> pl.DataFrame:
        """`time`, `end`, `seconds` of every bucket."""
        return calendar(self.query)

    @property
    def groups(self) -> list[str]:
        """Columns of the dimensions, as text."""
        return [f"by {name}" for name in self.query.by]

    @property
    def keys(self) -> list[str]:
        """What a row of the answer is told by."""
        return ["time", *self.groups]

    def kept(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows that pass the filters, with the dimensions as text."""
        passing = frame.filter(_passes(item) for item in self.query.filters) if self.query.filters else frame
        return passing.with_columns(text(name).alias(f"by {name}") for name in self.query.by)

    def of(self, kind: str, start: datetime | None = None, end: datetime | None = None) -> pl.DataFrame:
        """Events of a kind from `start` to `end` (the window's, where not given) that pass the filters."""
        since, until = start or self.query.window.start, end or self.query.window.end
        return self.kept(self.events[kind].filter(pl.col("ts") >= since, pl.col("ts") < until))

    def bucketed(self, frame: pl.DataFrame, column: str = "ts") -> pl.DataFrame:
        """`frame` with the bucket in which `column` lies."""
        return frame.sort(column).join_asof(self.calendar, left_on=column, right_on="time", coalesce=False)

    def people(self, start: datetime | None = None, kinds: tuple[str, ...] = PEOPLE) -> pl.DataFrame:
        """`ts`, `user_id` and dimensions of what people did, from all of `kinds` that know the dimensions in use."""
        used = {*self.query.by, *(item.dimension for item in self.query.filters)}
        able = [k for k in kinds if k in self.events and all(knows(self.events[k], name) for name in used)]
        nobody = pl.DataFrame(schema={"ts": TIMESTAMP, **dict.fromkeys(("user_id", *self.groups), pl.String)})
        rows = pl.concat([nobody, *(self.of(kind, start).select(nobody.columns) for kind in able)])
        return rows.filter(pl.col("user_id").is_not_null())


def answer(metric: str, events: Events, query: Query, critical: tuple[str, ...] = ()) -> pl.DataFrame:
    """The metric by the query's buckets and dimensions; rows of no data may be absent."""
    facts = Facts(events, query, critical)
    named = [pl.col(group).alias(name) for group, name in zip(facts.groups, query.by, strict=True)]
    time = [] if query.grain is Grain.NONE else ["time"]
    return ORACLE[metric](facts).select(*time, *named, pl.col("value").cast(pl.Float64))


def knows(frame: pl.DataFrame, dimension: str) -> bool:
    """Whether the events have the dimension."""
    return dimension in frame.columns or dimension.startswith("attributes.")


def text(dimension: str) -> pl.Expr:
    """A dimension as text."""
    if dimension.startswith("attributes."):
        return pl.col("attributes").map.get(dimension.removeprefix("attributes."))
    return pl.col(dimension).cast(pl.String)


def _passes(item: Filter) -> pl.Expr:
    column, values = text(item.dimension), [value for value in item.values if value is not None]
    if item.operator == "contains":
        found = [column.str.to_lowercase().str.contains(value.lower(), literal=True) for value in values]
        named = pl.any_horizontal(*found, pl.lit(False))
    else:
        named = column.is_in(values)
    chosen = named.fill_null(False) | (column.is_null() & (None in item.values))
    return ~chosen if item.operator == "not in" else chosen


def over(kind: str, value: pl.Expr) -> Callable[[Facts], pl.DataFrame]:
    """A metric that is one expression over the events of a bucket."""
    return lambda facts: facts.bucketed(facts.of(kind)).group_by(facts.keys).agg(value=value)


def share(part: pl.Expr, column: str) -> pl.Expr:
    """100 × rows that are so ÷ rows that have the column."""
    return _ratio(100 * part.fill_null(False).sum(), pl.col(column).count())


def total(*columns: str) -> pl.Expr:
    """Sum of all that is reported; no data where nothing is."""
    reported = pl.any_horizontal(pl.col(column).is_not_null().any() for column in columns)
    return pl.when(reported).then(pl.sum_horizontal(pl.col(column).sum() for column in columns))


def rate(seconds: int) -> pl.Expr:
    """Events a so many seconds of the covered bucket."""
    return pl.len() * float(seconds) / pl.col("seconds").first()


def quantile(column: str, percent: int) -> pl.Expr:
    """A percentile with linear interpolation."""
    return pl.col(column).quantile(percent / 100, "linear")


def _ratio(above: pl.Expr, below: pl.Expr) -> pl.Expr:
    return pl.when(below != 0).then(above / below)


def active(facts: Facts) -> pl.DataFrame:
    """Distinct users a bucket."""
    return facts.bucketed(facts.people()).group_by(facts.keys).agg(value=pl.col("user_id").n_unique())


def daily(facts: Facts) -> pl.DataFrame:
    """Distinct users of the local day with which a bucket ends, up to the window's end."""
    tz, end = facts.query.tz, pl.lit(facts.query.window.end, TIMESTAMP)
    last = day_of(pl.min_horizontal("end", end) - pl.duration(microseconds=1), tz)
    days = facts.calendar.select("time", day=last)
    seen = facts.people(facts.query.window.start - timedelta(days=2)).with_columns(day=day_of(pl.col("ts"), tz))
    counted = seen.group_by("day", *facts.groups).agg(value=pl.col("user_id").n_unique())
    return days.join(counted, on="day")


def new(facts: Facts) -> pl.DataFrame:
    """Users whose first event ever lies in the bucket."""
    first = _first(facts).filter(pl.col("first") >= facts.query.window.start)
    return facts.bucketed(first, "first").group_by(facts.keys).agg(value=pl.len())


def ever(facts: Facts) -> pl.DataFrame:
    """Users seen up to the end of a bucket."""
    pairs = _first(facts).join_where(facts.calendar, pl.col("first") < pl.col("end"))
    return pairs.group_by(facts.keys).agg(value=pl.len())


def _first(facts: Facts) -> pl.DataFrame:
    seen = facts.people(datetime.fromisoformat("1970-01-01T00:00:00Z"))
    return seen.group_by("user_id", *facts.groups).agg(first=pl.col("ts").min())


def concurrent(facts: Facts) -> pl.DataFrame:
    """Distinct users with a request or an interaction in the five minutes before the end of a bucket."""
    seen = facts.people(facts.query.window.start - FIVE_MINUTES, ("request", "interaction"))
    until = pl.min_horizontal("end", pl.lit(facts.query.window.end, TIMESTAMP))
    ends = facts.calendar.select("time", until=until, since=until - FIVE_MINUTES)
    pairs = seen.join_where(ends, pl.col("ts") < pl.col("until"), pl.col("ts") >= pl.col("since"))
    return pairs.group_by(facts.keys).agg(value=pl.col("user_id").n_unique())


def last_sample(value: pl.Expr, over_hosts: Callable[[pl.Expr], pl.Expr]) -> Callable[[Facts], pl.DataFrame]:
    """The last sample of each host in the bucket, put together over hosts."""

    def found(facts: Facts) -> pl.DataFrame:
        samples = facts.bucketed(facts.of("resource").with_columns(sample=value)).sort("ts")
        hosts = samples.group_by(*facts.keys, pl.col("host").alias("machine")).agg(
            pl.col("sample").drop_nulls().last(), pl.len().alias("samples")
        )
        reported = hosts.filter(pl.col("sample").is_not_null())
        return reported.group_by(facts.keys).agg(value=over_hosts(pl.col("sample")))

    return found


def utilization(used: str, available: str) -> Callable[[Facts], pl.DataFrame]:
    """Used ÷ (used + available) of the last sample of each host that has both."""

    def found(facts: Facts) -> pl.DataFrame:
        both = pl.col(used).is_not_null() & pl.col(available).is_not_null()
        taken = last_sample(pl.when(both).then(pl.col(used)), pl.Expr.sum)(facts)
        capacity = last_sample(pl.when(both).then(pl.col(used) + pl.col(available)), pl.Expr.sum)(facts)
        shared = taken.join(capacity, on=facts.keys, nulls_equal=True)
        return shared.with_columns(value=_ratio(100 * pl.col("value"), pl.col("value_right")))

    return found


def lives(facts: Facts) -> pl.DataFrame:
    """Errors by identity: `opened`, `resolved`, and the first of each value it gives; as known at the window's end."""
    known = facts.events["error"].filter(pl.col("ts") < facts.query.window.end).sort("ts", "event_id")
    columns = [name for name in known.columns if name not in ("ts", "event_id", "error_id", "resolved_at")]
    lived = known.group_by(pl.coalesce("error_id", "event_id").alias("identity")).agg(
        pl.col("ts").min().alias("opened"),
        pl.min_horizontal(
            pl.col("ts").filter(pl.col("status") == "resolved").min(), pl.col("resolved_at").min()
        ).alias("resolved"),
        *(pl.col(name).drop_nulls().first() for name in columns),
    )  # fmt: skip
    return facts.kept(lived)


def opened(facts: Facts, condition: pl.Expr | None = None) -> pl.DataFrame:
    """Errors opened in the bucket, those of the condition."""
    of_window = lives(facts).filter(pl.col("opened") >= facts.query.window.start)
    chosen = of_window if condition is None else of_window.filter(condition)
    return facts.bucketed(chosen, "opened").group_by(facts.keys).agg(value=pl.len())


def resolved(facts: Facts) -> pl.DataFrame:
    """Of the errors opened in the bucket: those resolved by the window's end."""
    return opened(facts, pl.col("resolved") < facts.query.window.end)


def pending(facts: Facts) -> pl.DataFrame:
    """Errors opened before the end of the bucket and not resolved by then."""
    until = facts.calendar.select(
        "time", until=pl.min_horizontal("end", pl.lit(facts.query.window.end, TIMESTAMP))
    )  # fmt: skip
    open_then = (pl.col("resolved").is_null()) | (pl.col("resolved") >= pl.col("until"))
    pairs = lives(facts).join(until, how="cross").filter(pl.col("opened") < pl.col("until"), open_then)
    return pairs.group_by(facts.keys).agg(value=pl.len())


def uptime(facts: Facts) -> pl.DataFrame:
    """100 × (observed − down) ÷ observed minutes, minute by minute and component by component."""
    window = facts.query.window
    probes = facts.of("health", window.start - timedelta(minutes=6)).with_columns(
        slot=pl.col("ts").dt.truncate("1m"),
        badness=pl.col("status").replace_strict({"unknown": -1, "healthy": 0, "degraded": 1, "down": 2}),
    )
    chosen = {*facts.query.by, *(item.dimension for item in facts.query.filters)}
    if facts.critical and "component" not in chosen:
        probes = probes.filter(pl.col("component").is_in(facts.critical))
    states: list[dict[str, object]] = []
    for (_, *group), rows in probes.sort("ts", "event_id").group_by("component", *facts.groups):
        named = dict(zip(facts.groups, group, strict=True))
        slots = {slot: part["badness"].to_list() for (slot,), part in rows.group_by("slot", maintain_order=True)}
        for minute in _minutes(min(slots), max(slots) + FIVE_MINUTES):  # pyright: ignore[reportArgumentType]
            before = [minute - timedelta(minutes=ago) for ago in range(1, 6)]
            last = next((slots[slot][-1] for slot in before if slot in slots), -1)
            states.append({**named, "minute": minute, "state": max(slots[minute]) if minute in slots else last})
    schema = {**dict.fromkeys(facts.groups, pl.String), "minute": TIMESTAMP, "state": pl.Int64}
    seen = pl.DataFrame(states, schema=schema).filter(
        pl.col("minute") >= window.start, pl.col("minute") < window.end
    )  # fmt: skip
    slots = seen.group_by("minute", *facts.groups).agg(pl.col("state").max())
    known, down = (pl.col("state") >= 0).sum(), (pl.col("state") == 2).sum()
    return facts.bucketed(slots, "minute").group_by(facts.keys).agg(value=_ratio(100 * (known - down), known))


def _minutes(first: datetime, last: datetime) -> list[datetime]:
    return [first + timedelta(minutes=n) for n in range((last - first) // timedelta(minutes=1) + 1)]


_status, _duration, _first_token, _cost = (
    pl.col(name) for name in ("status_code", "duration_ms", "time_to_first_token_ms", "cost_usd")
)
_streamed = (_duration > _first_token) & pl.col("output_tokens").is_not_null()
_mean, _sum = pl.Expr.mean, pl.Expr.sum

ORACLE: Mapping[str, Callable[[Facts], pl.DataFrame]] = {
    "requests": over("request", pl.len()),
    "requests_per_second": over("request", rate(1)),
    "requests_per_minute": over("request", rate(60)),
    "requests_per_hour": over("request", rate(3600)),
    **{f"response_time_p{q}": over("request", quantile("duration_ms", q)) for q in (50, 75, 90, 95, 99)},
    "response_time_max": over("request", _duration.max()),
    "response_time_mean": over("request", _duration.mean()),
    "error_rate": over("request", share(_status >= 500, "status_code")),
    "client_error_rate": over("request", share((_status >= 400) & (_status < 500), "status_code")),
    "success_rate": over("request", share(_status < 500, "status_code")),
    "llm_calls": over("llm_call", pl.len()),
    **{f"llm_latency_p{q}": over("llm_call", quantile("duration_ms", q)) for q in (50, 95, 99)},
    **{f"llm_ttft_p{q}": over("llm_call", quantile("time_to_first_token_ms", q)) for q in (50, 95)},
    "llm_tokens_per_second": over(
        "llm_call",
        _ratio(
            1000 * pl.col("output_tokens").filter(_streamed).sum(), (_duration - _first_token).filter(_streamed).sum()
        ),
    ),
    "llm_error_rate": over("llm_call", share(pl.col("status") != "ok", "status")),
    "llm_rate_limited_rate": over("llm_call", share(pl.col("status") == "rate_limited", "status")),
    "tokens": over("llm_call", total("input_tokens", "output_tokens")),
    "input_tokens": over("llm_call", total("input_tokens")),
    "output_tokens": over("llm_call", total("output_tokens")),
    "cost": over("llm_call", total("cost_usd")),
    "unpriced_calls": over("llm_call", _cost.is_null().sum()),
    "cost_per_1k_tokens": over(
        "llm_call",
        _ratio(
            1000 * _cost.sum(),
            pl.sum_horizontal("input_tokens", "output_tokens").filter(_cost.is_not_null()).sum(),
        ),
    ),
    "users_active": active,
    "dau": daily,
    "users_new": new,
    "users_total": ever,
    "concurrent_users": concurrent,
    "cpu_usage": last_sample(pl.col("cpu_percent"), _mean),
    "cpu_usage_max": last_sample(pl.col("cpu_percent"), pl.Expr.max),
    "cpu_cores": last_sample(pl.col("cpu_cores"), _sum),
    "load_average": last_sample(pl.col("load_average"), _mean),
    "memory_used": last_sample(pl.col("memory_used_mb"), _sum),
    "memory_available": last_sample(pl.col("memory_available_mb"), _sum),
    "memory_utilization": utilization("memory_used_mb", "memory_available_mb"),
    "storage_used": last_sample(pl.col("storage_used_gb"), _sum),
    "storage_available": last_sample(pl.col("storage_available_gb"), _sum),
    "storage_utilization": utilization("storage_used_gb", "storage_available_gb"),
    "active_connections": last_sample(pl.col("active_connections"), _sum),
    "errors_total": opened,
    "errors_critical": partial(opened, condition=pl.col("severity") == "critical"),
    "errors_warning": partial(opened, condition=pl.col("severity") == "warning"),
    "errors_resolved": resolved,
    "errors_pending": pending,
    "uptime": uptime,
}
"""Every metric of the catalog."""

NOTHING_IS_ZERO = frozenset(
    name for name in ORACLE if name.startswith("errors_") or name == "users_new"
)  # fmt: skip
"""Metrics of which a bucket without events holds 0, once the kind has been seen."""
