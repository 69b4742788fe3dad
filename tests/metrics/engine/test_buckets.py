"""Buckets cover the window without gaps, in every zone, and SQL finds the same bucket as the calendar."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.engine.buckets import SECONDS, Bucket, Buckets, resolve
from metrics.engine.query import Grain, Query, Window
from tests.metrics.engine.wall import calendar

ZONES = (
    "UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe", "America/Havana",
    "Asia/Beirut", "America/Santiago", "Pacific/Chatham", "Africa/Casablanca", "Pacific/Apia",
)  # fmt: skip
"""Zones of half and quarter hours, of changes at midnight, of half an hour, twice around a fasting month."""
CHANGES = (
    "2026-03-29T01:00", "2026-10-25T01:00", "2026-03-08T05:30", "2026-11-01T04:30", "2026-04-04T15:00",
    "2026-10-03T15:30", "2026-03-08T05:00", "2026-03-28T22:00", "2026-04-05T03:00", "2026-02-15T02:00",
    "2011-12-30T10:00",
)  # fmt: skip
"""Moments at which one of them changes."""
FIXED = [grain for grain in Grain if grain not in (Grain.AUTO, Grain.NONE)]

moments = st.one_of(
    st.tuples(st.sampled_from(CHANGES), st.timedeltas(timedelta(hours=-30), timedelta(hours=30))).map(
        lambda drawn: datetime.fromisoformat(drawn[0]).replace(tzinfo=UTC) + drawn[1]
    ),
    st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)


@st.composite
def bucketings(draw: st.DrawFn) -> Buckets:
    grain = draw(st.sampled_from(FIXED))
    longest = min(SECONDS.get(grain, 31 * 86400) * 40, 3 * 365 * 86400)
    start = draw(moments)
    length = draw(st.timedeltas(timedelta(microseconds=1), timedelta(seconds=longest)))
    return Buckets(Window(start=start, end=start + length), grain, draw(st.sampled_from(ZONES)))


@settings(max_examples=150, deadline=None)
@given(bucketings())
def test_buckets_are_contiguous_and_cover_the_window(buckets: Buckets) -> None:
    every, window = buckets.all, buckets.window
    assert every[0].start <= window.start < every[0].end
    assert every[-1].start < window.end <= every[-1].end
    assert all(before.end == after.start for before, after in pairwise(every))
    assert len({bucket.key for bucket in every}) == len(every)
    assert sum(buckets.covered_seconds(bucket) for bucket in every) == pytest.approx(window.length.total_seconds())


@settings(max_examples=100, deadline=None)
@given(bucketings(), st.data())
def test_sql_finds_the_bucket_of_any_moment(buckets: Buckets, data: st.DataObject) -> None:
    window, every = buckets.window, buckets.all
    inside = st.datetimes(
        window.start.replace(tzinfo=None), (window.end - timedelta(microseconds=1)).replace(tzinfo=None)
    ).map(lambda moment: moment.replace(tzinfo=UTC))
    starts = [bucket.start for bucket in every if bucket.start >= window.start]
    before = [start - timedelta(microseconds=1) for start in starts if start > window.start]
    drawn = data.draw(st.lists(inside, min_size=1, max_size=20)) + starts[:50] + before[:50]
    assert _keys(buckets, drawn) == [_of(every, moment).key for moment in drawn]


@settings(max_examples=60, deadline=None)
@given(bucketings())
def test_buckets_are_those_of_another_calendar(buckets: Buckets) -> None:
    query = Query(metrics=("requests",), window=buckets.window, grain=buckets.grain, tz=buckets.tz)
    expected = calendar(query)
    assert [bucket.start for bucket in buckets.all] == expected["time"].to_list()
    assert [buckets.covered_seconds(bucket) for bucket in buckets.all] == pytest.approx(expected["seconds"].to_list())


@pytest.mark.parametrize(
    ("tz", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("America/Havana", "2026-03-08", 23),
        ("America/Santiago", "2026-09-06", 23),
        ("UTC", "2026-03-29", 24),
    ],
)
def test_day_is_as_long_as_its_zone_makes_it(tz: str, day: str, hours: float) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00Z")
    window = Window(start=noon - timedelta(days=3), end=noon + timedelta(days=3))
    lengths = {
        bucket.start.astimezone(ZoneInfo(tz)).date().isoformat(): bucket.end - bucket.start
        for bucket in Buckets(window, Grain.DAY, tz).all
    }
    assert lengths[day] == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("length", "grain"),
    [
        (timedelta(minutes=15), Grain.SECONDS_10),
        (timedelta(hours=1), Grain.SECONDS_10),
        (timedelta(hours=6), Grain.MINUTE),
        (timedelta(days=1), Grain.MINUTES_5),
        (timedelta(days=7), Grain.HOUR),
        (timedelta(days=30), Grain.HOURS_2),
        (timedelta(days=365), Grain.DAY),
        (timedelta(days=3650), Grain.MONTH),
    ],
)
def test_automatic_grain_gives_at_most_400_points(length: timedelta, grain: Grain) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    window = Window(start=start, end=start + length)
    assert resolve(Grain.AUTO, window) is grain
    assert len(Buckets(window, grain, "UTC").all) <= 400


def test_a_day_that_a_zone_skips_is_no_bucket() -> None:
    window = Window(start=datetime(2011, 12, 29, 10, tzinfo=UTC), end=datetime(2011, 12, 30, 12, tzinfo=UTC))
    buckets = Buckets(window, Grain.HOURS_12, "Pacific/Apia")
    assert [bucket.start.isoformat()[:13] for bucket in buckets.all] == [
        "2011-12-29T10",
        "2011-12-29T22",
        "2011-12-30T10",
    ]


def test_a_window_given_in_a_local_zone_is_as_long_as_it_really_is() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    window = Window(start=datetime(2026, 3, 29, tzinfo=berlin), end=datetime(2026, 3, 30, tzinfo=berlin))
    assert window.length == timedelta(hours=23)


@settings(max_examples=60, deadline=None)
@given(bucketings())
def test_every_bucket_has_a_counterpart_in_the_window_before(buckets: Buckets) -> None:
    earlier = Buckets(buckets.window.previous, buckets.grain, buckets.tz)
    pairs = buckets.before(earlier)
    assert [now for now, _ in pairs] == list(buckets.all)
    assert [then.start for _, then in pairs] == sorted(then.start for _, then in pairs)
    for now, then in pairs:
        covered = buckets.covered(now)
        middle = covered.start + covered.length / 2 - buckets.window.length
        assert then.start <= middle < then.end


def _keys(buckets: Buckets, drawn: list[datetime]) -> list[int]:
    given_moments = pl.DataFrame({"ts": drawn}, schema={"ts": pl.Datetime("us", "UTC")})
    with duckdb.connect() as connection:
        connection.register("given_moments", given_moments.to_arrow())
        rows = connection.sql(f"SELECT {buckets.key_sql('epoch_us(ts)')} AS key FROM given_moments").fetchall()
    return [row[0] for row in rows]


def _of(every: tuple[Bucket, ...], moment: datetime) -> Bucket:
    return every[bisect_right([bucket.start for bucket in every], moment) - 1]
