"""Freshness is what the events say of themselves."""

from datetime import UTC, datetime, timedelta

from metrics.engine import DataFreshness, Engine
from tests.metrics.engine.facts import Events

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_freshness_tells_rows_and_moments_of_every_kind(engine: Engine, world_events: Events) -> None:
    fresh = engine.answer(DataFreshness())
    assert {kind: (k.rows, k.first, k.last) for kind, k in fresh.kinds.items()} == {
        kind: (events.height, events["ts"].min(), events["ts"].max()) for kind, events in world_events.items()
    }
