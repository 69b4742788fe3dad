"""Every metric once more, from its definition, in Polars over the raw events.

`answer` takes all events and a query of one metric and returns `time`, the dimensions and `value`. It
shares nothing with the engine but the query: no SQL, no rollups, no keys, another calendar.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

import polars as pl

from metrics.engine.query import Grain, Query
from metrics.events.product import VITAL_LIMITS
from tests.metrics.engine.facts import Events, Facts
from tests.metrics.engine.oracle_people import adoption, days_of_use, retention, rolling, stickiness
from tests.metrics.engine.oracle_product import VIEW, improvements, of_sessions, projection, seen_values
from tests.metrics.engine.wall import TIMESTAMP, day_of

FIVE_MINUTES = timedelta(minutes=5)


def answer(metric: str, events: Events, query: Query, critical: tuple[str, ...] = ()) -> pl.DataFrame:
    """The metric by the query's buckets and dimensions; rows of no data may be absent."""
    return answer_from(Facts(events, query, critical), metric)


def answer_from(facts: Facts, metric: str) -> pl.DataFrame:
    """The same, from facts that are kept for other metrics."""
    query = facts.query
    named = [pl.col(group).alias(name) for group, name in zip(facts.groups, query.by, strict=True)]
    time = [] if query.grain is Grain.NONE else ["time"]
    return ORACLE[metric](facts).select(*time, *named, pl.col("value").cast(pl.Float64))


def over(kind: str, value: pl.Expr, among: pl.Expr | None = None) -> Callable[[Facts], pl.DataFrame]:
    """A metric that is one expression over the events of a bucket, or over those among them that are so."""

    def found(facts: Facts) -> pl.DataFrame:
        events = facts.of(kind)
        chosen = events if among is None else events.filter(among)
        return facts.bucketed(chosen).group_by(facts.keys).agg(value=value)

    return found


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
    return facts.once("lives", lambda: _lives(facts))


def _lives(facts: Facts) -> pl.DataFrame:
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
    """100 × (observed − down) ÷ observed minutes."""
    return slots(facts, _ratio(100 * (_known - _down), _known))


def slots(facts: Facts, value: pl.Expr) -> pl.DataFrame:
    """An expression over the observed minutes, of the product's own components unless others are chosen."""
    return facts.bucketed(minutes(facts, own=not facts.critical), "minute").group_by(facts.keys).agg(value=value)


def status(facts: Facts) -> pl.DataFrame:
    """The state in the minute in which a bucket, or its part in the window, ends; unknown is no data."""
    until = pl.min_horizontal("end", pl.lit(facts.query.window.end, TIMESTAMP)) - pl.duration(microseconds=1)
    last = facts.calendar.select("time", minute=until.dt.truncate("1m"))
    return last.join(minutes(facts).filter(pl.col("state") >= 0), on="minute").rename({"state": "value"})


def minutes(facts: Facts, *, own: bool = False) -> pl.DataFrame:
    """The worst state of each minute, found minute by minute and component by component."""
    return facts.once(("minutes", own), lambda: _minutes_of(facts, own))


def _minutes_of(facts: Facts, own: bool) -> pl.DataFrame:
    window = facts.query.window
    probes = facts.of("health", window.start - timedelta(minutes=6)).with_columns(
        slot=pl.col("ts").dt.truncate("1m"),
        badness=pl.col("status").replace_strict({"unknown": -1, "healthy": 0, "degraded": 1, "down": 2}),
    )
    chosen = {*facts.query.by, *(item.dimension for item in facts.query.filters)}
    if facts.critical and "component" not in chosen:
        probes = probes.filter(pl.col("component").is_in(facts.critical))
    if own and "component" not in chosen:
        probes = probes.filter(~pl.col("component").str.contains("^(llm|dependency):"))
    states: list[dict[str, object]] = []
    for (_, *group), rows in probes.sort("ts", "event_id").group_by("component", *facts.groups):
        named = dict(zip(facts.groups, group, strict=True))
        slots: dict[datetime, list[int]] = {}
        for slot, badness in zip(rows["slot"].to_list(), rows["badness"].to_list(), strict=True):
            slots.setdefault(slot, []).append(badness)
        for minute in _minutes(min(slots), max(slots) + FIVE_MINUTES):
            before = [minute - timedelta(minutes=ago) for ago in range(1, 6)]
            last = next((slots[slot][-1] for slot in before if slot in slots), -1)
            states.append({**named, "minute": minute, "state": max(slots[minute]) if minute in slots else last})
    schema = {**dict.fromkeys(facts.groups, pl.String), "minute": TIMESTAMP, "state": pl.Int64}
    seen = pl.DataFrame(states, schema=schema).filter(
        pl.col("minute") >= window.start, pl.col("minute") < window.end
    )  # fmt: skip
    return seen.group_by("minute", *facts.groups).agg(pl.col("state").max())


_known, _down = (pl.col("state") >= 0).sum(), (pl.col("state") == 2).sum()
_burned = _ratio(_down, _known * 0.001)
_budget_left = pl.when(_known > 0).then(100 * (1 - _down / (pl.col("seconds").first() / 60 * 0.001)))


def repairs(facts: Facts, value: pl.Expr) -> pl.DataFrame:
    """An expression over the minutes for which errors were open that were resolved in the bucket."""
    window = facts.query.window
    ended = lives(facts).filter(pl.col("resolved") >= window.start, pl.col("resolved") < window.end)
    lasted = ended.with_columns(minutes=(pl.col("resolved") - pl.col("opened")).dt.total_microseconds() / 6e7)
    return facts.bucketed(lasted, "resolved").group_by(facts.keys).agg(value=value)


def returning(facts: Facts) -> pl.DataFrame:
    """Active users of the bucket less the new ones."""
    both = active(facts).join(new(facts), on=facts.keys, how="left", nulls_equal=True)
    return both.with_columns(value=pl.col("value").cast(pl.Int64) - pl.col("value_right").fill_null(0).cast(pl.Int64))


def feature_uses(facts: Facts) -> pl.DataFrame:
    """Requests and interactions that name a feature."""
    uses = pl.concat(
        facts.of(kind).filter(pl.col("feature").is_not_null()).select("ts", *facts.groups)
        for kind in ("request", "interaction")
        if kind in facts.events
    )
    return facts.bucketed(uses).group_by(facts.keys).agg(value=pl.len())


def cost_per_success(facts: Facts) -> pl.DataFrame:
    """Cost of the calls that executed prompts ÷ executions that succeeded."""
    spent = over("llm_call", total("cost_usd"), pl.col("prompt_id").is_not_null())(facts)
    succeeded = ORACLE["prompts_successful"](facts)
    both = spent.join(succeeded, on=facts.keys, nulls_equal=True)
    return both.with_columns(value=_ratio(pl.col("value"), pl.col("value_right")))


def saved_hours(facts: Facts) -> pl.DataFrame:
    """Five minutes an execution that succeeded; no data where none did."""
    found = ORACLE["prompts_successful"](facts).filter(pl.col("value") > 0)
    return found.with_columns(value=pl.col("value") * 5 / 60)


def cost_saved(facts: Facts) -> pl.DataFrame:
    """60 USD an hour saved, less what the calls cost."""
    spent = over("llm_call", total("cost_usd"), pl.col("prompt_id").is_not_null())(facts)
    both = saved_hours(facts).join(spent, on=facts.keys, how="left", nulls_equal=True)
    return both.with_columns(value=60 * pl.col("value") - pl.col("value_right").fill_null(0))


def productivity(facts: Facts) -> pl.DataFrame:
    """Hours saved, in percent of eight hours a day of use."""
    both = saved_hours(facts).join(days_of_use(facts), on=facts.keys, nulls_equal=True)
    return both.with_columns(value=100 * pl.col("value") / (8 * pl.col("value_right")))


def _minutes(first: datetime, last: datetime) -> list[datetime]:
    return [first + timedelta(minutes=n) for n in range((last - first) // timedelta(minutes=1) + 1)]


_status, _duration, _first_token, _cost = (
    pl.col(name) for name in ("status_code", "duration_ms", "time_to_first_token_ms", "cost_usd")
)
_streamed = (_duration > _first_token) & pl.col("output_tokens").is_not_null()
_mean, _sum = pl.Expr.mean, pl.Expr.sum
_external = pl.col("component").str.starts_with("dependency:") | pl.col("component").str.starts_with("llm:")
_found = pl.col("status") != "unknown"
_executed, _outcome, _score, _run = (
    pl.col("action") == "executed", pl.col("outcome"), pl.col("quality_score"), pl.col("status"),
)  # fmt: skip
_used_prompts = pl.col("prompt_id").drop_nulls().n_unique()
_rating = pl.sum_horizontal(
    pl.col("value")
    > pl.col("name").replace_strict(
        {name: float(limits[n]) for name, limits in VITAL_LIMITS.items()}, return_dtype=pl.Float64
    )
    for n in (0, 1)
)

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
    "component_status": status,
    "uptime": uptime,
    "changes": over("change", pl.len()),
    "security_events": over("security", pl.len()),
    "error_budget_left": partial(slots, value=_budget_left),
    "burn_rate": partial(slots, value=_burned),
    "dependency_response_time": over("health", quantile("response_time_ms", 50), _external),
    "dependency_error_rate": over("health", share(pl.col("status") != "healthy", "status"), _external & _found),
    "mttr_mean": partial(repairs, value=pl.col("minutes").mean()),
    "mttr_median": partial(repairs, value=pl.col("minutes").median()),
    "wau": rolling(7),
    "mau": rolling(30),
    "stickiness": stickiness,
    "users_returning": returning,
    **{f"retention_d{day}": retention(day) for day in (1, 7, 30)},
    "prompts_total": over("prompt", _used_prompts),
    "prompts_created": over("prompt", (pl.col("action") == "created").sum()),
    "prompts_executed": over("prompt", _executed.sum()),
    "prompts_successful": over("prompt", (_executed & (_outcome == "success")).sum()),
    "prompts_failed": over("prompt", (_executed & (_outcome == "failure")).sum()),
    "prompt_length_mean": over("prompt", pl.col("length_chars").mean()),
    "quality_mean": over("prompt", _score.mean()),
    "quality_excellent": over("prompt", share(_score >= 90, "quality_score")),
    "quality_good": over("prompt", share((_score >= 75) & (_score < 90), "quality_score")),
    "quality_average": over("prompt", share((_score >= 50) & (_score < 75), "quality_score")),
    "quality_poor": over("prompt", share(_score < 50, "quality_score")),
    "quality_improvements": improvements,
    "pipelines_total": seen_values("pipeline_run", "pipeline_id", None),
    "pipelines_active": seen_values("pipeline_run", "pipeline_id", 30),
    "pipelines_executed": over("pipeline_run", pl.col("status").ne_missing("running").sum()),
    "pipeline_duration_mean": over("pipeline_run", _duration.mean()),
    "pipeline_success_rate": over(
        "pipeline_run", _ratio(100 * (_run == "success").sum(), _run.is_in(["success", "failure"]).sum())
    ),
    "web_vital_p75": over("web_vital", quantile("value", 75)),
    **{f"{name}_p75": over("web_vital", quantile("value", 75), pl.col("name") == name) for name in VITAL_LIMITS},
    "web_vital_good": over("web_vital", 100 * (_rating == 0).mean()),
    "web_vital_needs_improvement": over("web_vital", 100 * (_rating == 1).mean()),
    "web_vital_poor": over("web_vital", 100 * (_rating == 2).mean()),
    "page_views": over("interaction", VIEW.sum()),
    "unique_page_views": of_sessions(pl.col("pages").sum()),
    "sessions": of_sessions(pl.len()),
    "session_duration_mean": of_sessions((pl.col("last") - pl.col("first")).dt.total_microseconds().mean() / 1000),
    "bounce_rate": of_sessions(100 * ((pl.col("views") == 1) & (pl.col("acts") == 0)).mean()),
    "pages_per_session": of_sessions(pl.col("views").mean()),
    "feature_usage": feature_uses,
    "feature_adoption": adoption,
    "feature_satisfaction": over("feedback", pl.col("csat_score").mean()),
    "nps": over(
        "feedback",
        _ratio(
            100 * ((pl.col("nps_score") >= 9).sum() - (pl.col("nps_score") <= 6).sum().cast(pl.Int64)),
            pl.col("nps_score").count(),
        ),
    ),
    "csat": over("feedback", share(pl.col("csat_score") >= 4, "csat_score")),
    **{
        f"feedback_{tone}": over("feedback", (pl.col("sentiment") == tone).sum())
        for tone in ("positive", "neutral", "negative")
    },
    "cached_input_tokens": over("llm_call", total("cached_input_tokens")),
    "cache_savings": over("llm_call", total("cache_savings_usd")),
    "cost_per_successful_prompt": cost_per_success,
    **{
        f"{name}{suffix}": projection(horizon, bound)
        for name, horizon in (("cost_projection", "month"), ("cost_next_30_days", "next_30_days"))
        for bound, suffix in enumerate(("_low", "", "_high"))
    },
    "time_saved": saved_hours,
    "cost_saved": cost_saved,
    "productivity_gain": productivity,
}
"""Every metric of the catalog."""

NOTHING_IS_ZERO = frozenset(
    name for name in ORACLE if name.startswith("errors_") or name == "users_new"
)  # fmt: skip
"""Metrics of which a bucket without events holds 0, once the kind has been seen."""
