"""Raw events, page by page: all of them, once, the newest first, whatever the files."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.engine import DimensionMismatch, Engine, Filter, Place, RawEvents, RelatedEvents, Window
from metrics.settings import Settings
from tests.metrics.engine.facts import Events
from tests.metrics.engine.queries import QUESTIONS
from tests.metrics.engine.stored import store

EVERYTHING = QUESTIONS["everything"].window
CUT = QUESTIONS["days cut at both ends"].window
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def turned(engine: Engine, kind: str, window: Window, *filters: Filter, limit: int = 97) -> list[tuple[datetime, str]]:
    """All pages, one behind the other."""
    found: list[tuple[datetime, str]] = []
    place: Place | None = None
    while True:
        page = engine.answer(RawEvents(kind=kind, window=window, filters=filters, after=place, limit=limit))
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
    by_endpoint = Filter(dimension="endpoint", values=("/",))
    with pytest.raises(DimensionMismatch):
        engine.answer(RawEvents(kind="health", window=EVERYTHING, filters=(by_endpoint,)))


def test_events_of_a_session_come_from_all_kinds_that_have_it(engine: Engine, world_events: Events) -> None:
    found = engine.answer(RelatedEvents(dimension="session_id", value="s7", window=EVERYTHING, limit=10_000))
    counts = {kind: events.filter(pl.col("session_id") == "s7").height for kind, events in world_events.items()}
    assert dict(found["kind"].value_counts().iter_rows()) == {kind: count for kind, count in counts.items() if count}
    assert found["ts"].is_sorted(descending=True)


def test_only_those_that_a_metric_counts_as_bad_are_shown(engine: Engine, world_events: Events) -> None:
    question = RawEvents(kind="request", window=EVERYTHING, bad_for="error_rate", limit=5)
    page = engine.answer(question)
    bad = world_events["request"].filter(pl.col("status_code") >= 500).sort("ts", "event_id", descending=True)
    assert page.rows["event_id"].to_list() == bad["event_id"].head(5).to_list()
    slow = engine.answer(question.model_copy(update={"bad_for": "response_time_p95", "above": 100.0}))
    assert slow.rows.height == 5
    assert slow.rows["duration_ms"].min() > 100  # pyright: ignore[reportOperatorIssue]


def test_none_are_shown_where_nothing_says_which_are_bad(engine: Engine) -> None:
    assert engine.answer(RawEvents(kind="request", window=EVERYTHING, bad_for="requests")).rows.is_empty()
