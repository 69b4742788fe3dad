"""How fast files become events, rollups included, and what that takes of memory."""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
from rich.progress import Progress

from benchmarks.history import OwnedMemory
from metrics.lake.ingest import FileOutcome, ingest
from metrics.settings import Settings

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Ingested:
    """What an ingest took."""

    rows: int
    seconds: float
    peak_bytes: int
    """Memory that the writer and its readers own, together."""
    copy_seconds: float
    """What DuckDB takes to copy the same files from Parquet to Parquet."""


def measure(files: Sequence[Path], home: Path) -> Ingested:
    """Ingest `files` into a new home, then copy them with DuckDB."""
    shutil.rmtree(home, ignore_errors=True)
    settings = Settings(home=home)
    with OwnedMemory() as memory, Progress() as bar:
        task = bar.add_task("ingest", total=len(files))
        started = time.perf_counter()
        report = ingest(files, settings, now=lambda: datetime.now(UTC), progress=_Bar(lambda: bar.advance(task)))
        seconds = time.perf_counter() - started
    return Ingested(report.stored, seconds, memory.peak, _copy_seconds(files, home.parent / "copied.parquet"))


def small_files_a_second(work: Path, ending: str, files: int = 5_000, rows: int = 20) -> float:
    """Files of a few requests each stored a second."""
    shutil.rmtree(work, ignore_errors=True)
    folder = work / "files"
    folder.mkdir(parents=True)
    start = datetime(2026, 5, 1, tzinfo=UTC)
    for number in range(files):
        numbers = range(number * rows, (number + 1) * rows)
        requests = pl.DataFrame({
            "ts": [start + timedelta(seconds=place) for place in numbers],
            "event_id": [f"r{place}" for place in numbers],
            "user_id": [f"u{place % 50}" for place in numbers],
            "endpoint": [f"/e{place % 3}" for place in numbers],
            "status_code": [200] * rows,
            "duration_ms": [10.0 + place % 50 for place in numbers],
        })  # fmt: skip
        path = folder / f"requests-{number:05d}.{ending}"
        {"parquet": requests.write_parquet, "csv": requests.write_csv, "ndjson": requests.write_ndjson}[ending](path)
    started = time.perf_counter()
    report = ingest([folder], Settings(home=work / "home"), now=lambda: datetime.now(UTC))
    assert report.stored == files * rows
    return files / (time.perf_counter() - started)


def _copy_seconds(files: Sequence[Path], target: Path) -> float:
    started = time.perf_counter()
    for file in files:
        with duckdb.connect() as database:
            database.execute(f"COPY (FROM '{file}') TO '{target}' (FORMAT parquet)")
    target.unlink()
    return time.perf_counter() - started


@dataclass(frozen=True)
class _Bar:
    advance: Callable[[], object]

    def begun(self, path: Path, number: int, of: int) -> None:
        del path, number, of

    def rows(self, done: int, of: int | None) -> None:
        del done, of

    def finished(self, outcome: FileOutcome) -> None:
        del outcome
        self.advance()


def resident(pid: int) -> int:
    """Resident bytes of a process, 0 once it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0
