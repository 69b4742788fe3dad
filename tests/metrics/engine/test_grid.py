"""The grid of buckets is the same whether each is an object or all are numbers."""

import polars as pl
import pytest

from metrics.engine.buckets import Buckets
from metrics.engine.grid import every_bucket
from metrics.engine.query import Grain, Window

WINDOWS = {
    "whole hours": ("2026-03-28T20:00:00Z", "2026-03-29T04:00:00Z"),
    "cut at both ends": ("2026-03-28T20:20:20.25Z", "2026-03-29T03:10:00.000001Z"),
    "before the epoch": ("1969-12-31T22:10:00.5Z", "1970-01-01T01:00:00Z"),
    "over a change of half an hour": ("2026-04-04T09:10:00Z", "2026-04-04T20:00:00Z"),
}


@pytest.mark.parametrize("tz", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("grain", [Grain.SECONDS_10, Grain.MINUTE, Grain.MINUTES_15, Grain.HOUR, Grain.HOURS_2])
@pytest.mark.parametrize("window", WINDOWS)
def test_every_bucket_is_there_once_with_its_covered_length(window: str, grain: Grain, tz: str) -> None:
    start, end = WINDOWS[window]
    buckets = Buckets(Window.model_validate({"start": start, "end": end}), grain, tz)
    found = every_bucket(buckets)
    assert found["t"].to_list() == [bucket.key for bucket in buckets.all]
    assert found["time"].to_list() == [bucket.start for bucket in buckets.all]
    expected = pl.Series([buckets.covered_seconds(bucket) for bucket in buckets.all])
    assert found["seconds"].to_list() == pytest.approx(expected.to_list(), abs=1e-6)
