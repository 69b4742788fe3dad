"""Changes are found by the time they last."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from metrics.engine import Changes, Engine, Window
from metrics.settings import Settings
from tests.metrics.engine.stored import store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_changes_are_those_that_touch_the_window(tmp_path: Path) -> None:
    changes = [("before", NOON - 90 * MINUTE, None), ("into", NOON - 90 * MINUTE, NOON + MINUTE), ("in", NOON, None),
               ("after", NOON + 60 * MINUTE, None)]  # fmt: skip
    columns = {name: [change[index] for change in changes] for index, name in enumerate(("name", "ts", "ended_at"))}
    count = len(changes)
    rows = {**columns, "event_id": [str(n) for n in range(count)], "change_type": ["incident"] * count}
    store(tmp_path, "change", pl.DataFrame(rows))
    window = Window(start=NOON, end=NOON + 60 * MINUTE)
    assert Engine(Settings(home=tmp_path)).answer(Changes(window=window))["name"].to_list() == ["into", "in"]
