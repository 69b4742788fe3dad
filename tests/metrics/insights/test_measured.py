"""The series that forecasts and anomalies go by, of what a home defines itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.engine import Engine
from metrics.engine.query import Grain, Window
from metrics.insights.measured import series_of
from metrics.settings import Settings
from tests.metrics.engine.stored import store

_MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
_HOURS = (0, 0, 3, 4)
"""In which there is a request each."""
_DEFINED = """
- {name: mine, event: request, sql: SQL}
"""


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("count(*)", [2, 0, 0, 1, 1]),
        ("sum(duration_ms)", [20, 0, 0, 10, 10]),
        ("avg(duration_ms)", [10, None, None, 10, 10]),
        ("max(duration_ms)", [10, None, None, 10, 10]),
        ("100.0 * count(duration_ms) / count(*)", [100, None, None, 100, 100]),
    ],
)
def test_an_hour_without_events_is_zero_of_what_is_summed_and_nothing_of_all_else(
    sql: str, expected: list[float | None], tmp_path: Path
) -> None:
    moments = [_MIDNIGHT + hour * timedelta(hours=1) for hour in _HOURS]
    store(tmp_path, "request", pl.DataFrame({"ts": moments, "duration_ms": [10.0] * len(moments)}))
    (tmp_path / "metrics.yaml").write_text(_DEFINED.replace("SQL", sql), encoding="utf-8")
    window = Window(start=_MIDNIGHT, end=_MIDNIGHT + timedelta(hours=5))
    found, _ = series_of(Engine(Settings(home=tmp_path)), "mine", window, Grain.HOUR)
    assert found["value"].to_list() == expected
