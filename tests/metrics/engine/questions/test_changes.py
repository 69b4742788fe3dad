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


def test_an_incident_told_of_as_it_began_and_as_it_ended_is_one(tmp_path: Path) -> None:
    told = [
        ("slow", "incident", NOON - 60 * MINUTE, None), ("slow", "incident", NOON, NOON),
        ("slow", "incident", NOON + 5 * MINUTE, None), ("slow", "incident", NOON + 9 * MINUTE, NOON + 9 * MINUTE),
        ("other", "incident", NOON + MINUTE, None), ("alone", "incident", NOON + 2 * MINUTE, NOON + 2 * MINUTE),
        ("v2", "deployment", NOON + 3 * MINUTE, None), (None, "incident", NOON + 4 * MINUTE, NOON + 4 * MINUTE),
    ]  # fmt: skip
    columns = {
        name: [one[index] for one in told] for index, name in enumerate(("name", "change_type", "ts", "ended_at"))
    }
    store(tmp_path, "change", pl.DataFrame({**columns, "event_id": [str(n) for n in range(len(told))]}))
    window = Window(start=NOON - 10 * MINUTE, end=NOON + 60 * MINUTE)
    found = Engine(Settings(home=tmp_path)).answer(Changes(window=window))
    assert found.select("name", "ts", "ended_at").rows() == [
        ("slow", NOON - 60 * MINUTE, NOON), ("other", NOON + MINUTE, None),
        ("alone", NOON + 2 * MINUTE, NOON + 2 * MINUTE), ("v2", NOON + 3 * MINUTE, None),
        (None, NOON + 4 * MINUTE, NOON + 4 * MINUTE),
        ("slow", NOON + 5 * MINUTE, NOON + 9 * MINUTE),
    ]  # fmt: skip
