"""The grid of evaluations: where it lies, and which buckets are looked at."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.judging.instants import buckets, due, floored, micros, moment
from alerts.rules import WINDOWS
from metrics.engine import Window
from metrics.engine.buckets import Buckets

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1999, 1, 1), datetime(2039, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MINUTE, SETTLE = timedelta(minutes=1), timedelta(seconds=10)


def span(start: str, end: str) -> Window:
    return Window(
        start=datetime.fromisoformat(f"2026-05-01T{start}Z"), end=datetime.fromisoformat(f"2026-05-01T{end}Z")
    )


def test_a_bucket_is_due_once_it_has_settled() -> None:
    assert due(MINUTE, SETTLE, NOON, NOON + timedelta(seconds=9.999)) is None
    assert due(MINUTE, SETTLE, NOON, NOON + SETTLE) == span("11:59:00", "12:00:00")
    assert due(MINUTE, SETTLE, NOON + SETTLE, NOON + timedelta(seconds=69)) is None
    assert due(MINUTE, SETTLE, NOON + SETTLE, NOON + timedelta(minutes=3)) == span("12:00:00", "12:02:00")


def test_a_clock_that_jumps_back_makes_nothing_due() -> None:
    assert due(MINUTE, SETTLE, NOON, NOON - timedelta(hours=1)) is None


@settings(deadline=None)
@given(MOMENTS, st.sampled_from(WINDOWS))
def test_buckets_are_those_of_the_engine(at: datetime, known: tuple[timedelta, object]) -> None:
    width, grain = known
    start = floored(at, width)
    assert start <= at < start + width
    whole = Window(start=start, end=start + 3 * width)
    engine = [bucket.start for bucket in Buckets(whole, grain, "UTC").all]  # pyright: ignore[reportArgumentType]
    assert [moment(one) for one in buckets(whole, width).tolist()] == engine


@settings(deadline=None)
@given(MOMENTS, st.lists(st.timedeltas(timedelta(), timedelta(hours=3)), min_size=1), st.sampled_from(WINDOWS))
def test_every_bucket_is_due_exactly_once(
    at: datetime, steps: list[timedelta], known: tuple[timedelta, object]
) -> None:
    width, _ = known
    seen, until = list[int](), at
    for length in steps:
        window = due(width, SETTLE, until, until + length)
        until += length
        seen += buckets(window, width).tolist() if window else []
    whole = due(width, SETTLE, at, until)
    assert seen == (buckets(whole, width).tolist() if whole else [])


@settings(deadline=None)
@given(MOMENTS)
def test_moments_are_whole_microseconds(at: datetime) -> None:
    assert moment(micros(at)) == at
