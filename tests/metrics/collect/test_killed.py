"""Killed at any moment, collector and sidecar lose nothing that was acknowledged and store nothing twice.

As many kills as one likes: COLLECT_KILLS=100 python -m pytest -n 0 tests/metrics/collect/test_killed.py
"""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from metrics.lake.ingest import ingest_inbox, status
from metrics.lake.ledger import Ledger
from metrics.lake.tables import Lake
from metrics.settings import Settings
from tests.killing import killed_after
from tests.metrics.collect.living import SENDERS, TOGETHER, acknowledged, store, take
from tests.metrics.collect.made import NOW
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events

KILLS = int(os.environ.get("COLLECT_KILLS", "15"))
"""Of each of the two, and batches that one sender gets rid of meanwhile, at least."""
ENDLESS = 10**6


def test_thirty_kills_lose_nothing_that_was_acknowledged_and_double_nothing(tmp_path: Path) -> None:
    home, told = tmp_path / "home", tmp_path / "told"
    told.mkdir()
    settings = Settings(home=home)

    def kill_collector() -> None:
        chance, kills = random.Random(20260601), 0
        while kills < KILLS or acknowledged(told / "0") < KILLS:
            assert killed_after(0.1 + chance.random() * 0.4, take, home, told, ENDLESS)
            kills += 1

    def kill_sidecar() -> None:
        chance = random.Random(20260602)
        for _ in range(KILLS):
            assert killed_after(0.2 + chance.random() * 0.8, store, home, ENDLESS)

    with ThreadPoolExecutor() as both:
        for killing in [both.submit(kill_collector), both.submit(kill_sidecar)]:
            killing.result()
    batches = max(acknowledged(told / str(sender)) for sender in range(SENDERS)) + 1
    take(home, told, batches)  # what the last one was never told of is sent again
    ingest_inbox(settings, now=lambda: NOW, wait=False)

    lake = Lake(home)
    requests = stored_events(lake, "request")["event_id"].sort().to_list()
    every = [(sender, number) for sender in range(SENDERS) for number in range(batches)]
    assert requests == sorted(f"{sender}-{number}-{one}" for sender, number in every for one in range(TOGETHER - 1))
    calls = stored_events(lake, "llm_call")["user_id"].sort().to_list()
    assert calls == sorted(f"{sender}-{number}" for sender, number in every)
    assert_rollups_agree(lake)
    assert status(settings, now=NOW).rejected == 0
    assert [*(home / "live").iterdir()] == []
    assert not list((home / "lake" / "_transactions").iterdir())
    (line,) = Ledger(home).attempts(10)
    assert (line.outcome.path.name, line.outcome.stored) == ("live events", len(requests) + len(calls))
