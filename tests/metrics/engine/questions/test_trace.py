"""A trace, out of the events of all kinds."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from metrics.engine import Engine, Trace, Window
from metrics.settings import Settings
from tests.metrics.engine.stored import store

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)


def events(*rows: Mapping[str, object]) -> pl.DataFrame:
    return pl.DataFrame(
        [{"ts": NOON, "duration_ms": 10.0, **row} for row in rows],
        schema_overrides={"ts": pl.Datetime("us", "UTC")},
    )


def spans(home: Path, *placed: tuple[str, str, float]) -> Engine:
    """Spans by id, trace and days since noon."""
    store(home, "span", events(*({"event_id": n, "trace_id": t, "ts": NOON + days * DAY} for n, t, days in placed)))
    return Engine(Settings(home=home))


def test_a_trace_holds_its_events_of_all_kinds_and_no_others(tmp_path: Path) -> None:
    agent = [{"key": "span_id", "value": "1"}]
    call = [{"key": "span_id", "value": "2"}, {"key": "parent_span_id", "value": "1"}]
    store(tmp_path, "span", events({"event_id": "s", "trace_id": "t", "name": "agent", "attributes": agent}))
    told: dict[str, object] = {"cost_usd": 0.5, "input_tokens": 7, "output_tokens": 3, "attributes": call}
    calls = ({"event_id": "c", "trace_id": "t", **told}, {"event_id": "x", "trace_id": "u", **told})
    store(tmp_path, "llm_call", events(*calls))
    found = Engine(Settings(home=tmp_path)).answer(Trace(trace_id="t", near=NOON))
    assert [(one.step.kind, one.depth, one.cost_usd, one.tokens) for one in found.steps] == [
        ("span", 0, 0.5, 10), ("llm_call", 1, 0.5, 10),
    ]  # fmt: skip
    assert set(found.events) == {"span/s", "llm_call/c"}
    assert not found.cut


def test_a_trace_is_found_by_its_id_alone_wherever_it_lies(tmp_path: Path) -> None:
    engine = spans(tmp_path, ("new", "n", 0), ("newer", "n", 1), ("old", "o", -40), ("last", "n", 2))
    found = engine.answer(Trace(trace_id="o"))
    assert [one.step.event_id for one in found.steps] == ["old"]
    assert found.looked == Window(start=MIDNIGHT - 40 * DAY, end=MIDNIGHT + 3 * DAY)


def test_of_what_is_near_the_newest_event_nothing_older_is_read(tmp_path: Path) -> None:
    engine = spans(tmp_path, ("old", "o", -40), ("new", "n", 0))
    assert engine.answer(Trace(trace_id="n")).looked == Window(start=MIDNIGHT, end=MIDNIGHT + DAY)


def test_a_trace_of_many_days_is_whole_until_it_is_silent_for_more_than_one(tmp_path: Path) -> None:
    placed = [("a", "t", -3.0), ("b", "t", -2.1), ("c", "t", -1.2), ("d", "t", -0.3), ("e", "t", 0.6)]
    engine = spans(tmp_path, *placed, ("long before", "t", -5), ("long after", "t", 2))
    found = engine.answer(Trace(trace_id="t", near=NOON - 2 * DAY))
    assert [one.step.event_id for one in found.steps] == ["a", "b", "c", "d", "e"]


def test_of_two_traces_of_one_id_the_newest_is_found(tmp_path: Path) -> None:
    engine = spans(tmp_path, ("old", "t", -9), ("new", "t", 0))
    assert [one.step.event_id for one in engine.answer(Trace(trace_id="t")).steps] == ["new"]


def test_what_is_not_there_is_said_with_where_it_was_looked_for(tmp_path: Path) -> None:
    engine = spans(tmp_path, ("old", "o", -9), ("new", "n", 0))
    everywhere, near = engine.answer(Trace(trace_id="x")), engine.answer(Trace(trace_id="o", near=NOON))
    assert (everywhere.steps, everywhere.looked) == ((), Window(start=MIDNIGHT - 9 * DAY, end=MIDNIGHT + DAY))
    assert (near.steps, near.looked) == ((), Window(start=NOON - DAY, end=NOON + DAY))
    assert Engine(Settings(home=tmp_path / "empty")).answer(Trace(trace_id="x")).looked is None
