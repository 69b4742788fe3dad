"""Machines on loopback that share a lake, an inbox and an alert database: homes of their own, and their processes."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path

import yaml

from app.demo.making import NAME
from app.home import DEMO_DIRECTORY
from metrics.lake.intake.received import segments
from metrics.lake.remote.address import settle
from metrics.lake.remote.turn import turn_of
from metrics.settings import Settings, load_settings
from tests.patience import TIMEOUT
from tests.serving import free_port

PARTS = ("app.sidecar", "app.collector")
TOGETHER = 10
"""Requests in a batch."""
STEP = timedelta(seconds=5)
"""From batch to batch, in the time that events tell."""
FAILING = 3
"""Minutes of which the requests of an endpoint fail, then as many of which those of another do not."""


class Machine:
    """One of them. It is killed as a whole, and started anew with the disk that it had."""

    def __init__(
        self, home: Path, settings: Mapping[str, object], environment: Mapping[str, str], *, whole: bool
    ) -> None:
        """`whole`: `promptpilot up`, with its pages; else the sidecar and the collector alone, which start sooner."""
        self.home = home
        self.port = free_port()
        (home / "inbox").mkdir(parents=True)
        (home / DEMO_DIRECTORY / datetime.now(UTC).strftime(NAME)).mkdir(parents=True)
        collect = {"port": self.port, "grpc_port": free_port()}
        (home / "settings.yaml").write_text(yaml.safe_dump({**settings, "collect": collect}), encoding="utf-8")
        settle(load_settings(home))  # as `up` does before it starts anything
        self.log = home.parent / f"{home.name}.log"
        self._environment = {
            **os.environ,
            **environment,
            "PROMPTPILOT_HOME": str(home),
            "PYTHONPATH": ":".join(sys.path),
        }
        up = ["-m", "app.cli", "up", "--port", str(free_port()), "--home", str(home)]
        self._commands = [up] if whole else [["-m", part] for part in PARTS]
        self._processes: Sequence[subprocess.Popen[bytes]] = ()

    @property
    def settings(self) -> Settings:
        return load_settings(self.home)

    @property
    def turn(self) -> int:
        """The number of its turn; 0 while it has none."""
        turn = turn_of(self.home)
        return turn.number if turn else 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits on it."""
        return not any(segments(self.home)) and not any((self.home / "live").glob("*"))

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._processes = [
                subprocess.Popen(
                    [sys.executable, *command], env=self._environment, stdout=log, stderr=log, start_new_session=True
                )
                for command in self._commands
            ]

    def kill(self) -> None:
        """All at once, as when the power fails."""
        for process in self._processes:
            os.killpg(process.pid, signal.SIGKILL)
        for process in self._processes:
            process.wait(TIMEOUT)

    def end(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            process.wait(TIMEOUT)


class Sender(threading.Thread):
    """Sends requests to a machine without end, each batch until it is acknowledged."""

    def __init__(self, machine: Machine, began: datetime) -> None:
        super().__init__(daemon=True)
        self.acknowledged = 0
        self._machine = machine
        self._began = began
        self._ending = threading.Event()

    def run(self) -> None:
        for number in count():
            body = json.dumps(self.batch(number)).encode()
            while not self._is_taken(body):
                self._ending.wait(0.02)
            self.acknowledged = number + 1
            if self._ending.is_set():
                return

    def stop(self) -> None:
        """Once the batch that is being sent is acknowledged."""
        self._ending.set()
        self.join(TIMEOUT)
        assert not self.is_alive()

    def batch(self, number: int) -> list[dict[str, object]]:
        ts = self._moment(number)
        endpoint, status = f"/{ts.minute // FAILING}", 500 if ts.minute // FAILING % 2 else 200
        named = {"event": "request", "ts": ts.isoformat(), "endpoint": endpoint, "status_code": status}
        return [{**named, "duration_ms": 5, "event_id": one} for one in self._ids(number)]

    @property
    def newest(self) -> datetime:
        """The moment of the newest event that was acknowledged, or a later one."""
        return self._moment(self.acknowledged - 1)

    @property
    def ids(self) -> list[str]:
        """Of all that was acknowledged."""
        return [one for number in range(self.acknowledged) for one in self._ids(number)]

    def _moment(self, number: int) -> datetime:
        return min(self._began + number * STEP, datetime.now(UTC))

    def _ids(self, number: int) -> list[str]:
        return [f"{self._machine.home.name}-{number}-{one}" for one in range(TOGETHER)]

    def _is_taken(self, body: bytes) -> bool:
        connection = HTTPConnection("127.0.0.1", self._machine.port, timeout=TIMEOUT)
        try:
            connection.request("POST", "/v1/events", body, {"Content-Type": "application/json"})
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
