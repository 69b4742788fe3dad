"""The client of the README, run."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.app.documents import section
from tests.app.test_collector import Collector
from tests.metrics.collect.made import request
from tests.patience import TIMEOUT
from tests.serving import free_port


def post(port: int) -> None:
    """A request, served just now."""
    event = request(1, ts=datetime.now(UTC).isoformat())
    urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/events", json.dumps(event).encode(), TIMEOUT).close()


def test_the_client_of_the_readme_hears_of_what_is_sent(tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    exec(section("README.md", "client"), names)
    client: Callable[..., AsyncIterator[Mapping[str, Any]]] = names["real_time_metrics"]
    port = free_port()
    collector = Collector(tmp_path, port)
    collector.line("receives live events")

    async def heard() -> list[Mapping[str, Any]]:
        tail = client(f"ws://127.0.0.1:{port}/metrics/stream", ["requests"], window="15m")
        rows = [await anext(tail)]
        await asyncio.to_thread(post, port)
        return [*rows, await anext(tail)]

    async def in_time() -> list[Mapping[str, Any]]:
        return await asyncio.wait_for(heard(), TIMEOUT)

    assert asyncio.run(in_time()) == [{"requests": None}, {"requests": 1.0}]
    collector.ended()
