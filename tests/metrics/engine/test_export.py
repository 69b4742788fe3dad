"""An export holds the events that were asked for, and nothing that a spreadsheet would run."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.engine import Engine, Filter, Window
from metrics.settings import Settings
from tests.metrics.engine.facts import Events
from tests.metrics.engine.queries import QUESTIONS
from tests.metrics.engine.stored import store

EVERYTHING = QUESTIONS["everything"].window
CUT = QUESTIONS["days cut at both ends"].window
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


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
