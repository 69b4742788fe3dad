"""Raw events, page by page: all of them, once, the newest first, whatever the files."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.engine import DimensionMismatch, Engine, Filter, Place, Window
from metrics.settings import Settings
from tests.metrics.engine.facts import Events
from tests.metrics.engine.questions import QUESTIONS
from tests.metrics.engine.stored import store

EVERYTHING = QUESTIONS["everything"].window
CUT = QUESTIONS["days cut at both ends"].window
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def turned(engine: Engine, kind: str, window: Window, *filters: Filter, limit: int = 97) -> list[tuple[datetime, str]]:
    """All pages, one behind the other."""
    found: list[tuple[datetime, str]] = []
    place: Place | None = None
    while True:
        page = engine.events(kind, window, filters, place, limit)
        assert page.rows.height <= limit
        found += list(page.rows.select("ts", "event_id").iter_rows())
        if page.older is None:
            return found
        place = page.older


@pytest.mark.parametrize("kind", ["request", "health", "error"])
@pytest.mark.parametrize("window", [EVERYTHING, CUT], ids=["everything", "cut"])
def test_pages_hold_every_event_once_the_newest_first(
    kind: str, window: Window, engine: Engine, world_events: Events
) -> None:
    inside = world_events[kind].filter(pl.col("ts").is_between(window.start, window.end, "left"))
    wanted = inside.sort("ts", "event_id", descending=True).select("ts", "event_id")
    assert turned(engine, kind, window) == list(wanted.iter_rows())


def test_pages_hold_what_passes_the_filters(engine: Engine, world_events: Events) -> None:
    got = turned(engine, "request", EVERYTHING, Filter(dimension="region", values=("eu", None)), limit=20)
    region = pl.col("region")
    assert len(got) == world_events["request"].filter((region == "eu") | region.is_null()).height


def test_events_of_one_moment_are_not_lost_between_pages(tmp_path: Path) -> None:
    rows = [{"ts": NOON, "event_id": f"e{n:03}"} for n in range(50)]
    store(tmp_path, "request", pl.DataFrame(rows, schema_overrides={"ts": pl.Datetime("us", "UTC")}))
    window = Window(start=NOON, end=NOON + timedelta(hours=1))
    got = turned(Engine(Settings(home=tmp_path)), "request", window, limit=7)
    assert [event_id for _, event_id in got] == [f"e{n:03}" for n in reversed(range(50))]


def test_a_filter_that_the_kind_lacks_is_said(engine: Engine) -> None:
    with pytest.raises(DimensionMismatch):
        engine.events("health", EVERYTHING, (Filter(dimension="endpoint", values=("/",)),))


def test_events_of_a_session_come_from_all_kinds_that_have_it(engine: Engine, world_events: Events) -> None:
    found = engine.together("session_id", "s7", EVERYTHING, limit=10_000)
    counts = {kind: events.filter(pl.col("session_id") == "s7").height for kind, events in world_events.items()}
    assert dict(found["kind"].value_counts().iter_rows()) == {kind: count for kind, count in counts.items() if count}
    assert found["ts"].is_sorted(descending=True)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_export_holds_the_events_of_the_window_in_order(
    form: str, engine: Engine, world_events: Events, tmp_path: Path
) -> None:
    path = tmp_path / f"events.{form}"
    count = engine.export("llm_call", CUT, (Filter(dimension="provider", values=("openai",)),), path, form)  # pyright: ignore[reportArgumentType]
    inside = pl.col("ts").is_between(CUT.start, CUT.end, "left")
    wanted = world_events["llm_call"].filter(inside, pl.col("provider") == "openai").sort("ts")
    got = pl.read_csv(path, infer_schema=False) if form == "csv" else pl.read_parquet(path)
    assert count == got.height == wanted.height > 10
    assert sorted(got["event_id"]) == sorted(wanted["event_id"])
    assert got.columns == wanted.columns


def test_a_spreadsheet_runs_no_text_of_an_export(tmp_path: Path) -> None:
    hostile = ["=1+1", "+1", "-1", "@x", "\t=1", "＝1", "plain", "a=b", None]
    rows = [
        {"ts": NOON, "event_id": f"e{n}", "endpoint": text, "duration_ms": -0.0, "attributes": {"k": "=2"}}
        for n, text in enumerate(hostile)
    ]
    overrides = {"ts": pl.Datetime("us", "UTC"), "attributes": pl.Map(pl.String, pl.String)}
    store(tmp_path, "request", pl.DataFrame(rows, schema_overrides=overrides))
    path = tmp_path / "out.csv"
    Engine(Settings(home=tmp_path)).export(
        "request", Window(start=NOON, end=NOON + timedelta(hours=1)), (), path, "csv"
    )
    with path.open(encoding="utf-8", newline="") as file:
        read = {row["event_id"]: row for row in csv.DictReader(file)}
    assert [read[f"e{n}"]["endpoint"] for n in range(9)] == [
        "'=1+1", "'+1", "'-1", "'@x", "'\t=1", "'＝1", "plain", "a=b", ""
    ]  # fmt: skip
    assert json.loads(read["e0"]["attributes"]) == {"k": "=2"}
