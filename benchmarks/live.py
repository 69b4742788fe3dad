"""How long it is from an event being posted until its number is on the screen.

Run as `python -m benchmarks.live [--rate 1000] [--viewers 50]`, with `CHROMIUM` naming the browser where Playwright has
none of its own. Pages, sidecar and collector run as `promptpilot up` runs them, and the browser beside them; the other
viewers are sockets at the pages' port that ask the same. Each marked event comes with a user of its own, and is
seen when the tile of active users counts one more.
"""

import asyncio
import http.client
import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from playwright.sync_api import sync_playwright
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.serving import free_port, running_up

TOGETHER = 50
"""Background events in one request."""
SUBSCRIPTIONS = (
    {"id": "tiles", "metrics": ["requests_per_second", "error_rate", "response_time_p95", "tokens"], "window": "1m",
     "course": True},
    {"id": "people", "metrics": ["users_active"], "window": "5m", "course": True},
    {"id": "cost", "metrics": ["cost"], "window": "5m", "course": True},
    {"id": "tail", "tail": {}},
)  # fmt: skip
_WATCH = """() => {
  const roots = [...document.querySelectorAll('.st-key-live *')].map(one => one.shadowRoot).filter(Boolean);
  const value = roots[0].querySelector('.live-tile[data-metric="users_active"] .live-value');
  window.seen = [];
  new MutationObserver(() => window.seen.push([performance.timeOrigin + performance.now(), Number(value.textContent)]))
    .observe(value, { childList: true, characterData: true, subtree: true });
}"""


def measure(home: Path, rate: int, viewers: int, marks: int) -> Sequence[float]:
    """Milliseconds from before each marked event is posted until the tile shows it."""
    port, collector = free_port(), free_port()
    ended = threading.Event()
    environment = {"PROMPTPILOT_COLLECT__PORT": str(collector)}
    with running_up(home, port, environment), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM") or None, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/live")
        page.wait_for_selector(".live[data-state=live]")
        _post(http.client.HTTPConnection("127.0.0.1", collector), [_event("first")])
        page.wait_for_selector(".live-tile[data-metric=users_active] .live-value:text-is('1')")
        others = multiprocessing.get_context("spawn").Process(target=_viewers, args=(port, viewers), daemon=True)
        others.start()
        sender = threading.Thread(target=_load, args=(collector, rate, ended))
        sender.start()
        page.wait_for_timeout(10_000)  # the load is there, and every viewer is told of it
        page.evaluate(_WATCH)
        connection = http.client.HTTPConnection("127.0.0.1", collector)
        posted: list[float] = []
        for mark in range(marks):
            time.sleep(0.2 + 0.1 * (mark * 0.618 % 1))  # at every point between two increments
            posted.append(time.time() * 1000)
            _post(connection, [_event(f"mark-{mark}")])
        page.wait_for_function("count => window.seen.at(-1)?.[1] >= count", arg=marks + 1)
        seen: list[tuple[float, float]] = page.evaluate("window.seen")
        ended.set()
        sender.join()
        others.terminate()
        browser.close()
    return [next(at for at, count in seen if count >= mark + 2) - begun for mark, begun in enumerate(posted)]


def _event(user: str | None = None) -> dict[str, object]:
    event = {"event": "request", "ts": datetime.now(UTC).isoformat(), "endpoint": "/chat", "status_code": 200}
    return {**event, "duration_ms": 182.0, "event_id": os.urandom(8).hex(), **({"user_id": user} if user else {})}


def _post(connection: http.client.HTTPConnection, events: Sequence[dict[str, object]]) -> None:
    body = "\n".join(map(json.dumps, events))
    connection.request("POST", "/v1/events", body, {"Content-Type": "application/x-ndjson"})
    assert json.loads(connection.getresponse().read())["taken"] == len(events)


def _load(port: int, rate: int, ended: threading.Event) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    began, sent = time.monotonic(), 0
    while rate and not ended.is_set():
        if sent < (time.monotonic() - began) * rate:
            _post(connection, [_event() for _ in range(TOGETHER)])
            sent += TOGETHER
        else:
            time.sleep(0.005)


def _viewers(port: int, count: int) -> None:
    async def view() -> None:
        async with connect(f"ws://127.0.0.1:{port}/metrics/stream", proxy=None, max_size=None) as socket:
            for one in SUBSCRIPTIONS:
                await socket.send(json.dumps(one))
            async for _ in socket:
                """Read, as a browser does."""

    async def all_of_them() -> None:
        await asyncio.gather(*(view() for _ in range(count)))

    try:
        asyncio.run(all_of_them())
    except WebSocketException:
        """The program has ended."""


def main(
    rate: Annotated[int, typer.Option(help="Background events a second.")] = 1000,
    viewers: Annotated[int, typer.Option(help="Viewers beside the browser.")] = 50,
    marks: Annotated[int, typer.Option(help="Events that are timed.")] = 100,
) -> None:
    """Print what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        took = sorted(measure(Path(folder) / "home", rate, viewers, marks))
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    said = f"on the screen after {p50:.0f} ms (p99 {p99:.0f} ms, worst {took[-1]:.0f} ms)"
    print(f"{rate:,} events/s, {viewers} viewers: {said}")


if __name__ == "__main__":
    typer.run(main)
