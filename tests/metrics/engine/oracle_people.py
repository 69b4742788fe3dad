"""The oracle of users day by day: rolling counts, days of use, cohorts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from metrics.engine.query import Filter, Query
from tests.metrics.engine.facts import Facts
from tests.metrics.engine.wall import TIMESTAMP, day_of

EVER = datetime.fromisoformat("1970-01-01T00:00:00Z")


def rolling(days: int) -> Callable[[Facts], pl.DataFrame]:
    """Distinct users of so many local days that end with the last one of a bucket."""

    def found(facts: Facts) -> pl.DataFrame:
        days_of = _last_days(facts).with_columns(since=pl.col("last") - pl.duration(days=days))
        pairs = _visits(facts).join_where(days_of, pl.col("day") <= pl.col("last"), pl.col("day") > pl.col("since"))
        return pairs.group_by(facts.keys).agg(value=pl.col("user_id").n_unique())

    return found


def stickiness(facts: Facts) -> pl.DataFrame:
    """100 × daily ÷ monthly active users."""
    both = rolling(30)(facts).join(rolling(1)(facts), on=facts.keys, nulls_equal=True)
    return both.with_columns(value=100 * pl.col("value_right") / pl.col("value"))


def retention(age: int) -> Callable[[Facts], pl.DataFrame]:
    """Of users whose first day is in the bucket: the share there so many days later, where that day is over."""

    def found(facts: Facts) -> pl.DataFrame:
        visits = _visits(facts)
        first = visits.group_by("user_id", *facts.groups).agg(first=pl.col("day").min())
        zone, end = ZoneInfo(facts.query.tz), facts.query.window.end
        over = [
            day
            for day in first["first"].unique()
            if datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=age + 1) <= end.astimezone(zone)
        ]
        placed = _in_buckets(first.filter(pl.col("first").is_in(over)), facts)
        later = visits.select("user_id", *facts.groups, first=pl.col("day") - pl.duration(days=age), back=True)
        joined = placed.join(later, on=["user_id", *facts.groups, "first"], how="left", nulls_equal=True)
        return joined.group_by(facts.keys).agg(value=100 * pl.col("back").fill_null(False).mean())

    return found


def days_of_use(facts: Facts) -> pl.DataFrame:
    """Pairs of a user and a local day on which there is an event, by the bucket of the day or of the event."""
    placed = facts.bucketed(facts.people()).with_columns(day=day_of(pl.col("ts"), facts.query.tz))
    return placed.group_by(facts.keys).agg(value=pl.struct("user_id", "day").n_unique())


def adoption(facts: Facts) -> pl.DataFrame:
    """Users of each feature against all users of the bucket, whatever they used."""
    own = facts.bucketed(facts.people()).group_by(facts.keys).agg(part=pl.col("user_id").n_unique())
    query: Query = facts.query
    filters: tuple[Filter, ...] = tuple(item for item in query.filters if item.dimension != "feature")
    by = tuple(name for name in query.by if name != "feature")
    whole = Facts(facts.events, query.model_copy(update={"filters": filters, "by": by}), facts.critical)
    users = whole.bucketed(whole.people()).group_by(whole.keys).agg(all=pl.col("user_id").n_unique())
    joined = own.join(users, on=whole.keys, nulls_equal=True)
    return joined.with_columns(value=100 * pl.col("part") / pl.col("all"))


def _visits(facts: Facts) -> pl.DataFrame:
    seen = facts.people(EVER).with_columns(day=day_of(pl.col("ts"), facts.query.tz))
    return seen.select("user_id", "day", *facts.groups).unique()


def _last_days(facts: Facts) -> pl.DataFrame:
    end = pl.min_horizontal("end", pl.lit(facts.query.window.end, TIMESTAMP))
    return facts.calendar.select("time", last=day_of(end - pl.duration(microseconds=1), facts.query.tz))


def _in_buckets(first: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """The bucket in which each first day begins, or the window does."""
    query = facts.query
    opening = query.window.start.astimezone(ZoneInfo(query.tz)).date()
    inside = first.filter(pl.col("first") >= opening)
    starts = pl.max_horizontal(
        pl.col("first").cast(pl.Datetime("us")).dt.replace_time_zone(query.tz).dt.convert_time_zone("UTC"),
        pl.lit(query.window.start, TIMESTAMP),
    )
    placed = inside.with_columns(starts.alias("begins")).filter(pl.col("begins") < query.window.end)
    return facts.bucketed(placed, "begins")
