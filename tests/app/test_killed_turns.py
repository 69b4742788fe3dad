"""Machines that take turns, killed in their turns under load: nothing is lost, counts twice, or is told twice.

    TURN_KILLS=50 TURN_WHOLE=1 python -m pytest -n 0 -s tests/app/test_killed_turns.py

kills whole `promptpilot up`s fifty times.
"""

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.store import Store
from metrics.lake.remote.lake import WRITER
from metrics.lake.remote.objects import Objects
from metrics.lake.tables import Lake
from tests.app.machines import Machine, Sender
from tests.fakes.object_storage import ObjectStorage
from tests.fakes.postgres import postgres
from tests.fakes.slack import BOT_TOKEN, FakeSlack
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.patience import wait_for

KILLS = int(os.environ.get("TURN_KILLS", "2"))
WHOLE = "TURN_WHOLE" in os.environ
LEASE_SECONDS = float(os.environ.get("TURN_LEASE", "2"))
MOST_SECONDS = 30.0
"""Within which another has taken over, by what is promised of the lease of 15 seconds that it is by default."""
CAUGHT_UP = timedelta(minutes=50)
MINUTE = timedelta(minutes=1)
RULE = """
- id: failing
  name: Requests fail
  priority: P0
  metric: error_rate
  by: [endpoint]
  condition: {operator: ">", threshold: 5}
  notifications: {channels: [slack]}
"""


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Generator[ObjectStorage]:
    made = ObjectStorage()
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    yield made
    made.close()


@pytest.fixture
def database() -> Generator[str]:
    with postgres() as server:
        yield server.new_database()


def test_what_is_killed_in_its_turn_loses_nothing_doubles_nothing_and_tells_nothing_twice(
    tmp_path: Path, storage: ObjectStorage, database: str
) -> None:
    began, chance = datetime.now(UTC) - CAUGHT_UP, random.Random(20260603)
    bucket = storage.bucket()
    with FakeSlack() as slack:
        settings = {
            "lake": {"url": bucket, "writes": "auto", "lease_seconds": LEASE_SECONDS, "refresh_seconds": 0.5},
            "inbox": {"url": f"{bucket}-inbox"},
            "ingest": {"poll_seconds": 0.2, "settle_seconds": 0},
            "alerts": {
                "database_url": database, "shipped_rules": False, "settle_seconds": 0, "patience_seconds": 3600,
                "slack": {"api_url": slack.api_url},
            },
        }  # fmt: skip
        environment = {"PROMPTPILOT_SLACK_BOT_TOKEN": BOT_TOKEN}
        machines = [Machine(tmp_path / name, settings, environment, whole=WHOLE) for name in ("one", "other")]
        for machine in machines:
            (machine.home / "alerts.yaml").write_text(RULE, encoding="utf-8")
        store = Store(database)
        with store.writing() as repository:
            repository.set_evaluated({"failing": began}, set())
        senders = [Sender(machine, began) for machine in machines]
        for one in (*machines, *senders):
            one.start()
        try:
            took = [killed(machines, senders, storage, bucket, chance) for _ in range(KILLS)]
            for sender in senders:
                sender.stop()
            waiting = Objects(tmp_path, f"{bucket}-inbox")
            wait_for(lambda: all(one.is_empty for one in machines) and not waiting.listed(""), "all to be stored")
            newest = max(sender.newest for sender in senders)
            wait_for(lambda: is_told(store, newest), "all to be told")
        finally:
            for machine in machines:
                machine.kill()
            store.close()
        posts = [one["args"] for one in slack.calls() if one["call"] == "chat.postMessage"]

    assert max(took) < MOST_SECONDS
    count, median = sum(len(sender.ids) for sender in senders), sorted(took)[len(took) // 2]
    sys.stdout.write(
        f"{KILLS} kills, {count:,} events, {len(posts)} messages; another writes after {median:.1f} s (median), "
        f"{max(took):.1f} s at most\n"
    )
    lake = Lake.of(machines[0].settings)
    assert lake.remote is not None
    lake.remote.follow()
    stored = stored_events(lake, "request")["event_id"].sort().to_list()
    assert stored == sorted(id for sender in senders for id in sender.ids)
    assert_rollups_agree(lake)
    keys = Counter(post["metadata"]["event_payload"]["key"] for post in posts)
    assert keys
    assert [key for key, told in keys.items() if told > 1] == []


def killed(
    machines: list[Machine], senders: list[Sender], storage: ObjectStorage, bucket: str, chance: random.Random
) -> float:
    """Kill the one whose turn it is, once it writes, at a random moment; after how many seconds another writes."""
    wait_for(lambda: any(one.turn and written(storage, bucket) == one.turn for one in machines), "a turn")
    holder, other = sorted(machines, key=lambda one: one.turn, reverse=True)
    begun_with = files(storage)
    wait_for(lambda: files(storage) - begun_with, "events of its turn")
    before = senders[machines.index(other)].acknowledged
    more = before + chance.randrange(1, 30)
    wait_for(lambda: senders[machines.index(other)].acknowledged >= more, "load")
    turn = holder.turn or other.turn
    holder.kill()
    begun = time.monotonic()
    wait_for(lambda: other.turn >= turn and written(storage, bucket) == other.turn, f"the turn after {turn}")
    took = time.monotonic() - begun
    holder.start()
    return took


def written(storage: ObjectStorage, bucket: str) -> int:
    """The number of the turn in which the lake is written, by what storage says."""
    content = storage.objects.get(f"{bucket.removeprefix('s3://')}/{WRITER}")
    return json.loads(content)["turn"] if content else -1


def files(storage: ObjectStorage) -> set[str]:
    """The files of requests in the lake, committed or not."""
    return {name for name in [*storage.objects] if "/lake/request/" in name and name.endswith(".parquet")}


def is_told(store: Store, newest: datetime) -> bool:
    """Whether all is told that could be judged by events up to that moment."""
    with store.reading() as repository:
        judged = repository.evaluated()["failing"] >= newest - 2 * MINUTE
        return judged and repository.waiting()[0] == 0
