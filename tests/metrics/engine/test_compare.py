"""Values of the window before stand beside those of the same part of this one."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from metrics.engine import PREVIOUS, Engine, Grain, Query, Window

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


def previous_of(
    engine: Engine, window: Window, grain: str, *, by: tuple[str, ...] = (), tz: str = "UTC"
) -> pl.DataFrame:
    query = Query(metrics=("requests",), window=window, grain=Grain(grain), by=by, tz=tz, compare=True)
    return engine.answer(query).frame


def counted(engine: Engine, start: datetime, end: datetime) -> int | None:
    query = Query(metrics=("requests",), window=Window(start=start, end=end), raw=True)
    return engine.answer(query).frame["requests"].item()


@pytest.mark.parametrize("grain", ["1h", "6h", "1d"])
def test_buckets_of_a_whole_span_stand_beside_those_before(engine: Engine, grain: str) -> None:
    window = Window(start=datetime(2026, 3, 28, tzinfo=UTC), end=datetime(2026, 3, 30, tzinfo=UTC))
    now = previous_of(engine, window, grain)
    before = engine.answer(Query(metrics=("requests",), window=window.previous, grain=Grain(grain))).frame
    assert now["requests" + PREVIOUS].to_list() == before["requests"].to_list()
    assert now["requests" + PREVIOUS].sum() == counted(engine, window.previous.start, window.previous.end)


def test_nothing_of_the_window_before_is_lost_over_a_change_of_clocks(engine: Engine) -> None:
    window = Window(start=datetime(2026, 3, 29, tzinfo=BERLIN), end=datetime(2026, 3, 31, tzinfo=BERLIN))
    frame = previous_of(engine, window, "1d", tz="Europe/Berlin")
    assert frame["requests" + PREVIOUS].sum() == counted(engine, window.previous.start, window.previous.end)


def test_a_month_stands_beside_the_month_that_fills_most_of_the_window_before(engine: Engine) -> None:
    window = Window(start=datetime(2026, 4, 1, tzinfo=UTC), end=datetime(2026, 5, 1, tzinfo=UTC))
    frame = previous_of(engine, window, "1mo")
    march = counted(engine, datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert frame["requests" + PREVIOUS].to_list() == [march]


def test_window_cut_at_both_ends_is_compared_with_what_lies_one_length_before(engine: Engine) -> None:
    start = datetime(2026, 3, 29, 10, 30, tzinfo=UTC)
    frame = previous_of(engine, Window(start=start, end=start + DAY), "1h")
    hour = {row["time"]: row["requests" + PREVIOUS] for row in frame.iter_rows(named=True)}
    assert hour[start.replace(minute=0)] == counted(engine, start - DAY, start.replace(hour=11, minute=0) - DAY)


def test_a_group_of_the_window_before_only_is_kept(engine: Engine) -> None:
    window = Window(start=datetime(2026, 4, 6, tzinfo=UTC), end=datetime(2026, 4, 17, tzinfo=UTC))
    frame = previous_of(engine, window, "none", by=("region",))
    assert set(frame["region"]) == {"eu", "us", "Ü-Ost", "", None}
    assert frame["requests"].null_count() == frame.height
    assert frame["requests" + PREVIOUS].sum() == counted(engine, window.previous.start, window.previous.end)
