"""A lake of requests whose weeks repeat, to be asked what comes next and what was unusual."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from tests.metrics.engine.stored import store

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEKS = 4
TO = ("--to", (MONDAY + timedelta(weeks=WEEKS)).isoformat())


def requests_stored(home: Path, in_hour: Callable[[datetime], int]) -> Path:
    """The home, with so many requests in each hour of four weeks, by turns of two regions."""
    hours = [MONDAY + timedelta(hours=n) for n in range(WEEKS * 7 * 24)]
    times = [hour + timedelta(seconds=80 * n) for hour in hours for n in range(in_hour(hour))]
    events = pl.DataFrame(
        {
            "ts": times,
            "event_id": [str(n) for n in range(len(times))],
            "status_code": [200] * len(times),
            "duration_ms": [100.0] * len(times),
            "region": [("eu", "us")[n % 2] for n in range(len(times))],
        }
    )
    store(home, "request", events)
    return home
