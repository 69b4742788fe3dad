"""Users day by day, in the viewer's time zone: active over some days, days of use, and who came back."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import polars as pl

from metrics.catalog.model import DailyUsers, RetainedUsers, UserDays
from metrics.engine.buckets import DAY, Buckets
from metrics.engine.dropped import first_moment
from metrics.engine.measures.past_users import PastUsers
from metrics.engine.measures.step import KEY, Finish, Step
from metrics.engine.measures.users import Seen, seen
from metrics.engine.query import Grain, Window
from metrics.engine.scope import Scope
from metrics.lake.shapes import USER

AGE = "age"
_OF_DAYS = frozenset({Grain.NONE, Grain.DAY, Grain.WEEK, Grain.MONTH})
_MICROSECOND = timedelta(microseconds=1)


def active(measures: Sequence[DailyUsers], scope: Scope) -> Iterator[Step]:
    """Distinct users of the days that end with the last local day of each bucket, whole days always."""
    last_days = [_day_of(min(bucket.end, scope.window.end) - _MICROSECOND, scope) for bucket in scope.buckets.all]
    ends = pl.DataFrame(
        {"bucket": [bucket.key for bucket in scope.buckets.all], KEY: last_days},
        schema={"bucket": pl.Int64, KEY: pl.Int64},
    )
    for measure in measures:
        days = _whole_days(last_days[0] - (measure.days - 1) * DAY, scope)
        kinds = scope.kinds_for(measure.name, measure.kinds)
        users = seen(kinds, scope.over(days))
        text = _distinct(users, scope) if measure.days == 1 else _came_and_went(users, scope, measure.days)
        finish = partial(_at_the_end, name=measure.name, groups=scope.groups, days=days, ends=ends, span=measure.days)
        yield _by_day(users, text, measure.days, kinds, scope, finish)


def use(measures: Sequence[UserDays], scope: Scope) -> Iterator[Step]:
    """Pairs of a user and a local day: distinct users of each day, summed to the buckets that hold the days."""
    days = Buckets(scope.window, Grain.DAY, scope.buckets.tz) if scope.buckets.grain in _OF_DAYS else scope.buckets
    homes = _homes(days, scope)
    for measure in measures:
        kinds = scope.kinds_for(measure.name, measure.kinds)
        users = seen(kinds, scope.over(days))
        finish = partial(_summed, name=measure.name, groups=scope.groups, homes=homes)
        step = _by_day(users, _distinct(users, scope), 1, kinds, scope, finish)
        yield step if days.grain is Grain.DAY else replace(step, by_month=None)


def retained(measures: Sequence[RetainedUsers], scope: Scope) -> Iterator[Step]:
    """Cohorts by their first day, and who of them came back exactly so many days later: one step for all of them."""
    for kinds in dict.fromkeys(measure.kinds for measure in measures):
        wanted = [measure for measure in measures if measure.kinds == kinds]
        able = scope.kinds_for(wanted[0].name, kinds)
        days = every_day(able, scope)
        ages = sorted({0, *(measure.day for measure in wanted)})
        users, text = returns(able, scope, days, f"age IN ({', '.join(map(str, ages))})")
        finish = partial(_pooled, measures=wanted, scope=scope, days=days)
        yield Step(users.statement(text, scope), users.source, finish)


def every_day(kinds: Sequence[str], scope: Scope) -> Buckets:
    """The local days from the first event of the kinds, or the window's start if that is earlier, to its end."""
    begun = (first_moment(scope.lake.events(kind)) for kind in kinds)
    first = min((moment for moment in begun if moment), default=scope.window.start)
    return _whole_days(_day_of(min(first, scope.window.start), scope), scope)


def returns(
    kinds: Sequence[str], scope: Scope, spans: Buckets, chosen: str, width: int = DAY, origin: int = 0
) -> tuple[Seen, str]:
    """Users by their first day `t` (of all `spans`), the groups and the `age` in days at which they were there: `n`.

    `chosen` is SQL over `age` and `first`, the number of the first day. With weeks as spans, `width` and `origin` are
    theirs (in seconds of the clock on the wall) and all is counted in weeks.
    """
    users = seen(kinds, scope.over(spans))
    groups = _listed(scope)
    number = f"({KEY} - {origin}) // {width}"
    text = (
        f"SELECT first * {width} + {origin} AS {KEY}{groups}, age AS {AGE}, count(*) AS n FROM ("
        f"SELECT first{groups}, unnest(present) - first AS age FROM ("
        f"SELECT min({number}) AS first{groups}, list_distinct(list({number})) AS present "
        f"FROM ({users.sql}) AS seen GROUP BY {USER}{groups}) AS users) AS visits WHERE {chosen} GROUP BY ALL"
    )
    return users, text


def is_over(day: int, age: int, days: Buckets, end: datetime) -> bool:
    """Whether the day `age` days after the one with the key `day` is over by `end`."""
    midnight = datetime.fromtimestamp(day + (age + 1) * DAY, UTC).replace(tzinfo=ZoneInfo(days.tz))
    return midnight.astimezone(UTC) <= end


def _by_day(users: Seen, text: str, span: int, kinds: Sequence[str], scope: Scope, finish: Finish) -> Step:
    """The step of a text that says how many users there were on a local day and the days before it, `span` in all."""
    statement, of = users.statement(text, scope), f"{', '.join(kinds)} in {scope.buckets.tz}"
    is_plain = users.is_of_one and not scope.dimensions
    return Step(statement, users.source, finish, by_month=PastUsers(statement, span, of, finish) if is_plain else None)


def _distinct(users: Seen, scope: Scope) -> str:
    groups = _listed(scope)
    return f"SELECT {KEY}{groups}, count(DISTINCT {USER}) AS n FROM ({users.sql}) AS seen GROUP BY ALL"


def _came_and_went(users: Seen, scope: Scope, span: int) -> str:
    """Users who become active on a day, less those whose last visit has just become too old.

    A visit counts for `span` days. Of a user's visits, each counts until the next one at most, so that the running
    total is the number of distinct users.
    """
    groups = _listed(scope)
    until = f"day + {span:d}"
    return (
        f"WITH days AS (SELECT DISTINCT {KEY} // {DAY} AS day{groups}, {USER} FROM ({users.sql}) AS seen), "
        f"spans AS (SELECT day{groups}, least({until}, coalesce(lead(day) OVER ("
        f"PARTITION BY {USER}{groups} ORDER BY day), {until})) AS until FROM days) "
        f"SELECT day * {DAY} AS {KEY}{groups}, CAST(sum(n) AS BIGINT) AS n FROM ("
        f"SELECT day{groups}, 1 AS n FROM spans UNION ALL SELECT until AS day{groups}, -1 AS n FROM spans"
        ") AS changes GROUP BY ALL"
    )


def _at_the_end(
    rows: pl.DataFrame, *, name: str, groups: Sequence[str], days: Buckets, ends: pl.DataFrame, span: int
) -> pl.DataFrame:
    """The number on the last day of each bucket."""
    if span > 1:
        grid = pl.DataFrame({KEY: [day.key for day in days.all]}, schema={KEY: pl.Int64})
        grid = grid.join(rows.select(groups).unique(), how="cross") if groups else grid
        total = pl.col("n").fill_null(0).cum_sum()
        rows = grid.join(rows, on=[KEY, *groups], how="left", nulls_equal=True).sort(KEY)
        rows = rows.with_columns(total.over(groups) if groups else total).filter(pl.col("n") > 0)
    return rows.join(ends, on=KEY).select(pl.col("bucket").alias(KEY), *groups, pl.col("n").alias(name))


def _summed(rows: pl.DataFrame, *, name: str, groups: Sequence[str], homes: pl.DataFrame) -> pl.DataFrame:
    placed = rows.join(homes, on=KEY)
    return placed.group_by("bucket", *groups).agg(pl.col("n").sum().alias(name)).rename({"bucket": KEY})


def _pooled(rows: pl.DataFrame, *, measures: Sequence[RetainedUsers], scope: Scope, days: Buckets) -> pl.DataFrame:
    """Cohorts and returns, added up over the cohorts of each bucket whose day is over."""
    placed = rows.join(_homes(days, scope), on=KEY)
    first_days = placed[KEY].unique().to_list()
    columns: list[pl.Expr] = []
    for measure in measures:
        over = [day for day in first_days if is_over(day, measure.day, days, scope.window.end)]
        age = 0 if measure.counted == "cohort" else measure.day
        counted = pl.col(KEY).is_in(over) & (pl.col(AGE) == age)
        columns.append(pl.col("n").filter(counted).sum().alias(measure.name))
    return placed.group_by("bucket", *scope.groups).agg(columns).rename({"bucket": KEY})


def _homes(days: Buckets, scope: Scope) -> pl.DataFrame:
    """The bucket in which each of the days begins, or in which the window does; days outside of it have none."""
    pairs: list[tuple[int, int]] = []
    buckets = iter(scope.buckets.all)
    bucket = next(buckets)
    for day in days.all:
        start = max(day.start, scope.window.start)
        if day.end <= scope.window.start or start >= scope.window.end:
            continue
        while bucket.end <= start:
            bucket = next(buckets)
        pairs.append((day.key, bucket.key))
    return pl.DataFrame(pairs, schema={KEY: pl.Int64, "bucket": pl.Int64}, orient="row")


def _day_of(moment: datetime, scope: Scope) -> int:
    """The key of the local day in which a moment lies: its midnight, in seconds of the clock on the wall."""
    wall = moment.astimezone(ZoneInfo(scope.buckets.tz)).replace(tzinfo=UTC)
    return int(wall.timestamp()) // DAY * DAY


def _whole_days(first: int, scope: Scope) -> Buckets:
    """The local days from the one with the key `first`, from its very beginning, to the end of the window."""
    noon = datetime.fromtimestamp(first + DAY // 2, UTC).replace(tzinfo=ZoneInfo(scope.buckets.tz))
    begun = Buckets(
        Window(start=noon, end=max(noon + timedelta(days=1), scope.window.end)), Grain.DAY, scope.buckets.tz
    )
    return Buckets(Window(start=begun.all[0].start, end=scope.window.end), Grain.DAY, scope.buckets.tz)


def _listed(scope: Scope) -> str:
    return "".join(f", {group}" for group in scope.groups)
