"""A trace, out of the events of all kinds."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from metrics.engine import Engine, Trace, Window
from metrics.settings import Settings
from tests.metrics.engine.stored import store

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_a_trace_holds_its_events_of_all_kinds_and_no_others(tmp_path: Path) -> None:
    def events(*rows: dict[str, object]) -> pl.DataFrame:
        return pl.DataFrame(
            [{"ts": NOON, "duration_ms": 10.0, **row} for row in rows],
            schema_overrides={"ts": pl.Datetime("us", "UTC")},
        )

    agent = [{"key": "span_id", "value": "1"}]
    call = [{"key": "span_id", "value": "2"}, {"key": "parent_span_id", "value": "1"}]
    store(tmp_path, "span", events({"event_id": "s", "trace_id": "t", "name": "agent", "attributes": agent}))
    told: dict[str, object] = {"cost_usd": 0.5, "input_tokens": 7, "output_tokens": 3, "attributes": call}
    calls = ({"event_id": "c", "trace_id": "t", **told}, {"event_id": "x", "trace_id": "u", **told})
    store(tmp_path, "llm_call", events(*calls))
    window = Window(start=NOON, end=NOON + timedelta(hours=1))
    found = Engine(Settings(home=tmp_path)).answer(Trace(trace_id="t", window=window))
    assert [(one.step.kind, one.depth, one.cost_usd, one.tokens) for one in found.steps] == [
        ("span", 0, 0.5, 10), ("llm_call", 1, 0.5, 10),
    ]  # fmt: skip
    assert set(found.events) == {"span/s", "llm_call/c"}
    assert not found.cut
