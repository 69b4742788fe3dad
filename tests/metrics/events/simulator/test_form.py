"""Simulated events are events like any others: their files are read as they are, and nothing is found wrong."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from metrics.events import KINDS
from metrics.events.simulator import SIMULATED
from tests.metrics.events.conftest import Convert
from tests.metrics.events.simulator.conftest import DAYS, END, REQUESTS_A_DAY, Simulated

EVERY_KIND = pytest.mark.parametrize("kind", SIMULATED)


@EVERY_KIND
def test_every_kind_is_there_on_every_day(fortnight: Simulated, kind: str) -> None:
    days = [END - timedelta(days=ago) for ago in range(DAYS, 0, -1)]
    found = {path.name for path in fortnight.files(kind)}
    expected = {f"{kind}-{day.date()}.parquet" for day in days}
    # There are not changes every day.
    assert found <= expected if kind == "change" else found == expected


@EVERY_KIND
def test_every_file_has_exactly_the_schema_of_its_kind(fortnight: Simulated, kind: str) -> None:
    assert {pl.read_parquet_schema(path) == KINDS[kind].schema for path in fortnight.files(kind)} == {True}


@EVERY_KIND
def test_every_file_holds_the_events_of_its_day_in_order(fortnight: Simulated, kind: str) -> None:
    for path in fortnight.files(kind):
        times = pl.read_parquet(path, columns=["ts"])["ts"]
        assert times.is_sorted()
        assert set(times.dt.date().cast(pl.String)) == {path.stem.removeprefix(f"{kind}-")}


@EVERY_KIND
def test_no_event_is_rejected_when_it_is_read(fortnight: Simulated, converted: Convert, kind: str) -> None:
    path = fortnight.files(kind)[0]
    rows = pl.read_parquet(path)
    (part,) = converted(rows, path=f"{kind}/{path.name}", now=END).values()
    assert part.rejected.is_empty()
    assert part.kind == kind
    priced = ("cost_usd", "cost_source", "cache_savings_usd")
    assert part.good.drop(priced, strict=False).equals(rows.drop(priced, strict=False))


@EVERY_KIND
def test_no_event_of_the_shared_simulation_is_rejected(simulated_events: Path, converted: Convert, kind: str) -> None:
    for path in sorted(simulated_events.glob(f"{kind}/*.parquet")):
        parts = converted(pl.read_parquet(path), path=f"{kind}/{path.name}", now=END)
        assert {name: part.rejected.height for name, part in parts.items()} == {kind: 0}


def test_no_two_events_of_any_kind_have_the_same_id(fortnight: Simulated) -> None:
    ids = pl.concat([events["event_id"] for events in fortnight.of.values()])
    assert ids.null_count() == 0
    assert ids.n_unique() == len(ids)


def test_the_truth_tells_how_many_events_there_are(fortnight: Simulated) -> None:
    assert fortnight.truth["events"] == {kind: events.height for kind, events in fortnight.of.items()}


def test_there_are_as_many_requests_as_asked_for(fortnight: Simulated) -> None:
    # Crawlers of two traffic anomalies, two hours each, come on top.
    assert fortnight.of["request"].height / DAYS == pytest.approx(REQUESTS_A_DAY, rel=0.05)


def test_every_call_belongs_to_a_request_before_it(fortnight: Simulated) -> None:
    requests = fortnight.of["request"].select("request_id", "provider", asked="ts", who="user_id")
    calls = fortnight.of["llm_call"].join(requests, on="request_id", how="left")
    assert calls["asked"].null_count() == 0
    assert calls.filter(pl.col("ts") < pl.col("asked")).is_empty()
    assert calls.filter(
        (pl.col("user_id") != pl.col("who")) | (pl.col("provider") != pl.col("provider_right"))
    ).is_empty()


def test_every_error_is_opened_once(fortnight: Simulated) -> None:
    opened = fortnight.of["error"].filter(pl.col("status") == "open")["error_id"]
    assert opened.n_unique() == len(opened)


def test_an_error_resolved_on_the_day_it_was_opened_is_the_same_error_and_resolved_after(fortnight: Simulated) -> None:
    errors = fortnight.of["error"].with_columns(day=pl.col("ts").dt.date())
    opened = errors.filter(pl.col("status") == "open")
    same = ["error_id", "day", "severity", "error_type", "endpoint", "component"]
    solved = errors.filter(pl.col("status") == "resolved").join(opened, on=same, suffix="_opened")
    assert solved.height > opened.height * 0.8
    assert solved["error_id"].n_unique() == solved.height
    assert solved.filter(pl.col("ts_opened") > pl.col("ts")).is_empty()


def test_when_it_ends_one_error_is_open_that_nobody_has_looked_after(fortnight: Simulated) -> None:
    errors = fortnight.of["error"]
    solved = errors.filter(pl.col("status") == "resolved")
    left = errors.filter(pl.col("status") == "open").join(solved, on="error_id", how="anti").sort("ts")
    newest = left.row(-1, named=True)
    assert (newest["ts"], newest["severity"]) == (END - timedelta(minutes=25), "critical")


@pytest.mark.parametrize("name", ["start", "end"])
def test_the_truth_tells_its_times_with_their_zone(simulated_events: Path, name: str) -> None:
    truth: dict[str, Any] = orjson.loads((simulated_events / "truth.json").read_bytes())
    times = [truth[name], *(one[name] for one in truth["incidents"])]
    assert all(datetime.fromisoformat(one).utcoffset() == timedelta() for one in times)
