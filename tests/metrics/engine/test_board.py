"""What a board shows beside metrics: open errors, components, changes, values to filter by, freshness."""

from datetime import UTC, datetime, timedelta
from math import floor, log10
from pathlib import Path
from shutil import rmtree

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.engine import Engine, Filter, Query, Window
from metrics.settings import Settings
from tests.metrics.engine.facts import Events
from tests.metrics.engine.stored import store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_values_are_listed_the_most_frequent_first(engine: Engine, world_events: Events) -> None:
    window = Window(start=datetime(2026, 3, 26, tzinfo=UTC), end=datetime(2026, 4, 6, tzinfo=UTC))
    rows = pl.concat(world_events[kind].select("ts", "provider") for kind in ("request", "llm_call"))
    seen = rows.filter(pl.col("ts") >= window.start, pl.col("ts") < window.end)["provider"].value_counts(sort=True)
    assert engine.dimension_values("provider", window) == seen["provider"].to_list()


def test_a_value_that_only_the_cut_hour_knows_is_listed(tmp_path: Path) -> None:
    moments = [NOON + n * timedelta(minutes=10) for n in range(13)]
    regions = ["eu"] * 12 + ["new"]
    events = pl.DataFrame({"ts": moments, "event_id": [str(n) for n in range(13)], "region": regions})
    store(tmp_path, "request", events)
    window = Window(start=NOON, end=moments[-1] + MINUTE)
    assert Engine(Settings(home=tmp_path)).dimension_values("region", window) == ["eu", "new"]


def test_values_are_searched_without_case(engine: Engine) -> None:
    window = Window(start=datetime(2026, 3, 26, tzinfo=UTC), end=datetime(2026, 4, 6, tzinfo=UTC))
    assert engine.dimension_values("model", window, search="LAR") == ["large"]


def test_open_errors_are_those_counted_as_pending(engine: Engine) -> None:
    window = Window(start=datetime(2026, 3, 28, tzinfo=UTC), end=datetime(2026, 3, 30, tzinfo=UTC))
    pending = engine.run(Query(metrics=("errors_pending",), window=window)).frame["errors_pending"].item()
    listed = engine.open_errors(window, limit=1000)
    assert listed.height == pending > 10
    order = {"critical": 0, "error": 1, "warning": 2, "info": 3, None: 4}
    ranks = [order[severity] for severity in listed["severity"]]
    assert ranks == sorted(ranks)
    newest = listed.filter(pl.col("severity") == "critical")["opened_at"]
    assert newest.to_list() == sorted(newest, reverse=True)


def test_a_component_is_unknown_five_minutes_after_its_last_probe(tmp_path: Path) -> None:
    probes = [("api", NOON - 9 * MINUTE, "healthy"), ("api", NOON - 4 * MINUTE, "down"), ("api", NOON - MINUTE, "down"),
              ("cache", NOON - 30 * MINUTE, "healthy"), ("cache", NOON - 6 * MINUTE, "healthy")]  # fmt: skip
    columns = {name: [probe[index] for probe in probes] for index, name in enumerate(("component", "ts", "status"))}
    store(tmp_path, "health", pl.DataFrame({**columns, "event_id": [str(n) for n in range(len(probes))]}))
    status = Engine(Settings(home=tmp_path)).component_status(NOON)
    assert status.select("component", "status", "since").rows() == [
        ("api", "down", NOON - 4 * MINUTE),
        ("cache", "unknown", NOON - MINUTE),
    ]


def test_changes_are_those_that_touch_the_window(tmp_path: Path) -> None:
    changes = [("before", NOON - 90 * MINUTE, None), ("into", NOON - 90 * MINUTE, NOON + MINUTE), ("in", NOON, None),
               ("after", NOON + 60 * MINUTE, None)]  # fmt: skip
    columns = {name: [change[index] for change in changes] for index, name in enumerate(("name", "ts", "ended_at"))}
    count = len(changes)
    rows = {**columns, "event_id": [str(n) for n in range(count)], "change_type": ["incident"] * count}
    store(tmp_path, "change", pl.DataFrame(rows))
    window = Window(start=NOON, end=NOON + 60 * MINUTE)
    assert Engine(Settings(home=tmp_path)).changes(window)["name"].to_list() == ["into", "in"]


def test_freshness_tells_rows_and_moments_of_every_kind(engine: Engine, world_events: Events) -> None:
    fresh = engine.freshness()
    assert {kind: (k.rows, k.first, k.last) for kind, k in fresh.kinds.items()} == {
        kind: (events.height, events["ts"].min(), events["ts"].max()) for kind, events in world_events.items()
    }


def test_data_version_changes_with_every_commit_and_not_without(tmp_path: Path) -> None:
    engine = Engine(Settings(home=tmp_path))
    event = pl.DataFrame({"ts": [NOON], "event_id": ["1"]})
    versions = [engine.data_version()]
    for _ in range(2):
        store(tmp_path, "request", event)
        versions.append(engine.data_version())
    assert len(set(versions)) == 3
    assert engine.data_version() == versions[-1]


def test_an_empty_home_answers_with_what_is_missing(tmp_path: Path) -> None:
    engine = Engine(Settings(home=tmp_path))
    result = engine.run(Query(metrics=("requests", "uptime"), window=Window(start=NOON, end=NOON + MINUTE)))
    assert result.missing == {"requests": "request", "uptime": "health"}
    assert result.frame.rows() == [(None, None)]
    assert engine.freshness().last is None


CALLS = pl.DataFrame(
    {
        "ts": [NOON + n * timedelta(minutes=41) for n in range(300)],
        "event_id": [str(n) for n in range(300)],
        "provider": [["openai", "mistral", None][n % 3] for n in range(300)],
        "model": [["large", "small"][n % 2] for n in range(300)],
        # Powers of ten lie on an edge, and logarithms of them come out a little too small.
        "input_tokens": [[1000, 10, None, 0, 7][n % 5] for n in range(300)],
        "output_tokens": [[0, 90, 3, None, n][n % 5] for n in range(300)],
        "cost_usd": [[0.001, 0.0, None, 1e-15, 0.002 * n, 10.0, 1e30][n % 7] for n in range(300)],
    },
    infer_schema_length=None,
)
"""Twelve and a half days of calls, from a noon."""


def by_hand(window: Window, provider: str | None = None) -> dict[tuple[object, ...], int]:
    """Calls by provider, model and the steps of tokens and cost."""
    found: dict[tuple[object, ...], int] = {}
    for row in CALLS.iter_rows(named=True):
        tokens, cost = (row["input_tokens"] or 0) + (row["output_tokens"] or 0), row["cost_usd"] or 0
        inside = window.start <= row["ts"] < window.end and provider in (None, row["provider"])
        if inside and tokens > 0 and cost > 0:
            steps = (min(max(floor(10 * log10(one) + 1e-9), least), most) for one, least, most in
                     ((tokens, 0, 127), (cost, -128, 127)))  # fmt: skip
            key = (row["provider"], row["model"], *steps)
            found[key] = found.get(key, 0) + 1
    return found


SPANS = {
    "all of it": (timedelta(0), timedelta(days=13)),
    "cut": (timedelta(days=2, hours=3), timedelta(days=4)),
    "hours": (timedelta(0), timedelta(hours=5)),
}


@pytest.mark.parametrize("provider", [None, "openai"])
@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("has_rollup", [True, False])
def test_calls_are_counted_by_tokens_and_cost(
    tmp_path: Path, provider: str | None, span: str, has_rollup: bool
) -> None:
    for part in range(2):
        store(tmp_path, "llm_call", CALLS.gather_every(2, part))
    if not has_rollup:
        rmtree(tmp_path / "rollups" / "llm_call_efficiency")
        rmtree(tmp_path / "rollups" / "llm_call_spending")
    filters = (Filter(dimension="provider", values=(provider,)),) if provider else ()
    start, end = SPANS[span]
    window = Window(start=NOON + start, end=NOON + end)
    found = Engine(Settings(home=tmp_path)).efficiency(window, filters)
    assert found.one_in == 1
    steps: dict[tuple[object, ...], int] = {}
    for row in found.frame.iter_rows(named=True):
        middles = (round(10 * log10(row[name]) - 0.5) for name in ("tokens", "cost"))
        steps[row["provider"], row["model"], *middles] = row["calls"]
    assert steps == by_hand(window, provider)


def test_what_users_spend_is_read_from_the_days_of_each(tmp_path: Path) -> None:
    spent = CALLS.with_columns(user_id=pl.Series([["ada", "bob", None][n % 3] for n in range(300)]))
    store(tmp_path, "llm_call", spent)
    engine = Engine(Settings(home=tmp_path))
    window = Window(start=NOON + timedelta(hours=7), end=NOON + timedelta(days=9, hours=1))
    query = Query(metrics=("cost", "llm_calls", "tokens"), by=("user_id",), window=window)
    found = engine.run(query)
    assert found.source == "rollup llm_call_spending"
    assert_frame_equal(found.frame, engine.run(query.model_copy(update={"raw": True})).frame)
    assert found.frame.height == 3
