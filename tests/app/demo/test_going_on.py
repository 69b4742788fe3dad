"""The demo goes on: the collector takes what is due, the sidecar stores and judges it, a real event ends it."""

import asyncio
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from alerts.store import Store
from app.demo import STREAM_PATH
from app.demo.ahead import FOLDER
from app.demo.keeping import Keeping
from app.demo.playing import Playing
from app.home import current_home, demo_homes
from app.sidecar import Teller
from metrics.collect.live_window import LiveWindow
from metrics.collect.receiving import received
from metrics.collect.stream import GOING_AWAY, Stream
from metrics.engine import DataFreshness, Engine
from metrics.lake.ingest import status
from metrics.lake.intake.received import segments
from metrics.lake.readers import Readers
from metrics.settings import Settings
from tests.app.demo.conftest import NOW
from tests.app.test_home import with_events
from tests.metrics.collect.made import request

LATER = NOW + timedelta(minutes=5)


@dataclass
class Going:
    """A demo, the two parts that let it go on, and their clock."""

    home: Path
    now: datetime = LATER
    taken: bool = False
    playing: Playing = field(init=False)
    real: Stream = field(init=False)

    def __post_init__(self) -> None:
        self.real = Stream(LiveWindow(Settings(home=self.home), NOW), lambda: self.now)
        self.playing = Playing(Settings(home=self.home), self.real, lambda: self.taken, lambda: self.now)

    def played(self) -> int:
        """How many events are taken until now, each by whoever comes next after the one before has ended."""

        async def play() -> int:
            count = await self.playing.take()
            self.taken = True
            await self.playing.play()  # is over at once, and closes what is open
            self.taken = False
            return count

        return asyncio.run(play())

    def kept(self, act: Callable[[Keeping], object]) -> None:
        settings = Settings(home=self.home)
        with Readers(settings.ingest) as readers:
            keeping = Keeping(settings, lambda: self.now, readers, Teller, lambda: False)
            act(keeping)
            keeping.close()

    @property
    def demo(self) -> Settings:
        return current_home(Settings(home=self.home)).settings

    @property
    def stored(self) -> int:
        return sum(status(self.demo, now=self.now).events.values())


@pytest.fixture
def going(demo_home: Path) -> Going:
    return Going(demo_home)


def test_what_is_due_is_taken_and_stored_in_the_demo_alone_and_once(going: Going) -> None:
    before = going.stored
    position = (going.demo.home / FOLDER / "taken.json").read_text()
    count = going.played()
    assert count > 5 * 10  # five minutes, and a probe of ten components in each
    going.kept(Keeping.store)
    assert going.stored == before + count
    newest = Engine(going.demo).answer(DataFreshness()).last
    assert newest is not None
    assert LATER - timedelta(minutes=1) < newest <= LATER
    (going.demo.home / FOLDER / "taken.json").write_text(position)  # as a kill before it was written leaves it
    going.played()
    going.kept(Keeping.store)
    assert going.stored == before + count
    assert current_home(Settings(home=going.home)).is_demo
    assert not list(segments(going.home))


def test_its_rules_are_evaluated_and_nobody_is_to_be_told(going: Going) -> None:
    going.played()
    going.kept(Keeping.store)
    going.kept(Keeping.evaluate)
    store = Store.of(going.demo)
    with store.reading() as repository:
        assert max(repository.evaluated().values()) > NOW
        assert repository.waiting()[0] == 0
        assert repository.dead_letters() == ()
    store.close()


def test_nothing_is_taken_once_there_is_a_real_event(going: Going) -> None:
    with_events(going.home)
    assert asyncio.run(going.playing.take()) == 0
    asyncio.run(going.playing.play())


def test_a_demo_that_was_made_anew_is_played_in_its_place(going: Going) -> None:
    (older,) = demo_homes(going.home)

    newer = older.with_name("2026-05-17T1230Z")

    async def play() -> None:
        count = await going.playing.take()
        shutil.copytree(older, newer, ignore=shutil.ignore_patterns("live", "taken.json"))
        (newer / FOLDER / "taken.json").write_text(json.dumps(NOW.isoformat()))
        assert await going.playing.take() == count
        going.taken = True
        await going.playing.play()

    asyncio.run(play())
    assert len(list(segments(older))) == len(list(segments(newer))) == 1


def told(reader: Any, subscription: Mapping[str, object]) -> list[dict[str, Any]]:
    """What a subscription is answered with at first."""
    reader.send_text(json.dumps({"id": "a", **subscription}))
    return next_told(reader)


def next_told(reader: Any) -> list[dict[str, Any]]:
    """What the subscription is told next."""
    while (message := reader.receive_json()).get("id") != "a":
        pass
    return message["values"]


REQUESTS = {"metrics": ["requests"], "window": "15m"}


def test_the_pages_hear_of_the_demo_until_a_real_event_then_of_that_alone(going: Going) -> None:
    with TestClient(Starlette(routes=[going.playing.route()])) as client:
        assert client.portal is not None
        client.portal.call(going.playing.take)
        with client.websocket_connect(STREAM_PATH) as reader:
            # Events are heard of a moment after they are taken: the first answer may be too early for them.
            states = told(reader, {"states": True}) or next_told(reader)
            assert {row["status"] for row in states} >= {"healthy"}
            going.real.hear(received([[request(1, ts=NOW.isoformat())]], LATER).good, LATER)
            going.taken = True
            client.portal.call(going.playing.play)
            with pytest.raises(WebSocketDisconnect) as gone:
                while True:
                    reader.receive_json()
            assert gone.value.code == GOING_AWAY
        with client.websocket_connect(STREAM_PATH) as reader:
            assert told(reader, REQUESTS) == [{"requests": 1}]
            assert told(reader, {"states": True}) == []
