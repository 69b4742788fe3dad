"""The demo lives as `promptpilot up` starts it, and a first event of one's own ends it."""

import json
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app import heartbeat
from app.demo import STREAM_PATH
from app.demo.making import make_demo
from metrics.settings import Settings
from tests.patience import TIMEOUT
from tests.serving import free_port, running_up

STATES = {"id": "lights", "states": True}
REQUESTS = {"id": "tile", "metrics": ["requests"], "window": "5m"}


@contextmanager
def listening(port: int, *subscriptions: dict[str, Any]) -> Generator[ClientConnection]:
    with connect(f"ws://127.0.0.1:{port}{STREAM_PATH}", proxy=None) as socket:
        for one in subscriptions:
            socket.send(json.dumps(one))
        yield socket


def told(socket: ClientConnection, *ids: str) -> list[list[dict[str, Any]]]:
    """The next values of subscriptions, which are answered in any order."""
    found: dict[str, list[dict[str, Any]]] = {}
    while not found.keys() >= set(ids):
        message = json.loads(socket.recv(timeout=TIMEOUT))
        if message.get("id") in ids:
            found.setdefault(message["id"], message["values"])
    return [found[id] for id in ids]


def test_components_are_healthy_rules_are_evaluated_and_a_real_event_ends_it(tmp_path: Path) -> None:
    make_demo(Settings(home=tmp_path), lambda: datetime.now(UTC) - timedelta(minutes=4), days=1, per_day=300)
    pages, collector = free_port(), free_port()
    with running_up(tmp_path, pages, {"PROMPTPILOT_COLLECT__PORT": str(collector)}, demo=True) as (process, lines):
        assert process.stdout is not None
        while not any("receives live events" in line for line in lines):
            lines.append(next(process.stdout))
        with listening(pages, STATES, REQUESTS) as socket:
            deadline = time.monotonic() + TIMEOUT
            while not ((job := heartbeat.job(tmp_path, heartbeat.DEMO_EVALUATE)) and job.finished):
                assert time.monotonic() < deadline
                socket.recv(timeout=TIMEOUT)  # something is told every few seconds
            assert not job.error
        with listening(pages, STATES, REQUESTS) as socket:
            (lights,) = told(socket, "lights")
            while not lights:
                (lights,) = told(socket, "lights")
            assert {row["component"] for row in lights} > {"api_gateway", "database"}
            event = {"event": "request", "ts": datetime.now(UTC).isoformat(), "status_code": 200, "endpoint": "/own"}
            asked = urllib.request.Request(f"http://127.0.0.1:{collector}/v1/events", json.dumps(event).encode())
            assert json.loads(urllib.request.urlopen(asked, timeout=TIMEOUT).read())["taken"] == 1
            try:
                while True:
                    socket.recv(timeout=TIMEOUT)
            except ConnectionClosed:
                """The demo is over."""
        with listening(pages, STATES, REQUESTS) as socket:
            lights, tile = told(socket, "lights", "tile")
            assert lights == []
            assert tile[0]["requests"] == 1
