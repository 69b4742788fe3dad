"""The sidecar as a process: what is dropped is stored, what is wrong is told, SIGTERM ends it."""

import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from app import heartbeat
from app.demo.making import NAME
from app.home import DEMO_DIRECTORY
from metrics.lake.tables import Lake
from tests.patience import TIMEOUT

SETTINGS = "ingest: {poll_seconds: 0.1, settle_seconds: 0.1, incomplete_seconds: 0.1}"


class Sidecar:
    """The process, read line by line."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "app.sidecar"],
            env={"PROMPTPILOT_HOME": str(home), "PYTHONPATH": ":".join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self.watchdog = threading.Timer(TIMEOUT, self.process.kill)
        self.watchdog.start()

    def line(self, part: str) -> str:
        """The next line that contains `part`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if part in line:
                return line.rstrip()
        raise AssertionError(f"no line with {part!r} in {self.lines}")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def sidecar(home: Path) -> Generator[Sidecar]:
    # A fresh demo home keeps the sidecar from simulating one.
    (home / DEMO_DIRECTORY / datetime.now(UTC).strftime(NAME)).mkdir(parents=True)
    running = Sidecar(home)
    yield running
    running.watchdog.cancel()
    running.process.kill()
    running.process.communicate(timeout=TIMEOUT)


def requests(rows: int, status: int = 200) -> pl.DataFrame:
    """Some requests of one minute each."""
    moments = pl.datetime_range(
        datetime(2026, 5, 1, tzinfo=UTC), interval="1m", end=datetime(2026, 5, 2, tzinfo=UTC), eager=True
    )
    return pl.DataFrame({"ts": moments[:rows]}).with_columns(
        endpoint=pl.lit("/a"), status_code=pl.lit(status), duration_ms=pl.lit(5.0)
    )


def test_a_dropped_file_is_stored_and_told_in_a_line(home: Path, sidecar: Sidecar) -> None:
    requests(7).write_parquet(home / "inbox" / "requests.parquet")
    line = sidecar.line("requests.parquet")
    assert "INFO requests.parquet: stored: 7 stored, 0 duplicates, 0 rejected" in line
    assert Lake(home).events("request").snapshot.rows == 7


def test_rejections_are_warnings(home: Path, sidecar: Sidecar) -> None:
    requests(3, status=999).write_parquet(home / "inbox" / "odd.parquet")
    assert "WARNING odd.parquet" in sidecar.line("odd.parquet")


def test_a_hostile_file_does_not_end_it(home: Path, sidecar: Sidecar) -> None:
    (home / "inbox" / "broken.parquet").write_bytes(b"PAR1" + b"\xff" * 100 + b"PAR1")
    assert "WARNING broken.parquet: rejected" in sidecar.line("broken.parquet")
    requests(2).write_parquet(home / "inbox" / "good.parquet")
    sidecar.line("good.parquet: stored")


def test_it_ends_on_sigterm_and_leaves_its_sign_of_life(home: Path, sidecar: Sidecar) -> None:
    requests(1).write_parquet(home / "inbox" / "one.parquet")
    sidecar.line("one.parquet")
    sidecar.process.send_signal(signal.SIGTERM)
    sidecar.process.communicate(timeout=TIMEOUT)
    assert sidecar.process.returncode == 0
    age = heartbeat.age(home, datetime.now(UTC))
    assert age is not None
    assert age < TIMEOUT
