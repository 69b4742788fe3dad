"""A dimension may have a value an event: rollups stay small, and no answer becomes another one by it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.engine import Engine, Filter, Grain, Query, Window
from metrics.engine.cardinality import cardinalities
from metrics.lake import shapes
from metrics.lake.tables import Lake
from metrics.lake.upkeep.compaction import Sizes, merge_views
from metrics.settings import Settings
from tests.metrics.engine.stored import store

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WINDOW = Window(start=MONDAY, end=MONDAY + timedelta(days=2))
METRICS = ("requests", "error_rate", "response_time_p95", "users_active")
MOST: Mapping[shapes.Unit, int] = {"minute": 3, "hour": 4, "day": 5}
EVENTS = 960


def requests(endpoints: int, start: int = 0) -> pl.DataFrame:
    """Two days of requests, some of them failed; half go to two endpoints, the others each to one of so many."""
    number = pl.int_range(EVENTS)
    ids = pl.when(number % 4 == 0).then(0).when(number % 4 == 1).then(1).otherwise(start + number % endpoints)
    return pl.select(
        ts=pl.lit(MONDAY) + number * pl.duration(minutes=3),
        event_id=pl.format("r{}-{}", pl.lit(start), number),
        endpoint=pl.format("/orders/{}", ids),
        provider=pl.when(number % 3 == 0).then(pl.lit("openai")).otherwise(pl.lit("anthropic")),
        status_code=pl.when(number % 7 == 0).then(500).otherwise(200),
        duration_ms=(number % 90).cast(pl.Float64),
        user_id=pl.format("u{}", number % 40),
    )


@pytest.fixture(autouse=True)
def few_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "MOST_VALUES", MOST)


def answered(home: Path, **asked: object) -> tuple[pl.DataFrame, pl.DataFrame, str]:
    """What is answered, what events say, and where the answer is from."""
    engine = Engine(Settings(home=home))
    query = Query.model_validate({"metrics": METRICS, "window": WINDOW, "grain": Grain.DAY, **asked})
    found = engine.answer(query)
    return found.frame, engine.answer(query.model_copy(update={"raw": True})).frame, found.source


@pytest.mark.parametrize(
    ("asked", "is_from_events"),
    [
        ({}, False),
        ({"by": ("provider",)}, False),
        ({"filters": (Filter(dimension="provider", values=("openai",)),)}, False),
        ({"by": ("endpoint",)}, True),
        ({"filters": (Filter(dimension="endpoint", values=("/orders/0",)),)}, True),
        (
            {
                "by": ("provider",),
                "filters": (Filter(dimension="endpoint", values=("/orders/77",), operator="not in"),),
            },
            True,
        ),
    ],
)
def test_what_a_rollup_puts_together_events_tell_apart(
    tmp_path: Path, asked: Mapping[str, object], is_from_events: bool
) -> None:
    store(tmp_path, "request", requests(endpoints=300))
    found, wanted, source = answered(tmp_path, **asked)
    assert_frame_equal(found, wanted, check_row_order=False, rel_tol=0.005)
    assert (source == "events") is is_from_events


def test_where_there_are_few_enough_rollups_answer(tmp_path: Path) -> None:
    store(tmp_path, "request", requests(endpoints=MOST["minute"]))
    assert answered(tmp_path, by=("endpoint",))[2] != "events"


def test_the_dimension_that_costs_most_is_known(tmp_path: Path) -> None:
    store(tmp_path, "request", requests(endpoints=300))
    first, *others = cardinalities(Lake(tmp_path))
    assert (first.dimension, first.is_capped) == ("endpoint", True)
    assert not any(one.is_capped for one in others)
    assert cardinalities(Lake(tmp_path / "new")) == []


def rows(home: Path) -> int:
    return sum(Lake(home).rollup(name).snapshot.rows for name in ("request_counts", "request_duration"))


def test_rollups_do_not_grow_with_the_values_of_a_dimension(tmp_path: Path) -> None:
    found: list[int] = []
    for endpoints in (10, 100, 900):
        store(tmp_path / str(endpoints), "request", requests(endpoints))
        found.append(rows(tmp_path / str(endpoints)))
    assert max(found) < 1.1 * min(found)


def test_nor_with_files_of_which_each_has_few_values(tmp_path: Path) -> None:
    for file in range(8):
        store(tmp_path, "request", requests(endpoints=2, start=10 * file))
    found, wanted, source = answered(tmp_path, by=("endpoint",))
    assert_frame_equal(found, wanted, check_row_order=False, rel_tol=0.005)
    assert source != "events"
    lake = Lake(tmp_path)
    for name in ("request_counts", "request_duration"):
        merge_views(lake.rollup(name), name, Sizes(small=1 << 30, target=1 << 30, enough=2, slice_rows=1_000))
    (merged,) = [
        one for one in lake.rollup("request_counts").snapshot.files if one.partition["view"] == "hour.endpoint"
    ]
    stored = pl.read_parquet(lake.rollup("request_counts").root / merged.path)
    assert stored.group_by(pl.col("bucket").dt.date()).agg(pl.col("endpoint").n_unique())["endpoint"].max() == 5
    found, wanted, source = answered(tmp_path, by=("endpoint",))
    assert_frame_equal(found, wanted, check_row_order=False, rel_tol=0.005)
    assert "request_counts" not in source
    found, wanted, source = answered(tmp_path)
    assert_frame_equal(found, wanted, check_row_order=False, rel_tol=0.005)
    assert source != "events"
