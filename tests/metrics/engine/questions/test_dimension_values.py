"""Values to choose from are those of the window, found wherever they are stored."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from metrics.engine import DimensionValues, Engine, Window
from metrics.settings import Settings
from tests.metrics.engine.facts import Events
from tests.metrics.engine.stored import store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_values_are_listed_the_most_frequent_first(engine: Engine, world_events: Events) -> None:
    window = Window(start=datetime(2026, 3, 26, tzinfo=UTC), end=datetime(2026, 4, 6, tzinfo=UTC))
    rows = pl.concat(world_events[kind].select("ts", "provider") for kind in ("request", "llm_call"))
    seen = rows.filter(pl.col("ts") >= window.start, pl.col("ts") < window.end)["provider"].value_counts(sort=True)
    assert engine.answer(DimensionValues(dimension="provider", window=window)) == seen["provider"].to_list()


def test_a_value_that_only_the_cut_hour_knows_is_listed(tmp_path: Path) -> None:
    moments = [NOON + n * timedelta(minutes=10) for n in range(13)]
    regions = ["eu"] * 12 + ["new"]
    events = pl.DataFrame({"ts": moments, "event_id": [str(n) for n in range(13)], "region": regions})
    store(tmp_path, "request", events)
    window = Window(start=NOON, end=moments[-1] + MINUTE)
    assert Engine(Settings(home=tmp_path)).answer(DimensionValues(dimension="region", window=window)) == ["eu", "new"]


def test_values_are_searched_without_case(engine: Engine) -> None:
    window = Window(start=datetime(2026, 3, 26, tzinfo=UTC), end=datetime(2026, 4, 6, tzinfo=UTC))
    assert engine.answer(DimensionValues(dimension="model", window=window, search="LAR")) == ["large"]
