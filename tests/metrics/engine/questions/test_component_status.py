"""A component is what its newest probe found, as long as that is new."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from metrics.engine import ComponentStatus, Engine
from metrics.settings import Settings
from tests.metrics.engine.stored import store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_component_is_unknown_five_minutes_after_its_last_probe(tmp_path: Path) -> None:
    probes = [("api", NOON - 9 * MINUTE, "healthy"), ("api", NOON - 4 * MINUTE, "down"), ("api", NOON - MINUTE, "down"),
              ("cache", NOON - 30 * MINUTE, "healthy"), ("cache", NOON - 6 * MINUTE, "healthy")]  # fmt: skip
    columns = {name: [probe[index] for probe in probes] for index, name in enumerate(("component", "ts", "status"))}
    store(tmp_path, "health", pl.DataFrame({**columns, "event_id": [str(n) for n in range(len(probes))]}))
    status = Engine(Settings(home=tmp_path)).answer(ComponentStatus(at=NOON))
    assert status.select("component", "status", "since").rows() == [
        ("api", "down", NOON - 4 * MINUTE),
        ("cache", "unknown", NOON - MINUTE),
    ]
