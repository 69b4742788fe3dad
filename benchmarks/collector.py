"""How fast the collector takes events, and how long it is until they are in the lake.

Run as `python -m benchmarks.collector [--seconds 20] [--together 500]`. Collector and sidecar are processes of their
own; the collector is held to one core, and every event is on the disk before it is answered.
"""

import http.client
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import psutil
import typer

from metrics.lake.ingest import status
from metrics.settings import load_settings

SENDERS = 4
LONGEST_WAIT = 120.0


@dataclass(frozen=True)
class Measured:
    """What the collector did."""

    taken: int
    seconds: float
    cpu_seconds: float
    """Of the collector."""
    latencies: Sequence[float]
    """Seconds until each request was answered."""
    memory_mb: float
    lag_seconds: float
    """From the last answer until all events are in the lake."""

    def __str__(self) -> str:
        ordered = sorted(self.latencies)
        p50, p99 = (1000 * ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
        return (
            f"{self.taken / self.seconds:,.0f} events/s "
            f"({self.taken / self.cpu_seconds:,.0f} in a second of one core's work), "
            f"answered in {p50:.0f} ms (p99 {p99:.0f} ms), {self.memory_mb:.0f} MB, "
            f"all in the lake {self.lag_seconds:.1f} s after the last answer"
        )


def measure(home: Path, port: int, seconds: float, together: int) -> Measured:
    """Send as much as is taken for so long, so many events in one request."""
    environment = {
        **os.environ, "PROMPTPILOT_HOME": str(home), "PROMPTPILOT_COLLECT__PORT": str(port),
    }  # fmt: skip
    home.mkdir(parents=True, exist_ok=True)
    with _running("app.sidecar", environment), _running("app.collector", environment) as process:
        _await(port)
        collector = psutil.Process(process.pid)
        collector.cpu_affinity(collector.cpu_affinity()[:1])
        before, began = collector.cpu_times(), time.monotonic()
        latencies: list[float] = []
        senders = [
            threading.Thread(target=_send, args=(port, number, began + seconds, together, latencies))
            for number in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        took = time.monotonic() - began
        after, memory = collector.cpu_times(), collector.memory_info().rss / 2**20
        taken = len(latencies) * together
        lag = _stored_after(home, taken)
    cpu = after.user + after.system - before.user - before.system
    return Measured(taken, took, cpu, latencies, memory, lag)


def _send(port: int, sender: int, until: float, together: int, latencies: list[float]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    number = 0
    while time.monotonic() < until:
        number += 1
        now = datetime.now(UTC).isoformat()
        body = b"\n".join(orjson.dumps(_event(f"{sender}-{number}-{one}", now, one)) for one in range(together))
        began = time.monotonic()
        connection.request("POST", "/v1/events", body, {"Content-Type": "application/x-ndjson"})
        answer = connection.getresponse()
        told = orjson.loads(answer.read())
        if answer.status == 200:
            assert told["taken"] == together, told
            latencies.append(time.monotonic() - began)


def _event(id: str, ts: str, number: int) -> dict[str, object]:
    return {
        "event": "request", "ts": ts, "event_id": id, "user_id": f"u{number % 300}", "session_id": f"s{number % 500}",
        "service": "api", "region": "eu-west-1", "environment": "prod", "feature": "chat", "endpoint": "/v1/chat",
        "method": "POST", "status_code": 200 if number % 50 else 500, "duration_ms": 40 + number % 400, "plan": "pro",
    }  # fmt: skip


def _stored_after(home: Path, count: int) -> float:
    """Seconds until so many events are in the lake."""
    settings, began = load_settings(home), time.monotonic()
    while time.monotonic() < began + LONGEST_WAIT:
        if status(settings, now=datetime.now(UTC)).events.get("request", 0) >= count:
            return time.monotonic() - began
        time.sleep(0.05)
    raise AssertionError("events that were acknowledged are not in the lake")


def _await(port: int) -> None:
    until = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < until:
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).request("GET", "/healthz")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the collector did not come up")


@contextmanager
def _running(module: str, environment: dict[str, str]) -> Generator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-m", module], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def main(
    seconds: Annotated[float, typer.Option(help="How long events are sent.")] = 20,
    together: Annotated[int, typer.Option(help="Events in one request.")] = 500,
    port: Annotated[int, typer.Option(help="Port of the collector.")] = 14318,
) -> None:
    """Print what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        print(measure(Path(folder) / "home", port, seconds, together))


if __name__ == "__main__":
    typer.run(main)
