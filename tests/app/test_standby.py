"""Sidecars as processes: two on one home, and SIGTERM at any time."""

import fcntl
import os
import signal
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.demo.making import NAME
from app.home import DEMO_DIRECTORY
from app.sidecar import PATIENCE_SECONDS
from metrics.lake.ingest import ingest_inbox, status
from metrics.lake.tables import Lake
from metrics.settings import load_settings
from tests.app.test_sidecar import SETTINGS, Sidecar, requests
from tests.patience import TIMEOUT, wait_for


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / DEMO_DIRECTORY / datetime.now(UTC).strftime(NAME)).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def start(home: Path) -> Generator[Callable[[], Sidecar]]:
    running: list[Sidecar] = []

    def begin() -> Sidecar:
        running.append(Sidecar(home))
        return running[-1]

    yield begin
    for one in running:
        one.watchdog.cancel()
        one.process.kill()
        one.process.communicate(timeout=TIMEOUT)


def wait_while_it_runs(sidecar: Sidecar, condition: Callable[[], object]) -> None:
    def is_so() -> object:
        assert sidecar.process.poll() is None
        return condition()

    wait_for(is_so, "what the sidecar does")


def ended(sidecar: Sidecar) -> int:
    sidecar.process.send_signal(signal.SIGTERM)
    sidecar.process.communicate(timeout=TIMEOUT)
    return sidecar.process.returncode


def test_a_second_one_says_so_and_takes_over_when_the_first_is_killed(home: Path, start: Callable[[], Sidecar]) -> None:
    first = start()
    requests(2).write_parquet(home / "inbox" / "one.parquet")
    first.line("one.parquet: stored")
    second = start()
    assert f"process {first.process.pid}): standing by" in second.line("another sidecar works on")
    first.process.kill()
    second.line("taking over")
    requests(5).write_parquet(home / "inbox" / "two.parquet")
    second.line("two.parquet: stored")


def test_one_that_stands_by_ends_on_sigterm(start: Callable[[], Sidecar], home: Path) -> None:
    first = start()
    requests(2).write_parquet(home / "inbox" / "one.parquet")
    first.line("one.parquet: stored")
    second = start()
    second.line("standing by")
    assert ended(second) == 0
    assert first.process.poll() is None


def test_it_ends_while_it_waits_for_another_writer(home: Path, start: Callable[[], Sidecar]) -> None:
    (home / "lake").mkdir()
    with (home / "lake" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (home / "inbox" / "late.parquet").write_bytes(b"")
        sidecar = start()
        wait_while_it_runs(sidecar, (home / "sidecar.json").exists)
        assert ended(sidecar) == 0
    assert (home / "inbox" / "late.parquet").exists()


def test_it_ends_in_the_middle_of_many_files_and_the_rest_is_stored_at_the_next_start(
    home: Path, start: Callable[[], Sidecar]
) -> None:
    rows = requests(410)
    for number in range(205):
        rows.slice(number * 2, 2).write_parquet(home / "inbox" / f"{number:03d}.parquet")
    sidecar = start()
    sidecar.line("000.parquet: stored")
    assert ended(sidecar) == 0
    settings = load_settings(home)
    ingest_inbox(settings, now=lambda: datetime.now(UTC), wait=False)
    assert Lake(home).events("request").snapshot.rows == 410
    assert status(settings, now=datetime.now(UTC)).files == {"stored": 205, "duplicate": 0, "rejected": 0}


def test_it_ends_while_a_long_file_is_read(home: Path, start: Callable[[], Sidecar]) -> None:
    with (home / "inbox" / "long.csv").open("w", encoding="utf-8") as file:
        file.write("ts,endpoint,status_code,duration_ms\n")
        line = "2026-05-01T00:00:00Z,/a,200,5\n"
        file.writelines(line * 100_000 for _ in range(40))
    os.utime(home / "inbox" / "long.csv", (1, 1))
    sidecar = start()
    marks = home / "lake" / "_transactions"
    wait_while_it_runs(sidecar, lambda: [*marks.glob("*.staging")])
    began = datetime.now(UTC)
    assert ended(sidecar) == 0
    assert (datetime.now(UTC) - began).total_seconds() < PATIENCE_SECONDS
    assert (home / "inbox" / "long.csv").exists()
    assert Lake(home).events("request").snapshot.rows == 0
