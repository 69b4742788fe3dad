"""A writer that is killed at any instant loses nothing and stores nothing twice."""

import random
import time
from datetime import timedelta
from pathlib import Path

import polars as pl

from metrics.lake.ingest import ingest_inbox, status
from metrics.lake.tables import Lake
from metrics.settings import Settings
from tests.killing import killed_after
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.files import NOW, START, requests
from tests.metrics.lake.ingesting import look
from tests.patience import TIMEOUT

KILLS = 50
ROWS = 120


def drop(inbox: Path, number: int) -> None:
    """Two files that overlap by half, and one of two kinds; all within the two days up to now, however many."""
    first = number * 2 * ROWS
    for name, begin in (("a", first), ("b", first + ROWS // 2)):
        times = [START + timedelta(seconds=40 * (place % 4_000)) for place in range(begin, begin + ROWS)]
        requests(ROWS, first=begin, ts=times).write_parquet(inbox / f"requests-{number:03d}-{name}.parquet")
    mixed = pl.DataFrame(
        {
            "ts": [START] * 4,
            "event_id": [f"m{number}-{place}" for place in range(4)],
            "event": ["llm_call", "llm_call", "health", "health"],
            "user_id": ["u1", "u2", None, None],
            "model": ["gpt-4o", "gpt-4o", None, None],
            "input_tokens": [100, 200, None, None],
            "output_tokens": [10, 20, None, None],
            "component": [None, None, "database", "cache"],
            "status": ["ok", "error", "healthy", "down"],
        }
    )
    mixed.write_parquet(inbox / f"mixed-{number:03d}.parquet")


def test_fifty_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    home, chance = tmp_path / "home", random.Random(20260601)
    inbox = home / "inbox"
    inbox.mkdir(parents=True)
    settings = Settings(home=home)
    drop(inbox, 0)
    begun = time.monotonic()
    assert not killed_after(TIMEOUT, look, home)
    undisturbed = time.monotonic() - begun
    dropped, kills = 1, 0
    while kills < KILLS:
        if not any(inbox.iterdir()):
            drop(inbox, dropped)
            drop(inbox, dropped + 1)
            dropped += 2
        kills += killed_after(chance.random() * 1.2 * undisturbed, look, home)
    ingest_inbox(settings, now=lambda: NOW, wait=False)

    lake = Lake(home)
    stored = stored_events(lake, "request")["event_id"].sort().to_list()
    expected = {f"r{number * 2 * ROWS + place}" for number in range(dropped) for place in range(ROWS + ROWS // 2)}
    assert stored == sorted(expected)
    assert stored_events(lake, "llm_call").height == 2 * dropped
    assert stored_events(lake, "health").height == 2 * dropped
    assert_rollups_agree(lake)
    assert status(settings, now=NOW).waiting == 0
    assert not list((home / "lake" / "_transactions").iterdir())
