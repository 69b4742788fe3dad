"""Measure, and write the table of `benchmarks/README.md`: `python -m benchmarks [--days 30] [--per-day 1200000]`.

Steps that were done before (simulation, ingest) are kept in `benchmarks/.work` and not done again unless `--anew`.
"""

import json
import platform
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from os import cpu_count
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks import alerts, anomalies, collector, forecasting, history, ingest, pages, queries, worlds
from metrics.events.simulator import simulate

HERE = Path(__file__).resolve().parent
WORK = HERE / ".work"
END = datetime(2026, 6, 1, tzinfo=UTC)
BEGIN_MARK, END_MARK = "<!-- measured -->", "<!-- /measured -->"
BEGIN_FORECASTS, END_FORECASTS = "<!-- forecasts -->", "<!-- /forecasts -->"
BEGIN_ANOMALIES, END_ANOMALIES = "<!-- anomalies -->", "<!-- /anomalies -->"
BEGIN_WORLDS, END_WORLDS = "<!-- worlds -->", "<!-- /worlds -->"
Row = tuple[str, str, str]


def main(
    days: Annotated[int, typer.Option(help="Days simulated.")] = 30,
    per_day: Annotated[int, typer.Option(help="Requests a day.")] = 1_200_000,
    anew: Annotated[bool, typer.Option(help="Simulate and ingest again.")] = False,
    work: Annotated[Path, typer.Option(help="Where events and lake are kept.")] = WORK,
) -> None:
    """Measure everything and write the table."""
    console = Console()
    if anew:
        shutil.rmtree(work, ignore_errors=True)
    home = work / "home"
    rows = [*_ingest_rows(work, days, per_day), *_small_file_rows(work / "small")]
    rows += [*_query_rows(home), *_alert_rows(home), *_page_rows(home), *_collector_rows(work)]
    everything = [*_everything_rows(work / "everything", days, per_day)]
    machine = f"{cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    events = f"{days * per_day:,} requests in {days} days"
    tables = (
        f"Over {events}, on {machine}:\n\n{_table(rows)}\n\n"
        f"Over all kinds of events of as many requests, on the same machine:\n\n{_table(everything)}"
    )
    _state(BEGIN_MARK, tables, END_MARK)
    console.print(tables)
    forecasts = forecasting.table(list(forecasting.measured()))
    _state(BEGIN_FORECASTS, forecasts, END_FORECASTS)
    console.print(forecasts)
    unusual = anomalies.table(list(anomalies.measured()), *anomalies.seconds())
    _state(BEGIN_ANOMALIES, unusual, END_ANOMALIES)
    console.print(unusual)
    truth = worlds.table(work / "worlds")
    _state(BEGIN_WORLDS, truth, END_WORLDS)
    console.print(truth)


def _state(begin: str, text: str, end: str) -> None:
    """Put a text between two marks of the README."""
    readme = HERE / "README.md"
    whole = readme.read_text(encoding="utf-8")
    before, after = whole.split(begin)[0], whole.split(end)[1]
    readme.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def _ingest_rows(work: Path, days: int, per_day: int) -> Iterator[Row]:
    kept = work / f"ingested-{days}-{per_day}.json"
    if not kept.exists():
        shutil.rmtree(work, ignore_errors=True)
        started = perf_counter()
        report = simulate(work / "events", days=days, per_day=per_day, seed=1, end=END, kinds=["request"])
        simulated = sum(report.events.values()) / (perf_counter() - started)
        measured = ingest.measure(report.files, work / "home")
        year = history.measure(report.files[-2], report.files[-1], work / "year")
        document = {**asdict(measured), "simulated": simulated, "history": asdict(year)}
        kept.write_text(json.dumps(document), encoding="utf-8")
    found = json.loads(kept.read_text(encoding="utf-8"))
    yield "simulate (requests only)", "≥ 1 M events/s", f"{found['simulated'] / 1e6:.2f} M events/s"
    speed = found["rows"] / found["seconds"]
    yield "ingest, rollups included", "≥ 700 k rows/s", f"{speed / 1e3:.0f} k rows/s"
    yield "its time ÷ DuckDB's Parquet → Parquet copy", "–", f"{found['seconds'] / found['copy_seconds']:.2f}"
    yield "its memory at the peak", "≤ 4 GiB", f"{found['peak_bytes'] / 2**30:.2f} GiB"
    yield from _history_rows(found["history"])


def _history_rows(found: dict[str, Any]) -> Iterator[Row]:
    year, empty = found["year"], found["empty"]
    named = (
        ("its time", "seconds"),
        ("its processor time", "processor_seconds"),
        ("memory that its processes own", "peak_bytes"),
    )
    what = f"a day stored into a lake of a year ({found['ids'] / 1e6:.0f} M ids) ÷ into an empty one"
    for name, field in named:
        yield f"{what}: {name}", "≤ 1.1", f"{year[field] / empty[field]:.2f}"
    yield "disk a million events, as stored", "–", f"{found['disk_bytes'] / found['rows']:.0f} MB"


def _small_file_rows(work: Path) -> Iterator[Row]:
    for ending in ("parquet", "csv", "ndjson"):
        speed = ingest.small_files_a_second(work, ending)
        yield f"5,000 files of 20 rows ({ending})", "≥ 100 files/s", f"{speed:.0f} files/s"


def _query_rows(home: Path) -> Iterator[Row]:
    timings = list(queries.timings(home))
    from_rollups = [timing.median for timing in timings if "(events)" not in timing.name]
    yield "one query from a rollup, median of all below", "≤ 30 ms", _milliseconds(statistics.median(from_rollups))
    for timing in timings:
        reach = "≤ 2 s" if "(events)" in timing.name else ""
        yield f"query: {timing.name}", reach, _milliseconds(timing.median)
    for timing in queries.minutes(home):
        yield f"query: {timing.name}", timing.reach, _milliseconds(timing.median)


def _alert_rows(home: Path) -> Iterator[Row]:
    for one in alerts.measured(home):
        yield one.name, one.reach, one.value


def _collector_rows(work: Path) -> Iterator[Row]:
    for name, reach, body in (("events", 20_000, collector.lines), ("spans of OTLP", 8_000, collector.spans)):
        home = work / "live"
        shutil.rmtree(home, ignore_errors=True)
        found = collector.measure(home, 14318, 20, 500, body)
        a_second = f"{found.taken / found.seconds:,.0f}/s"
        yield f"live {name} taken, each on the disk, on one core", f"≥ {reach:,}/s", a_second
        yield f"live {name}: from acknowledged to stored", "≤ 10 s", f"{found.lag_seconds:.1f} s"


def _page_rows(home: Path) -> Iterator[Row]:
    for timing in pages.timings(home):
        yield timing.name, timing.reach, f"{timing.median:.2f} {timing.unit}"


def _everything_rows(work: Path, days: int, per_day: int) -> Iterator[Row]:
    """Every page over every kind; simulated and ingested beside the requests, once."""
    home, kept = work / "home", work / f"ingested-{days}-{per_day}.json"
    if not kept.exists():
        shutil.rmtree(work, ignore_errors=True)
        report = simulate(work / "events", days=days, per_day=per_day, seed=1, end=END)
        started = perf_counter()
        subprocess.run(
            [sys.executable, "-m", "app.cli", "ingest", "--home", str(home), *map(str, report.files)],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        found = {"rows": sum(report.events.values()), "seconds": perf_counter() - started}
        shutil.rmtree(work / "events")
        kept.write_text(json.dumps(found), encoding="utf-8")
    found = json.loads(kept.read_text(encoding="utf-8"))
    speed = found["rows"] / found["seconds"]
    yield f"ingest of {found['rows'] / 1e6:.1f} M events of twelve kinds", "–", f"{speed / 1e3:.0f} k rows/s"
    for timing in (*queries.behavior(home), *pages.timings_of_everything(home)):
        yield timing.name, timing.reach, f"{timing.median:.2f} {timing.unit}"


def _table(rows: Sequence[Row]) -> str:
    return "\n".join(["| what | reach | measured |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    typer.run(main)
