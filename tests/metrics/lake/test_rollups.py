"""Partial aggregates: merged, they are the aggregates of all events."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl
import pytest

from metrics.catalog import METRICS
from metrics.catalog.model import Additive
from metrics.lake import rollups, shapes
from metrics.lake.rollups import ROLLUPS
from metrics.lake.shapes import (
    BIN_ORIGIN_MS,
    BIN_RATIO,
    BINS,
    LAST_BIN,
    PERCENTILES,
    USER,
    VIEW,
    Counts,
    Histogram,
    Percentiles,
    Users,
)
from metrics.lake.visits import SESSION, Visits
from tests.metrics.engine.compared import EXACT, relative_error
from tests.metrics.engine.stored import complete
from tests.metrics.engine.world import world

EVENTS = world(seed=3)
KINDS = [kind for kind in EVENTS if rollups.rollups_of(kind)]
BY_SETTINGS = {"minutes_saved"}
"""Measures that change with the settings, which what is stored does not."""
ADDITIVE = list(
    dict.fromkeys(
        measure
        for metric in METRICS.values()
        for measure in metric.measures
        if isinstance(measure, Additive) and f"{measure.kind}_counts" in ROLLUPS and measure.name not in BY_SETTINGS
    )
)
"""Additive measures of the kinds that have a rollup for them."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parts", [2, 5])
def test_merged_partials_are_the_partials_of_all_events(kind: str, parts: int) -> None:
    events = EVENTS[kind]
    split = [rollups.partials(kind, events.gather_every(parts, part)) for part in range(parts)]
    for name, expected in rollups.partials(kind, events).items():
        merged = rollups.merge(name, pl.concat(partial[name] for partial in split))
        assert _comparable(name, merged).equals(_comparable(name, expected)), name


@pytest.mark.parametrize("name", ROLLUPS)
def test_rollup_has_one_row_a_key(name: str) -> None:
    rollup = ROLLUPS[name]
    if rollup.kind not in EVENTS:
        events = complete(rollup.kind, EVENTS["interaction"].select("ts", "event_id", "user_id", "region"))
    else:
        events = EVENTS[rollup.kind]
    rows = rollups.partials(rollup.kind, events)[name]
    user = _NAMED.get(type(rollup.shape), ())
    assert rows.schema == rollup.schema
    assert rows.select(VIEW, shapes.BUCKET, *rollup.dimensions, *user).is_duplicated().sum() == 0
    assert set(rows[VIEW]) == {view.name for view in rollup.views if view not in rollup.sums}


@pytest.mark.parametrize("measure", ADDITIVE, ids=lambda measure: f"{measure.kind}.{measure.name}")
def test_rollup_column_is_the_measure_of_the_same_name(measure: Additive) -> None:
    rollup = ROLLUPS[f"{measure.kind}_counts"]
    assert measure.name in rollup.schema
    partial = rollups.partials(measure.kind, EVENTS[measure.kind])[rollup.name]
    rows = partial.filter(pl.col(VIEW) == "hour").select("bucket", measure.name).sort("bucket")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("events", EVENTS[measure.kind].drop("attributes").to_arrow())
        expected = connection.sql(
            f"SELECT date_trunc('hour', ts) AS bucket, CAST({measure.sql} AS DOUBLE) AS expected "
            "FROM events GROUP BY 1 ORDER BY 1"
        ).pl()
    assert rows["bucket"].to_list() == expected["bucket"].to_list()
    pairs = zip(rows[measure.name], expected["expected"], strict=True)
    assert all(relative_error(got, value) <= EXACT for got, value in pairs)


def test_nothing_reported_is_no_data_also_after_a_merge() -> None:
    calls = complete("llm_call", EVENTS["llm_call"].select("ts", "event_id"))
    partial = rollups.partials("llm_call", calls)["llm_call_counts"]
    merged = rollups.merge("llm_call_counts", pl.concat([partial, partial]))
    assert partial["input_tokens"].null_count() == partial.height
    assert merged["input_tokens"].null_count() == merged.height
    assert merged["priced_calls"].sum() == 0


@pytest.mark.parametrize("value", [0.001, 0.0011, 0.5, 1, 199.999, 200, 1234.5678, 86_400_000, 1e15])
def test_bin_holds_its_value(value: float) -> None:
    number = _bin(value)
    assert BIN_ORIGIN_MS * BIN_RATIO ** (number - 1) <= value * (1 + 1e-9)
    assert value <= BIN_ORIGIN_MS * BIN_RATIO**number * (1 + 1e-9)


@pytest.mark.parametrize(("value", "number"), [(0.0, 0), (0.0009, 0), (1e300, LAST_BIN), (math.inf, LAST_BIN)])
def test_bins_take_any_value(value: float, number: int) -> None:
    assert _bin(value) == number


def test_no_events_give_no_partials() -> None:
    assert rollups.partials("request", EVENTS["request"].clear()) == {}


def test_kind_without_rollups_gives_no_partials() -> None:
    assert rollups.partials("health", EVENTS["health"]) == {}


def test_users_keep_the_hours_in_which_they_were_seen() -> None:
    moments = [datetime(2026, 3, 1, hour, 59, 59, 999_999, tzinfo=UTC) for hour in (0, 5, 23)]
    seen = complete("request", pl.DataFrame({"ts": moments, "event_id": ["a", "b", "c"], "user_id": ["ada"] * 3}))
    row = rollups.partials("request", seen)["request_users"].filter(pl.col(VIEW) == "day").row(0, named=True)
    assert row["hours"] == 1 | 1 << 5 | 1 << 23
    assert row["first_ts"] == moments[0]


def test_percentiles_are_those_of_each_minute() -> None:
    moments = [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=second) for second in range(130)]
    durations = [*(float(n * n % 97) for n in range(129)), None]
    columns = {"ts": moments, "event_id": [str(n) for n in range(130)], "duration_ms": durations}
    rows = rollups.partials("request", complete("request", pl.DataFrame(columns)))["request_percentiles"]
    found = rows.filter(pl.col(VIEW) == "minute").sort("bucket")
    parts = (durations[:60], durations[60:120], durations[120:129])
    assert found["timed"].to_list() == [len(part) for part in parts]
    for q, name in PERCENTILES.items():
        assert found[name].to_list() == pytest.approx([pl.Series(part).quantile(q, "linear") for part in parts])


@pytest.mark.parametrize("value", [0.0, 1e-300, 3.0, 1e300, math.inf])
def test_percentiles_take_any_value(value: float) -> None:
    columns = {"ts": [datetime(2026, 3, 1, tzinfo=UTC)] * 2, "event_id": ["a", "b"], "duration_ms": [value] * 2}
    rows = rollups.partials("request", complete("request", pl.DataFrame(columns)))["request_percentiles"]
    assert rows["p95"].to_list() == pytest.approx([min(value, 3.4028235e38)] * 3)


def test_percentiles_of_minutes_years_apart_and_of_many_values_are_told_apart() -> None:
    """More buckets and values than fit into the bits kept for their number."""
    count = 5_000
    moments = [datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=5_000 * n) for n in range(count)]
    columns = {"ts": moments, "event_id": [str(n) for n in range(count)], "endpoint": [f"/{n}" for n in range(count)],
               "duration_ms": [float(n) for n in range(count)]}  # fmt: skip
    rows = rollups.partials("request", complete("request", pl.DataFrame(columns)))["request_percentiles"]
    found = rows.filter(pl.col(VIEW) == "minute.endpoint").sort("bucket")
    assert found["endpoint"].to_list() == columns["endpoint"]
    assert found["p50"].to_list() == columns["duration_ms"]


def test_percentiles_of_a_minute_in_two_parts_are_unknown() -> None:
    columns = {"ts": [datetime(2026, 3, 1, tzinfo=UTC)], "event_id": ["a"], "duration_ms": [7.0]}
    partial = rollups.partials("request", complete("request", pl.DataFrame(columns)))["request_percentiles"]
    merged = rollups.merge("request_percentiles", pl.concat([partial, partial]))
    again = rollups.merge("request_percentiles", pl.concat([merged, partial]))
    assert merged["timed"].to_list() == [2, 2, 2]
    assert again["timed"].to_list() == [3, 3, 3]
    for name in PERCENTILES.values():
        assert partial[name].to_list() == [7.0] * 3
        assert merged[name].null_count() == again[name].null_count() == 3


def _bin(value: float) -> int:
    return int(pl.DataFrame({"ms": [value]}).select(shapes.bin_of("ms")).item())


_SORTED: dict[type, Callable[[pl.DataFrame], pl.DataFrame]] = {
    # Sums of floats differ in their last digits with the order of addition.
    Counts: lambda rows: rows.with_columns(pl.col(pl.Float64).round_sig_figs(9)),
    Histogram: lambda rows: rows.explode(BINS).unnest(BINS),
    Users: lambda rows: rows,
    # Those of several files have no percentiles.
    Percentiles: lambda rows: rows.drop(PERCENTILES.values()),
    Visits: lambda rows: rows.with_columns(pl.col(pl.List).list.eval(pl.element().cast(pl.String)).list.join(";")),
}
_NAMED: dict[type, tuple[str, ...]] = {Users: (USER,), Visits: (SESSION, USER)}
"""What names a row beside its bucket and dimensions."""


def _comparable(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    shape = ROLLUPS[name].shape
    return _SORTED[type(shape)](rows).sort(pl.exclude(BINS), nulls_last=True)
