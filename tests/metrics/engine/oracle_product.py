"""The oracle of what people do with the product: sessions, prompts, pipelines, repairs, projections."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from metrics.insights.forecasting.futures import futures
from tests.metrics.engine.facts import Facts
from tests.metrics.engine.wall import TIMESTAMP, day_of

VIEW = (pl.col("action") == "page_view").fill_null(pl.col("page").is_not_null())
"""An interaction that is the view of a page; `.fill_null` because an action that is not known decides by the page."""
HALF_AN_HOUR = timedelta(minutes=30)


def session_rows(facts: Facts) -> pl.DataFrame:
    """One row a session: `first`, `last`, `views`, `acts`, `pages`, the groups; session by session."""
    return facts.once("sessions", lambda: _session_rows(facts))


def _session_rows(facts: Facts) -> pl.DataFrame:
    events = facts.of("interaction").with_columns(is_view=VIEW)
    rows: list[dict[str, object]] = []
    for _, given in events.filter(pl.col("session_id").is_not_null()).group_by("session_id", *facts.groups):
        rows.append(_session(given, facts))
    loose = events.filter(pl.col("session_id").is_null() & pl.col("user_id").is_not_null())
    for _, of_user in loose.group_by("user_id", *facts.groups):
        ordered = of_user.sort("ts")
        begins = [0, *(n for n in range(1, ordered.height) if ordered["ts"][n] - ordered["ts"][n - 1] > HALF_AN_HOUR)]
        for start, end in zip(begins, [*begins[1:], ordered.height], strict=True):
            rows.append(_session(ordered[start:end], facts))
    schema = {**dict.fromkeys(facts.groups, pl.String), "first": TIMESTAMP, "last": TIMESTAMP}
    return pl.DataFrame(rows, schema={**schema, "views": pl.Int64, "acts": pl.Int64, "pages": pl.Int64})


def _session(events: pl.DataFrame, facts: Facts) -> dict[str, object]:
    views = events.filter("is_view")
    named = {group: events[group][0] for group in facts.groups}
    ends = {"first": events["ts"].min(), "last": events["ts"].max()}
    pages = views["page"].drop_nulls().n_unique()
    return {**named, **ends, "views": views.height, "acts": events.height - views.height, "pages": pages}


def of_sessions(value: pl.Expr) -> Callable[[Facts], pl.DataFrame]:
    """An expression over the sessions that begin in a bucket."""
    return lambda facts: facts.bucketed(session_rows(facts), "first").group_by(facts.keys).agg(value=value)


def seen_values(kind: str, column: str, days: int | None) -> Callable[[Facts], pl.DataFrame]:
    """Distinct values of a column up to the end of a bucket, or in the days before that."""

    def found(facts: Facts) -> pl.DataFrame:
        events = facts.of(kind, datetime.fromisoformat("1970-01-01T00:00:00Z")).filter(pl.col(column).is_not_null())
        until = pl.min_horizontal("end", pl.lit(facts.query.window.end, TIMESTAMP))
        ends = facts.calendar.select("time", until=until)
        pairs = events.join(ends, how="cross").filter(pl.col("ts") < pl.col("until"))
        if days:
            pairs = pairs.filter(pl.col("ts") >= pl.col("until") - pl.duration(days=days))
        return pairs.group_by(facts.keys).agg(value=pl.col(column).n_unique())

    return found


def improvements(facts: Facts) -> pl.DataFrame:
    """Prompts whose last score of the bucket exceeds the first."""
    scored = facts.of("prompt").filter(pl.col("quality_score").is_not_null(), pl.col("prompt_id").is_not_null())
    ordered = facts.bucketed(scored.with_columns(key=pl.col("prompt_id"))).sort("ts", "event_id")
    each = ordered.group_by(*facts.keys, "key", maintain_order=True).agg(
        better=pl.col("quality_score").last() > pl.col("quality_score").first()
    )
    return each.group_by(facts.keys).agg(value=pl.col("better").sum())


def projection(horizon: str, bound: int) -> Callable[[Facts], pl.DataFrame]:
    """What the forecaster makes of the daily costs: the sum to the end of the month, or of thirty days."""

    def found(facts: Facts) -> pl.DataFrame:
        zone, end = ZoneInfo(facts.query.tz), facts.query.window.end
        last = (end - timedelta(microseconds=1)).astimezone(zone).date()
        first = (end - timedelta(days=63) - timedelta(microseconds=1)).astimezone(zone).date()
        calls = facts.of("llm_call", datetime.fromisoformat("1970-01-01T00:00:00Z"))
        daily = (
            calls.with_columns(day=day_of(pl.col("ts"), facts.query.tz))
            .filter(pl.col("day") >= first)
            .group_by("day", *facts.groups)
            .agg(cost=pl.col("cost_usd").sum(), priced=pl.col("cost_usd").count())
            .filter(pl.col("priced") > 0)
        )
        rows: list[dict[str, object]] = []
        for group, part in daily.group_by(facts.groups) if facts.groups else [((), daily)]:
            costs = dict(part.select("day", "cost").iter_rows())
            value = _projected(costs, last, end, zone, horizon, bound)
            rows.append(
                {"time": facts.calendar["time"][-1], **dict(zip(facts.groups, group, strict=True)), "value": value}
            )
        schema = {"time": TIMESTAMP, **dict.fromkeys(facts.groups, pl.String), "value": pl.Float64}
        return pl.DataFrame(rows, schema=schema)

    return found


def _projected(
    costs: dict[date, float], last: date, end: datetime, zone: ZoneInfo, horizon: str, bound: int
) -> float | None:
    if not costs:
        return None
    day = timedelta(days=1)
    opening, closing = (datetime(d.year, d.month, d.day, tzinfo=zone).astimezone(UTC) for d in (last, last + day))
    rest = (closing - end).total_seconds() / (closing - opening).total_seconds()
    newest = last - day if rest else last
    series: list[float] = []
    moment = min(costs) + day
    while moment <= newest:
        series.append(costs.get(moment, 0.0))
        moment += day
    known = sum(
        cost for when, cost in costs.items() if (when.year, when.month) == (last.year, last.month) and when <= last
    )
    ahead = [rest] if rest else []
    following = last + day
    while horizon == "month" and following.month == last.month:
        ahead.append(1.0)
        following += day
    if horizon != "month":
        ahead, known = ([rest, *[1.0] * 29, 1 - rest] if rest else [1.0] * 30), 0.0
    if not ahead:
        return known
    drawn = futures(series, min(costs) + day, 32)
    if drawn is None:
        return None
    sums = [sum(weight * value for weight, value in zip(ahead, row, strict=False)) for row in drawn.tolist()]
    return known + float(pl.Series(sums).quantile((0.1, 0.5, 0.9)[bound], "linear") or 0.0)
